"""The words of trades: why they were made or not, how they came out, and what remains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.reasons import because
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from livestory.story.events import Exposure, PutOff, Trade


def trade(f: Trade, time: int) -> Iterable[str]:
    """The fourth column of a trade told at ``time``."""
    yield _found_late(f, time)
    if f.put_off is not None:
        yield f"put off {numbers.duration(f.put_off)}"
    if f.reason is not None:
        yield because(f.reason)
    if f.wanted is not None and f.wanted > f.quantity:
        yield _in_part(f, f.wanted)
    done = f.position_after is not None and not f.position_after
    breaker = f.reason is not None and f.reason.key == "breaker"
    if breaker and done:
        yield f"done, {_all_in(f)}"
    if breaker and f.reference:
        yield f"slipped {numbers.percent(f.price / f.reference - 1)} from {numbers.exact(f.reference)}"
    if f.short:
        yield {"open": "opens a short", "add": "adds to the short", "close": "closes the short"}.get(
            f.effect or "", "reduces the short"
        )
    if f.result is not None and f.gain is not None:
        gain = f"{numbers.signed_wealth(f.gain, f.quote)} {escape(f.quote)}"
        yield f"result {numbers.percent(f.result)} after fees ({gain})"
    yield "needs nothing from you" if breaker and done else _remaining(f, done=done)


def _found_late(f: Trade, time: int) -> str:
    """``while away: filled 22:19:48, order of 22:00``: what is told later than it was filled, and how it was found."""
    filled = f"filled {numbers.to_the_second(f.filled_at, time)}" if f.filled_at is not None else ""
    ordered = f"order of {numbers.moment(f.ordered, time)}" if f.ordered is not None and f.found != "asked" else ""
    once = f"{'bought' if f.side == 'buy' else 'sold'} once" if f.found == "asked" else ""
    told = ", ".join(filter(None, (filled, ordered, once)))
    how = {"away": "while away", "asked": "found"}.get(f.found or "", escape(f.found or ""))
    return ": ".join(filter(None, (how, told)))


def _in_part(f: Trade, wanted: Decimal) -> str:
    filled = f"{numbers.exact(f.quantity)} of {numbers.exact(wanted)}"
    if f.rest is None:
        return f"{filled} {escape(f.base)} filled, the rest given up"
    why_ = because(f.rest)
    return (
        f"{filled}: the rest {why_}, given up"
        if f.rest.key == "not_offered"
        else f"{filled}, the rest given up: {why_}"
    )


def _all_in(f: Trade) -> str:
    return f"all in {escape(f.quote)}" + (f": {numbers.wealth(f.wealth, f.quote)}" if f.wealth else "")


def _remaining(f: Trade, *, done: bool) -> str:
    if f.weight_before is not None and f.weight_after is not None:
        step = f"step {f.step}: " if f.step and f.side == "buy" else ""
        shares = f"{step}{escape(f.base)} {numbers.weight(f.weight_before)} → {numbers.weight(f.weight_after)}"
        return _all_in(f) if done else shares
    if f.result is not None and f.position_after is not None:
        left = abs(f.position_after)
        return f"{numbers.exact(left)} {escape(f.base)} left" if left else f"no {escape(f.base)} left"
    return ""


def put_off(f: PutOff, _time: int) -> Iterable[str]:
    """The fourth column of a trade that was not made."""
    yield because(f.reason)
    yield "told once until something is traded"


def exposure(f: Exposure, _time: int) -> Iterable[str]:
    """The fourth column of a change of what was wanted."""
    if f.before is None:
        yield "first reading"
    if f.reason is not None:
        yield because(f.reason)
    if f.price is not None:
        yield f"price {numbers.exact(f.price)}"
