"""A story for others as a page and as a year card. No script, nothing from elsewhere, and no word that is not ours."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from livestory.clock import DAY, as_datetime
from livestory.story.review.figures import DEFINITIONS
from livestory.story.review.shared import MOMENTS
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from livestory.story.review.shared import SharedFigure, SharedStory

_SHOWN_TRADES = 200
_RATIOS = frozenset({"sharpe", "sortino", "profit_factor"})
_UNSIGNED = frozenset({"volatility"})
_PARTS = frozenset({"win_rate", "time_in_market"})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTE = "All amounts are percent of the start; times are to the bar. Deposits and withdrawals are left out."

GONE = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
    "<title>Nothing here</title>\n</head>\n<body>\n<h1>Nothing here</h1>\n"
    "<p>This link leads to nothing, or no longer.</p>\n</body>\n</html>\n"
)
"""What a link that is wrong, expired or revoked leads to."""


def page(story: SharedStory, style: str) -> str:
    """The page; ``style`` is the element that brings its style sheet."""
    name = ", ".join(story.symbols) or "A trading bot"
    verdict = f'<p class="verdict">{_verdict(story)}</p><p class="aside">{_span(story)}</p>'
    parts = (
        f"<header><h1>{escape(name)}</h1>{verdict}</header>",
        _section("Wealth, percent of the start", _curve(story)),
        _section("Figures", _figures(story)),
        _section("Key moments", _moments(story)),
        _section("Return by month", _months(story)),
        _section("Trades", _trades(story)),
    )
    body = "\n".join(filter(None, parts))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">\n'
        f"<title>{escape(name)} · livestory</title>\n{style}\n</head>\n<body>\n<main>\n{body}\n"
        f"<footer class=aside>{_NOTE}</footer>\n</main>\n</body>\n</html>\n"
    )


def card(story: SharedStory, year: int | None) -> str:
    """A picture of a year, 1200 by 630; None is the whole of the story."""
    name, title = ", ".join(story.symbols), str(year) if year is not None else "In all"
    change = numbers.percent(story.change) if story.change is not None else "–"
    tone = "#14713f" if (story.change or 0) >= 0 else "#b8431a"
    best = max(story.months, key=lambda month: month.change, default=None)
    worst = min(story.months, key=lambda month: month.change, default=None)
    facts = [
        ("trades", numbers.whole(story.closed)),
        ("won", _won(story)),
        ("deepest drawdown by day", numbers.percent(_deepest(story)) if story.curve else None),
        ("best month", f"{_month(best.end)} {numbers.percent(best.change)}" if best is not None else None),
        ("worst month", f"{_month(worst.end)} {numbers.percent(worst.change)}" if worst is not None else None),
        ("holding", numbers.percent(story.holding) if story.holding is not None else None),
    ]
    known = [(label, text) for label, text in facts if text is not None]
    cells = "".join(
        f'<text x="{x}" y="{y}" font-size="19" fill="#5e646d">{label}'
        f'<tspan x="{x}" dy="27" font-size="25" font-weight="650" fill="#1c1e22">{text}</tspan></text>'
        for place, (label, text) in enumerate(known)
        for x, y in ((60 + 360 * (place % 3), 520 + 64 * (place // 3)),)
    )
    named = escape(name or "a trading bot")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630" viewBox="0 0 1200 630" '
        "font-family=\"Inter, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\">\n"
        f"<title>{named}: {title}, {change}</title>\n"
        '<rect width="1200" height="630" fill="#faf9f6"/>\n'
        f'<text x="60" y="92" font-size="36" font-weight="650" fill="#1c1e22">{title}</text>\n'
        f'<text x="1140" y="92" font-size="26" fill="#5e646d" text-anchor="end">{named}</text>\n'
        f'<text x="60" y="190" font-size="88" font-weight="700" fill="{tone}">{change}</text>\n'
        f"{_lines(story, (60, 225, 1080, 240), ('#2f4f9e', '#8f949b'))}\n{cells}\n"
        '<text x="1140" y="606" font-size="17" fill="#5e646d" text-anchor="end">livestory</text>\n</svg>\n'
    )


def _verdict(story: SharedStory) -> str:
    if story.change is None:
        won = _won(story)
        return f"{numbers.whole(story.closed)} trades closed" + (f", {won} won." if won is not None else ".")
    way = "Up" if story.change > 0 else "Down"
    told = f"{way} {numbers.percent(story.change).lstrip('+-')}." if story.change else "Unchanged."
    return told + (f" Holding came to {numbers.percent(story.holding)}." if story.holding is not None else "")


def _span(story: SharedStory) -> str:
    return "" if story.since is None or story.until is None else f"{_day(story.since)} to {_day(story.until)}"


def _won(story: SharedStory) -> str | None:
    """The win rate: the whole story's as its figure has it, of all trades; a year's, which has no figures, by them."""
    rate = next((figure for figure in story.figures if figure.name == "win_rate"), None)
    if rate is not None:
        return _figure(rate)
    shares = [trade.share for trade in story.trades if trade.share is not None]
    return numbers.weight(story.won / len(shares)) if story.won is not None and shares else None


def _deepest(story: SharedStory) -> float:
    peak = deepest = 0.0
    for _, value, _ in story.curve:
        peak = max(peak, value)
        deepest = min(deepest, value / peak - 1.0 if peak else 0.0)
    return deepest


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _curve(story: SharedStory) -> str:
    if len(story.curve) < 2:  # noqa: PLR2004 - of one point there is no line
        return ""
    values = [value for _, value, price in story.curve] + [price for *_, price in story.curve if price is not None]
    ends = f"from {numbers.percent(min(values) - 1.0)} to {numbers.percent(max(values) - 1.0)}"
    key = "<p class=aside>solid: the bot; dashed: holding</p>" if any(each[2] for each in story.curve) else ""
    lines = _lines(story, (0, 4, 1000, 232), ("currentColor", "#8f949b"))
    return (
        f'<svg class="curve" viewBox="0 0 1000 240" role="img" aria-label="Wealth by day, {ends}">{lines}</svg>'
        f"<p class=aside>{ends} of the start</p>{key}"
    )


def _lines(story: SharedStory, box: tuple[int, int, int, int], colours: tuple[str, str]) -> str:
    """The curve and that of holding in a box: left, top, width, height."""
    if len(story.curve) < 2:  # noqa: PLR2004 - of one point there is no line
        return ""
    left, top, width, height = box
    own = [(time, value) for time, value, _ in story.curve]
    rows = (own, [(time, held) for time, _, held in story.curve if held is not None])
    values = [value for row in rows for _, value in row]
    low, high = min(*values, 1.0), max(*values, 1.0)
    since, span = story.curve[0][0], (story.curve[-1][0] - story.curve[0][0]) or 1

    def points(row: Sequence[tuple[int, float]]) -> str:
        return " ".join(
            f"{left + width * (time - since) / span:.1f},{top + height * (high - value) / ((high - low) or 1.0):.1f}"
            for time, value in row
        )

    level = top + height * (high - 1.0) / ((high - low) or 1.0)
    dashed = (
        f'<polyline points="{points(rows[1])}" fill="none" stroke="{colours[1]}" '
        'stroke-width="1.5" stroke-dasharray="5 4"/>'
    )
    return (
        f'<line x1="{left}" x2="{left + width}" y1="{level:.1f}" y2="{level:.1f}" stroke="#8f949b" stroke-width="0.8"/>'
        + (dashed if rows[1] else "")
        + f'<polyline points="{points(rows[0])}" fill="none" stroke="{colours[0]}" stroke-width="2.5"/>'
    )


def _figures(story: SharedStory) -> str:
    rows = "".join(
        f'<div title="{escape(definition)}"><dt>{label}</dt><dd>{_figure(each)}</dd></div>'
        for each in story.figures
        for label, definition in (DEFINITIONS[each.name],)
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _figure(figure: SharedFigure) -> str:
    if figure.name == "drawdown_length":
        return numbers.duration(int(figure.value) // DAY * DAY or int(figure.value))
    if figure.name in _RATIOS:
        return f"{figure.value:.2f}"
    if figure.name in _PARTS:
        return numbers.weight(figure.value)
    return numbers.unsigned_percent(figure.value) if figure.name in _UNSIGNED else numbers.percent(figure.value)


def _moments(story: SharedStory) -> str:
    rows = "".join(
        f"<li><time>{_day(each.time - 1)}</time> <b>{MOMENTS[each.rule]}</b> {_against(each.change, each.holding)}</li>"
        for each in story.moments
    )
    return f"<ol>{rows}</ol>" if rows else ""


def _against(change: float | None, holding: float | None) -> str:
    told = (change, ""), (holding, "holding ")
    return "; ".join(words + numbers.percent(share) for share, words in told if share is not None)


def _months(story: SharedStory) -> str:
    rows = ((_month(month.end), numbers.percent(month.change), _part(month.holding)) for month in story.months)
    heads = ("Month", "Return", "Holding") if story.symbols else ("Month", "Return")
    return _table(heads, (row[: len(heads)] for row in rows)) if story.months else ""


def _trades(story: SharedStory) -> str:
    heads = ("Closed", "Opened", "Side", "Result", "Symbol")[: 5 if story.symbols else 4]
    rows = (
        (
            _bar(trade.closed),
            "–" if trade.opened is None else _bar(trade.opened),
            "short" if trade.short else "long",
            _tenths(trade.share),
            escape(trade.symbol or "–"),
        )[: len(heads)]
        for trade in reversed(story.trades[-_SHOWN_TRADES:])
    )
    if not story.trades:
        return ""
    last = f", the last {_SHOWN_TRADES} of them shown" if story.closed > _SHOWN_TRADES else ""
    return f"<p class=aside>{numbers.whole(story.closed)} closed{last}</p>" + _table(heads, rows)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def cells(tag: str, row: Iterable[str]) -> Iterator[str]:
        return (f"<{tag}>{text}</{tag}>" for text in row)

    head = "".join(cells('th scope="col"', heads)).replace('</th scope="col">', "</th>")
    body = "".join(f"<tr>{''.join(cells('td', row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _tenths(share: float | None) -> str:
    """As closely as the result of a trade is shared."""
    return f"{share * 100:+.1f}%" if share else _part(share)


def _part(share: float | None) -> str:
    return "–" if share is None else numbers.percent(share)


def _day(time: int) -> str:
    day = as_datetime(time)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _month(time: int) -> str:
    day = as_datetime(time - 1)
    return f"{_MONTHS[day.month - 1]} {day.year}"


def _bar(time: int) -> str:
    return f"{as_datetime(time):%Y-%m-%d %H:%M}"
