"""What failed in a period and whether it is over, and what is asked of the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.digest import portfolio
from livestory.story.halt_reasons import ENDED_BY_OWNER
from livestory.story.kinds import exchange, lifecycle, money, telling
from livestory.story.kinds.retold import Summary
from livestory.story.kinds.risk import SellStuck
from livestory.story.wording import numbers
from livestory.story.wording.standing import ASKED, FAILED
from livestory.story.wording.text import escape, listed

if TYPE_CHECKING:
    from livestory.story.digest.period import DatedFacts, Period
    from livestory.story.kinds.base import Facts


def last_word(p: Period) -> str:
    """What is asked of the owner, or that nothing is; empty for a table, in which nobody wrote down what failed."""
    if wanted := asked(p):
        return f"of you is asked: {'; '.join(wanted)}"
    if isinstance(p.whole, Summary) and p.whole.health is None:
        return ""
    return "nothing is asked of you" if _troubles(p) else f"{_well(p)}, and nothing is asked of you"


def failed(p: Period) -> str:
    """What failed and whether it ended; that nothing did, where the last word does not say it."""
    return _troubles(p) or (_well(p) if asked(p) else "")


def _well(p: Period) -> str:
    bars = sum(day.bars for day in p.days)
    last = p.span.end if p.at_end is None else p.at_end.time
    counted = any(last <= day.end for day in p.days[-1:])  # by days that ended
    told = numbers.count(bars, "bar") if counted else "bars"
    return f"all {told} were read, nothing failed" if bars > 1 else "nothing failed"


def asked(p: Period) -> list[str]:
    """What its owner is asked for, each in a few words."""
    wanted = []
    for each in p.open.values():
        facts = each.facts
        if isinstance(facts, SellStuck):
            wanted.append(escape(facts.needs) if facts.needs else "a sale is stuck: look at the exchange")
        elif isinstance(facts, exchange.ExchangeDown) and facts.lasting:
            wanted.append(f"the exchange can't be traded at: {escape(facts.problem)}")
        elif isinstance(facts, money.BalanceDiffers):
            wanted.append("the balance differs: look at the exchange, or tell it with livestory flow")
        elif isinstance(facts, exchange.OrderUnknown):
            wanted.append("an order is in doubt: look at the exchange")
    if any(halt.reason in ENDED_BY_OWNER and halt.began and not halt.ended for halt in p.halts):
        wanted.append("it goes on with livestory resume")
    if any(isinstance(each.facts, telling.AlertsGivenUp) for each in p.troubles):
        wanted.append("look after the alert channel that gave up")
    wanted += portfolio.asked(p)
    if not wanted and p.whole is not None and p.whole.health is not None:  # since before the period
        wanted += [ASKED[name] for name in p.whole.health.asked if name in ASKED]
    return wanted


def _troubles(p: Period) -> str:
    troubles = []
    for name, (once, often) in FAILED.items():
        found = [each for each in p.troubles if each.facts.__struct_config__.tag == name]
        if found and name != "gap":
            lasted = _longest(p, type(found[0].facts), found)
            what = once if len(found) == 1 else often.format(len(found))
            troubles.append(f"{what} {lasted}".strip())
    gaps = [each.facts.bars for each in p.troubles if isinstance(each.facts, money.DataGap)]
    if gaps:
        missing = sum(gaps)
        troubles.append(f"{numbers.count(missing, 'bar')} {'was' if missing == 1 else 'were'} missing")
    if not troubles:
        return ""
    still = " (not over yet)" if p.open else ", and that is over" if _have_ends(p) else ""
    return listed(troubles) + still


def _have_ends(p: Period) -> bool:
    return bool(p.ends) or any(isinstance(each.facts, lifecycle.Resumed) for each in p.troubles)


def _longest(p: Period, kind: type[Facts], found: list[DatedFacts]) -> str:
    """``for 34m``, or how long the longest of several took."""
    ends = (
        found if kind is lifecycle.Resumed else [end for end in p.ends if isinstance(end.facts, _END_OF.get(kind, ()))]
    )
    lasted = max((_lasted(each.facts) for each in ends), default=0)
    if not lasted:
        return ""
    return f"for {numbers.duration(lasted)}" if len(found) == 1 else f"(at most {numbers.duration(lasted)})"


def _lasted(facts: Facts) -> int:
    for name in ("away", "down", "unknown_for", "lasted"):
        lasted = getattr(facts, name, None)
        if lasted:
            return int(lasted)
    return 0


_END_OF: dict[type[Facts], type[Facts]] = {
    exchange.ExchangeDown: exchange.ExchangeBack,
    exchange.OrderUnknown: exchange.OrderClear,
    exchange.CandlesRefused: exchange.CandlesBack,
    money.BalanceDiffers: money.BalanceExplained,
}
