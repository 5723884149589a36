"""`livestory explain` of a long CSV, against a row-by-row pandas loop that looks for the same things.

Of rows at 15 minutes about one second in nine goes into reading the CSV and cutting it into columns of numbers, three
in five into the narrator and its detectors (a tenth into chapters alone), one in six into lines; the rest is the start.
At one minute, where fewer lines are told of as many rows, the start and the reading are two in five.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Result, fresh_process

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 1_000_000
LONG = int(os.environ.get("BENCH_ROWS", "4_000_000"))  # of the table that memory has to be flat in
_BASELINE_ROWS = 100_000  # its time grows with the rows; told for as many as ours, pandas imported once
_ROUNDS = 3
_EXPLAIN = """
import sys
from livestory.cli import livestory
status = livestory(["explain", sys.argv[1], "--out", sys.argv[2]], standalone_mode=False)
if status:
    sys.exit(status)
"""
_LOOP = """
import sys
from pathlib import Path
from benchmarks.explain import loop
loop(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def measure() -> Iterator[Result]:
    """Seconds and MB for a million rows, and for many more; and what lines cost."""
    with TemporaryDirectory() as folder:
        table, shorter, busy, longer = (Path(folder) / name for name in ("a.csv", "b.csv", "c.csv", "d.csv"))
        out = Path(folder) / "story.txt"
        write_table(table, ROWS)
        write_table(shorter, _BASELINE_ROWS)
        write_table(busy, ROWS, changes=0.12)  # more than 100,000 lines
        ours, loops, imports, restless = [], [], [], []
        for _ in range(_ROUNDS):
            ours.append(fresh_process(_EXPLAIN, str(table), str(out)))
            lines = _lines(out)
            loops.append(fresh_process(_LOOP, str(shorter), str(out)).seconds)
            imports.append(fresh_process("import pandas").seconds)
            restless.append(fresh_process(_EXPLAIN, str(busy), str(out)).seconds)
            many = _lines(out)
        write_table(longer, LONG)
        long = fresh_process(_EXPLAIN, str(longer), str(out))
        most = _lines(out)
    factor = ROWS / _BASELINE_ROWS
    a_row = [each.seconds / ROWS * 1e6 for each in ours]
    yield Result(
        name=f"explain {ROWS:,} rows of CSV",
        unit="s",
        ours=[each.seconds for each in ours],
        baseline=[(loop - start) * factor + start for loop, start in zip(loops, imports, strict=True)],
        baseline_name=f"pandas loop over {_BASELINE_ROWS:,} rows, × {factor:.0f}",
        target="≤ 0.1 ×",
    )
    yield Result(
        name="explain, peak memory",
        unit="MB",
        ours=[each.peak_mb for each in ours],
        baseline=[long.peak_mb],
        baseline_name=f"explain of {LONG:,} rows",
        target="below 300 MB, flat",
    )
    yield Result(
        name=f"explain, a row of {LONG:,} that tell {most:,} lines",
        unit="µs",
        ours=[long.seconds / LONG * 1e6],
        baseline=a_row,
        baseline_name=f"a row of {ROWS:,} that tell {lines:,} lines",
        target="not slower: 1 ×",
    )
    yield Result(
        name=f"explain, a line more of {many:,} in {ROWS:,} rows",
        unit="µs",
        ours=[(each - row.seconds) / (many - lines) * 1e6 for each, row in zip(restless, ours, strict=True)],
    )


def _lines(story: Path) -> int:
    with story.open("rb") as file:
        return sum(1 for _ in file)


def write_table(path: Path, rows: int, changes: float = 0.002) -> None:
    """A seeded backtest of 15-minute rows: time, close, wealth, regime score, target weight; 88 bytes a row.

    ``changes`` is the share of rows that draw a new target weight; by default one every five days or so.
    """
    chance = random.Random(7)  # noqa: S311 - a table to measure on, no secret
    time, price, wealth, score, target = datetime(2000, 1, 1, tzinfo=UTC), 0.05, 1.0, 25.0, 0.0
    with path.open("w", encoding="utf-8") as file:
        file.write("time,close,wealth,regime_score,target_weight\n")
        for _ in range(rows):
            time += timedelta(minutes=15)
            change = chance.gauss(0.0, 0.002) - (price - 0.05) * 0.002
            price *= 1.0 + change
            wealth *= 1.0 + target * change
            score = min(99.0, max(1.0, score + chance.gauss(0.0, 0.4) - (score - 25.0) * 0.01))
            if chance.random() < changes:
                target = chance.choice([0.0, 0.33, 0.65, 0.97])
            file.write(f"{time.isoformat()},{price!r},{wealth!r},{score!r},{target!r}\n")


def loop(table: Path, out: Path) -> None:  # noqa: C901, PLR0912, PLR0915 - such scripts are one loop
    """The usual script: pandas reads the table, a loop over its rows looks for what our story of it tells."""
    import pandas as pd  # noqa: PLC0415 - the baseline's own, in its own process

    rows = pd.read_csv(table, parse_dates=["time"])
    lines: list[str] = []
    record = peak = rows["wealth"].iloc[0]
    peak_time = news = since = rows["time"].iloc[0]
    regime, target, deep, bars = "", 0.0, False, 0
    chapters: dict[str, dict[str, Any]] = {}
    for _, row in rows.iterrows():
        time, wealth, score, price = row["time"], row["wealth"], row["regime_score"], row["close"]
        before = len(lines)
        bars += 1
        switched = ""
        if score >= 27.0 and regime != "TREND":  # noqa: PLR2004 - 25 and 2
            switched = "TREND"
        elif score < 23.0 and regime != "MEAN_REV":  # noqa: PLR2004 - 25 and 2
            switched = "MEAN_REV"
        if switched:
            lines.append(f"{time} | Regime Switch: {switched} | Score: {score:.1f} | after {time - since} of {regime}")
            regime, since = switched, time
        if wealth >= peak:
            peak, peak_time = wealth, time
        drawdown = wealth / peak - 1.0
        if not deep and drawdown <= -0.2:  # noqa: PLR2004 - the breaker's
            deep = True
            lines.append(f"{time} | Drawdown | DD: {drawdown:.1%} | from {peak:.4f} ({peak_time}) to {wealth:.4f}")
        elif deep and drawdown == 0.0:
            deep = False
            lines.append(f"{time} | Drawdown Over | {wealth:.4f}")
        if wealth >= record * 1.01:
            lines.append(f"{time} | NEW ATH | {wealth:.4f} BTC | {wealth / record - 1.0:.1%} over {record:.4f}")
            record = wealth
        changed = abs(row["target_weight"] - target) >= 0.01  # noqa: PLR2004 - as ours
        if changed:
            lines.append(f"{time} | Exposure | {target:.0%} → {row['target_weight']:.0%} | price {price}")
            target = row["target_weight"]
        for period, form in (("Day", "%Y-%m-%d"), ("Week", "%G-%V"), ("Month", "%Y-%m"), ("Year", "%Y")):
            name = time.strftime(form)
            chapter = chapters.get(period)
            if chapter is None or chapter["name"] != name:
                if chapter is not None:
                    change, holding = chapter["last"] / chapter["start"] - 1.0, price / chapter["price"] - 1.0
                    told = f"holding: {holding:.1%}; {chapter['changes']} changes; deepest {chapter['deepest']:.1%}"
                    lines.append(f"{time} | {period} {chapter['name']} | {change:.1%} to {wealth:.4f} BTC | {told}")
                chapter = {"name": name, "start": wealth, "price": price, "deepest": 0.0, "peak": wealth, "changes": 0}
                chapters[period] = chapter
            chapter["last"] = wealth
            chapter["changes"] += changed
            chapter["peak"] = max(chapter["peak"], wealth)
            chapter["deepest"] = min(chapter["deepest"], wealth / chapter["peak"] - 1.0)
        if len(lines) > before:
            news, bars = time, 0
        elif (time - news).total_seconds() >= 12 * 3600:
            lines.append(f"{time} | Quiet | 12h without news | {bars} bars read; price {price}")
            news, bars = time, 0
    out.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write_table(Path(sys.argv[1]), int(sys.argv[2]))
