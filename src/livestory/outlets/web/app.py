"""The routes of the page and its API, with the gate before them."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from contextlib import asynccontextmanager
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from livestory.chart.components import bundled, static_text, with_sections
from livestory.errors import JournalError
from livestory.http_server.requests import HANDLERS, body_of
from livestory.http_server.secrets import TooManyFailures
from livestory.outlets.metrics import OutboxMetrics
from livestory.outlets.web import parameters
from livestory.outlets.web.api import Api, Json
from livestory.outlets.web.followed_story import FollowedStory, Queries, Update
from livestory.outlets.web.front import First, first_of
from livestory.outlets.web.gate import SESSION, PageGate, Token
from livestory.outlets.web.listeners import LONGEST_PIECE, MOST_LISTENERS, Listeners
from livestory.outlets.web.rounds import Rounds
from livestory.outlets.web.shares import Shares
from livestory.outlets.web.stream import Stream
from livestory.story.files.layout import real_path
from livestory.story.review.shared import shared
from livestory.story.review.shared_page import GONE, card, page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from prometheus_client.core import Metric
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from livestory.clock import Clock
    from livestory.story.journal.entry import Kept

_FIND = 1.0  # seconds between two looks for stories that have come
_SHOWN_FROM = b"<main>"  # what stands before it is the same of every story
_LONGEST_FORM = 4096  # bytes of a login


class WebOptions(Struct, frozen=True, kw_only=True):
    """How the page is served."""

    hosts: frozenset[str]  # the exact Host values answered to
    token: str | None = None
    cookie: str = "livestory"
    root_path: str = ""
    most_listeners: int = MOST_LISTENERS


class Web:
    """The page of some stories: an ASGI app and the threads behind it."""

    def __init__(
        self,
        paths: Sequence[Path],
        settings: WebOptions,
        clock: Clock,
        find: Callable[[], Sequence[Path]] | None = None,
    ) -> None:
        """Serve the stories at ``paths``, and those that ``find`` finds later. Raises InputError for a weak token."""
        self.listeners = Listeners(settings.most_listeners)
        self._settings = settings
        self._token = Token(settings.token, clock) if settings.token is not None else None
        self._queries = Queries()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock = clock
        self._find = find
        self._stories: dict[str, FollowedStory] = {}
        self._add(paths)
        self._shares = Shares(self._stories, clock)
        self._api = Api(self._stories, self._queries, self.listeners)
        self._files = StaticFiles()
        self.app = self._app()

    def _add(self, paths: Sequence[Path]) -> list[FollowedStory]:
        """Take these stories, too; each has a name, and is looked at as often as so many may be."""
        names = names_of([*(story.path for story in self._stories.values()), *paths])[len(self._stories) :]
        added = [
            FollowedStory(name, path, self._clock, self._broadcast) for name, path in zip(names, paths, strict=True)
        ]
        self._stories.update((story.name, story) for story in added)
        for story in self._stories.values():
            story.among(len(self._stories))
        return added

    async def _add_new(self, find: Callable[[], Sequence[Path]]) -> None:
        while True:
            known = {story.path for story in self._stories.values()}
            if new := [path for path in await asyncio.to_thread(find) if path not in known]:
                for story in self._add(new):
                    story.start()
            await asyncio.sleep(_FIND)

    def _app(self) -> ASGIApp:
        api = self._api
        get = [
            ("/", self._front),
            ("/login", self._page("login.html")),
            ("/static/{name}", self._static),
            ("/api/stories", api.stories),
            ("/api/bots", api.bots),
            ("/api/bots/digest", api.all_digest),
            ("/api/timeline", api.timeline),
            ("/api/groups", api.groups),
            ("/api/status", api.status),
            ("/api/events", api.events),
            ("/api/events/{seq}", api.event),
            ("/api/series", api.series),
            ("/api/review", api.review),
            ("/api/trades", api.trades),
            ("/api/chapters", api.chapters),
            ("/api/digest", api.digest),
            ("/api/stream", self._stream),
            ("/shared/{secret}", self._shared),
            ("/shared/{secret}/card.svg", self._shared),
            ("/shared/{secret}/story.json", self._shared),
            ("/story.txt", api.text),
            ("/metrics", self._metrics),
            ("/healthz", api.health),
        ]
        routes = [Route(path, answer, methods=["GET"]) for path, answer in get]
        routes += [Route("/login", self._login, methods=["POST"]), Route("/logout", self._logout, methods=["POST"])]
        app = Starlette(
            routes=routes,
            lifespan=self._lifespan,
            middleware=[Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)],
            exception_handlers={**HANDLERS, JournalError: _unreadable},
        )
        return PageGate(app, self._settings.hosts, self._token, self._settings.cookie, self._shares)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        for story in self._stories.values():
            story.start()
        rounds = Rounds(lambda: list(self._stories.values()))
        rounds.start()
        finding = None if self._find is None else asyncio.create_task(self._add_new(self._find))
        try:
            yield
        finally:
            rounds.stop()
            if finding is not None:
                finding.cancel()
            self.close_streams()
            await asyncio.gather(*(asyncio.to_thread(story.stop) for story in self._stories.values()))
            self._queries.close()

    @property
    def most_listeners(self) -> int:
        """How many streams may be open at once."""
        return self.listeners.most

    def close_streams(self) -> None:
        """End every stream. From any thread, and from a signal's handler."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.listeners.close)

    def _broadcast(self, story: FollowedStory, update: Update) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.listeners.broadcast, story.name, update)

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return self._files.answer(request, name)

        return answer

    async def _front(self, request: Request) -> Response:
        """One story's page, or where there are several and none is asked for, all bots."""
        if (self._find is not None or len(self._stories) > 1) and "story" not in request.query_params:
            return self._files.answer(request, "bots.html")
        named = request.query_params.get("story", next(iter(self._stories), ""))
        page, story = self._files.text("index.html"), self._stories.get(named)
        head, _, rest = page.partition(_SHOWN_FROM)
        phone = "Mobi" in request.headers.get("user-agent", "")

        async def parts() -> AsyncIterator[bytes]:
            yield head + _SHOWN_FROM  # what it names is fetched meanwhile
            first = First()
            if story is not None:
                first = await self._queries.compute(lambda: first_of(story, phone=phone))
            yield first.within(rest)

        return StreamingResponse(parts(), media_type=_TYPES["html"])

    async def _shared(self, request: Request) -> Response:
        """A story in percent, for who has a link to it: as a page, a picture or JSON."""
        found = self._shares.find(request.path_params["secret"])
        if found is None or request.query_params:
            return Response(GONE, 404, media_type="text/html; charset=utf-8")
        name, share = found
        told = await self._queries.compute(
            lambda: self._stories[name].review(lambda review: shared(review, symbols=share.symbols))
        )
        headers = {"X-Robots-Tag": "noindex"}
        if told is None:
            return Response(GONE, 503, headers | {"Retry-After": "5"}, "text/html; charset=utf-8")
        if request.url.path.endswith("/story.json"):
            return Json(told, headers=headers)
        if request.url.path.endswith("/card.svg"):
            return Response(card(told, None), 200, headers, _TYPES["svg"])
        style = '<link rel="stylesheet" href="../static/shared.css">'
        return Response(page(told, style), 200, headers, _TYPES["html"])

    async def _static(self, request: Request) -> Response:
        return self._files.answer(request, request.path_params["name"])

    async def _metrics(self, request: Request) -> Response:
        parameters.known_only(request, ())
        return Response(exposition(self._stories, self.listeners), media_type=CONTENT_TYPE)

    async def _stream(self, request: Request) -> Response | Stream:
        story = self._api.story(request, "after", "all")
        after, everything = parameters.seq(request, "after"), parameters.flag(request, "all")
        last_event_id = request.headers.get("last-event-id")
        if last_event_id:
            if not (
                last_event_id.isascii()
                and last_event_id.isdecimal()
                and len(last_event_id) <= parameters.LONGEST_NUMBER
            ):
                parameters.refuse("Last-Event-ID: an event's number is needed")
            after = int(last_event_id)
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")

        async def read(after_seq: int) -> list[Kept]:
            return await self._queries.ask(
                story, lambda reader: reader.events(after_seq, limit=parameters.MOST_EVENTS, most_bytes=LONGEST_PIECE)
            )

        return Stream(story, self.listeners, after, read, everything=everything)

    async def _login(self, request: Request) -> Response:
        if self._token is None:
            return RedirectResponse("./", 303)
        body = await body_of(request, _LONGEST_FORM)
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]
        try:
            if not await self._token.matches(given):
                return self._files.answer(request, "login-wrong.html", 401)
        except TooManyFailures:
            raise HTTPException(429, "too many wrong tokens; try again later", {"Retry-After": "5"}) from None
        answer = RedirectResponse("./", 303)
        answer.set_cookie(
            self._settings.cookie,
            self._token.session(),
            max_age=SESSION // 1_000_000,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path=self._settings.root_path or "/",
        )
        return answer

    async def _logout(self, request: Request) -> Response:
        parameters.known_only(request, ())
        answer = RedirectResponse("login", 303)
        answer.delete_cookie(self._settings.cookie, path=self._settings.root_path or "/")
        return answer


