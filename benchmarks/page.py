"""The results of the benchmarks as a page in Markdown, the missed targets first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measure import Result, Section

_HEAD = """\
# Performance

Written by `python -m benchmarks --write`; `make bench` measures it again. Every figure is the median of rounds that
alternate with those of its baseline in the same run, and the spread is (max - min) / median of ours. Measured with
{machine} of a shared virtual machine, on which wall times vary by a third: read the ratios.
"""


def page(sections: Sequence[Section], machine: str) -> str:
    """All of it; ``machine`` is the interpreter and the cores."""
    missed = [result for section in sections for result in section.results if result.met is False]
    parts = [_HEAD.format(machine=machine)]
    if missed:
        parts += ["## Targets missed\n", *(_missed(result) for result in missed), ""]
    for section in sections:
        parts += [f"## {section.title}\n"]
        if section.text:
            parts += [section.text + "\n"]
        parts += ["| what | ours | baseline | ratio | spread | target |", "| --- | --- | --- | --- | --- | --- |"]
        parts += [*map(_row, section.results), ""]
    return "\n".join(parts)


def _missed(result: Result) -> str:
    got = f"{_figure(result.ratio)} ×" if result.of_ratio and result.ratio is not None else _ours(result)
    return f"- {result.name}: {got}, wanted {result.target}"


def _row(result: Result) -> str:
    baseline = ratio = "–"
    if result.ratio is not None:
        figure = _figure(result.figure / result.ratio)
        baseline = f"{figure} {result.unit} ({result.baseline_name})"
        ratio = f"{_figure(result.ratio)} ×, {'more' if result.more_is_better else 'less'} is better"
    verdict = {None: "", True: ": met", False: ": **missed**"}[result.met]
    spread = f"{result.spread:.0%}" if len(result.ours) > 1 else "–"
    cells = (result.name, _ours(result), baseline, ratio, spread, f"{result.target}{verdict}")
    return f"| {' | '.join(cells)} |"


def _ours(result: Result) -> str:
    return f"{_figure(result.figure)} {result.unit}"


def _figure(value: float) -> str:
    """Three digits that count, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits before the point
