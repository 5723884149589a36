"""The thread on which a StoryWriter's events become durable, so that the caller never waits for a disk.

The caller narrates under a lock (microseconds) and hands over what is to be kept; the thread keeps it, retries while it
can't, and tells afterwards what came late. While the story could not be opened at all, calls are remembered and told
once it is: only then is it known what was told before.
"""

from __future__ import annotations

import _thread
import logging
import os
import queue
import threading
import time as time_
from collections import deque
from contextlib import suppress
from functools import partial
from itertools import takewhile
from operator import is_not
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from livestory.clock import MINUTE, RELEASED, SECOND, Reading, SystemClock
from livestory.errors import JournalForeign
from livestory.story.events import StoryLate
from livestory.story.inbox import INBOX, Inbox
from livestory.story.layout import Layout
from livestory.story.narrator import NARRATOR, TRADE
from livestory.story.wording.numbers import stamp
from livestory.story.wording.text import encodable
from livestory.story.words import Halt, Resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.clock import Clock
    from livestory.story.chronicle import Chronicle
    from livestory.story.events import Event
    from livestory.story.inbox import Posted
    from livestory.story.journal_entry import Identity
    from livestory.story.narrator import Narrator
    from livestory.story.observation import Observation

_log = logging.getLogger("livestory")
_MOST_WAITING = 10_000  # calls; beyond that the oldest are lost, and counted
_RETRY_FIRST, _RETRY_MOST = 0.05, 5.0  # seconds between tries
_HANGS = 5.0  # seconds after which a line that still waits is trouble, although nothing has failed
_SILENCE = "the disk does not answer"
_AT_ONCE = 100  # calls told again while the caller may have to wait for it
_ROUNDS = 10  # of telling again, should a bot call faster than that
_LISTEN = 1.0  # seconds between two looks into the inbox
_CLOCK_LAG = MINUTE  # by which a clock may be behind the last line: of a call that is kept after it, or adjusted
_OPEN_WAIT = 5.0  # seconds that a constructor waits for the story to open


class Health(Struct, frozen=True):
    """How the story is. ``ok`` while everything told is durable, or on its way without trouble."""

    ok: bool
    trouble: str | None  # why lines wait, or why the last call was refused
    waiting: int  # calls told and not durable yet
    last_seq: int | None  # of the last durable event
    lost: int  # events given up since the start, for want of memory


class _Call:
    """One call on its way: what it told, and a latch that opens when it is durable or in trouble."""

    __slots__ = ("arguments", "begun", "clock", "doubted", "events", "latch", "late", "name", "observation")

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.name = name
        self.arguments = arguments
        self.clock: int | None = None  # what it said when the call was first heard
        self.begun = time_.monotonic()
        self.events: tuple[Event, ...] = ()
        self.observation: Observation | None = None
        self.doubted = False
        self.late = False
        self.latch = _thread.allocate_lock()
        self.latch.acquire()

    @property
    def waited(self) -> float:
        """Seconds since it was made."""
        return time_.monotonic() - self.begun

    @property
    def hung(self) -> bool:
        """Whether it has waited longer than a disk in health takes."""
        return self.waited > _HANGS


