"""Run the benchmarks, all or those named, and print one table: python -m benchmarks [NAME …]."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path
from pkgutil import iter_modules

import msgspec

from benchmarks.measure import REAL_BARS, Result

HERE = Path(__file__).parent
RECORD = HERE.parent / "build" / "bench.json"


def main(wanted: list[str]) -> int:
    """Measure, print, and keep the raw figures in build/bench.json; return the exit status."""
    modules = {
        name: importlib.import_module(f"benchmarks.{name}")
        for _, name, _ in iter_modules([str(HERE)])
        if name != "__main__"
    }
    measures = {name: module.measure for name, module in modules.items() if hasattr(module, "measure")}
    unknown = [name for name in wanted if name not in measures]
    if unknown:
        print(f"no benchmark {unknown[0]}; there are {', '.join(measures)}", file=sys.stderr)
        return 2
    if not REAL_BARS.exists():
        print("the real bars of ../shared/data are missing; what needs them fails", file=sys.stderr)
    results: list[Result] = []
    for name in wanted or measures:
        print(f"measuring {name}", file=sys.stderr)
        results.extend(measures[name]())
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} on {os.cpu_count()} cores"
    )
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": machine, "results": results})))
    print(table(results))
    print(f"\n{machine}; medians of interleaved rounds, spread = (max - min) / median of ours.")
    return 0


def table(results: list[Result]) -> str:
    """The results as a table in Markdown."""
    rows = ["| what | ours | baseline | ratio | spread | target |", "| --- | --- | --- | --- | --- | --- |"]
    rows += map(_row, results)
    return "\n".join(rows)


def _row(result: Result) -> str:
    baseline = ratio = "–"
    if result.ratio is not None:
        figure = _figure(result.figure / result.ratio)
        baseline = f"{figure} {result.unit} ({result.baseline_name})"
        ratio = f"{_figure(result.ratio)} ×, {'more' if result.more_is_better else 'less'} is better"
    ours = f"{_figure(result.figure)} {result.unit}"
    cells = (result.name, ours, baseline, ratio, f"{result.spread:.0%}", result.target)
    return f"| {' | '.join(cells)} |"


def _figure(value: float) -> str:
    """Three digits that count, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits before the point


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