def names_of(paths: Sequence[Path]) -> list[str]:
    """A name for each story, as its address has it: its folder's, or its file's; numbered where two are alike."""
    names: list[str] = []
    for path in paths:
        folder = real_path(path).parent.name or "story"
        name = folder if path.stem == "live_story" else f"{folder}-{path.stem}"
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
        count = sum(other == plain or other.startswith(f"{plain}~") for other in names)
        names.append(f"{plain}~{count + 1}" if count else plain)
    return names


async def _unreadable(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOLDERS = (("livestory.outlets.web", "static"), ("livestory.chart", "static"))
_PAGE_SCRIPTS = ("main.js", "bots.js")
_WITH_UPLOT = {"main.js": "uPlot.iife.min.js", "page.css": "uPlot.min.css"}
_STORY_TOOLS = '<a class="quiet" id="text" href="story.txt">Plain text</a>'


class _File(NamedTuple):
    kind: str
    tag: str
    content: bytes
    packed: bytes


class StaticFiles:
    """All static files by name, each with its tag."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        for package, folder in _FOLDERS:
            for file in resources.files(package).joinpath(folder).iterdir():
                kind = _TYPES.get(file.name.rpartition(".")[2])
                if kind is not None:
                    content = file.read_bytes()
                    if kind == _TYPES["html"]:
                        content = with_sections(content.decode(), _STORY_TOOLS).encode()
                    elif file.name in _PAGE_SCRIPTS:  # in one piece: a file after the other would take its time
                        content = bundled(file, _page_modules()).encode()
                    content = _library(file.name) + content
                    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
                    self._files[file.name] = _File(kind, tag, content, gzip.compress(content, mtime=0))

    def text(self, name: str) -> bytes:
        """The file of that name, which there is."""
        return self._files[name].content

    def answer(self, request: Request, name: str, status: int = 200) -> Response:
        """The file of that name, or 304 where the client has it. Answers 404."""
        if name not in self._files:
            raise HTTPException(404, "no such file")
        file = self._files[name]
        headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if status == 200 and file.tag in request.headers.get("if-none-match", ""):  # noqa: PLR2004 - HTTP's success
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.packed, status, headers | {"Content-Encoding": "gzip"}, file.kind)
        return Response(file.content, status, headers, file.kind)


def _library(name: str) -> bytes:
    """What is served at the head of a file, so that there is one file less to wait for: uPlot's script and style."""
    return static_text(_WITH_UPLOT[name]).encode() if name in _WITH_UPLOT else b""


def _page_modules() -> dict[str, Traversable]:
    """The page's own modules of JavaScript, by name."""
    own = resources.files("livestory.outlets.web").joinpath("static").iterdir()
    return {file.name.removesuffix(".js"): file for file in own if file.name.endswith(".js")}


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATES = ("waiting", "trouble", "loading", "unknown", "trading", "halted", "stopped", "overdue", "catching_up")


class _ServerMetrics:
    def __init__(self, stories: Mapping[str, FollowedStory], listeners: Listeners) -> None:
        self._stories = stories
        self._listeners = listeners

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("livestory_serve_listeners", "Clients that listen now.", len(self._listeners))
        yield CounterMetricFamily(
            "livestory_serve_listeners_dropped", "Clients dropped because they took nothing.", self._listeners.dropped
        )
        seq = GaugeMetricFamily("livestory_serve_last_seq", "The last event read.", labels=["story"])
        state = GaugeMetricFamily(
            "livestory_serve_state", "1 for the state that the story is in.", labels=["story", "state"]
        )
        for name, story in self._stories.items():
            seq.add_metric([name], len(story.index))
            now = story.status().state
            for each in _STATES:
                state.add_metric([name, each], float(each == now))
        yield seq
        yield state


def exposition(stories: Mapping[str, FollowedStory], listeners: Listeners) -> bytes:
    """The metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ServerMetrics(stories, listeners))
    registry.register(OutboxMetrics({name: story.path for name, story in stories.items()}))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
