"""What starting costs: the import over a bare interpreter, and the commands."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.measure import Result, fresh_process, interleaved
from livestory.cli import livestory

if TYPE_CHECKING:
    from collections.abc import Iterator

HELP = """
import sys
sys.argv[:] = ["livestory", *sys.argv[1:], "--help"]
from livestory.cli import main
try:
    main()
except SystemExit:
    pass
"""


def measure() -> Iterator[Result]:
    """Wall milliseconds, compiled modules kept."""
    bare, imported, helped = interleaved(
        lambda: fresh_process("").seconds * 1000,
        lambda: fresh_process("import livestory").seconds * 1000,
        lambda: fresh_process(HELP).seconds * 1000,
    )
    over = [mine - other for mine, other in zip(imported, bare, strict=True)]
    yield Result(name="import livestory, over bare Python", unit="ms", ours=over, target="≤ 60 ms")
    yield Result(
        name="livestory --help",
        unit="ms",
        ours=helped,
        baseline=bare,
        baseline_name="bare Python",
        target="< 250 ms",
    )
    starts = {name: [fresh_process(HELP, name) for _ in range(3)] for name in livestory.commands}
    slowest = max(starts, key=lambda name: median(one.seconds for one in starts[name]))
    largest = max(starts, key=lambda name: median(one.peak_mb for one in starts[name]))
    took, peaks = [one.seconds * 1000 for one in starts[slowest]], [one.peak_mb for one in starts[largest]]
    yield Result(name=f"the slowest command's help: {slowest}", unit="ms", ours=took, target="< 250 ms")
    yield Result(name=f"the most memory for a command's help: {largest}", unit="MB", ours=peaks, target="< 60 MB")
