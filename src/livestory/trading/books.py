"""What the account should hold, from all its trades, deposits and withdrawals; and what nothing explains.

The books are what makes the absence of an order provable: if the balances are to the last digit what the books say,
then nothing was traded that the books do not have.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct, field

from livestory.clock import DAY, MINUTE
from livestory.trading.exchange import Balances, exact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.trading.exchange import AccountFlow, Trade

SLACK = MINUTE  # by how much two clocks may differ, and how late a trade may be seen
FLOWS_KEPT = DAY  # how long after its own time a deposit or withdrawal may appear in the account's history
TOLD_FROM = 0.001  # a difference of a smaller share of wealth is not worth a line
_ZERO = Decimal(0)


class Difference(Struct, frozen=True):
    """What the account holds beyond what the books say; of a lack, negative."""

    base: Decimal
    quote: Decimal

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.base or self.quote)

    def worth(self, price: float) -> float:
        """In the quote asset, with the base asset at ``price``."""
        return float(self.quote + self.base * exact(price))


class Reckoning(Struct, frozen=True):
    """What a look at the account has shown. Worths are in the quote asset."""

    found: Difference | None = None  # what nothing explains, and was not there the last time
    explained: float | None = None  # what was found earlier and is explained now, or gone


NOTHING_NEW = Reckoning()


class Books(Struct):
    """The account as it should be. Trades and flows count once, by their ids."""

    expected: Balances | None = None  # None until the account was read
    since: int = 0  # what is older is counted, or never will be
    trades: dict[str, int] = field(default_factory=dict)  # the ids counted since then, with their times
    last_trade: int = 0  # when one was counted last
    opened: int = 0  # what was traded, paid in or out before is in what the account held then
    flows: dict[str, int] = field(default_factory=dict)  # the ids counted, with their times
    seen: Difference = Difference(_ZERO, _ZERO)  # at the last look, when nothing of ours was under way
    unexplained: Difference = Difference(_ZERO, _ZERO)  # the part of it that was told
    short_at: float = 0.0  # the wealth when it was last found to be less than expected; in the quote asset
    announced: float = 0.0  # what the owner says came or went, and is not seen yet; in the quote asset

    def open(self, balances: Balances, now: int) -> None:
        """Begin, or begin anew, with what the account holds at ``now``; whatever came before is in that."""
        self.expected = Balances(balances.base, balances.quote)
        self.opened = now
        self.seen = self.unexplained = Difference(_ZERO, _ZERO)

    def count_trade(self, trade: Trade, now: int) -> bool:
        """Take in an execution; False for one that was counted before, or is older than the books go back."""
        if trade.time < self.since or trade.trade_id in self.trades:
            return False
        self.trades[trade.trade_id] = trade.time
        if self.expected is not None and trade.time >= self.opened:
            self._add(trade.base_change, trade.quote_change)
            self.last_trade = now
        return True

    def count_flows(self, flows: Iterable[AccountFlow], now: int) -> list[AccountFlow]:
        """Take in the account's history from `flows_from` on; those of it that are new, and came after the opening."""
        known = self.flows
        new = [flow for flow in flows if flow.flow_id not in known]
        since = self.flows_from(now)
        self.flows = {
            **{name: time for name, time in known.items() if time >= since},
            **{flow.flow_id: flow.time for flow in new},
        }
        counted = [flow for flow in new if flow.time >= max(since, self.opened)]
        for flow in counted:
            self._add(*((flow.amount, _ZERO) if flow.asset == "base" else (_ZERO, flow.amount)))
        return counted

    def flows_from(self, now: int) -> int:
        """From which instant on the history is read; what is older is counted, or never will be."""
        return max(now - FLOWS_KEPT, self.opened - FLOWS_KEPT)

    def read_until(self, since: int) -> None:
        """Go on from the instant ``since``: nothing older will be counted, so its ids can be forgotten."""
        if since > self.since:
            self.since = since
            self.trades = {trade: time for trade, time in self.trades.items() if time >= since}

    def difference(self, balances: Balances) -> Difference:
        """What ``balances`` hold beyond what the books say."""
        if self.expected is None:
            return Difference(_ZERO, _ZERO)
        return Difference(balances.base - self.expected.base, balances.quote - self.expected.quote)

    def agree(self, balances: Balances) -> bool:
        """Whether nothing has happened to the account, to the last digit, that the books do not have.

        A difference that was there before is none now, or it is explained: by a trade of somebody else's, shown late.
        """
        difference = self.difference(balances)
        return not difference or difference == self.seen

    def reckon(self, balances: Balances, price: float) -> Reckoning:
        """Compare the account with the books, whose trades and flows are counted, while no order lives."""
        difference, before = self.difference(balances), self.unexplained
        self.seen = difference
        if not before and not difference:
            return NOTHING_NEW
        least = TOLD_FROM * balances.wealth(price)
        if before and abs(difference.worth(price)) <= least:
            self.unexplained = Difference(_ZERO, _ZERO)
            return Reckoning(explained=before.worth(price))
        more = Difference(difference.base - before.base, difference.quote - before.quote)
        if abs(more.worth(price)) <= least:
            return NOTHING_NEW
        self.unexplained = difference
        return Reckoning(found=more)

    def absorb(self) -> None:
        """Take what was found as it should be."""
        self._add(self.unexplained.base, self.unexplained.quote)
        self.seen = self.unexplained = Difference(_ZERO, _ZERO)

    def settled(self, now: int, lag: int) -> bool:
        """Whether the last trade is long enough ago for balances to have followed it."""
        return now - self.last_trade >= lag

    def _add(self, base: Decimal, quote: Decimal) -> None:
        if self.expected is not None:
            self.expected = Balances(self.expected.base + base, self.expected.quote + quote)


def worth(flows: Iterable[AccountFlow], price: float) -> float:
    """What came less what went, in the quote asset, with the base asset at ``price``."""
    return sum(float(flow.amount) * (price if flow.asset == "base" else 1.0) for flow in flows)
