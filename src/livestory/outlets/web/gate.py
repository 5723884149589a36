"""The gate of the page: a token as a bearer, or in a session that a login has opened."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response

from livestory.clock import DAY
from livestory.http_server import secrets
from livestory.http_server.gate import READS, Gate, Refusal
from livestory.outlets.web.shares import PATH
from livestory.story.review.shared_page import GONE

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import ASGIApp, Scope

    from livestory.clock import Clock
    from livestory.outlets.web.shares import Shares

SESSION = 90 * DAY
_WRITES = frozenset({"/login", "/logout"})


class Token(secrets.Token):
    """The page's secret, and the sessions that it signs."""

    def __init__(self, secret: str, clock: Clock) -> None:
        """Raises InputError where the secret is easily guessed."""
        super().__init__(secret)
        self._clock = clock

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


class PageGate(Gate):
    """Who may read the page."""

    public = frozenset(
        {"/login", "/static/login.css", "/static/login.js", "/static/icon-stopped.svg", "/static/shared.css"}
    )
    pages = frozenset({"/", "/login"})
    needed = "the token is needed: log in, or send it as a bearer"
    refused_method = "this page only reads"

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: Token | None, cookie: str, shares: Shares) -> None:
        """Guard ``app``; ``cookie`` is the name of the session's, and ``shares`` open their own pages."""
        super().__init__(app, hosts)
        self._token = token
        self._cookie = cookie
        self._shares = shares

    def is_page(self, path: str) -> bool:
        """A link that is shared is followed from anywhere."""
        return super().is_page(path) or path.startswith(PATH)

    def methods(self, path: str) -> frozenset[str]:
        """To read, and for the login to write."""
        return READS | {"POST"} if path in _WRITES else READS

    async def uninvited(self, scope: Scope, path: str, headers: Headers) -> Refusal | None:
        """The refusal of a request; None if it is let in."""
        if path.startswith(PATH):
            known = self._shares.find(path.removeprefix(PATH).partition("/")[0])
            return None if known is not None else Refusal(404, "no such link")
        if self._token is None:
            return None
        if self._session_opens(self._token, headers):
            scope["session_open"] = True
            self.warn(scope)
            return None
        return await self.without_bearer(self._token, scope, headers)

    def refused(self, scope: Scope, path: str, refusal: Refusal) -> Response:
        """A browser that asks for the page is led to the login; a link that opens nothing leads to one plain page."""
        if path.startswith(PATH) and refusal.status == 404:  # noqa: PLR2004 - HTTP's "not found"
            return Response(GONE, 404, {"X-Robots-Tag": "noindex"}, "text/html; charset=utf-8")
        if refusal.status == 401 and path == "/" and scope["method"] in READS:  # noqa: PLR2004 - HTTP's "who are you"
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(f"login?{query}" if query else "login", 303)
        return super().refused(scope, path, refusal)

    def _session_opens(self, token: Token, headers: Headers) -> bool:
        for header in headers.getlist("cookie"):
            session = cookie_parser(header).get(self._cookie)
            if session is not None and token.opens(session):
                return True
        return False
