"""`livestory digest` of a year of 100,000 events, against reading the same records as plain JSON.

Every second event is the end of a round trip, so that none is cheap. What is left is reading and decoding the records.
"""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measure import Result, fresh_process, interleaved
from livestory.clock import MINUTE, instant
from livestory.story.inputs import Fill, Observation
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = 100_000
_ROUNDS = 5
_START, _APART = instant("2024-01-01T00:05:00"), 5 * MINUTE
_TOGETHER = 500  # bars in one commit
_DIGEST = """
import sys
from livestory.cli import livestory
livestory(["digest", "--year", "--of", "2024-06-01", "--dir", sys.argv[1]], standalone_mode=False)
"""
_READ = """
import sys
from pathlib import Path
from benchmarks.digest import read
read(Path(sys.argv[1]))
"""


def measure() -> Iterator[Result]:
    """Seconds of the whole command, start included."""
    with TemporaryDirectory() as folder:
        write(Path(folder))
        journal = str(Path(folder) / "live_story.db")
        ours, plain = interleaved(
            lambda: fresh_process(_DIGEST, folder).seconds,
            lambda: fresh_process(_READ, journal).seconds,
            rounds=_ROUNDS,
        )
    yield Result(
        name=f"digest of a year of {EVENTS:,} events",
        unit="s",
        ours=ours,
        baseline=plain,
        baseline_name="sqlite3 and json.loads over the same records, and their sum",
        target="≤ 1 s",
    )


def write(folder: Path) -> None:
    """A story that buys and sells in turn, with an observation after each."""
    chance = random.Random(7)  # noqa: S311 - a story to measure on, no secret
    price = 0.05
    with SynchronousWriter(
        folder / "live_story.txt", Identity(symbol="ETH/BTC", unit="BTC"), StorySettings()
    ) as story:  # fmt: skip
        for number in range(EVENTS):
            price *= 1.0 + chance.gauss(0.0, 0.001)
            time, buys = _START + number * _APART, number % 2 == 0
            at, fee = Decimal(str(round(price, 5))), Decimal("0.00001")
            story.take(Fill(time=time, side="buy" if buys else "sell", quantity=Decimal(1), price=at, fee=fee))
            wealth, read_at = 1.0 + chance.gauss(0.0, 0.01), time + MINUTE
            story.take(
                Observation(
                    time=read_at, wealth=wealth, price=price, position=float(buys), next_due=read_at + _APART
                )
            )  # fmt: skip
            if number % _TOGETHER == 0:
                story.commit({})
        story.commit({})


def read(journal: Path) -> None:
    """What any script would do first: read the records, and add up the results that they tell."""
    total = Decimal(0)
    with closing(sqlite3.connect(journal)) as db:
        for (record,) in db.execute("SELECT record FROM events ORDER BY seq"):
            total += Decimal(json.loads(record)["facts"].get("gain") or 0)
    print(total)
