"""What a StoryWriter's calls tell, and how that becomes durable; it knows of no threads but by its lock."""

from __future__ import annotations

import logging
import threading
from collections import deque
from functools import partial
from itertools import takewhile
from operator import is_not
from typing import TYPE_CHECKING

from livestory.clock import MINUTE, RELEASED, SECOND, Reading, SystemClock
from livestory.errors import JournalError
from livestory.story.commands import Halt, Resume, as_input
from livestory.story.files.inbox import INBOX, Inbox
from livestory.story.files.layout import Layout
from livestory.story.inputs import Fill, Funding, Observation, Statement
from livestory.story.kinds.telling import StoryLate
from livestory.story.narrator import NARRATOR, TRADE, Narrator
from livestory.story.wording.numbers import stamp
from livestory.story.wording.text import encodable
from livestory.story.writing.call import InputCall
from livestory.story.writing.subscribers import Subscribers

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.event import Event
    from livestory.story.files.inbox import Posted
    from livestory.story.writing.options import Options
    from livestory.story.writing.store import StoryStore

_log = logging.getLogger("livestory")
_MOST_WAITING = 10_000  # calls; beyond that the oldest are lost, and counted
HANGS = 5.0  # seconds after which a line that still waits is trouble, although nothing has failed
SILENCE = "the disk does not answer"
_AT_ONCE = 100  # calls told again while the caller may have to wait for it
_ROUNDS = 10  # of telling again, should a bot call faster than that
_CLOCK_LAG = MINUTE  # by which a clock may be behind the last line: of a call that is kept after it, or adjusted


