"""What the page asks for, as JSON: status, events, series, chapters. Described in docs/openapi.yaml."""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from livestory.errors import InputError, JournalError
from livestory.outlets.web import parameters
from livestory.outlets.web.listeners import event_data
from livestory.outlets.web.overview import all_bots, newest
from livestory.outlets.web.series import series_of
from livestory.story.digest import several
from livestory.story.digest.prose import digest
from livestory.story.digest.source import last_between, read, told_last
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds import groups, is_critical
from livestory.story.review.round_trips import SORTED_BY, TripPage, TripQuery, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from livestory.outlets.web.followed_story import FollowedStory, Queries
    from livestory.outlets.web.listeners import Listeners
    from livestory.story.journal.entry import Kept

SEARCHED = 2000  # events that one page of a search looks at, at most
MOST_LINES = 10_000  # of story.txt
MOST_BYTES = 2 * 1024 * 1024  # of lines and records that one answer is made from, or looks through
MOST_TEXT = 4 * 1024 * 1024  # bytes of story.txt
MOST_TRADES = 10_000_000  # that a page of them may begin at
_DIGEST_EVERY = 60.0  # seconds
_MOST_NAMED = 50  # stories in an answer that names them
_UNWELL = frozenset({"overdue", "trouble", "waiting"})


class Json(Response):
    """An answer as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the content as JSON, without spaces."""
        return msgspec.json.encode(content)


