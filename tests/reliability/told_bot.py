"""A bot with a StoryWriter, as the sessions that are made to fail play it."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING, NamedTuple

import apsw

from livestory import Observation, StoryWriter
from livestory.clock import DAY, HOUR, ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from livestory import Event

START = 20_060 * DAY  # 2024-12-03
STEP = 5 * HOUR  # between two steps of a bot's story: five of them a day
KEEP_DAYS = 2
LONG = 60.0  # seconds; far more than anything takes that is not in trouble


class Scenery(NamedTuple):
    """What a session has to hand."""

    folder: Path
    say: Callable[..., None]
    arm: Callable[[], None]
    mend: Callable[[], int]

    @property
    def path(self) -> Path:
        return self.folder / "live_story.txt"


def story(scene: Scenery, *, first: int, count: int, synchronous: str | None = None) -> None:
    """A bot with a StoryWriter: ``count`` steps from number ``first`` on, over days that rotate away.

    Says each order, each acknowledged event and each that must wait. Faults end before it flushes.
    """
    clock = ManualClock(START + first * STEP)
    scene.arm()
    with story_of_a_bot(scene, clock) as told:
        if synchronous is not None:
            store = told._thread._store  # noqa: SLF001  the control needs the wrong one
            assert store is not None
            store.journal._connection("append").pragma("synchronous", synchronous)  # noqa: SLF001
        scene.say(opened=first)
        for n in range(first, first + count):
            clock.set(START + n * STEP)
            scene.say(step=n)
            step(scene, told, n)
        struck = scene.mend()
        scene.say(flushed=told.flush(LONG), whole=is_whole(told), lost=told.health.lost)
    scene.say(struck=struck)


def story_of_a_bot(scene: Scenery, clock: ManualClock) -> StoryWriter:
    """As the bot opens it."""
    return StoryWriter(scene.path, name="demo", keep_days=KEEP_DAYS, max_wait=LONG, clock=clock)


def is_whole(told: StoryWriter) -> bool:
    """Whether the text, too, is in order again before long, with nothing more told."""
    deadline = time.monotonic() + LONG
    while told.health.trouble is not None and time.monotonic() < deadline:
        time.sleep(0.002)
    return told.health.ok


def step(scene: Scenery, told: StoryWriter, n: int) -> None:
    """One step of the bot: it looks, trades, says something, and tells the trade before it once more."""
    seen = Observation(time=START + n * STEP, wealth=1 + n / 100, price=price(n), halted=False)
    acknowledge(scene, told.observe(seen))
    scene.say(order=[side(n), 1 + n % 5, price(n)])
    acknowledge(scene, told.fill(side(n), 1 + n % 5, price(n), trade_id=str(n)))
    if n > 1:
        acknowledge(scene, told.fill(side(n - 1), 1 + (n - 1) % 5, price(n - 1), trade_id=str(n - 1)))
    acknowledge(scene, told.note(f"note {n}"))


def side(n: int) -> str:
    """Of the n-th trade."""
    return "buy" if n % 2 else "sell"


def price(n: int) -> float:
    """At the n-th step."""
    return 0.03 + n % 7 / 1000


def acknowledge(scene: Scenery, events: Sequence[Event] | None) -> None:
    """Say what is kept, and what must wait."""
    for event in events or ():
        if event.seq is None:
            scene.say(waits=event.line)
        else:
            scene.say(kept=[event.seq, event.id, event.line])


def starved(scene: Scenery, *, count: int, of: str) -> None:
    """A process that runs out of ``of`` after a third of its steps, and has enough again after two thirds."""
    clock = ManualClock(START)
    with story_of_a_bot(scene, clock) as told:
        for n in range(1, count):
            clock.set(START + n * STEP)
            if n == count // 3:
                took = SHORTAGES[of][0]()
            if n == 2 * count // 3:
                SHORTAGES[of][1](took)
            step(scene, told, n)
        scene.say(flushed=told.flush(LONG), whole=is_whole(told))


def _no_descriptors() -> int:
    """The journal's and the text's are open; a rotation, or a journal opened anew, wants more."""
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, most))
    return few


def _descriptors_again(few: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _no_memory() -> int:
    """SQLite's own: Python with none left is no bot any more."""
    apsw.hard_heap_limit(1)
    return 0


def _memory_again(limit: int) -> None:
    apsw.hard_heap_limit(limit)


SHORTAGES = {"descriptors": (_no_descriptors, _descriptors_again), "memory": (_no_memory, _memory_again)}
