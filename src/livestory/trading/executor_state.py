"""Everything about the executor that survives a restart."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field, msgpack

from livestory.trading.books import Books
from livestory.trading.exchange import Filters
from livestory.trading.exchange.paper import PaperExchange, PaperSettings
from livestory.trading.orders import OrderLedger
from livestory.trading.risk import Risk, RiskSettings
from livestory.trading.selling_out import Sale
from livestory.trading.strategy.choice import Strategy, StrategySettings, strategy_of
from livestory.trading.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.trading.exchange import Balances
    from livestory.trading.market.bar import Bar


class ExecutorState(Struct, kw_only=True):
    """One bot's strategy, risk, orders and books, and its account where that is on paper."""

    bot: str
    settings: StrategySettings
    strategy: Strategy
    risk: Risk
    paper: PaperExchange | None  # None: the account is at an exchange outside
    orders: OrderLedger = field(default_factory=OrderLedger)
    books: Books = field(default_factory=Books)
    sale: Sale = field(default_factory=Sale)
    filters: Filters | None = None  # of an exchange outside, as they were told last
    summary: Summary = field(default_factory=Summary)
    bars_since_trade: int | None = None
    put_off: str = ""  # the side and reason of the put-off trade that was told last
    resuming: bool = False  # the owner wants the account taken as it is, and that could not be done yet
    watched_until: int = 0  # until when orders are looked for that were taken as absent at the owner's word
    ended: bool = False  # the bars ran out, and that was told
    shown_until: int | None = None  # the end of the last bar that was only shown to the strategy

    @classmethod
    def fresh(
        cls, bot: str, strategy: StrategySettings, risk: RiskSettings, paper: PaperSettings | None
    ) -> Self:  # fmt: skip
        """An executor of the name ``bot`` before its first bar; without ``paper`` for an exchange outside."""
        return cls(
            bot=bot,
            settings=strategy,
            strategy=strategy_of(strategy, risk.max_weight),
            risk=Risk(risk),
            paper=None if paper is None else PaperExchange.opened(paper),
        )

    def held(self) -> Balances | None:
        """What the account should hold; None before it was read."""
        return self.books.expected if self.paper is None else self.paper.balances()

    @property
    def wealth(self) -> float | None:
        """What the account should hold at the last known price, in the quote asset; None where either is unknown."""
        held, price = self.held(), self.summary.price
        return None if held is None or not price else held.wealth(price) + self.books.unexplained.worth(price)

    @property
    def seen_until(self) -> int | None:
        """The end of the last bar that the strategy has seen, decided at or not; None before the first."""
        ends = (self.summary.last_time, self.shown_until)
        return max((end for end in ends if end is not None), default=None)

    def warm_up(self, bars: Iterable[Bar]) -> None:
        """Show the strategy ``bars`` that came before the first one it decides at."""
        held = self.held()
        weight = 0.0 if held is None else held.weight(self.summary.price)
        for bar in bars:
            self.strategy.on_bar(bar, weight)
            self.shown_until = bar.end

    def resume(self, saved: bytes, history: Callable[[], Iterable[Bar]]) -> Self:
        """The state ``saved`` under the settings of this one, which must be fresh.

        Where what the strategy is set by has changed, its indicators are built anew from the bars of ``history`` (from
        the first one on) that had been heard; money, orders and risk stay as they were.
        """
        state = msgpack.decode(saved, type=type(self))
        rebuilt = state.settings != self.settings or state.risk.settings.max_weight != self.risk.settings.max_weight
        state.settings, state.risk.settings = self.settings, self.risk.settings
        if state.paper is not None and self.paper is not None:
            state.paper.settings = self.paper.settings
        if rebuilt:
            seen = state.seen_until or 0
            state.strategy, state.shown_until = self.strategy, None
            state.warm_up(takewhile(lambda bar: bar.end <= seen, history()))
        return state
