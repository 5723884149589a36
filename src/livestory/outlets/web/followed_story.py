"""A story as the server follows it: what it knows of its bot, what is new, and questions to its journal."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, takewhile
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from livestory.clock import SECOND
from livestory.errors import JournalError, LivestoryError
from livestory.outlets.fleet.hearing import HearingReader
from livestory.outlets.web.history import EventIndex, Readings
from livestory.outlets.web.prices import KeptBars
from livestory.outlets.web.status import Status, gone, state_of, status_of
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Kept
from livestory.story.journal.follower import Change, StoryFollower
from livestory.story.journal.lock import holder
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.touched import Touched
from livestory.story.results import Benchmark
from livestory.story.review.journal import JournalReview
from livestory.story.review.overview import Overview, overview
from livestory.story.snapshot import Snapshot, first_value
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.clock import Clock
    from livestory.story.review.review import Review

_LOOK = 0.05  # seconds between two looks at the journal; each costs some microseconds
_AT_ONCE = 50  # stories that may be looked at so often; of more, each is looked at less often
_STATUS = 0.25  # seconds between two statuses
_RETRY = 1.0  # seconds until a journal that can't be read is tried again
_PULSE = 20  # looks after which the state is reconsidered though nothing was written: silence changes it too

_MOVING = 10 * SECOND  # since an observation that came while the page looked on
_SOME = 2000  # observations that are taken before others may ask

T = TypeVar("T")


class Update(Struct, frozen=True):
    """What has come since the last update. ``anew``: of another journal than before, or the first.

    Lines come at once and with a status; without lines, a status comes four times a second at most.
    """

    events: list[Kept]
    status: Status | None
    anew: bool = False


class FollowedStory:
    """A story that a thread follows: `status`, `index` and `readings` are what it has read so far."""

    def __init__(self, name: str, path: Path, clock: Clock, publish: Callable[[FollowedStory, Update], None]) -> None:
        """Follow the story at ``path``; ``publish`` is called with each update in order, on the thread that follows."""
        self.name = name
        layout = Layout.of(path)
        self.path, self.shares = layout.db, layout.shares
        self.bars = KeptBars(layout.bars)  # for those who ask, on their thread
        self.index = EventIndex()
        self.readings = Readings()
        self.last: Kept | None = None  # shown line
        self.pause = _LOOK  # between two looks, by the story's own thread or, of many stories, by one for all
        self._touched: Touched | None = None  # one of many, whose journal is open only while it is read
        self._lock_file = layout.lock
        self._hearing = HearingReader(self.path.parent.parent)  # of a copy: what its hub has heard
        self._clock = clock
        self._publish = publish
        self._follower = StoryFollower(path)
        self._reviewed: JournalReview | None = None
        self._reviewing = threading.Lock()
        self._overview: tuple[tuple[int, int | None], Overview] | None = None  # with what it was made from
        self._snapshot: Snapshot | None = None
        self._known: Status | None = None  # as of the snapshot; its state and its instant are the present's to say
        self._moved: int | None = None  # when an observation was last seen to come
        self._published: Status | None = None
        self._anew = False  # the journal is another one, and that is not published yet
        self._status_waits = False
        self._next_status = 0.0
        self._written = True
        self._copy = False  # from a fleet
        self._stop, self._woken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"follow {name}", daemon=True)

    def among(self, stories: int) -> None:
        """Look as often as one of so many may."""
        self.pause = _LOOK * max(1.0, stories / _AT_ONCE)
        if stories > _AT_ONCE and self._touched is None:
            self._touched = Touched(self.path)

    @property
    def one_of_many(self) -> bool:
        """Whether its journal is open only while it is read, and it looks only where it is woken."""
        return self._touched is not None

    def wake_if_written(self) -> None:
        """Have one of many look. From any thread."""
        if self._touched is not None and self._touched:
            self._woken.set()

    def start(self) -> None:
        """Begin to follow, on a thread that ends with the process."""
        self._thread.start()

    def stop(self) -> None:
        """Stop following; returns once the journal is closed, or soon."""
        self._stop.set()
        self._woken.set()
        self._thread.join(timeout=0.5)

    @property
    def opening(self) -> int | None:
        """The opening of the journal that `index` and `readings` are of; None while it can't be read."""
        return self._follower.opening

    def status(self) -> Status:
        """The state of the bot now."""
        now, trouble, known, snapshot = self._clock.now(), self._follower.trouble, self._known, self._snapshot
        if trouble is not None and trouble.missing:
            return Status(story=self.name, state="waiting", now=now, trouble=trouble.text)
        if known is None or snapshot is None:
            known = Status(story=self.name, state="loading", now=now)
        else:
            written = self._written
            moving = self._moved is not None and now - self._moved < _MOVING
            state, of_hub = state_of(snapshot, now, written=written, moving=moving), None
            if self._copy and state != "stopped":
                of_hub = self._cut_off(snapshot, now, due=state == "overdue")
                state = state if of_hub is None else "trouble"
            gone_ = gone(snapshot, written=written)
            known = replace(known, state=state, gone=gone_, now=now, trouble=of_hub)
        return known if trouble is None else replace(known, state="trouble", trouble=trouble.text)

    def _cut_off(self, snapshot: Snapshot, now: int, *, due: bool) -> str | None:
        """Why a copy has nothing newer though its bot may have told it; None where that is the bot's own silence.

        Of a bot that is not due, only a break that the hub noted counts: one that a timer starts is away in between.
        """
        hub = self._hearing.read()
        if hub is None or hub.well(now) or not (due or hub.why):
            return None
        if state_of(snapshot, hub.until, written=True, moving=False) == "overdue":
            return None
        return f"{hub.fleet}: not heard since {numbers.stamp(hub.until)} UTC" + (f": {hub.why}" if hub.why else "")

    def _follow(self) -> None:
        looks, pause = 0, 0.0
        while not self._waited(pause):
            pause = self.pause if self._touched is None else self.pause * _PULSE
            try:
                if self._touched is None or self._touched or self._status_waits:
                    self._look()
                looks += 1
                if looks % (rounds := max(1, round(_PULSE * _LOOK / pause))) == 1 % rounds:
                    self._pulse()
            except (LivestoryError, msgspec.MsgspecError) as error:
                self._follower.failed(error)
                self._pulse()
                looks, pause = 0, _RETRY
                if self._touched is not None:
                    self._touched.forget()
            if self._touched is not None:
                self._follower.close()
                pause = _STATUS if self._status_waits else pause
        self._follower.close()

    def _waited(self, pause: float) -> bool:
        """Wait so long, or until it is woken; whether it is to stop."""
        self._woken.wait(pause)
        self._woken.clear()
        return self._stop.is_set()

    def _look(self) -> None:
        if self._touched is not None:
            self._touched.look()
        change = self._follower.look()
        if change in {Change.REPLACED, Change.REWOUND}:
            self.index, self.readings, self._snapshot, self._known = EventIndex(), Readings(), None, None
            self.last = None
            with self._reviewing:
                self._reviewed = self._overview = None
            self._anew = True
            self._follower.go_to(0)
        if change is not Change.NONE:
            self._catch_up()
        elif self._status_waits and monotonic() >= self._next_status:
            self._publish_status([])

    def review(self, answer: Callable[[Review], T]) -> T | None:
        """What is asked of the story at a glance, while nothing is added to it; None before it is read."""
        with self._reviewing:
            return None if self._reviewed is None else answer(self._reviewed.review)

    def overview(self) -> Overview | None:
        """The story at a glance; None before it is read."""
        with self._reviewing:
            if self._reviewed is None or self._known is None:
                return None
            made_from = len(self.index), self.readings.last
            if self._overview is None or self._overview[0] != made_from:
                of, total = self._known.benchmark, self._known.total
                basket = Benchmark(of=of, change=total.holding) if of and total is not None else None
                self._overview = made_from, overview(self._reviewed.review, basket)
            return self._overview[1]

    def _catch_up(self) -> None:
        """Read everything new; the lines of a story that is met for the first time are not published one by one."""
        published = False
        while not self._stop.is_set():
            reader = self._follower.reader
            heard, last_seq = reader.last_observation(), reader.last_seq
            events = self._follower.page()
            self._tell(events)
            if self._follower.seq >= last_seq:  # the events up to the last observation are all here
                self._observe(0 if heard is None else heard.time)
            self.index.add(events)
            self.last = next((event for event in reversed(events) if event.shown), self.last)
            if (not events and not published) or (events and not self._anew):
                self._take_snapshot()
                self._status_waits = not (self._anew or events) and monotonic() < self._next_status
                if not self._status_waits:
                    self._publish_status(events)
                published = True
            if not events:
                break

    def _tell(self, events: list[Kept]) -> None:
        with self._reviewing:
            if self._reviewed is None:
                identity = self._follower.reader.identity
                self._reviewed = JournalReview(identity, lambda: first_value(self._follower.reader))
            self._reviewed.tell(events)

    def _observe(self, until: int) -> None:
        """Take the observations up to that time, and after them the events that none has come after."""
        last, reviewed = self.readings.last, self._reviewed
        observations = self._follower.reader.observations(None if last is None else last + 1, until + 1)
        going_on = takewhile(self._goes_on, observations)
        while reviewed is not None and (some := list(islice(going_on, _SOME))):
            with self._reviewing:
                for observation in some:
                    reviewed.observe(observation)
                    self.readings.add(observation, reviewed.account.value, reviewed.review.performance.drawdown)
        if reviewed is not None:
            with self._reviewing:
                reviewed.finish()

    def _goes_on(self, _: object) -> bool:
        return not self._stop.is_set()

    def _publish_status(self, events: list[Kept]) -> None:
        self._next_status = monotonic() + _STATUS
        self._status_waits = False
        self._published = self.status()
        anew, self._anew = self._anew, False
        self._publish(self, Update(events, self._published, anew))

    def _pulse(self) -> None:
        """Publish the state where it has changed though nothing was written."""
        self._written = self._is_written()
        status, before = self.status(), self._published
        if before is None or (status.state, status.trouble) != (before.state, before.trouble):
            self._published = status
            self._publish(self, Update([], status))

    def _take_snapshot(self) -> None:
        index, readings, reader = self.index, self.readings, self._follower.reader
        before = self._snapshot
        self._snapshot = snapshot = Snapshot.read(reader, before)
        if before is not None and before.observation != snapshot.observation:
            self._moved = self._clock.now()
        self._copy = reader.replica is not None
        regime = index.last("regime")
        regime_event = reader.event(regime) if regime else None
        self._known = status_of(
            self.name,
            snapshot,
            last_seq=len(index),
            first_time=readings.first if index.first_time is None else index.first_time,
            halted_since=readings.halted_since,
            regime_since=regime_event.time if regime_event else None,
            committed=_changed_at(self.path) or self._clock.now(),
            kinds=index.kinds(),
            unshown=index.unshown(),
        )
        self._written = self._written or self._is_written()
        self._follower.recovered()

    def _is_written(self) -> bool:
        """Whether a process writes the story, as far as can be known here: of a copy, its bot's machine knows it."""
        return self._copy or holder(self._lock_file) is not None