class Api:
    """The routes that answer at once; the stream is beside it."""

    def __init__(self, stories: Mapping[str, FollowedStory], queries: Queries, listeners: Listeners) -> None:
        """Answer for these stories; the first is meant where none is named."""
        self._stories = stories
        self._queries = queries
        self._listeners = listeners
        self._digests: dict[str, tuple[float, dict[str, object]]] = {}  # by period, each with when it was made

    def story(self, request: Request, *names: str) -> FollowedStory:
        """The story that a request is about, after checking that it has no parameters but ``names``."""
        parameters.known_only(request, {*names, "story"})
        name = request.query_params.get("story", next(iter(self._stories), ""))
        if name not in self._stories:
            known = ", ".join(list(self._stories)[:_MOST_NAMED]) or "none yet"
            raise HTTPException(404, f"no story {name[:40]!r}; there are: {known}")
        return self._stories[name]

    async def stories(self, request: Request) -> Response:
        """The status of every story."""
        parameters.known_only(request, ())
        return Json([story.status() for story in self._stories.values()])

    async def bots(self, request: Request) -> Response:
        """All bots, the worst trouble first, and what they have together."""
        parameters.known_only(request, ())
        stories = list(self._stories.values())
        return Json(await self._queries.compute(lambda: all_bots(stories)))

    async def timeline(self, request: Request) -> Response:
        """What was told last by all of them, newest first."""
        parameters.known_only(request, {"kind", "limit"})
        limit = parameters.whole(request, "limit", 50, 1, parameters.MOST_EVENTS) or 50
        told = newest(list(self._stories.values()), parameters.kinds(request), limit)
        found = [(name, await self._read(self._stories[name], seq)) for name, seq in told]
        return Json({"events": [event_data(kept) | {"story": name} for name, kept in found if kept is not None]})

    async def all_digest(self, request: Request) -> Response:
        """A day, week, month or year of all of them in a paragraph, made anew each minute; null without a line."""
        period = parameters.one_of(request, "period", ("week", "day", "month", "year"))
        parameters.known_only(request, {"period"})
        made, answer = self._digests.get(period, (-_DIGEST_EVERY, None))
        if monotonic() - made >= _DIGEST_EVERY:
            journals = {name: partial(JournalReader.open, story.path) for name, story in self._stories.items()}
            answer = await asyncio.to_thread(_digest_of_all, journals, period)
            if answer is not None:
                self._digests[period] = monotonic(), answer
        return Json({"digest": answer})

    async def _read(self, story: FollowedStory, seq: int) -> Kept | None:
        """An event of one of several stories; the trouble of one is told in its status, and keeps none from view."""
        try:
            return await self._queries.ask(story, lambda reader: reader.event(seq))
        except JournalError:
            return None

    async def status(self, request: Request) -> Response:
        """The state of the bot."""
        return Json(self.story(request).status())

    async def groups(self, request: Request) -> Response:
        """The filters that the page offers, each with its kinds of events."""
        parameters.known_only(request, ())
        return Json(groups())

    async def health(self, request: Request) -> Response:
        """Whether every story is heard as it should be."""
        parameters.known_only(request, ())
        states = {name: story.status().state for name, story in self._stories.items()}
        well = _UNWELL.isdisjoint(states.values())
        return Json({"ok": well, "stories": states}, 200 if well else 503)

    async def events(self, request: Request) -> Response:
        """A page of events, newest first; ``next`` is where the following one begins, null at the story's beginning."""
        story = self.story(request, "before", "kind", "q", "since", "until", "limit", "all")
        limit = parameters.whole(request, "limit", 100, 1, parameters.MOST_EVENTS) or 100
        words, before = parameters.words(request), parameters.seq(request, "before")
        asked = SEARCHED if words else limit
        seqs = story.index.before(
            before,
            asked,
            parameters.kinds(request),
            parameters.time(request, "since"),
            parameters.time(request, "until"),
            everything=parameters.flag(request, "all"),
        )
        if not seqs:  # perhaps there is no journal yet
            return Json({"events": [], "next": None})
        found, last = await self._queries.ask(story, lambda reader: _matching(reader, seqs, words, limit))
        more = last is not None and (last != seqs[-1] or len(seqs) == asked) and last > 1
        return Json({"events": [event_data(event) for event in found], "next": last if more else None})

    async def event(self, request: Request) -> Response:
        """One event with its record."""
        story = self.story(request)
        text = request.path_params["seq"]
        seq = int(text) if text.isascii() and text.isdecimal() and len(text) <= parameters.LONGEST_NUMBER else 0
        if not seq:
            parameters.refuse("an event's number is needed")
        event = await self._queries.ask(story, lambda reader: reader.event(seq))
        if event is None:
            raise HTTPException(404, f"no event {seq}")
        record = {
            "id": event.id,
            "told": event.told,
            "critical": is_critical(event.kind),
            "record": msgspec.Raw(event.record),
            "hash": event.hash.hex(),
        }
        return Json(event_data(event) | record)

    async def series(self, request: Request) -> Response:
        """Wealth, price or result over time, reduced to what a chart can show, with regimes, halts, marks and flows."""
        story = self.story(request, "of", "since", "until", "points", "symbol")
        of = parameters.one_of(request, "of", ("wealth", "price", "result"))
        points = parameters.whole(request, "points", 1000, 10, parameters.MOST_POINTS) or 1000
        since, until = parameters.time(request, "since"), parameters.time(request, "until")
        if since is not None and until is not None and until < since:
            parameters.refuse("until: lies before since")
        symbol = request.query_params.get("symbol")
        return Json(await self._queries.compute(lambda: series_of(story, of, since, until, points, symbol)))

    async def review(self, request: Request) -> Response:
        """The story at a glance: verdict, figures, key moments and months."""
        story = self.story(request)
        return Json({"review": await self._queries.compute(story.overview)})

    async def trades(self, request: Request) -> Response:
        """The round trips, sorted and filtered, some at a time."""
        story = self.story(request, "sort", "order", "symbol", "reason", "outcome", "limit", "offset")
        asked = TripQuery(
            sort=parameters.one_of(request, "sort", SORTED_BY),
            ascending=parameters.one_of(request, "order", ("desc", "asc")) == "asc",
            symbol=request.query_params.get("symbol"),
            reason=request.query_params.get("reason"),
            outcome=parameters.one_of(request, "outcome", ("all", "won", "lost")),
        )
        limit = parameters.whole(request, "limit", 50, 1, parameters.MOST_EVENTS) or 50
        offset = parameters.whole(request, "offset", 0, 0, MOST_TRADES) or 0

        def work() -> TripPage:
            return story.review(lambda review: page_of(review.trips, asked, offset, limit)) or TripPage()

        return Json(await self._queries.compute(work))

    async def chapters(self, request: Request) -> Response:
        """The days, weeks, months or years that ended, newest first."""
        story = self.story(request, "period", "before", "limit")
        period = parameters.one_of(request, "period", ("day", "week", "month", "year"))
        limit = parameters.whole(request, "limit", 30, 1, parameters.MOST_EVENTS) or 30
        seqs = story.index.before(parameters.seq(request, "before"), SEARCHED, ["chapter"], None, None, everything=True)
        if not seqs:
            return Json({"chapters": [], "next": None})
        found, last = await self._queries.ask(story, lambda reader: _chapters(reader, seqs, period, limit))
        more = last is not None and (last != seqs[-1] or len(seqs) == SEARCHED)
        return Json({"chapters": found, "next": last if more else None})

    async def digest(self, request: Request) -> Response:
        """A day, week, month or year in a paragraph: the last that ended, or where none has, the one that goes on."""
        story = self.story(request, "period")
        period = parameters.one_of(request, "period", ("week", "day", "month", "year"))
        if not len(story.index):  # perhaps there is no journal yet
            return Json({"digest": None})
        return Json({"digest": await self._queries.ask(story, lambda reader: _digest(reader, period))})

    async def text(self, request: Request) -> Response:
        """The story as plain text, oldest line first; its last lines, where it is long."""
        story = self.story(request, "kind", "since", "until", "limit", "before", "all")
        limit = parameters.whole(request, "limit", 1000, 1, MOST_LINES) or 1000
        seqs = story.index.before(
            parameters.seq(request, "before"), limit, parameters.kinds(request), parameters.time(request, "since"),
            parameters.time(request, "until"), everything=parameters.flag(request, "all"),
        )  # fmt: skip
        if not seqs:
            return PlainTextResponse("")
        return PlainTextResponse(await self._queries.ask(story, lambda reader: _text(reader, seqs)))


