"""The words at the head and at the end of a story that is told after the fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.events import Retold, Summary

# What is lacking, and what therefore stays untold or is told otherwise.
_LACKING = {
    "wealth": "no wealth in it: no records, drawdowns or returns",
    "price": "no price: nothing of what holding would have made",
    "regime": "no regime or score: no regime switches",
    "halted": "no halted flag: drawdowns, but no trips and resumes",
    "fill": "no fills: no trades",
    "flow": "no flows: deposits and withdrawals pass for gains and losses",
    "next_due": "no times at which rows are due: no data gaps",
    "no_trade_reason": "no reasons: not why nothing was traded",
}


def retold(f: Retold, _time: int) -> Iterable[str]:
    """The fourth column of the head."""
    if f.first is not None and f.last is not None:
        yield f"{numbers.count(f.rows, 'row')}, {numbers.minute(f.first)} to {numbers.minute(f.last)}"
    if not f.in_order:
        yield "the rows were out of order and were sorted by time"
    if f.repeated:
        yield f"{numbers.count(f.repeated, 'row')} left out, since an earlier one has the same time"
    yield _compacted(f.compacted)
    if "regime" in f.inferred and f.threshold is not None and f.hysteresis is not None:
        upper, lower = f.threshold + f.hysteresis, f.threshold - f.hysteresis
        bounds = f"TREND from {numbers.score(upper)}, MEAN_REV below {numbers.score(lower)}"
        yield f"regimes inferred from the score: {bounds}"
    if "halted" in f.inferred and f.breaker is not None:
        yield (
            f"halts inferred: tripped where the target is 0 at {numbers.percent(-f.breaker)} or deeper, "
            "resumed at the next exposure"
        )
    if "position" in f.inferred:
        yield "position is how much is held, not a target weight: no changes of exposure"
    inferred = {"fill"} if "exposure" in f.inferred else set()
    if inferred:
        yield "no fills in it: a change of target weight is told as exposure, not as a trade"
    for name in f.lacking:
        if name not in inferred:
            yield _LACKING.get(name, "")
    yield "times are UTC"


def _compacted(until: int | None) -> str:
    if until is None:
        return ""
    rest = "the lines up to then stand as they were told"
    return f"before {numbers.minute(until)} only hourly extremes of the observations are left: {rest}"


def summary(f: Summary, _time: int) -> Iterable[str]:
    """The fourth column of the end."""
    yield f"{numbers.minute(f.start)} to {numbers.minute(f.end)}"
    if f.holding is not None:
        yield f"holding {escape(f.base)}: {numbers.percent(f.holding)}"
    if f.deepest is not None and f.deepest_from is not None and f.deepest_at is not None:
        span = f"{numbers.minute(f.deepest_from)} to {numbers.minute(f.deepest_at)}"
        yield f"max drawdown {numbers.percent(f.deepest)} ({span})"
    if f.exposures is not None:
        yield numbers.count(f.exposures, "change") + " of exposure"
    elif f.buys or f.sells:
        fees = f", fees {numbers.wealth(f.fees, f.unit)}" if f.fees else ""
        yield f"{numbers.count(f.buys, 'buy')}, {numbers.count(f.sells, 'sell')}{fees}"
    else:
        yield "no trade"
    yield _regimes(f)
    if f.halts:
        yield f"{numbers.count(f.halts, 'halt')}, {numbers.duration(f.halted)} in all"
    elif f.halts is not None:
        yield "never halted"
    if f.flow:
        name = "deposits" if f.flow > 0 else "withdrawals"
        yield f"{name} {numbers.wealth(abs(f.flow), f.unit)} left out"
    if f.best is not None and f.best_month is not None and f.worst is not None and f.worst_month is not None:
        best = f"{numbers.month(f.best_month)} {numbers.percent(f.best)}"
        yield f"best month {best}, worst {numbers.month(f.worst_month)} {numbers.percent(f.worst)}"


def _regimes(f: Summary) -> str:
    total = sum(each.lasted for each in f.regimes)
    shares = (f"{escape(each.regime)} {numbers.weight(each.lasted / total)}" for each in f.regimes) if total else ()
    return ", ".join(shares)