class WriterThread:
    """Owns the chronicle; `tell` may be called from any thread."""

    def __init__(self, path: str, identity: Identity, narrator: Narrator, clock: Clock, keep_days: int | None) -> None:
        """Prepare; `start` opens the story."""
        self.narrator = narrator
        self._path = path
        self._identity = identity
        self._clock = clock
        self._keep_days = keep_days
        self._lock = threading.Lock()  # guards the narrator and what is handed over
        self._calls: deque[_Call] = deque()
        self._kept = threading.Condition(self._lock)
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._chronicle: Chronicle | None = None
        self._inbox = Inbox(Layout.of(path))
        self._trades: set[str] = set()  # ids of all trades told: the caller never waits for a disk to know one
        self._subscribers: list[Callable[[Event], object]] = []
        self._trouble: Exception | None = None
        self._trouble_since = 0
        self._late: list[StoryLate] = []
        self._refused: str | None = None
        self._out_of_order: str | None = None
        self._lost = 0
        self._lost_untold = 0
        self._last_seq: int | None = None
        self._last_told = 0
        self._closing = False
        self._process = os.getpid()
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="livestory", daemon=True)

    def start(self, *, strict: bool) -> None:
        """Open the story, and wait a little for that. Strict: raises what keeps it from opening."""
        self._thread.start()
        self._opened.wait(_OPEN_WAIT)
        if strict and self._trouble is not None:
            trouble = self._trouble
            self.close(0.0)
            raise trouble

    def tell(self, name: str, arguments: tuple[Any, ...], deadline: float, *, strict: bool) -> tuple[Event, ...] | None:
        """Let the narrator's method ``name`` tell, and wait until ``deadline`` (monotonic) for it to be durable."""
        call = _Call(name, arguments)
        if os.getpid() != self._process:  # the thread has stayed behind, and nobody would keep it
            message = f"the story is told by process {self._process}: this fork must open one of its own"
            raise ValueError(message)
        with self._lock:
            if self._closing:
                message = "the story is closed"
                raise ValueError(message)
            self._narrate(call, self.narrator, self._trades)
            if not (call.events or call.observation or call.doubted) and self._chronicle is not None:
                return ()
            self._calls.append(call)
            if len(self._calls) > _MOST_WAITING:
                self._give_up(self._calls.popleft())
            trouble = self._trouble
            call.late = trouble is not None
        self._wake.put(None)
        if trouble is None and (wait := deadline - time_.monotonic()) > 0:
            call.latch.acquire(timeout=wait)
            trouble = self._trouble
        if trouble is not None and strict:
            raise trouble
        return call.events

    def _narrate(self, call: _Call, narrator: Narrator, trades: set[str]) -> None:
        call.events, call.observation = (), None
        trade = narrator.trade_id(call.arguments[0]) if call.name == "fill" else None
        if trade in trades:
            return
        if call.name == "observe":
            self._note_order(call.arguments[0], narrator)
        if call.clock is None:
            call.clock = self._clock.now()
        call.events, taken, call.doubted = narrator.call(call.name, call.arguments, self._reading(call.clock))
        if taken:
            call.observation = call.arguments[0]
        if trade is not None:
            trades.add(trade)

    def _reading(self, now: int) -> Reading:
        """The clock as a judge of callers' times: only a machine's own, and only where nothing shows it to be wrong."""
        plausible = isinstance(self._clock, SystemClock) and RELEASED < now > self._last_told - _CLOCK_LAG
        return Reading(now, plausible)

    def _note_order(self, observation: Observation, narrator: Narrator) -> None:
        """Show an observation that goes back in time; the last one's own time again is a bot that polls."""
        last, given = narrator.last_observed, observation.time
        back = f"observe: {stamp(given)} is before the last observation, {stamp(last)}: not told; times are UTC"
        self._out_of_order = back if given < last else None

    def refused(self, trouble: str | None) -> bool:
        """Show that the last call could not be told, or (None) that it could; whether that is news."""
        before, self._refused = self._refused, trouble
        return trouble != before

    def health(self) -> Health:
        """How the story is."""
        with self._lock:
            trouble = str(self._trouble) if self._trouble is not None else self._refused or self._out_of_order
            if trouble is None and self._chronicle is not None:
                trouble = self._chronicle.trouble
            if trouble is None and self._calls and self._calls[0].hung:
                trouble = _SILENCE
            return Health(
                ok=trouble is None and not self._lost,
                trouble=trouble,
                waiting=len(self._calls),
                last_seq=self._last_seq,
                lost=self._lost,
            )

    def subscribe(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with each event once it is kept."""
        with self._lock:
            self._subscribers.append(subscriber)
            if self._chronicle is not None:
                self._chronicle.subscribers.add(subscriber)

    def flush(self, timeout: float | None) -> bool:
        """Wait until nothing waits."""
        with self._kept:
            return self._kept.wait_for(lambda: not self._calls and not self._late, timeout)

    def close(self, timeout: float) -> bool:
        """Flush and end the thread."""
        deadline = time_.monotonic() + timeout
        flushed = self.flush(0.0 if self._closing else timeout)
        self._closing = True
        self._wake.put(None)
        self._thread.join(max(0.0, deadline - time_.monotonic()) + 0.1)
        return flushed

    # From here on, the thread's own.

    def _run(self) -> None:
        pause = _RETRY_FIRST
        while not self._closing:
            try:
                self._keep()
                pause = _RETRY_FIRST
            except BaseException as error:  # noqa: BLE001 - whatever it is, the bot must not notice, and the thread goes on
                self._in_trouble(error if isinstance(error, Exception) else RuntimeError(repr(error)))
                pause = min(pause * 2, _RETRY_MOST)
            self._opened.set()
            self._sleep(pause if self._trouble is not None else None)
        if self._chronicle is not None:
            self._chronicle.close()

    def _sleep(self, pause: float | None) -> None:
        """Wait for something to keep; after a failure not less than ``pause`` seconds, however much comes."""
        if pause is None:
            with suppress(queue.Empty):
                self._wake.get(timeout=_LISTEN)
            return
        deadline = time_.monotonic() + pause
        while not self._closing and (rest := deadline - time_.monotonic()) > 0:
            try:
                self._wake.get(timeout=rest)
            except queue.Empty:
                return

    def _keep(self) -> None:
        if self._chronicle is None:
            self._open()
        chronicle = self._chronicle
        while chronicle is not None:
            words = self._inbox.waiting()
            with self._lock:  # which the caller waits for: no disk is touched within
                self._tell_news(chronicle)
                self._hear_words(words, chronicle)
                calls = tuple(self._calls)
                state = self.narrator.save() if calls else b""
            if not calls:
                if chronicle.mend():
                    continue  # there may be news of it
                return
            events = [event for call in calls for event in call.events]
            observations = [call.observation for call in calls if call.observation is not None]
            kept = iter(chronicle.keep(events, observations, {NARRATOR: state, **self._inbox.states()}))
            self._inbox.sweep()
            with self._kept:
                for call in calls:
                    call.events = tuple(next(kept) for _ in call.events)
                    if self._calls and self._calls[0] is call:
                        self._calls.popleft()
                    else:  # given up while it was being kept
                        self._give_up(call, -1)
                self._recovered(calls)
                last = chronicle.journal.last
                self._last_seq = last.seq if last is not None else None
                self._last_told = last.told if last is not None else 0
                self._kept.notify_all()
            for call in calls:
                if call.latch.locked():
                    call.latch.release()

    def _open(self) -> None:
        """Open the story, and tell what was called meanwhile again: now it is known what was told before."""
        from livestory.story.chronicle import Chronicle  # noqa: PLC0415 - SQLite is loaded when a story is opened

        chronicle = Chronicle.open(self._path, self._identity, keep_days=self._keep_days, clock=self._clock)
        try:
            self._refuse_others(chronicle)
            saved = chronicle.journal.state(NARRATOR)
            narrator = self.narrator.blank()
            if saved is not None:
                narrator.restore(saved)
            self._last_told = chronicle.journal.last.told if chronicle.journal.last is not None else 0
            trades = chronicle.journal.ids(TRADE)
            self._inbox = Inbox(Layout.of(self._path), chronicle.journal.state(INBOX))
            self._inbox.sweep()
            self._catch_up(narrator, trades)
            with self._lock:
                self._chronicle = chronicle
                for subscriber in self._subscribers:
                    chronicle.subscribers.add(subscriber)
        except BaseException:
            chronicle.close()
            raise
        _log.debug("the story %s is open", self._path)

    def _catch_up(self, narrator: Narrator, trades: set[str]) -> None:
        """Let ``narrator`` tell what was called meanwhile, and then be the one who tells.

        The caller goes on meanwhile with the former one, and waits no longer than the last few calls take.
        """
        last: _Call | None = None
        for rounds_left in reversed(range(_ROUNDS)):
            with self._lock:
                fresh = [*takewhile(partial(is_not, last), reversed(self._calls))][::-1]
                if len(fresh) <= _AT_ONCE or not rounds_left:
                    for call in fresh:
                        self._narrate(call, narrator, trades)
                    self.narrator, self._trades = narrator, trades
                    return
            for call in fresh:
                self._narrate(call, narrator, trades)
            last = fresh[-1]

    def _refuse_others(self, chronicle: Chronicle) -> None:
        """A story with a mode is told by a bot that livestory itself runs. Raises JournalForeign."""
        if (mode := chronicle.journal.identity.mode) is not None:
            message = (
                f"{self._path}: the story of a bot that livestory runs itself ({mode}), not of this one\n"
                "Give this bot's story a folder of its own."
            )
            raise JournalForeign(message)

    def _tell_news(self, chronicle: Chronicle) -> None:
        """Have told what the story itself went through: what came late, what was lost, a clock set back."""
        now = chronicle.now() or self._clock.now()
        news = [*chronicle.news(), *self._late]
        self._late = []
        if news:
            call = _Call("tell", (now, *news))
            self._narrate(call, self.narrator, self._trades)
            self._calls.append(call)

    def _hear_words(self, words: list[Posted], chronicle: Chronicle) -> None:
        """Have told what others have left in the inbox. To halt or resume is not for a story: it is left lying."""
        for posted in words:
            if isinstance(posted.word, Halt | Resume):
                continue
            self._inbox.take(posted)
            call = _Call("word", (chronicle.now() or self._clock.now(), posted.word))
            self._narrate(call, self.narrator, self._trades)
            self._calls.append(call)

    def _recovered(self, calls: tuple[_Call, ...]) -> None:
        trouble, self._trouble = self._trouble, None
        lines = sum(len(call.events) for call in calls if call.late or call.hung)
        if not lines and not self._lost_untold:
            return
        now = self._clock.now()
        since = self._trouble_since if trouble is not None else now - round(calls[0].waited * SECOND)
        cause = _SILENCE if trouble is None else str(trouble) or type(trouble).__name__
        self._late.append(
            StoryLate(
                lines=lines,
                lost=self._lost_untold,
                since=since,
                until=max(now, since),
                trouble=encodable(cause).splitlines()[0],
            )
        )
        self._lost_untold = 0

    def _in_trouble(self, error: Exception) -> None:
        with self._lock:
            if self._trouble is None:
                self._trouble_since = self._clock.now()
                _log.error("the story waits: %s", error)
            self._trouble = error
            calls = tuple(self._calls)
        for call in calls:  # nobody waits for a disk that is known to be in trouble
            call.late = True
            if call.latch.locked():
                call.latch.release()

    def _give_up(self, call: _Call, sign: int = 1) -> None:
        self._lost += sign * len(call.events)
        self._lost_untold += sign * len(call.events)
        if call.name == "fill" and sign > 0:
            self._trades.difference_update(event.id for event in call.events)  # it may be told again
