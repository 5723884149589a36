"""A bot whose story gets into trouble: what it orders, and how long each of its calls takes."""

from __future__ import annotations

import _thread
import os
import time
from operator import methodcaller
from typing import TYPE_CHECKING

import apsw

from livestory import Observation, StoryWriter
from livestory.clock import MINUTE, ManualClock
from livestory.story.inputs import Statement
from livestory.story.kinds.telling import Note
from livestory.story.narrator import Narrator
from livestory.story.writing import thread as writer_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.reliability.told_bot import Scenery

START = 20_060 * 24 * 60 * MINUTE
MENDED = {"none", "corrupt", "deleted"}  # what the story puts right by itself, and tells
_SOUND = 20  # calls before the trouble begins


def isolated(scene: Scenery, *, trouble: str | None, calls: int, max_wait: float) -> None:
    """So many calls, with the story in ``trouble`` from the twentieth on; without one, the bot has no story.

    Says the orders, and by how many seconds each call, and each turn of an empty loop between them, was longer than
    ``max_wait``, longest first.
    """
    clock = ManualClock(START)
    told = None
    if trouble is not None:
        told = StoryWriter(scene.path, name="demo", max_wait=max_wait, clock=clock)
    bare, never = Narrator(), _thread.allocate_lock()
    never.acquire()
    overruns: list[float] = []
    stalls: list[float] = []
    orders = []
    for n, (order, call) in enumerate(_bot(clock, calls)):
        if n == _SOUND and told is not None and trouble is not None:
            TROUBLES[trouble](scene, told)
        orders.append(order)
        if told is None:
            continue
        begun = time.perf_counter()
        call(told)
        overruns.append(time.perf_counter() - begun - max_wait)
        begun = time.perf_counter()
        bare.take(Statement(clock.now(), (Note(text="an empty loop"),)))  # what is thought is the bot's own time
        never.acquire(timeout=max_wait)
        stalls.append(time.perf_counter() - begun - max_wait)
    scene.say(orders=orders)
    if told is not None:
        if trouble in MENDED:
            told.flush(60.0)
        writer_thread.HANGS = 0.0  # type: ignore[attr-defined]  # health need not wait to say that nothing answers
        scene.say(ok=told.health.ok, waiting=told.health.waiting)
        scene.say(overruns=sorted(overruns, reverse=True)[: calls // 10], stalls=sorted(stalls, reverse=True)[:10])
        scene.mend()
        told.close(0.0)


def _bot(clock: ManualClock, calls: int) -> Iterator[tuple[list[object] | None, Callable[[StoryWriter], object]]]:
    """Its orders, each with the call that tells something at the same time."""
    for n in range(calls):
        clock.set(START + n * MINUTE)
        price, held = 0.03 + n * 7919 % 101 / 10_000, n // 3 % 2
        if n % 3 == 0:
            side = "sell" if held else "buy"
            yield [n, side, price], methodcaller("fill", side, 1, price, trade_id=str(n))
        elif n % 3 == 1:
            seen = Observation(time=START + n * MINUTE, wealth=1 + n % 50 / 100, price=price, position=1 - held)
            yield None, methodcaller("observe", seen)
        else:
            yield None, methodcaller("note", f"note {n}")


def _hung(scene: Scenery, _: StoryWriter) -> None:
    scene.arm()  # the fault that came with the request


def _dead(_: Scenery, told: StoryWriter) -> None:
    def die(*_: object) -> object:
        raise SystemExit

    store = told._thread._store  # noqa: SLF001  a failpoint
    assert store is not None
    store.keep = die  # type: ignore[assignment,method-assign]


def _corrupt(scene: Scenery, _: StoryWriter) -> None:
    for suffix in ("", "-wal", "-shm"):
        path = scene.path.with_name(f"live_story.db{suffix}")
        with path.open("r+b") as file:
            size = path.stat().st_size
            file.seek(0)
            file.write(os.urandom(size))


def _deleted(scene: Scenery, _: StoryWriter) -> None:
    for path in scene.folder.iterdir():
        path.unlink()


def _locked(scene: Scenery, told: StoryWriter) -> None:
    locker = apsw.Connection(str(scene.path.with_suffix(".db")))
    locker.set_busy_timeout(60_000)  # milliseconds; the story may just be writing
    locker.execute("BEGIN EXCLUSIVE")
    told.locker = locker  # type: ignore[attr-defined]  # as long as the bot lives


TROUBLES: dict[str, Callable[[Scenery, StoryWriter], None]] = {
    "none": lambda *_: None,
    "hung": _hung,
    "full": _hung,
    "failing": _hung,
    "dead": _dead,
    "corrupt": _corrupt,
    "deleted": _deleted,
    "locked": _locked,
}
