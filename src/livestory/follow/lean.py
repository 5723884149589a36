"""The result of a backtest of QuantConnect's Lean, in the names of its newer and of its older versions."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from operator import attrgetter, itemgetter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from livestory.clock import instant
from livestory.errors import InputError
from livestory.story.inputs import Fill, Input, Observation, Statement
from livestory.story.kinds.followed import Reported
from livestory.story.reason import in_own_words
from livestory.story.symbol import assets, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Dict = dict[str, Any]
_SHORT = {"1", "short"}
_CLOSE = -1  # of a point's values: of a candle's the last
_EIGHT = Decimal("0.00000001")
_EXIT, _ENTRY, _AT_ONCE = range(3)
_EQUITY = ("strategy equity", "equity")


class LeanBacktest:
    """A backtest's closed trades and equity, as the inputs of a story."""

    compacted: int | None = None
    tool = "QuantConnect Lean"

    def __init__(self, name: str, document: _Dict) -> None:
        """Read all of it. Raises InputError where nothing is in it to be told, or where it can't be read."""
        self.name = PurePath(name).name
        document = _folded(document)
        performance = _folded(document.get("totalperformance") or document)
        self._trades = _folded(performance.get("tradestatistics"))
        self._portfolio = _folded(performance.get("portfoliostatistics"))
        configured = _folded(document.get("algorithmconfiguration"))
        self._strategy = configured.get("name")
        tags = _tags(document.get("orders"))
        try:
            equity = list(_equity(document))
            legs = [
                leg
                for number, trade in enumerate(performance.get("closedtrades") or (), 1)
                for leg in _legs(number, _folded(trade), tags)
            ]
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            message = f"{name}: a trade or a point of the equity in it can't be read ({error!r})"
            raise InputError(message) from error
        fills = [fill for *_, fill in sorted(legs, key=itemgetter(0, 1))]
        if not fills and not equity:
            message = (
                f"{name}: a result of {self.tool}, with neither closed trades nor an equity in it\nName NAME.json."
            )
            raise InputError(message)
        self._closes = [fill for fill in fills if fill.trade_id and fill.trade_id.endswith("exit")]
        self._inputs: list[Input] = sorted([*fills, *equity], key=attrgetter("time"))
        symbols = {fill.symbol for fill in fills}
        self.symbol = next(iter(symbols)) if len(symbols) == 1 else None
        self.unit: str | None = configured.get("accountcurrency") or assets(self.symbol)[1]
        self.knows: frozenset[str] | None = frozenset(
            {"time", *(["fill"] if fills else []), *(["wealth"] if equity else [])}
        )

    @staticmethod
    def is_in(document: _Dict) -> bool:
        """Whether a JSON document is such a result."""
        known = _folded(document)
        performance = _folded(known.get("totalperformance")) or known
        has_trades = isinstance(performance.get("closedtrades"), list) and isinstance(
            performance.get("tradestatistics"), dict
        )
        return has_trades or (_EQUITY[0] in _folded(known.get("charts")) and "statistics" in known)

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """All of it in the order of time, and at the end what Lean itself reports."""
        del in_order  # it always is
        yield [*self._inputs, Statement(self._inputs[-1].time, (self._reported(),))]

    def _reported(self) -> Reported:
        count, gross = (_number(self._trades, name) for name in ("totalnumberoftrades", "totalprofitloss"))
        told = sum((fill.result + (fill.fee or 0) for fill in self._closes if fill.result is not None), Decimal(0))
        start, final = (_number(self._portfolio, name) for name in ("startequity", "endequity"))
        return Reported(
            tool=self.tool,
            strategy=self._strategy,
            unit=self.unit,
            trades=_whole(count),
            won=_whole(_number(self._trades, "numberofwinningtrades")),
            lost=_whole(_number(self._trades, "numberoflosingtrades")),
            result=gross,
            fees=_number(self._trades, "totalfees"),
            start=start or None,
            final=final if start else None,
            drawdown=_number(self._portfolio, "drawdown"),
            profit_factor=_number(self._trades, "profitfactor"),
            told_trades=len(self._closes) if count is not None and count != len(self._closes) else None,
            told_result=told if gross is not None and abs(told - gross) > _EIGHT else None,
        )


def _legs(number: int, trade: _Dict, tags: dict[str, str]) -> Iterator[tuple[int, int, Fill]]:
    """A trade's entry and its exit, each with its place in time; what Lean calls its profit is before its fees.

    At one instant a position is left before another one is entered; one of no length is entered first.
    """
    times = [instant(trade[f"{leg}time"]) for leg in ("entry", "exit")]
    is_short = str(trade["direction"]).lower() in _SHORT
    symbol = _symbol(trade.get("symbols") or trade.get("symbol"))
    fees = _number(trade, "totalfees") or Decimal(0)
    profit = _number(trade, "profitloss")
    orders = [str(order) for order in trade.get("orderids") or ()]
    for leg in ("entry", "exit"):
        enters = leg == "entry"
        order = (orders[0] if enters else orders[-1]) if orders else None
        tag = tags.get(order) if order is not None else None
        time = times[0] if enters else times[1]
        yield (
            time,
            _ENTRY if enters else _AT_ONCE if times[0] == time else _EXIT,
            Fill(
                time=time,
                side="buy" if enters != is_short else "sell",
                quantity=abs(Decimal(str(trade["quantity"]))),
                price=Decimal(str(trade[f"{leg}price"])),
                symbol=symbol,
                effect=("open" if enters else "close") if is_short else None,
                fee=Decimal(0) if enters else fees,  # it is told of the whole trade
                trade_id=f"{number} {leg}",
                result=None if enters or profit is None else profit - fees,
                reason=in_own_words(tag) if tag else None,
            ),
        )


def _equity(document: _Dict) -> Iterator[Observation]:
    """The account's value as it was sampled, one for each instant: the last."""
    chart = _folded(_folded(document.get("charts")).get(_EQUITY[0]))
    series = _folded(_folded(chart.get("series")).get(_EQUITY[1]))
    found: dict[int, float] = {}
    for point in series.get("values") or ():
        values = list(point.values()) if isinstance(point, dict) else point
        time, value = values[0], values[_CLOSE]
        if value is not None:
            found[instant(time)] = float(value)
    return (Observation(time=time, wealth=wealth) for time, wealth in sorted(found.items()))


def _tags(orders: object) -> dict[str, str]:
    """The tag of each order that has one."""
    found = {}
    for number, order in _folded(orders).items():
        tag = _folded(order).get("tag")
        if isinstance(tag, str) and tag:
            found[number] = tag
    return found


def _symbol(given: object) -> str | None:
    """Lean's own ticker, as BASE/QUOTE where it names two assets."""
    if isinstance(given, list):
        given = given[0] if given else None
    value = _folded(given).get("value") if isinstance(given, dict) else given
    return canonical(str(value).partition(" ")[0]) if value else None


def _folded(given: object) -> _Dict:
    """An object whose names are in lower case, as older versions capitalised them; {} where it is none."""
    return {str(name).lower(): value for name, value in given.items()} if isinstance(given, dict) else {}


def _number(given: _Dict, name: str) -> Decimal | None:
    """A number as it shows, and None where there is none."""
    try:
        value = Decimal(str(given[name]))
    except (KeyError, InvalidOperation):
        return None
    return value if value.is_finite() else None


def _whole(number: Decimal | None) -> int | None:
    return None if number is None else int(number)
