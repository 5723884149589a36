"""The replay of the real bars with everything on, as `livestory run --bars` does it, against a bare loop over them."""

from __future__ import annotations

import csv
import gzip
import tempfile
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import apsw

from benchmarks.measure import REAL_BARS, Result, fresh_process, interleaved, seconds
from livestory.cli.play import Play, play
from livestory.config import Configuration
from livestory.story.files.layout import Layout
from livestory.trading.bar_loop import GROUP
from livestory.trading.market.bar import BAR
from livestory.trading.market.recorded import RecordedBars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT = 87_547
HERE = Path(__file__).parents[1] / "build"  # on the disk that a story would be on, not on a memory file system
ROUNDS = 5
IN_A_PROCESS = "import sys; from benchmarks.replay import everything; everything(*sys.argv[1:])"
LOOP_IN_A_PROCESS = "import sys; from benchmarks.replay import bare_loop; bare_loop(*sys.argv[1:])"


def everything(bars: str | Path, folder: str | Path) -> None:
    """Check the bars, then tell them: strategy, risk, paper exchange, detectors, journal and story file."""
    told = Play(
        layout=Layout.of(Path(folder) / "live_story.txt"),
        settings=Configuration(),
        market=RecordedBars([Path(bars)], BAR),
        mode="replay",
        origin="recorded bars",
        aloud=False,
    )
    play(told, Event())


def bare_loop(bars: str | Path, folder: str | Path) -> None:
    """What the work can't go without: read, parse, and keep one row a bar, as many in a transaction."""
    db = apsw.Connection(f"{folder}/bare.db")
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.execute("CREATE TABLE bars(time INTEGER PRIMARY KEY, open REAL, high REAL, low REAL, close REAL, volume REAL)")
    with gzip.open(bars, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        group = []
        for opened, _, *prices in rows:
            group.append((int(datetime.fromisoformat(opened).timestamp() * 1e6), *map(float, prices)))
            if len(group) == GROUP:
                _keep(db, group)
                group = []
        _keep(db, group)
    db.close()


def _keep(db: apsw.Connection, group: list[tuple[float, ...]]) -> None:
    with db:
        db.executemany("INSERT INTO bars VALUES(?,?,?,?,?,?)", group)


def _bars(folder: Path, count: int) -> Path:
    """So many bars: the real ones, over and over, on an unbroken grid of 15 minutes."""
    file = folder / f"{count}.csv"
    with gzip.open(REAL_BARS, "rt", encoding="utf-8") as bars, file.open("w", encoding="utf-8") as out:
        out.write(next(bars).replace("close_time,", ""))
        prices = [line.split(",", 2)[2] for line in bars]
        out.writelines(f"{number * 900 + 946_684_800},{prices[number % COUNT]}" for number in range(count))
    return file


def _half(folder: Path) -> Path:
    half = folder / "half.csv.gz"
    with gzip.open(REAL_BARS, "rt", encoding="utf-8") as bars, gzip.open(half, "wt", encoding="utf-8") as file:
        file.writelines(line for number, line in enumerate(bars) if number <= COUNT // 2)
    return half


def _peak(code: str, bars: Path) -> float:
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        return fresh_process(code, str(bars), folder).peak_mb


def _bars_a_second(run: Callable[[Path, str], None]) -> float:
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        return COUNT / seconds(lambda: run(REAL_BARS, folder))


def _growth() -> Iterator[Result]:
    """How time and memory grow from 10,000 bars to a million."""
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        few, many = (_bars(Path(folder), count) for count in (10_000, 1_000_000))
        short, long = [_told(few, 10_000) for _ in range(3)], [_told(many, 1_000_000)]
    for number, (what, unit, limit) in enumerate((("time a bar", "µs", 1.5), ("peak memory", "MB", 1.1))):
        yield Result(
            name=f"replay of 1,000,000 bars, {what}",
            unit=unit,
            ours=[each[number] for each in long],
            baseline=[each[number] for each in short],
            baseline_name="10,000 bars",
            target=f"≤ {limit} ×",
        )


def _told(bars: Path, count: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        done = fresh_process(IN_A_PROCESS, str(bars), folder)
        return done.seconds / count * 1e6, done.peak_mb


def measure() -> Iterator[Result]:
    """Bars a second, and the memory of a process of its own."""
    HERE.mkdir(exist_ok=True)
    ours, bare = interleaved(lambda: _bars_a_second(everything), lambda: _bars_a_second(bare_loop), rounds=ROUNDS)
    yield Result(
        name="replay of the real bars, everything on",
        unit="bars/s",
        ours=ours,
        baseline=bare,
        baseline_name="bare loop: csv, floats, one apsw row a bar",
        target="≥ 15,000 bars/s",
        more_is_better=True,
    )
    with tempfile.TemporaryDirectory(dir=HERE) as folder:
        half = _half(Path(folder))
        peaks, of_half, bare = interleaved(
            lambda: _peak(IN_A_PROCESS, REAL_BARS),
            lambda: _peak(IN_A_PROCESS, half),
            lambda: _peak(LOOP_IN_A_PROCESS, REAL_BARS),
            rounds=3,
        )
    yield Result(
        name="peak memory of that replay",
        unit="MB",
        ours=peaks,
        baseline=bare,
        baseline_name="bare loop, livestory imported",
        target="< 80 MB",
    )
    yield from _growth()
    yield Result(
        name="peak memory of that replay, over half of the bars",
        unit="MB",
        ours=peaks,
        baseline=of_half,
        baseline_name="half of the bars",
        target="≤ 1.1 ×",
    )
