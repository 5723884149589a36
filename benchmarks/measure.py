"""How a benchmark measures, and what it hands back."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

REAL_BARS = Path(__file__).resolve().parents[2] / "shared" / "data" / "ETHBTC_15m_binance_2022-01_2024-06.csv.gz"
ROUNDS = 7

_TARGET = re.compile(r"(≥|≤|<) ([\d,.]+)")

# The child reports its own peak after what it prints. Not by getrusage: that figure begins at the parent's.
_PEAK = """
import re as _re, sys as _sys
_sys.stderr.write("\\n" + _re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


class Result(Struct, frozen=True, kw_only=True):
    """One row of the table: a figure a round of ours, and of the baseline that ran in turn with it."""

    name: str
    unit: str
    ours: list[float]
    baseline: list[float] | None = None
    baseline_name: str = ""
    target: str = ""  # "< 80 MB", "≤ 1.5 ×" of the baseline, or words that nothing can miss
    more_is_better: bool = False

    @property
    def figure(self) -> float:
        """The median of ours."""
        return median(self.ours)

    @property
    def of_ratio(self) -> bool:
        """Whether the target is one for the ratio, not for the figure."""
        return self.target.endswith("×")

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where it has no number."""
        found = _TARGET.match(self.target)
        figure = self.ratio if self.of_ratio else self.figure
        if found is None or figure is None:
            return None
        limit = float(found[2].replace(",", ""))
        return figure >= limit if found[1] == "≥" else figure <= limit

    @property
    def spread(self) -> float:
        """The range of ours, as a share of its median."""
        return (max(self.ours) - min(self.ours)) / self.figure if self.figure else 0.0

    @property
    def ratio(self) -> float | None:
        """Our median as a multiple of the baseline's; None without a baseline."""
        return self.figure / median(self.baseline) if self.baseline and median(self.baseline) else None


class Section(Struct, frozen=True, kw_only=True):
    """What one benchmark measured."""

    title: str
    text: str
    results: list[Result]


class Measured(NamedTuple):
    """A process that ran to its end."""

    seconds: float
    peak_mb: float
    output: str


def interleaved(*runs: Callable[[], float], rounds: int = ROUNDS) -> tuple[list[float], ...]:
    """Run each in turn, ``rounds`` times, every other round backwards; return the figures of each.

    What the machine does meanwhile then meets all of them alike. One round before those warms up and is forgotten.
    """
    figures: tuple[list[float], ...] = tuple([] for _ in runs)
    for run in runs:
        run()
    for number in range(rounds):
        pairs = list(zip(runs, figures, strict=True))
        for run, into in pairs[::-1] if number % 2 else pairs:
            gc.collect()
            into.append(run())
    return figures


def seconds(run: Callable[[], object]) -> float:
    """The wall seconds that one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def fresh_process(code: str, *arguments: str) -> Measured:
    """Run Python code in a new interpreter; its wall seconds, peak resident memory and standard output.

    Compiled modules are kept, as on a machine in use. Raises CalledProcessError where the code fails.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code + _PEAK, *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    took = time.perf_counter() - start
    return Measured(took, int(done.stderr.rpartition("\n")[2]) / 1024, done.stdout)
