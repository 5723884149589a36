"""What starting costs: the import over a bare interpreter, and the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import Result, fresh_process, interleaved

if TYPE_CHECKING:
    from collections.abc import Iterator

HELP = "import sys; sys.argv = ['livestory', '--help']; from livestory.cli import main; main()"


def measure() -> Iterator[Result]:
    """Wall milliseconds, compiled modules kept."""
    bare, imported, helped = interleaved(
        lambda: fresh_process("").seconds * 1000,
        lambda: fresh_process("import livestory").seconds * 1000,
        lambda: fresh_process(f"try:\n {HELP}\nexcept SystemExit: pass").seconds * 1000,
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
