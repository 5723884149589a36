"""How it is told how far a bot is from its breaker and its record, and whether all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.beside import beside
from livestory.story.wording.text import escape, of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from livestory.story.standing import BreakerDistance, Health, Record

FAILED = {
    "resumed": ("the bot was away", "the bot was away {} times"),
    "exchange_down": ("the exchange was down", "the exchange was down {} times"),
    "order_unknown": ("one order was in doubt", "{} orders were in doubt"),
    "candles_refused": ("candles were refused", "candles were refused {} times"),
    "balance_differs": ("the balance differed", "the balance differed {} times"),
    "reading_refused": ("a reading was refused", "{} readings were refused"),
    "gap": ("1 bar was missing", "{} bars were missing"),
    "sell_stuck": ("a sale was stuck", "a sale was stuck {} times"),
    "not_heard": ("the bot could not be read", "the bot could not be read {} times"),
    "story_late": ("the story came late", "the story came late {} times"),
    "alerts_given_up": ("an alert channel gave up", "alert channels gave up {} times"),
    "set_aside": ("a damaged journal was set aside", "{} damaged journals were set aside"),
    "clock_moved": ("the clock was set back", "the clock was set back {} times"),
}
"""What failed, by the short name of the event that told it: once, and several times."""

BY_HAND = {
    "halted": ("one halt", "{} halts"),
    "unhalted": ("one resume", "{} resumes"),
    "rules_changed": ("the rules changed", "the rules changed {} times"),
    "flow": ("one deposit or withdrawal", "{} deposits and withdrawals"),
}
"""What the owner did, in the same way."""

ASKED = {
    "halted": "it goes on with livestory resume",
    "exchange_down": "the exchange can't be traded at",
    "order_unknown": "look at the exchange for an order in doubt",
    "balance_differs": "look at the exchange for a balance that differs",
    "sell_stuck": "look at the exchange for a sale that is stuck",
    "not_heard": "see why the bot can't be read",
    "alerts_given_up": "look after the alert channel that gave up",
}
"""What is asked of the owner, by the short name of the event that asks it."""
ASKING = frozenset(ASKED)
"""The short names of the events that may ask something of the owner."""


def to_breaker(distance: BreakerDistance | None, unit: str | None) -> str:
    """``DD -4.5% since the resume, breaker at -20.0%: 0.7143 BTC (16.2% lower), about price 0.0248``."""
    if distance is None:
        return ""
    drawdown, limit = beside(distance.drawdown, -distance.limit, numbers.percent)
    peak = "since the resume" if distance.since_resume else "from the record"
    lower = f"{numbers.unsigned_percent(distance.fall)} lower"
    price = f", about price {numbers.average(distance.price)}" if distance.price is not None else ""
    at = of(numbers.wealth(distance.wealth, unit), unit)
    return f"DD {drawdown} {peak}, breaker at {limit}: {at} ({lower}){price}"


def to_record(record: Record | None, wealth: float | None, unit: str | None) -> str:
    """``record to beat 1.0567 BTC``; at or over it, from where on the next one is told."""
    if record is None or wealth is None:
        return ""
    if wealth < record.wealth:
        return f"record to beat {of(numbers.wealth(record.wealth, unit), unit)}"
    told_from = record.next_told
    return f"next record told from {of(numbers.wealth(told_from, unit), unit)}" if told_from is not None else ""


def since_start(change: float | None, holding: float | None, base: str | None) -> str:
    """``since the start -5.3%, holding ETH +11.2%``."""
    if change is None:
        return ""
    held = f", holding {escape(base)} {numbers.percent(holding)}" if holding is not None and base else ""
    return f"since the start {numbers.percent(change)}{held}"


def is_well(f: Health | None) -> bool:
    """Return True if nothing is known to have failed, nobody gave a command, and nothing is asked of the owner."""
    return f is not None and f.bars_known and not (f.failed or f.by_hand or f.asked)


def health(f: Health | None, *, calm: bool = True) -> Iterable[str]:
    """All is well, said outright; or what failed, what the owner did, and what is asked.

    Not ``calm``: there was a halt, after which nobody would call all well.
    """
    if f is None:
        return
    if is_well(f):
        well = "nothing failed, no bar missed, no order in doubt, no hand moved, nothing is asked of you"
        yield f"all is well: {well}" if calm else well
        return
    failed, by_hand = counted(f.failed, FAILED), counted(f.by_hand, BY_HAND)
    if failed:
        yield f"failed: {failed}"
    elif f.bars_known:
        yield "nothing failed, no bar missed, no order in doubt"
    if by_hand:
        yield f"by you: {by_hand}"
    elif f.bars_known:
        yield "no hand moved"
    if f.asked:
        yield f"asked of you: {', '.join(ASKED.get(name) or escape(name) for name in f.asked)}"
    elif f.bars_known:
        yield "nothing is asked of you"


def counted(counts: Mapping[str, int], words: Mapping[str, tuple[str, str]]) -> str:
    """``the exchange was down, 2 orders were in doubt``, in the order of the words."""
    told = ((words[name], counts[name]) for name in words if counts.get(name))
    return ", ".join(once if count == 1 else often.format(numbers.whole(count)) for (once, often), count in told)
