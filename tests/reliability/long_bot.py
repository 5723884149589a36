"""A bot with its own clock, which runs as fast as its story lets it: `python -m tests.reliability.long_bot FOLDER`.

It goes on where its story stands, prints each acknowledged event, and after every simulated hour a line of its own.
"""

from __future__ import annotations

import json
import os
import sys
from math import sin
from pathlib import Path
from typing import TYPE_CHECKING

from livestory import Observation, StoryWriter
from livestory.clock import DAY, HOUR, MINUTE, ManualClock
from livestory.errors import JournalError
from livestory.story.journal.writer import JournalReader
from tests.reliability.footprint import Footprint

if TYPE_CHECKING:
    from tests.reliability.told_bot import Scenery

START = 20_060 * DAY  # 2024-12-03
BAR = 15 * MINUTE
KEEP_DAYS = 2


def bar(told: StoryWriter, clock: ManualClock, number: int) -> tuple[tuple[int | None, str, str], ...]:
    """Tell one bar; now and then a trade. Returns seq, id and line of what was told."""
    now = START + number * BAR
    clock.set(now)
    price, score = 0.033 + sin(number / 40) / 500, 25 + 12 * sin(number / 31)
    regime = "TREND" if score > 25 else "MEAN_REV"
    seen = Observation(time=now, wealth=1 + sin(number / 60) / 20, price=price, score=score, threshold=25.0,
                       regime=regime, position=9.0, halted=False, next_due=now + BAR)  # fmt: skip
    events = told.observe(seen) or ()
    if number % 2:
        events += told.note(f"bar {number}") or ()
    if number % 24 == 0:
        events += told.fill("buy" if number % 48 else "sell", 9, f"{price:.5f}", trade_id=str(number)) or ()
    return tuple((event.seq, event.id, event.line) for event in events)


def lived(scene: Scenery, *, bars: int) -> None:
    """So many bars without a stop; says what the process took on the way."""
    clock, footprint = ManualClock(START), Footprint(os.getpid())
    with StoryWriter(scene.path, keep_days=KEEP_DAYS, max_wait=60.0, clock=clock) as told:
        for number in range(bars):
            bar(told, clock, number)
            if number % (bars // 100) == 0:
                footprint.look()
    scene.say(footprint=[footprint.memory, footprint.descriptors])


def main(folder: Path) -> None:
    """Until it is killed."""
    path = folder / "live_story.txt"
    try:
        with JournalReader.open(path) as reader:
            last = reader.last_observation()
    except JournalError:
        last = None
    number = 0 if last is None else (last.time - START) // BAR + 1
    clock = ManualClock(START + number * BAR)
    with StoryWriter(path, name="long", keep_days=KEEP_DAYS, max_wait=60.0, clock=clock) as told:
        while True:
            for event in bar(told, clock, number):
                print(json.dumps(event), flush=True)  # noqa: T201
            number += 1
            if number * BAR % HOUR == 0:
                print(json.dumps(number * BAR // HOUR), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
