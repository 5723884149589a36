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


def distances(
    to_breaker: BreakerDistance | None,
    record: Record | None,
    wealth: float | None,
    unit: str | None,
    time: int | None,
) -> Iterable[str]:
    """How far it is to the breaker and to the record at that instant, the record once where the one counts from it.

    ``time`` None: in brief, without the breaker's limit and the date of the record, which seldom change.
    """
    to_beat = _to_beat(record, unit, time) if record is not None and (wealth or 0.0) < record.wealth else ""
    by_breaker = to_breaker is not None and not to_breaker.since_resume
    if to_breaker is not None:
        yield from until_breaker(to_breaker, unit, to_beat if by_breaker else "", brief=time is None)
    if record is None or wealth is None:
        return
    if to_beat:
        yield "" if by_breaker else f"record {to_beat}"
    elif record.next_told is not None:
        yield f"next record told from {of(numbers.wealth(record.next_told, unit), unit)}"


def until_breaker(
    distance: BreakerDistance | None, unit: str | None, to_beat: str = "", *, brief: bool = False
) -> Iterable[str]:
    """``DD -4.5% since the resume``, ``breaker at -20.0%: 0.7143 BTC (16.2% below now), about price 0.0248``.

    ``brief``: ``breaker at 0.7143 BTC (16.2% below, about price 0.0248)``.
    """
    if distance is None:
        return
    drawdown, limit = beside(distance.drawdown, -distance.limit, numbers.percent)
    peak = "since the resume" if distance.since_resume else f"from the record {to_beat}".rstrip()
    yield f"DD {drawdown} {peak}"
    below = f"{numbers.unsigned_percent(distance.fall)} below now"
    price = f", about price {numbers.average(distance.price)}" if distance.price is not None else ""
    at = of(numbers.wealth(distance.wealth, unit), unit)
    if brief:
        yield f"{trips(distance.drawdown, distance.limit)} {at} ({below.removesuffix(' now')}{price})"
        return
    yield f"{trips(distance.drawdown, distance.limit)} {limit}: {at} ({below}){price}"


def _to_beat(record: Record, unit: str | None, time: int | None) -> str:
    """``to beat 1.0567 BTC of 3 Dec``; in brief ``1.0567``."""
    if time is None:
        return numbers.wealth(record.wealth, unit)
    date = f" of {numbers.day_and_year(record.at, time)}" if record.at is not None else ""
    return f"to beat {of(numbers.wealth(record.wealth, unit), unit)}{date}"


_CLOSE = 0.02  # of wealth, to the breaker


def trips(drawdown: float, limit: float) -> str:
    """Where the breaker trips; a word of warning where little is wanting."""
    close = -limit < drawdown and (1.0 - limit) / (1.0 + drawdown) > 1.0 - _CLOSE
    return "close to the breaker at" if close else "breaker at"


def since_start(change: float | None, holding: float | None, base: str | None) -> str:
    """``since the start -5.3%, holding +11.2%``: of the asset that the line has named."""
    if change is None:
        return ""
    held = f", holding {numbers.percent(holding)}" if holding is not None and base else ""
    return f"since the start {numbers.percent(change)}{held}"


def is_well(f: Health | None) -> bool:
    """Return True if nothing is known to have failed, nobody gave a command, and nothing is asked of the owner."""
    return f is not None and f.bars_known and not (f.failed or f.by_hand.keys() - {"flow"} or f.asked)


def health(f: Health | None, *, calm: bool = True, flow: float = 0.0, brief: bool = False) -> Iterable[str]:
    """That all ran well, said outright; or what failed, what the owner did, and what is asked.

    Not ``calm``: there was a halt, after which nobody would say so. ``flow`` is what was put in, or taken out, in all.
    ``brief``: that all ran well without what that means, which a month says.
    """
    if f is None:
        return
    by_hand = counted(f.by_hand, BY_HAND | ({"flow": _flow(flow)} if flow else {}))
    nothing = "no failure, missed bar or unclear order"
    if is_well(f):
        if brief and calm and not by_hand:
            yield "all ran well, nothing asked of you"
            return
        who = f"nobody intervened{f' but for {by_hand}' if by_hand else ''}"
        yield f"{'all ran well: ' if calm else ''}{nothing}, {who}, nothing asked of you"
        return
    failed = counted(f.failed, FAILED)
    if failed:
        yield f"failed: {failed}"
    elif f.bars_known:
        yield nothing
    if by_hand:
        yield f"by you: {by_hand}"
    elif f.bars_known:
        yield "nobody intervened"
    if f.asked:
        yield f"asked of you: {', '.join(ASKED.get(name) or escape(name) for name in f.asked)}"
    elif f.bars_known:
        yield "nothing asked of you"


def _flow(amount: float) -> tuple[str, str]:
    """One deposit is known to be one; of several only the sum is."""
    return f"one {'deposit' if amount > 0 else 'withdrawal'}", BY_HAND["flow"][1]


def counted(counts: Mapping[str, int], words: Mapping[str, tuple[str, str]]) -> str:
    """``the exchange was down, 2 orders were in doubt``, in the order of the words."""
    told = ((words[name], counts[name]) for name in words if counts.get(name))
    return ", ".join(once if count == 1 else often.format(numbers.whole(count)) for (once, often), count in told)