def _matching(reader: JournalReader, seqs: list[int], words: str | None, limit: int) -> tuple[list[Kept], int | None]:
    """The events of those seqs whose line has the words, at most ``limit``, and the last seq looked at.

    The one with which `MOST_BYTES` of lines and records are reached is the last.
    """
    found: list[Kept] = []
    last = None
    size = 0
    for seq in seqs:
        if len(found) == limit or size >= MOST_BYTES:
            break
        last = seq
        event = reader.event(seq)
        size += 0 if event is None else len(event.line) + len(event.record)
        if event is not None and (words is None or words in event.line.casefold()):
            found.append(event)
    return found, last


def _digest(reader: JournalReader, period: str) -> dict[str, object]:
    span = told_last(reader, period)
    told = digest(read(reader, span))
    return {"period": period, "start": span.start, "end": span.end} | msgspec.structs.asdict(told)


def _digest_of_all(journals: Mapping[str, Callable[[], JournalReader]], period: str) -> dict[str, object] | None:
    try:
        span, told = several.read(journals, partial(last_between, period))
    except InputError:
        return None
    return {"period": period, "start": span.start, "end": span.end} | msgspec.structs.asdict(told)


def _text(reader: JournalReader, seqs: list[int]) -> bytes:
    """The lines of those seqs, which come newest first, as a text with the oldest first."""
    lines: list[bytes] = []
    size = 0
    for seq in seqs:
        event = reader.event(seq)
        if event is not None:
            lines.append(f"{event.line}\n".encode())
            size += len(lines[-1])
        if size >= MOST_TEXT:
            break
    return b"".join(reversed(lines))


def _chapters(
    reader: JournalReader, seqs: list[int], period: str, limit: int
) -> tuple[list[dict[str, object]], int | None]:
    found: list[dict[str, object]] = []
    last = None
    for seq in seqs:
        if len(found) == limit:
            break
        last = seq
        event = reader.event(seq)
        facts = msgspec.json.decode(event.record).get("facts", {}) if event is not None else {}
        if event is not None and facts.get("period") == period:
            found.append(event_data(event) | {"facts": facts})
    return found, last
