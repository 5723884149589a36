"""The token that opens the page, and the sessions made with it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import TYPE_CHECKING

from livestory.clock import DAY
from livestory.errors import InputError

if TYPE_CHECKING:
    from livestory.clock import Clock

LEAST_LENGTH = 16
SESSION = 90 * DAY
_SLOW = 1.0  # seconds until a failed login is answered
_AT_ONCE = 8  # failed logins that wait for their answer at the same time


class TooManyFailures(Exception):
    """Wrong tokens come faster than they are answered. It never keeps the right one out."""


class Token:
    """Compares in constant time, and remembers nothing but how many wrong ones are waiting for their answer."""

    def __init__(self, secret: str, clock: Clock) -> None:
        """Raises InputError where the secret is easily guessed."""
        if len(secret) < LEAST_LENGTH or not secret.isascii() or not secret.isprintable():
            message = (
                f"the token is too weak: at least {LEAST_LENGTH} printable ASCII characters are needed\n"
                "Make one with: openssl rand -hex 16"
            )
            raise InputError(message)
        self._key = hashlib.sha256(secret.encode()).digest()
        self._clock = clock
        self._failing = 0

    async def matches(self, offered: str) -> bool:
        """Whether it is the token; a wrong one takes a while. Raises TooManyFailures."""
        digest = hashlib.sha256(offered.encode("utf-8", "surrogateescape")).digest()
        if hmac.compare_digest(digest, self._key):
            return True
        if self._failing >= _AT_ONCE:
            raise TooManyFailures
        self._failing += 1
        try:
            await asyncio.sleep(_SLOW)
        finally:
            self._failing -= 1
        return False

    def session(self) -> str:
        """A cookie's value that stays good for `SESSION`, whatever server with this token reads it."""
        until = str(self._clock.now() + SESSION)
        return f"{until}.{self._signature(until)}"

    def opens(self, session: str) -> bool:
        """Whether the cookie's value was made with this token and is not over."""
        until, _, signature = session.partition(".")
        signed = hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(until).encode())
        return signed and until.isdecimal() and int(until) > self._clock.now()

    def _signature(self, until: str) -> str:
        return hmac.new(self._key, b"livestory session " + until.encode("utf-8", "replace"), "sha256").hexdigest()
