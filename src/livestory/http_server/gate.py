"""What stands before every request: whose page it comes from, by what name we were called, and who asks.

Against DNS rebinding the Host must be one of exactly those we are known by. Against other sites' pages, what a browser
says of a request's origin (Origin, Sec-Fetch-Site) must be ours. Against everyone else there is the token.
"""

from __future__ import annotations

import ipaddress
import logging
from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response

from livestory.http_server.secrets import TooManyFailures

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from livestory.http_server.secrets import Lock

LONGEST_HEADERS = 16 * 1024  # bytes of a request before its body
READS = frozenset({"GET", "HEAD"})
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


class Refusal(NamedTuple):
    """A refusal: its reason, and the status and headers of the answer."""

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


class Gate(ABC):
    """Lets a request in or answers it, and puts the same protecting headers on every answer."""

    public: ClassVar[frozenset[str]] = frozenset()
    """What is answered without any secret."""
    pages: ClassVar[frozenset[str]] = frozenset()
    """What a link from elsewhere may lead to: only who follows it sees it."""
    needed: ClassVar[str]
    """What is said where the token is missing."""
    refused_method: ClassVar[str]
    """What is said of another method than a path has."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        """Guard ``app``, which is known by these ``hosts``."""
        self._app = app
        self._hosts = hosts
        self._warned = False

    @abstractmethod
    def methods(self, path: str) -> frozenset[str]:
        """The methods that a path has."""

    @abstractmethod
    async def uninvited(self, scope: Scope, path: str, headers: Headers) -> Refusal | None:
        """The refusal of a request for a path that is not public; None if it is let in."""

    def refused(self, scope: Scope, path: str, refusal: Refusal) -> Response:  # noqa: ARG002 - a page may lead elsewhere
        """The answer to a request that is refused."""
        return JSONResponse({"error": refusal.reason}, refusal.status, refusal.headers)

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
        refusal = self._stranger(scope["method"], path, headers)
        if refusal is None and path not in self.public:
            refusal = await self.uninvited(scope, path, headers)
            if refusal is None and not scope["invite"]():
                refusal = Refusal(503, "too many requests at once; try again later", {"Retry-After": "5"})
        answer = self._app if refusal is None else self.refused(scope, path, refusal)
        await answer(scope, receive, protected)

    def _stranger(self, method: str, path: str, headers: Headers) -> Refusal | None:
        """The refusal of a request by its host name, origin or method; None if they are allowed."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return Refusal(421, "not a name of this server; more are allowed with --allow-host")
        methods = self.methods(path)
        if method not in methods:
            return Refusal(405, self.refused_method, {"Allow": ", ".join(sorted(methods))})
        host = hosts[0].lower()
        sites = headers.getlist("sec-fetch-site")
        own = {f"http://{host}", f"https://{host}"}
        if sites == ["same-origin"]:
            own.add("null")  # what a form of a page without referrers sends: the browser vouches for it otherwise
        if any(origin.lower() not in own for origin in headers.getlist("origin")):
            return Refusal(403, "the request comes from another site")
        if any(site not in _OWN_SITES for site in sites):
            followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
            if not (followed and self.is_page(path) and method == "GET"):
                return Refusal(403, "the request comes from another site")
        return None

    def is_page(self, path: str) -> bool:
        """Whether a link from elsewhere may lead to it."""
        return path in self.pages

    async def without_bearer(self, lock: Lock, scope: Scope, headers: Headers) -> Refusal | None:
        """The refusal of a request whose header Authorization doesn't open ``lock``; None if it does."""
        challenge = {"WWW-Authenticate": 'Bearer realm="livestory"'}
        given = headers.getlist("authorization")
        scheme, _, bearer = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not bearer:
            return Refusal(401, self.needed, challenge)
        return await self.without(lock, bearer.strip(), scope, Refusal(401, "that is not the token", challenge))

    async def without(self, lock: Lock, offered: str, scope: Scope, wrong: Refusal) -> Refusal | None:
        """The refusal of a secret that is ``wrong``, or comes after too many wrong ones; None if it opens ``lock``."""
        try:
            right = await lock.matches(offered)
        except TooManyFailures:
            return Refusal(429, "too many wrong tokens; try again later", {"Retry-After": "5"})
        self.warn(scope)
        return None if right else wrong

    def warn(self, scope: Scope) -> None:
        """Say once that the token can be read on its way."""
        client = scope.get("client")
        if self._warned or scope["scheme"] == "https" or client is None or is_loopback(client[0]):
            return
        self._warned = True
        _log.warning(
            "the token travels over plain HTTP from %s: anyone on the way can read it (docs/web.md)", client[0]
        )
