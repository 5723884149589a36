"""The two threads on which a StoryWriter's events become durable, so that the caller never waits for a disk.

One narrates (microseconds) and keeps what was narrated, retries while it can't, and tells afterwards what came late;
the other narrates in its stead while it is at the disk. A caller only puts its call into a queue and waits on the
call's own latch: it holds nothing that the threads need, so whatever interrupts it, a signal's handler that tells and
closes, or an exception that one raises, hangs nothing and loses nothing. While the story could not be opened at all,
calls are remembered and told once it is: only then is it known what was told before.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time as time_
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakSet

from msgspec import Struct

from livestory.errors import JournalError
from livestory.story.files.layout import Layout
from livestory.story.writing.call import Ask, Call, InputCall, Question
from livestory.story.writing.keeper import HANGS, SILENCE, Keeper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.story.event import Event
    from livestory.story.inputs import Input
    from livestory.story.writing.options import Options

_log = logging.getLogger("livestory")
_MOST_ASKED = 10_000  # calls that nobody hears, where no thread can be started
_RETRY_FIRST, _RETRY_MOST = 0.05, 5.0  # seconds between tries
_LISTEN = 1.0  # seconds between two looks into the inbox
_THINKING = (
    1.0  # seconds that a call waits to be narrated, which no disk holds up: far more than a stalled machine takes
)
_AT_EXIT = 2.0  # seconds that a call waits for the disk once the interpreter is ending: nobody keeps it later


class StoryClosed(ValueError):
    """The story was closed by its last writer."""


class Health(Struct, frozen=True):
    """The health of the story. ``ok`` while everything told is durable, or on its way without trouble."""

    ok: bool
    trouble: str | None  # why lines wait, or why the last call was refused
    waiting: int  # calls told and not durable yet
    last_seq: int | None  # of the last durable event
    lost: int  # events given up since the start, for want of memory
    subscriber: str | None = None  # which subscriber has raised, or does not return: the story goes on without it


class WriterThread(Keeper):
    """One story's threads, for all its writers in this process; every public method may be called from anywhere."""

    def __init__(
        self, path: Path, options: Options, *, torn: bool = False, at_end: Callable[[WriterThread], object]
    ) -> None:
        """Prepare; `start` opens the story. ``torn``: this process is a fork, made while the story was written."""
        super().__init__(path, options, torn=torn)
        self.users: WeakSet[object] = WeakSet()  # once there is none, the story is closed
        self.at_disk = False
        self.ended = False
        self._at_end = at_end
        self._asked: queue.SimpleQueue[Call] = queue.SimpleQueue()  # a put may interrupt another
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()  # the thread that keeps
        self._needed: queue.SimpleQueue[None] = queue.SimpleQueue()  # the one that stands in for it
        self._vacant = deque((self._stand_in, self._listen))
        self._own: set[int] = set()  # the threads at work
        self._questions: list[Question] = []  # "open", "flush", "rest" and "leave" that can't be answered yet
        self._closing = self._exiting = False
        self._resting = self._rested = False
        self._pause = self._retry_at = self._look_at = 0.0
        self._refused: str | None = None
        self._process = os.getpid()

    # What any thread may call, also a signal's handler, at any moment.

    def start(self) -> None:
        """Set the threads going, unless they are; a surplus thread ends itself. Trouble where there can be none."""
        for _ in range(len(self._vacant)):
            try:
                _start(threading.Thread(target=self._run, name="livestory", daemon=True))
            except RuntimeError as error:
                if not self._own and self._trouble is None:
                    message = f"{self._path}: no thread can be started to write the story ({error})"
                    self._trouble, self._trouble_since = JournalError(message), self._now()
                    _log.error("the story waits: %s", self._trouble)
                return

    def opened(self, timeout: float) -> None:
        """Wait until the story is open or in trouble. Raises StoryClosed."""
        self._answer(Question(Ask.OPEN), timeout)

    def take(self, given: Input, wait: float, *, strict: bool) -> tuple[Event, ...]:
        """Have it told, and wait so many seconds for it to be durable; what it told, if that is known by then."""
        self._refuse_fork()
        if sys.is_finalizing():  # no other thread runs any more
            message = "the interpreter is ending"
            raise ValueError(message)
        call = InputCall(given)
        self._ask(call)
        if self.is_own(threading.get_ident()):  # it collected or logged something whose author tells stories
            return ()
        if self._exiting:
            wait = max(wait, _AT_EXIT)
        trouble = self._trouble
        if trouble is None and wait > 0:
            call.done.acquire(timeout=wait)
            trouble = self._trouble
        if self._own and not (self.at_disk and self._vacant):  # else nobody narrates now
            call.told.acquire(timeout=_THINKING)
        if (
            trouble is not None and self._trouble is None and not call.late and wait > 0
        ):  # it ended before this was heard
            call.done.acquire(timeout=wait)
            trouble = self._trouble
        if call.error is not None:
            raise call.error
        if trouble is not None and strict:
            raise trouble
        return call.events

    def flush(self, timeout: float) -> bool:
        """Wait until nothing waits."""
        question = Question(Ask.FLUSH)
        try:
            return self._answer(question, timeout)
        except StoryClosed:
            return not self._calls

    def leave(self, timeout: float) -> None:
        """Close, if the last user has gone."""
        deadline = time_.monotonic() + timeout
        if self._answer(Question(Ask.LEAVE), timeout) and self.ended:
            self._subscribers.drain(deadline - time_.monotonic())

    def rest(self, deadline: float) -> None:
        """Flush and close until ``deadline`` (monotonic); if anything is told after all, open again."""
        self._exiting = True
        self.flush(deadline - time_.monotonic())
        self._answer(Question(Ask.REST), deadline - time_.monotonic())
        self._subscribers.drain(deadline - time_.monotonic())

    @property
    def text(self) -> Path:
        """The file that a person reads."""
        return Layout.of(self._path).text

    @property
    def trouble(self) -> Exception | None:
        """The trouble that keeps lines in memory; None if none waits."""
        return self._trouble

    def is_own(self, thread: int) -> bool:
        """Whether the thread of that ident is one of these, and must not wait for itself."""
        return thread in self._own

    def refused(self, trouble: str | None) -> bool:
        """Show that the last call could not be told, or (None) that it could; whether that is news."""
        before, self._refused = self._refused, trouble
        return trouble != before

    def health(self) -> Health:
        """The health of the story now."""
        trouble = str(self._trouble) if self._trouble is not None else self._refused or self._out_of_order
        store, calls = self._store, self._calls.copy()
        if trouble is None and store is not None:
            trouble = store.trouble
        if trouble is None and calls and calls[0].waited > HANGS:
            trouble = SILENCE
        if os.getpid() != self._process:
            trouble = self._fork()
        return Health(
            ok=trouble is None and not self._lost,
            trouble=trouble,
            waiting=len(calls) + (0 if self._own else self._asked.qsize()),
            last_seq=self._last_seq,
            lost=self._lost,
            subscriber=self._subscribers.trouble,
        )

    def subscribe(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with each event once it is kept."""
        self._refuse_fork()
        self._subscribers.add(subscriber)

    def orphan(self) -> bool:
        """In a fork: let go of what it inherited; False where that was being written just then, and must stay."""
        if self.at_disk:
            return False
        store, self._store = self._store, None
        if store is not None:
            store.let_go()
        return True

    def _ask(self, call: Call) -> None:
        self._asked.put(call)
        (self._needed if self.at_disk else self._wake).put(None)
        if self.ended:
            self._turn_away()
        elif self._vacant:
            self.start()
            while not self._own and self._asked.qsize() > _MOST_ASKED:
                self._asked.get()
                self._lost += 1

    def _answer(self, question: Question, timeout: float) -> bool:
        """Whether the answer came in time; a question asked on a story's own thread gets none. Raises StoryClosed."""
        if os.getpid() != self._process or sys.is_finalizing() or (self._trouble is not None and not self._own):
            return False  # there is nobody to answer
        self._ask(question)
        if self._own and not self.is_own(threading.get_ident()):
            question.told.acquire(timeout=_THINKING)  # even with no time left: it may have been told already
            question.done.acquire(timeout=min(max(timeout, 0.0), threading.TIMEOUT_MAX))
        if question.error is not None:
            raise question.error
        return question.finished

    def _refuse_fork(self) -> None:
        if os.getpid() != self._process:  # the threads have stayed behind, and nobody would keep it
            raise ValueError(self._fork())

    def _fork(self) -> str:
        return f"the story is told by process {self._process}: this fork must open one of its own"

    def _turn_away(self) -> None:
        """Answer whoever still asks after the end."""
        while not self._asked.empty():
            try:
                call = self._asked.get_nowait()
            except queue.Empty:
                return
            call.finish(
                None if isinstance(call, Question) and call.ask is Ask.LEAVE else StoryClosed("the story is closed")
            )

    # From here on, the threads' own.

    def _run(self) -> None:
        try:
            step = self._vacant.pop()
        except IndexError:
            return
        self._own.add(threading.get_ident())
        while not self.ended:
            try:
                step()
            except BaseException as error:  # noqa: BLE001 - for want of memory, say: the bot must not notice, the story goes on
                with suppress(BaseException):  # a clock or a log's filter of the bot's that raises, too
                    self._in_trouble(error)
                time_.sleep(_RETRY_FIRST)
        with self._lock:
            self._own.discard(threading.get_ident())
            self._answer_questions()

    def _stand_in(self) -> None:
        """Narrate what is asked while the other thread is at the disk."""
        self._needed.get()
        self._hear_all()
        if not self.at_disk:
            self._wake.put(None)

    def _listen(self) -> None:
        """Narrate what is asked next, and go to the disk if there is a reason."""
        due = self._retry_at if self._calls else self._look_at
        try:
            self._wake.get(timeout=_LISTEN if self._rested else max(0.0, due - time_.monotonic()))
        except queue.Empty:
            self._closing |= not any(self.users)  # a writer was dropped that never got as far as to say so
        self._hear_all()
        with self._lock:
            self.at_disk = self._due()
        if self.at_disk:
            self._visit_disk()

    def _hear_all(self) -> None:
        with self._lock:
            while not self._asked.empty():
                self._hear(self._asked.get())

    def _due(self) -> bool:
        now = time_.monotonic()
        if self._closing or self._resting:
            return True
        return now >= self._retry_at if self._calls else now >= self._look_at and not self._rested

    def _hear(self, call: Call) -> None:
        if isinstance(call, Question):
            self._hear_question(call)
        elif self._closing:
            call.finish(StoryClosed("the story is closed"))
        elif isinstance(call, InputCall):
            self._hear_told(call)

    def _hear_question(self, call: Question) -> None:
        if call.ask is Ask.OPEN and self._closing:
            call.finish(StoryClosed("the story is closed"))
            return
        if call.ask is Ask.LEAVE and not any(self.users):
            self._closing = True
        self._resting |= call.ask is Ask.REST
        call.place = self._heard
        self._questions.append(call)
        self._answer_questions()
        call.hear()

    def _answer_questions(self) -> None:
        for question in tuple(self._questions):
            if self._answered(question):
                self._questions.remove(question)
                question.finish()

    def _answered(self, question: Question) -> bool:
        match question.ask:
            case Ask.OPEN:
                return self._store is not None or self._trouble is not None
            case Ask.FLUSH:
                return self._settled >= question.place and not self._late
            case Ask.REST:
                return not self._resting
            case _:
                return not self._closing or (self.ended and not self._own)

    # From here on, that of the two which goes to the disk.

    def _visit_disk(self) -> None:
        """Keep what there is until nothing waits or the disk fails; at the end, close."""
        while True:
            self._hear_all()  # what was asked before `at_disk` was seen
            try:
                self._keep()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the bot must not notice, and the story goes on
                failed = True
                self._in_trouble(error)
            else:
                failed = False
            rested = self._resting and (failed or not self._waits())
            if rested and not failed:
                self._close_store()
            if self._leave_disk(failed=failed, rested=rested):
                break
        if self._closing:
            self._end()

    def _leave_disk(self, *, failed: bool, rested: bool) -> bool:
        with self._lock:
            self._pause = min(self._pause * 2 or _RETRY_FIRST, _RETRY_MOST) if failed else 0.0
            self._retry_at = time_.monotonic() + self._pause
            self._look_at = self._retry_at if failed else self._retry_at + _LISTEN
            self._rested, self._resting = rested, self._resting and not rested
            if not failed and not self._calls:
                self._trouble = None
            self._answer_questions()
            more = not failed and (self._waits() or self._resting)
            self.at_disk = more or self._closing
            return not more

    def _end(self) -> None:
        self._close_store()
        if self._calls:
            _log.error("%s: closed with %d calls that could not be kept", self._path, len(self._calls))
        with self._lock:
            self.ended = True
            self._at_end(self)
            for question in self._questions:
                if question.ask is not Ask.LEAVE:  # which the last thread answers
                    question.finish(StoryClosed("the story is closed"))
        self._turn_away()
        self._subscribers.end()
        self._needed.put(None)  # ends the other one


def _start(thread: threading.Thread) -> None:
    try:
        thread.start()
    except KeyError as error:  # in 3.11, what a signal's handler raises just then becomes one, though it has started
        raise error.__context__ or error from None
