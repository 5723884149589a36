"""What starting costs: the import over a bare interpreter, and the commands."""

from __future__ import annotations

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
    for name in sorted(livestory.commands):
        of_command = [fresh_process(HELP, name) for _ in range(3)]
        for unit, figures, limit in (
            ("ms", [one.seconds * 1000 for one in of_command], 250),
            ("MB", [one.peak_mb for one in of_command], 60),
        ):
            yield Result(name=f"livestory {name} --help", unit=unit, ours=figures, target=f"< {limit} {unit}")
