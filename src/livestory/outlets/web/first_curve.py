"""The curve that a page begins with, drawn in its HTML: it is there before any script runs, and the chart takes its
place. Where in the box of the chart it stands, page.css says for both."""  # noqa: D205, D209 - one sentence, longer than a line

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.chart.reduction import kept
from livestory.clock import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.outlets.web.series import Series

_POINTS = 400  # a browser draws so many quickly
_WIDE, _HIGH = 2000, 1000  # of a drawing, which is stretched
_BOX = f' viewBox="0 0 {_WIDE} {_HIGH}" preserveAspectRatio="none"'
_SEEN, _SHALLOW = -0.00005, -0.001  # a drawdown that is drawn; how deep its scale is at least: drawing.js has both


def first_curve(series: Series) -> bytes:
    """The curve with its holding and drawdown; nothing where there is no line yet, or bars, which are candles."""
    times, first, last = series.times, series.first, series.last
    start = max(series.since, min(first or 0, (last or 0) - HOUR))
    values = [value for value in series.values if value is not None]
    if series.candles or len(values) < max(2, len(times)) or not last or last <= start:
        return b""
    holding, falls = series.holding or [], series.drawdown or []
    compared = [*values, *(each for each in holding if each is not None)]
    low, high = min(compared), max(compared)
    places = kept(times, values, _POINTS)
    across = [(times[place] - start) / (last - start) for place in places]

    def path(row: Iterable[float | None], from_: float, to: float) -> str:
        every = [value if value is None else (from_ - value) / (from_ - to) if from_ != to else 0.5 for value in row]
        return _path(across, [every[place] for place in places] if every else [])

    drawn, held, fall = path(values, high, low), path(holding, high, low), ""
    if any(each is not None and each < _SEEN for each in falls):
        depths = path(falls, 0.0, min(_SHALLOW, *(each for each in falls if each is not None)))
        fall = f'<svg class="fall"{_BOX}><path class="under" d="{depths}V0H0Z"/><path d="{depths}"/></svg>'
    under = "" if fall else f'<path class="under" d="{drawn}V{9 * _HIGH}H0Z"/>'
    curve = f'<svg class="curve"{_BOX}>{under}<path d="{drawn}"/><path class="holding" d="{held}"/></svg>'
    return f'<div class="first-curve{" fallen" if fall else ""}" aria-hidden="true">{curve}{fall}</div>'.encode()


def _path(across: Iterable[float], down: Iterable[float | None]) -> str:
    """A line through the points that are known; each is written as its way from the one before."""
    path: list[str] = []
    before = 0, 0
    for x, y in zip(across, down, strict=False):
        if y is not None:
            at = round(x * _WIDE), round(y * _HIGH)
            path.append(f"{'l' if path else 'M'}{at[0] - before[0]} {at[1] - before[1]}")
            before = at
    return "".join(path)
