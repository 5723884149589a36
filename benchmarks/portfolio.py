"""Many symbols in one story: fills against those of one symbol in the first stage, observations with twenty positions.

The first stage, before there was a portfolio, is taken from this repository's history and run in a process of its own,
in turn with ours. Its fills have one symbol, ours two hundred; two in three open or add, one closes a round trip.
It made each line at once, ours makes one when it is asked for: once asked for each, as a journal does, once for none.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Result, fresh_process, interleaved, seconds
from livestory import Narrator, Observation, PositionReading, Rules
from livestory.clock import MINUTE, instant
from livestory.story.inputs import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
FIRST_STAGE = "7b6b145"
FILLS, OBSERVATIONS, POSITIONS = 100_000, 20_000, 20
START = instant("2024-12-03 15:00:00")
STEP = MINUTE // 1000  # so that no day ends within the run

TELL = """
import sys, time
from decimal import Decimal
sys.path.insert(0, sys.argv[1])
from livestory import Narrator, instant
try:
    from livestory.story.inputs import Fill
except ImportError:  # the first stage
    from livestory.story.observation import Fill
symbols, count, lines = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "lines"
start = instant("2024-12-03 15:00:00")
narrator = Narrator() if symbols == 1 else Narrator(None, None)
take, names, held, took = getattr(narrator, "take", None) or narrator.fill, range(symbols), [0] * symbols, 0.0
def fill(number):
    at = number % symbols
    sells = held[at] and (held[at] >= 4 or number % 3 == 0)
    quantity, price = Decimal(held[at] if sells else 1) / 100, Decimal(3200 + number % 50) / 100
    held[at] = 0 if sells else held[at] + 1
    return Fill(time=start + number * 1000, side="sell" if sells else "buy", quantity=quantity, price=price,
                fee=price * quantity / 1000, trade_id=str(number), symbol=f"C{at:03}/USDT" if symbols > 1 else None)
for first in range(0, count, 5000):
    fills = [fill(number) for number in range(first, min(first + 5000, count))]
    began = time.perf_counter()
    if lines:
        for each in fills:
            for event in take(each):
                event.line
    else:
        for each in fills:
            take(each)
    took += time.perf_counter() - began
print(took / count * 1e6)
"""


def measure() -> Iterator[Result]:
    """Microseconds a fill, memory, and observations a second."""
    peaks: list[float] = []
    told, untold, one = interleaved(
        lambda: _fill(ROOT / "src", 200, peaks, lines="lines"),
        lambda: _fill(ROOT / "src", 200, []),
        lambda: _fill(_first_stage(), 1, []),
        rounds=5,
    )
    for name, ours, target in (
        ("a fill of 200 symbols and its line, no journal", told, "≤ 1.4 ×"),
        ("the same, its line not asked for", untold, "as it is"),
    ):
        yield Result(
            name=name,
            unit="µs",
            ours=ours,
            baseline=one,
            baseline_name="a fill of one symbol, first stage",
            target=target,
        )
    more: list[float] = []
    _fill(ROOT / "src", 200, more, count=10 * FILLS, lines="lines")
    yield Result(
        name=f"peak memory of {10 * FILLS:,} such fills",
        unit="MB",
        ours=more,
        baseline=peaks,
        baseline_name=f"{FILLS:,} of them",
        target="≤ 1.1 ×",
    )
    book, alone = interleaved(lambda: _observed(POSITIONS), lambda: _observed(0))
    yield Result(
        name=f"observe() with {POSITIONS} positions, no journal",
        unit="/s",
        ours=book,
        baseline=alone,
        baseline_name="without positions",
        target="≥ 60,000/s",
        more_is_better=True,
    )


def _fill(source: Path, symbols: int, peaks: list[float], count: int = FILLS, lines: str = "") -> float:
    told = fresh_process(TELL, str(source), str(symbols), str(count), lines)
    peaks.append(told.peak_mb)
    return float(told.output)


def _first_stage() -> Path:
    """The sources of the first stage."""
    folder = ROOT / "build" / "first_stage"
    if not folder.exists():
        command = ["git", "archive", FIRST_STAGE, "src"]
        packed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
    return folder / "src"


def _observed(positions: int) -> float:
    observations = [_observation(number, positions) for number in range(1, OBSERVATIONS + 1)]
    narrator = Narrator(None, "USDT")
    narrator.take(Statement(START, (Rules(breaker=0.2),)))

    def run() -> None:
        for observation in observations:
            narrator.take(observation)

    return OBSERVATIONS / seconds(run)


def _observation(number: int, positions: int) -> Observation:
    book = {
        f"C{which:02}/USDT:USDT": PositionReading(
            quantity=Decimal(-1 if which % 2 else 2),
            price=Decimal(1000 + (number + which) % 5) / 10,
            entry=Decimal(100),
            unrealised=Decimal(number % 5),
            liquidation=Decimal(200 if which % 2 else 20),
        )
        for which in range(positions)
    }
    return Observation(
        time=START + number * STEP, wealth=1000.0 + number % 7 * 1e-3, halted=False, positions=book or None
    )