class Keeper:
    """Narrates calls, remembers them until the store has kept them, and tells afterwards what came late."""

    def __init__(self, path: Path, options: Options, *, torn: bool) -> None:
        """``torn``: this process is a fork, made while the story was written, and must not write it."""
        self.options = options
        self.narrator = Narrator(options.symbol, options.unit, options.settings)
        self._path = path
        self._clock = options.clock or SystemClock()
        self._torn = torn
        self._lock = threading.Lock()  # guards the narrator and what follows; held by no caller, and over no disk
        self._calls: deque[InputCall] = deque()
        self._heard = self._settled = 0  # calls that were ever in there, and that left
        self._store: StoryStore | None = None
        self._was_open = False
        self._inbox = Inbox(Layout.of(path))
        self._trades: set[str] = set()  # ids of all trades told: the caller never waits for a disk to know one
        self._subscribers = Subscribers()
        self._trouble: Exception | None = None
        self._trouble_since = 0
        self._late: list[StoryLate] = []
        self._out_of_order: str | None = None
        self._lost = 0
        self._lost_untold = 0
        self._last_seq: int | None = None
        self._last_told = 0

    def _answer_questions(self) -> None:
        """Answer who waits for more than a call of its own; called under the lock after each commit."""

    def _hear_told(self, call: InputCall) -> None:
        try:
            self._narrate(call, self.narrator, self._trades)
        except Exception as error:  # noqa: BLE001 - the caller's to raise
            call.finish(error)
            return
        call.late = self._trouble is not None
        waits = call.events or call.observation is not None or call.doubted or self._store is None
        if waits or (
            isinstance(call.given, Fill | Funding) and self._calls and not call.late
        ):  # told before, and perhaps not kept yet
            self._append(call)
            if not call.late:
                call.hear()
                return
        call.finish()

    def _append(self, call: InputCall) -> None:
        self._calls.append(call)
        self._heard += 1
        if len(self._calls) > _MOST_WAITING:
            self._give_up(self._calls.popleft())
            self._settled += 1

    def _narrate(self, call: InputCall, narrator: Narrator, trades: set[str]) -> None:
        call.events, call.observation = (), None
        given = call.given
        trade = narrator.trade_id(given)
        if trade in trades:
            return
        if type(given) is Observation:
            self._note_order(given, narrator)
        if call.clock is None:
            call.clock = self._clock.now()
        call.events, call.observation, call.doubted = narrator.judge(given, self._reading(call.clock))
        if trade is not None:
            trades.add(trade)

    def _now(self) -> int:
        """The clock's time; of a bot's own that fails just then, the last that was told at."""
        try:
            return self._clock.now()
        except Exception:  # noqa: BLE001 - whatever it raises: it shows with the next call that needs it
            return self._last_told

    def _reading(self, now: int) -> Reading:
        """The clock as a judge of callers' times: only a machine's own, and only where nothing shows it to be wrong."""
        plausible = isinstance(self._clock, SystemClock) and RELEASED < now > self._last_told - _CLOCK_LAG
        return Reading(now, plausible)

    def _note_order(self, observation: Observation, narrator: Narrator) -> None:
        """Show an observation that goes back in time; the last one's own time again is a bot that polls."""
        last, given = narrator.last_observed, observation.time
        self._out_of_order = None
        if given < last:
            before = f"observe: {stamp(given)} is before the last observation, {stamp(last)}"
            self._out_of_order = f"{before}: not told; times are UTC"

    def _keep(self) -> None:
        """Keep what was called until now, and with it what there is to tell besides."""
        store = self._store or self._open()
        commands = self._inbox.waiting()
        with self._lock:  # which whoever narrates waits for: no disk is touched within
            self._tell_news(store)
            self._take_commands(commands, store)
            calls = tuple(self._calls)
            state = self.narrator.save() if calls else b""
        if not calls:
            store.mend()
            return
        events = [event for call in calls for event in call.events]
        observations = [call.observation for call in calls if call.observation is not None]
        told = store.keep(events, observations, {NARRATOR: state, **self._inbox.states()})
        self._inbox.sweep()
        self._settle(calls, told, store)
        self._subscribers.publish(told)

    def _waits(self) -> bool:
        """Whether there is more to keep, or to tell."""
        return bool(self._calls or self._late or (self._store is not None and self._store.has_news))

    def _settle(self, calls: tuple[InputCall, ...], told: list[Event], store: StoryStore) -> None:
        kept = iter(told)
        with self._lock:
            for call in calls:
                call.events = tuple(next(kept) for _ in call.events)
                if self._calls and self._calls[0] is call:
                    self._calls.popleft()
                    self._settled += 1
                else:  # given up while it was being kept
                    self._give_up(call, -1)
            self._recovered(calls)
            last = store.journal.last
            self._last_seq = last.seq if last is not None else None
            self._last_told = last.told if last is not None else 0
            self._answer_questions()
        for call in calls:
            call.finish()

    def _open(self) -> StoryStore:
        """Open the story, and tell what was called meanwhile again: now it is known what was told before."""
        from livestory.story.writing.store import StoryStore  # noqa: PLC0415 - SQLite is loaded when a story is opened

        if self._torn:
            message = (
                f"{self._path}: this process was forked off while the story was being written, and can't write it\n"
                "Open the story after the fork, or start the process anew."
            )
            raise JournalError(message)
        options = self.options
        store = StoryStore.open(self._path, options.identity, keep_days=options.keep_days, clock=self._clock)
        try:
            store.refuse_own_bots()
            saved = store.journal.state(NARRATOR)
            narrator = self.narrator.blank()
            if saved is not None:
                narrator.restore(saved)
            if not self._was_open:
                narrator.opened()
            self._last_told = store.journal.last.told if store.journal.last is not None else 0
            trades = store.journal.ids(TRADE)
            self._inbox = Inbox(Layout.of(self._path), store.journal.state(INBOX))
            self._inbox.sweep()
            self._catch_up(narrator, trades)
            self._store, self._was_open = store, True
        except BaseException:
            store.close()
            raise
        _log.debug("the story %s is open", self._path)
        return store

    def _catch_up(self, narrator: Narrator, trades: set[str]) -> None:
        """Let ``narrator`` tell what was called meanwhile, and then be the one who tells.

        The caller goes on meanwhile with the former one, and waits no longer than the last few calls take.
        """
        last: InputCall | None = None
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

    def _tell_news(self, store: StoryStore) -> None:
        """Have told what the story itself went through: what came late, what was lost, a clock set back."""
        now = store.now() or self._clock.now()
        news = [*store.news(), *self._late]
        self._late = []
        if news:
            call = InputCall(Statement(now, tuple(news)))
            self._narrate(call, self.narrator, self._trades)
            self._append(call)

    def _take_commands(self, commands: list[Posted], store: StoryStore) -> None:
        """Have told what others have left in the inbox. To halt or resume is not for a story: it is left lying."""
        for posted in commands:
            if isinstance(posted.command, Halt | Resume):
                continue
            self._inbox.take(posted)
            call = InputCall(as_input(store.now() or self._clock.now(), posted.command))
            self._narrate(call, self.narrator, self._trades)
            self._append(call)

    def _recovered(self, calls: tuple[InputCall, ...]) -> None:
        trouble, self._trouble = self._trouble, None
        lines = sum(len(call.events) for call in calls if call.late or call.waited > HANGS)
        if not lines and not self._lost_untold:
            return
        now = self._now()
        since = self._trouble_since if trouble is not None else now - round(calls[0].waited * SECOND)
        cause = SILENCE if trouble is None else str(trouble) or type(trouble).__name__
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

    def _in_trouble(self, error: BaseException) -> None:
        error = error if isinstance(error, Exception) else RuntimeError(repr(error))
        with self._lock:
            news, self._trouble = self._trouble is None, error
            if news:
                self._trouble_since = self._now()
            for call in self._calls:  # nobody waits for a disk that is known to be in trouble
                call.late = True
                call.finish()
        if news:  # not within the lock: a log may be slow, and its own author may tell stories
            _log.error("the story waits: %s", error)

    def _give_up(self, call: InputCall, sign: int = 1) -> None:
        self._lost += sign * len(call.events)
        self._lost_untold += sign * len(call.events)
        if isinstance(call.given, Fill | Funding) and sign > 0:
            self._trades.difference_update(event.id for event in call.events)  # it may be told again

    def _close_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()
