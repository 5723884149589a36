"""What trades and flows add up to, what of the account they do not explain, and from what share that is told.

They make the absence of an order provable: if the balances are as expected, but for the last digit of each trade, which
the exchange rounds, then nothing was traded that was not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct, field

from livestory.clock import DAY, MINUTE
from livestory.trading.exchange.records import AccountFlow, Balances, Execution, exact

SLACK = MINUTE  # by how much two clocks may differ, and how late a trade may be seen
FLOWS_KEPT = DAY  # how long after its own time a deposit or withdrawal may appear in the account's history
ROUNDED_BY = Decimal("1E-8")
"""By how much an exchange may round what one trade does to a balance (Binance keeps eight decimals)."""
TOLD_FROM = 0.001  # a difference of a smaller share of wealth is not worth a line
_ZERO = Decimal(0)


class Difference(Struct, frozen=True):
    """What the account holds beyond what is expected; of a lack, negative."""

    base: Decimal
    quote: Decimal

    def __bool__(self) -> bool:
        return bool(self.base or self.quote)

    def worth(self, price: float) -> float:
        """In the quote asset, with the base asset at ``price``."""
        return float(self.quote + self.base * exact(price))

    def size(self, price: float) -> float:
        """The greater of its two sides in the quote asset, with the base asset at ``price``; 0 or more."""
        return float(max(abs(self.quote), abs(self.base) * exact(price)))

    def is_rounding(self, trades: int) -> bool:
        """Whether the exchange's rounding of so many trades can have made it."""
        return max(abs(self.base), abs(self.quote)) <= ROUNDED_BY * trades

    def __neg__(self) -> Difference:
        return Difference(-self.base, -self.quote)

    def beyond(self, other: Difference) -> Difference:
        """What it has more than ``other``."""
        return Difference(self.base - other.base, self.quote - other.quote)


class Comparison(Struct, frozen=True):
    """What a look at the account has shown. Worths are in the quote asset."""

    found: Difference | None = None  # what nothing explains, and was not there the last time
    explained: float | None = None  # what was found earlier and is explained now, or gone
    swap: bool = False  # either is one asset for the other at about the price: no gain, no loss


NOTHING_NEW = Comparison()


class ExpectedBalances(Struct):
    """The account as it should be. Trades and flows count once, by their ids."""

    balances: Balances | None = field(name="expected", default=None)  # None until the account was read
    since: int = 0  # what is older is counted, or never will be
    trades: dict[str, int] = field(default_factory=dict)  # the ids counted since then, with their times
    last_trade: int = 0  # when one was counted last
    opened: int = 0  # what was traded, paid in or out before is in what the account held then
    flows: dict[str, int] = field(default_factory=dict)  # the ids counted, with their times
    seen: Difference = Difference(_ZERO, _ZERO)  # at the last look, when nothing of ours was under way
    locked: tuple[Decimal, Decimal] = (_ZERO, _ZERO)  # what others' orders kept then, of the base and the quote asset
    rounded: int = 0  # trades counted since then
    drift: Difference = Difference(_ZERO, _ZERO)  # what the exchange's rounding of all trades has come to
    drifted: int = 0  # trades counted whose part in that is not known yet
    unexplained: Difference = Difference(_ZERO, _ZERO)  # the part of it that was told
    swapped: bool = False  # all of that is one asset for the other, at about the price when it was found
    short_at: float = 0.0  # the wealth when it was last found to be less than expected; in the quote asset
    announced: float = 0.0  # what the owner says came or went, and is not seen yet; in the quote asset

    def open(self, balances: Balances, now: int) -> None:
        """Begin, or begin anew, with what the account holds at ``now``; whatever came before is in that."""
        self.balances = Balances(balances.base, balances.quote)
        self.opened = now
        self.unexplained = Difference(_ZERO, _ZERO)
        self._remember(balances)

    def count_execution(self, trade: Execution, now: int) -> bool:
        """Take in an execution; False for one that was counted before, or is older than `since`."""
        if trade.time < self.since or trade.trade_id in self.trades:
            return False
        self.trades[trade.trade_id] = trade.time
        if self.balances is not None and trade.time >= self.opened:
            self._add(trade.base_change, trade.quote_change)
            self.last_trade = now
            self.rounded += 1
            self.drifted += 1
        return True

    def recover_execution(self, trade: Execution, now: int) -> None:
        """Take in an execution that was missed before `since`, whatever its time."""
        if trade.trade_id not in self.trades:
            since, self.since = self.since, min(self.since, trade.time)
            self.count_execution(trade, now)
            self.since = since

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
        """What ``balances`` hold beyond what is expected."""
        if self.balances is None:
            return Difference(_ZERO, _ZERO)
        return Difference(balances.base - self.balances.base, balances.quote - self.balances.quote)

    def agree(self, balances: Balances) -> bool:
        """Whether nothing has happened to the account that was not counted, but for the rounding of each trade.

        A difference that was there before is there still, or a trade of somebody else's that is shown late explains it.
        """
        difference = self.difference(balances)
        return difference.beyond(self.seen).is_rounding(self.rounded) or difference.beyond(self.drift).is_rounding(
            self.drifted
        )

    def compare(self, balances: Balances, price: float) -> Comparison:
        """Compare ``balances`` with what is expected, all trades and flows counted, while no order lives.

        One asset for the other at about the price is found at the second look that shows it: a trade of the owner's
        looks like that for the moment by which the balances are shown before it.
        """
        difference, before = self.difference(balances), self.unexplained
        last, least = self.seen, TOLD_FROM * balances.wealth(price)
        self._remember(balances)
        if before and difference.size(price) <= least:
            self.unexplained = Difference(_ZERO, _ZERO)
            return Comparison(explained=before.worth(price), swap=self.swapped)
        more = difference.beyond(before)
        swap = abs(more.worth(price)) <= least
        if more.size(price) <= least or (swap and last.beyond(before).size(price) <= least):
            return NOTHING_NEW
        self.swapped = swap and (self.swapped or not before)
        self.unexplained = difference
        return Comparison(found=more, swap=swap)

    def absorb(self) -> None:
        """Take what was found as it should be."""
        self._add(self.unexplained.base, self.unexplained.quote)
        self.seen = self.drift = self.unexplained = Difference(_ZERO, _ZERO)

    def settled(self, now: int, lag: int) -> bool:
        """Whether the last trade is long enough ago for balances to have followed it; one that is to come is wrong."""
        return not 0 <= now - self.last_trade < lag

    def _remember(self, balances: Balances) -> None:
        difference = self.difference(balances)
        moved = difference.beyond(self.seen)
        if difference.beyond(self.drift).is_rounding(self.drifted):
            self.drift, self.drifted = difference, 0
        elif moved.is_rounding(self.rounded):  # beside something that nothing explains
            self.drift, self.drifted = self.drift.beyond(-moved), self.drifted - self.rounded
        self.seen, self.rounded = difference, 0
        self.locked = balances.base_locked, balances.quote_locked

    def _add(self, base: Decimal, quote: Decimal) -> None:
        if self.balances is not None:
            self.balances = Balances(self.balances.base + base, self.balances.quote + quote)


def worth(flows: Iterable[AccountFlow], price: float) -> float:
    """What came less what went, in the quote asset, with the base asset at ``price``."""
    return sum(float(flow.amount) * (price if flow.asset == "base" else 1.0) for flow in flows)
