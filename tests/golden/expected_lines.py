"""The lines that a `Recount` expects of the story, in order, each with the numbers that its record must have."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tests.golden.oracle import (
    BAR,
    COOLDOWN,
    DAY,
    LOWER,
    MINUTE,
    QUIET,
    RECORD_GAIN,
    RESUME_SCORE,
    THRESHOLD,
    UPPER,
    Expected,
    Recount,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RANKS = ("started", "rules", "gap", "regime", "breaker", "wait_over", "phoenix", "halfway", "ath", "chapter", "quiet",
          "trade", "stopped")  # fmt: skip
"""The order of lines of one instant: a bar's end is told before the next bar's open, where trades are made."""

_PERIODS = {"day": "D", "week": "W-SUN", "month": "M", "year": "Y"}


def expected_lines(r: Recount) -> list[Expected]:
    """Every line of the replay, from the start to the end of the bars."""
    news = [
        *_frame(r),
        *_gaps(r),
        *_regime_switches(r),
        *_halt_arcs(r),
        *_half_way_warnings(r),
        *_records(r),
        *_trades(r),
        *(line for period in _PERIODS for line in _chapters(r, period)),
    ]
    lengths = {"day": 0, "week": 1, "month": 2, "year": 3}

    def place(line: Expected) -> tuple[int, int, int]:
        return line.time, _RANKS.index(line.kind), lengths.get(line.numbers.get("period", ""), 0)

    return sorted([*news, *_quiet(r, sorted(news, key=place))], key=place)


def _frame(r: Recount) -> Iterator[Expected]:
    first = float(r.bars["open"].iloc[0])
    yield Expected(r.begun, "started", {"wealth": r.game.cash, "cash": r.game.cash, "price": first, "interval": BAR})
    rules = {"breaker": r.game.breaker, "cooldown": COOLDOWN, "resume_score": RESUME_SCORE, "threshold": THRESHOLD,
             "hysteresis": UPPER - THRESHOLD, "ath_min_gain": RECORD_GAIN, "max_weight": 0.97,
             "daily_loss": 0.0}  # fmt: skip
    yield Expected(r.begun, "rules", rules)
    end = {"by": "bars", "wealth": r.wealth[-1], "position": r.position[-1]}
    yield Expected(int(r.time[-1]), "stopped", end)


def _gaps(r: Recount) -> Iterator[Expected]:
    for at in np.flatnonzero(np.diff(r.time) > BAR):
        before, after = int(r.time[at]), int(r.time[at + 1])
        missing = (after - before) // BAR - 1
        prices = {"price_before": r.price[at], "price_after": r.price[at + 1]}
        yield Expected(after, "gap", {"bars": missing, "first": before + BAR, "last": after - BAR, **prices})


def _regime_switches(r: Recount) -> Iterator[Expected]:
    labels = pd.Series(r.regime, dtype=object)
    switches = np.flatnonzero(labels.notna() & (labels != labels.shift()))
    for before, at in zip([None, *switches], switches, strict=False):
        trends = r.regime[at] == "TREND"
        numbers = {
            "regime": r.regime[at],
            "previous": None if before is None else r.regime[before],
            "score": r.score[at],
            "limit": UPPER if trends else LOWER,
            "upper": UPPER,
            "lower": LOWER,
            "lasted": None if before is None else int(r.time[at] - r.time[before]),
            "halted": bool(r.halted[at]),
        }
        yield Expected(int(r.time[at]), "regime", numbers)


def _halt_arcs(r: Recount) -> Iterator[Expected]:
    for trip, wait_over, resume in r.halts:
        began = int(r.time[trip])
        numbers = {"position": r.position[trip], "resume_at": began + COOLDOWN, "resume_score": RESUME_SCORE}
        yield Expected(began, "breaker", r.of_drawdown(trip) | numbers)
        if wait_over is not None:
            score = {"score": r.score[wait_over], "resume_score": RESUME_SCORE, "waited": COOLDOWN}
            yield Expected(int(r.time[wait_over]), "wait_over", score)
        if resume is not None:
            numbers = {
                "halted": int(r.time[resume]) - began,
                "score": r.score[resume],
                "resume_score": RESUME_SCORE,
                "sold_at": _sold_at(r, resume),
                "price": r.price[resume],
                "wealth": r.wealth[resume],
                "regime": r.regime[resume],
            }
            yield Expected(int(r.time[resume]), "phoenix", numbers)


def _sold_at(r: Recount, at: int) -> Decimal | None:
    """The price of the sale that left nothing, while nothing is held."""
    if r.position[at]:
        return None
    return next((fill.price for fill in reversed(r.fills) if fill.at <= at), None)


def _half_way_warnings(r: Recount) -> Iterator[Expected]:
    told = False
    for at, drawdown in enumerate(r.drawdown):
        if told:
            told = drawdown <= -r.game.breaker / 4
        elif drawdown <= -r.game.breaker / 2 and not r.halted[at]:
            told = True
            held = r.position[at]
            cash = r.wealth[at] - held * r.price[at]
            limit = (r.peak[at] * (1 - r.game.breaker) - cash) / held if held else None
            numbers = r.of_drawdown(at) | {"price": r.price[at], "price_at_limit": limit}
            yield Expected(int(r.time[at]), "halfway", numbers)


def _records(r: Recount) -> Iterator[Expected]:
    told, at = r.wealth[0], 0
    while True:
        higher = np.flatnonzero(r.wealth[at:] >= told * (1 + RECORD_GAIN) * (1 - 1e-12))
        if not len(higher):
            return
        at += int(higher[0])
        wealth = r.wealth[at]
        numbers = {"wealth": wealth, "previous": told, "price": r.price[at], "next_told": wealth * (1 + RECORD_GAIN)}
        yield Expected(int(r.time[at]), "ath", numbers)
        told = wealth


def _trades(r: Recount) -> Iterator[Expected]:
    """At average cost: what a purchase cost with its fee, in the same share of what is sold."""
    held, cost, money = Decimal(0), Decimal(0), Decimal(repr(r.game.cash))
    for fill in r.fills:
        decided = Decimal(repr(float(r.price[fill.at - 1])))
        value = fill.quantity * fill.price
        numbers: dict[str, Any] = {
            "side": "buy" if fill.sign > 0 else "sell",
            "quantity": fill.quantity,
            "price": fill.price,
            "fee": fill.fee,
            "reference": decided,
            "weight_before": held * decided / (money + held * decided),
        }
        money -= fill.sign * value + fill.fee
        if fill.sign > 0:
            cost += value + fill.fee
        else:
            share = cost * fill.quantity / held
            cost -= share
            gain = value - fill.fee - share
            numbers |= {"gain": gain, "result": gain / share}
        held += fill.sign * fill.quantity
        numbers |= {"position_after": held, "weight_after": held * fill.price / (money + held * fill.price)}
        numbers["wealth"] = None if held else money
        if not held:
            cost = Decimal(0)
        yield Expected(fill.time, "trade", numbers)


def _chapters(r: Recount, period: str) -> Iterator[Expected]:
    """The periods that ended: the bar that ends at midnight belongs to the day that ends there."""
    days = pd.to_datetime(r.time - 1, unit="us").to_period(_PERIODS[period])
    for label, bars in pd.Series(range(len(days))).groupby(days):
        start = int(label.start_time.value // 1000)
        end = int((label + 1).start_time.value // 1000)
        if end > r.time[-1]:
            continue
        first, last = int(bars.iloc[0]), int(bars.iloc[-1])
        numbers = {"period": period, "start": start, "end": end}
        yield Expected(end, "chapter", numbers | _told_of(r, period, first, last))


def _told_of(r: Recount, period: str, first: int, last: int) -> dict[str, Any]:
    before = max(0, first - 1)  # the first chapter counts from the first reading
    bars = slice(first, last + 1)
    start, end = int(r.time[first]) - BAR, int(r.time[last])
    fills = [fill for fill in r.fills if start <= fill.time < end]
    wealth = r.wealth[before : last + 1]
    peak = np.maximum.accumulate(wealth)
    drawdown = wealth / peak - 1
    deepest = int(np.argmin(drawdown))
    known = [regime for regime in r.regime[bars] if regime]
    bounds = [(halt.trip, last if halt.resume is None else halt.resume) for halt in r.halts]
    numbers = {
        "wealth": r.wealth[last],
        "wealth_before": r.wealth[before],
        "change": r.wealth[last] / r.wealth[before] - 1,
        "holding": r.price[last] / r.price[before] - 1,
        "buys": sum(fill.sign > 0 for fill in fills),
        "sells": sum(fill.sign < 0 for fill in fills),
        "fees": sum((fill.fee for fill in fills), Decimal(0)),
        "bars": last + 1 - first,
        "trips": sum(first <= trip <= last for trip, _ in bounds),
        "halted": sum(max(0, min(end, int(r.time[to])) - max(start, int(r.time[trip]))) for trip, to in bounds),
        "trend_share": known.count("TREND") / len(known) if known else None,
        "flow": 0.0,
    }
    if drawdown[deepest] < 0:
        high = int(np.flatnonzero(wealth[: deepest + 1] == peak[deepest])[-1])
        times = {"deepest_from": int(r.time[before + high]), "deepest_at": int(r.time[before + deepest])}
        numbers |= {"deepest": float(drawdown[deepest]), **times}
    else:
        numbers |= {"deepest": None, "deepest_from": None, "deepest_at": None}
    if period == "day":
        return numbers | {"no_trade": [] if fills else _counted(r, range(first, last + 1)), "best": None, "worst": None}
    return numbers | _best_and_worst(r, first, last)


def _best_and_worst(r: Recount, first: int, last: int) -> dict[str, Any]:
    midnights = [at for at in range(first, last + 1) if r.time[at] % DAY == 0]
    bounds = [max(0, first - 1), *midnights]
    changes = [r.wealth[to] / r.wealth[of] - 1 for of, to in zip(bounds, midnights, strict=False)]
    best, worst = int(np.argmax(changes)), int(np.argmin(changes))
    if best == worst:
        return {"best": None, "best_day": None, "worst": None, "worst_day": None}
    days = [int(r.time[at]) - DAY for at in midnights]
    return {"best": changes[best], "best_day": days[best], "worst": changes[worst], "worst_day": days[worst]}


def _counted(r: Recount, bars: Iterable[int]) -> list[tuple[str, int, float | None, float | None]]:
    """Why nothing was traded: key, bars, and the value and limit that were nearest, the most frequent first."""
    given = [r.reasons[at] for at in bars if r.reasons[at] is not None]
    reasons = pd.DataFrame(given, columns=["key", "value", "limit"])
    if reasons.empty:
        return []
    reasons["apart"] = (reasons["value"].astype(float) - reasons["limit"].astype(float)).abs()
    counted = []
    for key, group in reasons.groupby("key", sort=False):
        nearest = group.loc[group["apart"].idxmin()] if group["apart"].notna().any() else group.iloc[0]
        value, limit = (None if pd.isna(nearest[name]) else float(nearest[name]) for name in ("value", "limit"))
        counted.append((str(key), len(group), value, limit))
    return sorted(counted, key=lambda row: -row[1])


def _quiet(r: Recount, news: list[Expected]) -> Iterator[Expected]:
    """Lines between two others that are twelve hours apart or more, each at the bar that completes them."""
    for before, after in pairwise(news):
        last = before.time
        # A bar's end is told before what is traded at its instant, and after everything else of the same instant.
        until = after.time if after.kind in {"trade", "stopped"} else after.time - MINUTE
        while True:
            at = int(np.searchsorted(r.time, last + QUIET))
            if at == len(r.time) or r.time[at] > until:
                break
            yield Expected(int(r.time[at]), "quiet", _silence(r, last, at))
            last = int(r.time[at])


def _silence(r: Recount, since: int, at: int) -> dict[str, Any]:
    bars = range(int(np.searchsorted(r.time, since, side="right")), at + 1)
    halted = bool(r.halted[at])
    return {
        "silence": int(r.time[at]) - since,
        "bars": len(bars),
        "halted": halted,
        "score": None if np.isnan(r.score[at]) else r.score[at],
        "position": r.position[at],
        "weight": r.position[at] * r.price[at] / r.wealth[at],
        "price": r.price[at],
        "sold_at": _sold_at(r, at),
        "no_trade": [] if halted else _counted(r, bars),
    }
