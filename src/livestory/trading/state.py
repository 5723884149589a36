"""Everything about the executor that survives a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import takewhile
from typing import Self

from msgspec import Struct, field, msgpack

from livestory.clock import MINUTE, SECOND
from livestory.story.inputs import Fill
from livestory.story.unit_value import change
from livestory.trading.exchange.paper import PaperExchange, PaperSettings
from livestory.trading.exchange.records import Balances, Filters
from livestory.trading.execution.working_order import OrderTable
from livestory.trading.market.bar import Bar
from livestory.trading.reconciliation.expected_balances import ExpectedBalances
from livestory.trading.risk import Risk, RiskSettings
from livestory.trading.strategy.choice import Strategy, StrategySettings, strategy_of

LAST_RETRY = 5 * MINUTE  # of a sale of everything, at the longest after one in vain
SALE_TRIED_EVERY = 10 * SECOND
"""A sale that waits for others, for orders to be withdrawn, is tried this often at the least."""

_FIRST_RETRY = 2 * SECOND


class LiquidationState(Struct):
    """The state of a sale of everything."""

    since: int | None = None  # when it was first wanted; None: it is not
    tries: int = 0  # in vain, in a row
    retry_at: int = 0
    blocked_since: int | None = None  # since when an order of the bot's own stands in its way

    def failed(self, now: int, at_most: int = LAST_RETRY) -> None:
        """Count a try in vain; the next one waits twice as long as the last, from 2 s to ``at_most``."""
        self.retry_at = now + min(_FIRST_RETRY << min(self.tries, 10), at_most)
        self.tries += 1

    def went_through(self) -> None:
        """Something was sold; what is left follows at once."""
        self.tries, self.retry_at = 0, 0

    def rest(self, now: int) -> None:
        """There is nothing to sell now; something may still come, from an order that nobody knows of."""
        self.tries, self.retry_at = 0, now + SALE_TRIED_EVERY


class Summary(Struct):
    """What became of the bot from its first bar to its last. Wealth, prices and fees are in the quote asset."""

    bars: int = 0
    first_time: int | None = None  # open of the first bar
    last_time: int | None = None  # end of the last bar
    first_wealth: float = 0.0  # at the first bar's open
    wealth: float = 0.0  # at the last bar's end; before the first, at its open
    first_price: float = 0.0
    price: float = 0.0  # likewise; 0 before any is known
    buys: int = 0
    sells: int = 0
    fees: Decimal = Decimal(0)
    peak: float = 0.0  # unit value
    max_drawdown: float = 0.0  # deepest, from the highest unit value before it; 0 or negative

    def begin(self, bar: Bar, wealth: float) -> None:
        """Take the first bar's open and the wealth there."""
        self.first_time = bar.open_time
        self.first_price = self.price = bar.open
        self.first_wealth = self.wealth = wealth

    def on_bar(self, bar: Bar, wealth: float, value: float) -> None:
        """Take in a bar's end, and what a unit of the wealth is worth there."""
        self.bars += 1
        self.last_time = bar.end
        self.price = bar.close
        self.wealth = wealth
        if value > self.peak:
            self.peak = value
        elif self.peak:
            self.max_drawdown = min(self.max_drawdown, change(value, self.peak))

    def pass_over(self, bar: Bar) -> None:
        """Take in a bar at whose end nobody knows the wealth."""
        self.bars += 1
        self.last_time = bar.end
        self.price = bar.close

    def on_fill(self, fill: Fill) -> None:
        """Count a fill and its fee."""
        if fill.side == "buy":
            self.buys += 1
        else:
            self.sells += 1
        self.fees += fill.fee or 0


class _Told(Struct):
    settings: StrategySettings


def strategy_told(saved: bytes) -> StrategySettings:
    """What the strategy of a saved state is set by. Raises MsgspecError."""
    return msgpack.decode(saved, type=_Told).settings


class ExecutorState(Struct, kw_only=True):
    """One bot's strategy, risk, orders and expected, and its account where that is on paper."""

    bot: str
    settings: StrategySettings
    strategy: Strategy
    risk: Risk
    paper: PaperExchange | None  # None: the account is at an exchange outside
    orders: OrderTable = field(default_factory=OrderTable)
    expected: ExpectedBalances = field(name="books", default_factory=ExpectedBalances)
    liquidation: LiquidationState = field(name="sale", default_factory=LiquidationState)
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
        return self.expected.balances if self.paper is None else self.paper.balances()

    @property
    def wealth(self) -> float | None:
        """What the account should hold at the last known price, in the quote asset; None where either is unknown."""
        held, price = self.held(), self.summary.price
        return None if held is None or not price else held.wealth(price) + self.expected.unexplained.worth(price)

    @property
    def seen_until(self) -> int | None:
        """The end of the last bar that the strategy has seen, decided at or not; None before the first."""
        ends = (self.summary.last_time, self.shown_until)
        return max((end for end in ends if end is not None), default=None)

    def end_bar(self, bar: Bar, wealth: float, score: float | None) -> None:
        """Take in the end of a bar that is decided at; risk judges the ``wealth`` there."""
        self.risk.assess(bar.end, wealth, score)
        self.summary.on_bar(bar, wealth, self.risk.value_at(wealth))
        if self.bars_since_trade is not None:
            self.bars_since_trade += 1
        if self.risk.hold is not None:
            self.risk.hold.bars += 1

    def pass_over(self, bar: Bar) -> None:
        """Take in a bar that nothing is decided at: it is only shown to the strategy."""
        held = self.held()
        self.strategy.on_bar(bar, 0.0 if held is None else held.weight(bar.close))
        self.summary.pass_over(bar)
        if self.bars_since_trade is not None:
            self.bars_since_trade += 1

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