class Queries:
    """Answers questions to journals on a thread of its own: the longest of them holds up no line that is published."""

    def __init__(self) -> None:
        """Nothing is opened before the first question; no transaction is held between two."""
        self._pool = ThreadPoolExecutor(1, "queries")
        self._readers: dict[str, tuple[int | None, JournalReader]] = {}  # each with the opening that it is of

    async def ask(self, story: FollowedStory, question: Callable[[JournalReader], T]) -> T:
        """The answer to a question about that story. Raises JournalError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, story, question)

    async def compute(self, work: Callable[[], T]) -> T:
        """The result of work that needs no journal and takes a while."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Close the journals and end the thread, once the last question is answered."""
        self._pool.submit(self._close)
        self._pool.shutdown()

    def _answer(self, story: FollowedStory, question: Callable[[JournalReader], T]) -> T:
        try:
            return question(self._reader(story))
        except JournalError:
            self._drop(story)
            raise
        finally:
            if story.one_of_many:
                self._drop(story)

    def _reader(self, story: FollowedStory) -> JournalReader:
        """A reader of the very file that the story is followed in: one put back in its place has the same id."""
        opening, known = story.opening, self._readers.get(story.name)
        if known is not None and known[0] == opening is not None:
            return known[1]
        self._drop(story)
        reader = JournalReader.open(story.path)
        self._readers[story.name] = opening, reader
        return reader

    def _drop(self, story: FollowedStory) -> None:
        _, reader = self._readers.pop(story.name, (None, None))
        if reader is not None:
            reader.close()

    def _close(self) -> None:
        for _, reader in self._readers.values():
            reader.close()


def _changed_at(path: Path) -> int | None:
    """When the journal was last written, in microseconds since the epoch."""
    found = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            found.append(file.stat().st_mtime_ns // 1000)
        except OSError:
            continue
    return max(found, default=None)
