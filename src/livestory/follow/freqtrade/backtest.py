"""freqtrade's backtest results, of 2020 to 2026: a zip, a JSON file, or the file that names the newest of them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from livestory.clock import instant
from livestory.errors import InputError
from livestory.follow.freqtrade.fills import Told, inputs_of
from livestory.follow.freqtrade.locks import arcs, begun, over
from livestory.follow.freqtrade.records import Lock, Order, Trade, decimal_of
from livestory.story.inputs import Input, Observation, Statement
from livestory.story.kinds.followed import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_Dict = dict[str, Any]
_MILLI = 1000  # microseconds
_EIGHT = Decimal("0.00000001")


class FreqtradeBacktest:
    """One strategy's result in a backtest, as the inputs of a story."""

    compacted: int | None = None

    def __init__(self, name: str, strategies: Mapping[str, _Dict], strategy: str | None = None) -> None:
        """``strategies`` is what the file has under that name. Raises InputError unless one is named or is alone."""
        if strategy is None and len(strategies) == 1:
            strategy = next(iter(strategies))
        if strategy is None or strategy not in strategies:
            which = "several strategies" if strategy is None else f"no strategy {strategy}"
            message = f"{name}: {which} in it\nName one with --strategy: {', '.join(strategies)}."
            raise InputError(message)
        self.name = PurePath(name).name
        self.tool = "freqtrade"
        self._strategy = strategy
        self._result = result = strategies[strategy]
        self._trades = [self._trade(number, row) for number, row in enumerate(result["trades"], 1)]
        self._start = decimal_of(result.get("starting_balance"))
        self.unit: str | None = result.get("stake_currency")
        pairs = {trade.pair for trade in self._trades}
        self.symbol = next(iter(pairs)) if len(pairs) == 1 else None
        self.knows: frozenset[str] | None = frozenset({"time", "fill"} | ({"wealth"} if self._start else set()))

    @staticmethod
    def is_in(document: _Dict) -> bool:
        """Whether a JSON document is such a result."""
        strategies = document.get("strategy")
        return isinstance(strategies, dict) and all(
            isinstance(one, dict) and isinstance(one.get("trades"), list) for one in strategies.values()
        )

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """All of it in the order of time."""
        del in_order  # it always is
        placed: list[tuple[int, int, Input]] = []
        for trade in self._trades:
            placed += ((given.time, trade.opened, given) for given in inputs_of(trade, Told()))
        placed += ((time, time + 1, given) for time, given in self._wealth())
        for first, end in arcs(map(_lock, self._result.get("locks") or ())):
            placed += ((first.begin, first.begin + 2, begun(first)), (end, end + 2, over(first.name, end)))
        placed.sort(key=lambda each: each[:2])
        last = max([self._time("backtest_end") or 0, *(time for time, *_ in placed)])
        yield [*(given for *_, given in placed), Statement(last, (self._reported(),))]

    def _wealth(self) -> Iterator[tuple[int, Observation]]:
        """The balance at the start and after each moment at which trades were closed."""
        if not self._start:
            return
        first = min((trade.opened for trade in self._trades), default=0)
        begin = self._time("backtest_start")
        begin = min(begin, first) if begin and first else begin or first
        if begin:
            yield begin, Observation(time=begin, wealth=float(self._start))
        wealth, closed = (
            self._start,
            sorted(((t.closed, t.profit) for t in self._trades if t.closed), key=lambda c: c[0]),
        )
        for number, (time, profit) in enumerate(closed):
            wealth += profit or 0
            is_last = number + 1 == len(closed) or closed[number + 1][0] > time
            if is_last and time > begin:
                yield time, Observation(time=time, wealth=float(wealth))

    def _time(self, name: str) -> int | None:
        value = self._result.get(name)
        return instant(value) if isinstance(value, str) else None

    def _reported(self) -> Reported:
        result = self._result
        total, count = decimal_of(result.get("profit_total_abs")), result.get("total_trades")
        told = sum((trade.profit for trade in self._trades if trade.profit is not None), Decimal(0))
        differs = total is not None and abs(told - total) > _EIGHT
        drawdown = decimal_of(result.get("max_drawdown_account", result.get("max_drawdown")))
        return Reported(
            tool=self.tool,
            strategy=self._strategy,
            unit=self.unit,
            trades=count,
            won=result.get("wins"),
            lost=result.get("losses"),
            result=None if total is None else total.quantize(_EIGHT),
            start=self._start,
            final=decimal_of(result.get("final_balance")),
            drawdown=drawdown,
            profit_factor=decimal_of(result.get("profit_factor")),
            market=decimal_of(result.get("market_change")),
            told_trades=len(self._trades) if count not in {None, len(self._trades)} else None,
            told_result=told if differs else None,
        )

    def _trade(self, number: int, row: _Dict) -> Trade:
        try:
            return _trade(number, row)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            message = f"{self.name}: trade {number} of {self._strategy} can't be read ({error!r})"
            raise InputError(message) from error


def _trade(number: int, row: _Dict) -> Trade:
    opened, closed = _moment(row, "open"), _moment(row, "close")
    key = f"backtest {number}"
    orders = [
        Order(
            order_id=f"{key}.{count}",
            is_entry=order["ft_is_entry"],
            filled=decimal_of(order["amount"]) or Decimal(0),
            price=decimal_of(order["safe_price"]),
            time=order["order_filled_timestamp"] * _MILLI,
            tag=order.get("ft_order_tag"),
        )
        for count, order in enumerate(row.get("orders") or (), 1)
        if order.get("order_filled_timestamp")
    ]
    return Trade(
        key=key,
        pair=row["pair"],
        opened=opened,
        closed=closed,
        short=bool(row.get("is_short")),
        orders=tuple(orders),
        amount=decimal_of(row["amount"]) or Decimal(0),
        open_rate=decimal_of(row["open_rate"]) or Decimal(0),
        close_rate=decimal_of(row["close_rate"]),
        fee_open=decimal_of(row.get("fee_open", row.get("open_fee"))),
        fee_close=decimal_of(row.get("fee_close", row.get("close_fee"))),
        profit=decimal_of(row.get("profit_abs")),
        funding=decimal_of(row.get("funding_fees")) or Decimal(0),
        enter_tag=row.get("enter_tag", row.get("buy_tag")),
        exit_reason=row.get("exit_reason", row.get("sell_reason")),
    )


def _moment(row: _Dict, what: str) -> int:
    stamp = row.get(f"{what}_timestamp")
    return int(stamp) * _MILLI if stamp else instant(row[f"{what}_date"])


def _lock(row: _Dict) -> Lock:
    return Lock(
        key=row.get("id") or 0,
        pair=None if row["pair"] == "*" else row["pair"],
        side=row.get("side") or "*",
        reason=row.get("reason") or "",
        begin=row["lock_timestamp"] * _MILLI,
        end=row["lock_end_timestamp"] * _MILLI,
    )
