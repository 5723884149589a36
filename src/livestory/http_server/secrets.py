"""What opens a server: compared in constant time, and wrong ones are answered slowly."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from abc import ABC, abstractmethod

from livestory.errors import InputError

LEAST_LENGTH = 16
_SLOW = 1.0  # seconds until a wrong one is answered
_AT_ONCE = 8  # wrong ones that wait for their answer at the same time


class TooManyFailures(Exception):
    """Wrong secrets come faster than they are answered. It never keeps the right one out."""


class Lock(ABC):
    """What a secret opens. It remembers nothing but how many wrong ones are waiting for their answer."""

    def __init__(self) -> None:
        self._failing = 0

    @abstractmethod
    def opens_with(self, digest: bytes) -> bool:
        """Whether a secret of that `digest` is the right one."""

    async def matches(self, offered: str) -> bool:
        """Whether it is a right secret; a wrong one takes a while. Raises TooManyFailures."""
        if self.opens_with(digest(offered)):
            return True
        if self._failing >= _AT_ONCE:
            raise TooManyFailures
        self._failing += 1
        try:
            await asyncio.sleep(_SLOW)
        finally:
            self._failing -= 1
        return False


class Token(Lock):
    """One secret that its owner has chosen."""

    def __init__(self, secret: str) -> None:
        """Raises InputError where the secret is easily guessed."""
        super().__init__()
        if len(secret) < LEAST_LENGTH or not secret.isascii() or not secret.isprintable():
            message = (
                f"the token is too weak: at least {LEAST_LENGTH} printable ASCII characters are needed\n"
                "Make one with: openssl rand -hex 16"
            )
            raise InputError(message)
        self._key = digest(secret)

    def opens_with(self, digest: bytes) -> bool:
        """Whether it is the token's."""
        return hmac.compare_digest(digest, self._key)


def digest(secret: str) -> bytes:
    """What is kept of a secret that nobody can guess: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
