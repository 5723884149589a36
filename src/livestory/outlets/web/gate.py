"""What stands before every request: whose page it comes from, by what name we were called, and who asks.

Against DNS rebinding the Host must be one of exactly those we are known by. Against other sites' pages, what a browser
says of a request's origin (Origin, Sec-Fetch-Site) must be ours. Against everyone else there is the token.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import JSONResponse, RedirectResponse, Response

from livestory.clock import DAY
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


PUBLIC = frozenset({"/login", "/static/login.css", "/static/login.js", "/static/icon-stopped.svg"})
"""What is answered without the token: the way to give it."""

LONGEST_HEADERS = 16 * 1024  # bytes of a request before its body
_PAGES = frozenset({"/", "/login"})  # hold nothing of a story; a link from elsewhere may lead to them
_WRITES = frozenset({"/login", "/logout"})
_OWN_SITES = frozenset({"same-origin", "none"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_log = logging.getLogger("livestory.web")


class _Refusal(NamedTuple):
    status: int
    reason: str
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


def allowed_hosts(host: str, port: int, names: Iterable[str]) -> frozenset[str]:
    """The exact Host values that we answer to: the loopback names, the address bound, and the given names."""
    bound = {"127.0.0.1", "localhost", "[::1]"}
    if not ipaddress.ip_address(host).is_unspecified:
        bound.add(f"[{host}]" if ":" in host else host)
    hosts = {f"{name}:{port}" for name in bound}
    if port == 80:  # noqa: PLR2004 - the port that a browser leaves out
        hosts |= bound
    for name in names:
        hosts |= {name.lower(), f"{name.lower()}:{port}"}
    return frozenset(hosts)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Gate:
    """Lets a request in or answers it, and puts the same protecting headers on every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: Token | None, cookie: str) -> None:
        """Guard ``app``; ``cookie`` is the name of the session's."""
        self._app = app
        self._hosts = hosts
        self._token = token
        self._cookie = cookie
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let ``app``."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
                if scope.get("session_open"):
                    headers["Livestory-Session"] = "open"
            await send(message)

        headers, path = Headers(scope=scope), scope["path"].removeprefix(scope.get("root_path", ""))
        size = len(scope["raw_path"]) + len(scope["query_string"]) + sum(map(len, chain(*scope["headers"])))
        if size > LONGEST_HEADERS:
            await JSONResponse({"error": "the request's headers are too long"}, 431)(scope, receive, protected)
            return
        refusal = await self._refusal(scope, path, headers)
        if refusal is None:
            await self._app(scope, receive, protected)
            return
        answer: Response = JSONResponse({"error": refusal.reason}, refusal.status, refusal.headers)
        if refusal.status == 401 and path == "/" and scope["method"] in {"GET", "HEAD"}:  # noqa: PLR2004
            query = scope["query_string"].decode("latin-1")
            answer = RedirectResponse(f"login?{query}" if query else "login", 303)
        await answer(scope, receive, protected)

    async def _refusal(self, scope: Scope, path: str, headers: Headers) -> _Refusal | None:
        refusal = self._stranger(scope["method"], path, headers) or await self._uninvited(scope, path, headers)
        if refusal is None and path not in PUBLIC and not scope["invite"]():
            return _Refusal(503, "too many requests at once; try again later", {"Retry-After": "5"})
        return refusal

    def _stranger(self, method: str, path: str, headers: Headers) -> _Refusal | None:
        """Why the request's name, origin or method is refused."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return _Refusal(421, "not a name of this server; more are allowed with --allow-host")
        if method not in {"GET", "HEAD"} and not (method == "POST" and path in _WRITES):
            return _Refusal(405, "this page only reads", {"Allow": "GET, HEAD"})
        host = hosts[0].lower()
        sites = headers.getlist("sec-fetch-site")
        own = {f"http://{host}", f"https://{host}"}
        if sites == ["same-origin"]:
            own.add("null")  # what a form of a page without referrers sends: the browser vouches for it otherwise
        if any(origin.lower() not in own for origin in headers.getlist("origin")):
            return _Refusal(403, "the request comes from another site")
        if any(site not in _OWN_SITES for site in sites):
            followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
            if not (followed and path in _PAGES and method == "GET"):
                return _Refusal(403, "the request comes from another site")
        return None

    async def _uninvited(self, scope: Scope, path: str, headers: Headers) -> _Refusal | None:
        """Why whoever asks is not let in."""
        if self._token is None or path in PUBLIC:
            return None
        if self._session_opens(self._token, headers):
            scope["session_open"] = True
            self._warn(scope)
            return None
        challenge = {"WWW-Authenticate": 'Bearer realm="livestory"'}
        given = headers.getlist("authorization")
        scheme, _, bearer = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not bearer:
            return _Refusal(401, "the token is needed: log in, or send it as a bearer", challenge)
        try:
            right = await self._token.matches(bearer.strip())
        except TooManyFailures:
            return _Refusal(429, "too many wrong tokens; try again later", {"Retry-After": "5"})
        self._warn(scope)
        return None if right else _Refusal(401, "that is not the token", challenge)

    def _session_opens(self, token: Token, headers: Headers) -> bool:
        for header in headers.getlist("cookie"):
            session = cookie_parser(header).get(self._cookie)
            if session is not None and token.opens(session):
                return True
        return False

    def _warn(self, scope: Scope) -> None:
        """Say once that the token can be read on its way."""
        client = scope.get("client")
        if self._warned or scope["scheme"] == "https" or client is None or is_loopback(client[0]):
            return
        self._warned = True
        _log.warning(
            "the token travels over plain HTTP from %s: anyone on the way can read it (docs/web.md)", client[0]
        )
