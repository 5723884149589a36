"""Who hears of events the moment they are kept: callables, each on a thread of its own."""

from __future__ import annotations

import _thread
import logging
import queue
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.story.wording.text import encodable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.story.event import Event

_log = logging.getLogger("livestory")
_MOST_WAITING = 100_000  # events; whoever hears slower than they come loses the oldest, the journal keeps them all
_NOT_AWAITED = "it gave a coroutine, which nobody awaits: start it with asyncio.run_coroutine_threadsafe"
_HANGS = 5.0  # seconds after which a subscriber that has not returned is shown


class Subscribers:
    """Calls each subscriber with each event, in order, off the caller's thread.

    One that raises, whatever it raises, or never returns harms itself alone; `trouble` says so.
    """

    def __init__(self) -> None:
        self._all: list[_Subscriber] = []

    def add(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with every event from now on."""
        self._all.append(_Subscriber(subscriber))

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over events that are kept; returns at once."""
        for subscriber in self._all:
            subscriber.hear(events)

    def drain(self, timeout: float) -> None:
        """Let what was published be heard, for at most ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        for latch in [subscriber.barrier() for subscriber in self._all]:
            latch.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def end(self) -> None:
        """Let the threads end once they have heard all that was published: one that is still busy when it returns."""
        for subscriber in self._all:
            subscriber.end()

    @property
    def trouble(self) -> str | None:
        """Which subscriber has raised, or does not return; None where all is well."""
        return next((trouble for one in self._all if (trouble := one.trouble) is not None), None)


class _Subscriber:
    """One callable, and the events that it has not heard yet."""

    def __init__(self, subscriber: Callable[[Event], object]) -> None:
        self._call = subscriber
        self._name = encodable(getattr(subscriber, "__qualname__", type(subscriber).__qualname__))
        self._waiting: queue.SimpleQueue[Event | _thread.LockType | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy_since: float | None = None
        self._ended = False
        self._faults = 0
        self._fault = ""

    def hear(self, events: Sequence[Event]) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="livestory-subscriber", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has no thread left
                self._failed(error)
                return
            self._thread = thread
        for event in events:
            if self._waiting.qsize() >= _MOST_WAITING:
                self._waiting.get_nowait()
            self._waiting.put(event)

    def barrier(self) -> _thread.LockType:
        """A latch that opens when all published so far is heard; open where this thread would wait for itself."""
        latch = _thread.allocate_lock()
        if self._thread is not None and self._thread is not threading.current_thread():
            latch.acquire()
            self._waiting.put(latch)
            if self._ended:
                self._let_pass()
        return latch

    def end(self) -> None:
        self._waiting.put(None)

    @property
    def trouble(self) -> str | None:
        since = self._busy_since
        if since is not None and (busy := time.monotonic() - since) > _HANGS:
            return f"{self._name} has not returned for {busy:.0f} s"
        if self._faults:
            return f"{self._name} failed{f' {self._faults} times' if self._faults > 1 else ''}: {self._fault}"
        return None

    def _run(self) -> None:
        while (event := self._waiting.get()) is not None:
            if isinstance(event, _thread.LockType):
                event.release()
                continue
            self._busy_since = time.monotonic()
            try:
                told = self._call(event)
                if isinstance(told, Coroutine):
                    told.close()
                    raise TypeError(_NOT_AWAITED)  # noqa: TRY301 - told as any other fault of its
            except BaseException as error:  # noqa: BLE001 - somebody else's code: also sys.exit() silences nobody
                self._failed(error)
            self._busy_since = None
        self._ended = True
        self._let_pass()

    def _let_pass(self) -> None:
        """Open the latches that were put after the end."""
        with suppress(queue.Empty):
            while True:
                if isinstance(latch := self._waiting.get_nowait(), _thread.LockType):
                    latch.release()

    def _failed(self, error: BaseException) -> None:
        self._faults += 1
        self._fault = _said(error)
        if self._faults == 1:  # one that fails with every event would fill the log
            _log.error("a subscriber of the story failed, and may fail again: %s", self._name, exc_info=error)


def _said(error: BaseException) -> str:
    kind = type(error).__name__
    try:
        return encodable(f"{kind}: {error}" if str(error) else kind)
    except Exception:  # noqa: BLE001 - somebody else's error may be unable to speak
        return kind
