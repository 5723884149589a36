"""Every reason that livestory's own bot gives, with its words. A caller's own reason is told as it stands.

A declared reason is called to make a `Reason`: ``NO_DIP(value=-0.019, limit=-0.025)``. ``value`` is what was measured,
``limit`` the rule's limit for it, ``against`` what it was measured against; ``value - limit`` is by how much a rule was
met or missed. Shares and distances are fractions (-0.026 is 2.6 % under), prices and amounts are as the exchange has
them. A key is counted by whoever reads a journal: it never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from livestory.story.reason import Reason
from livestory.story.wording import numbers
from livestory.story.wording.beside import beside
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.story.reason import BarCount
    from livestory.story.wording.beside import Number

_NO_CHANGE = 0.0005  # of weight: shown as 0.0%
_TREND_KEPT = "holds until the trend is down"
_UNDER, _OVER = "under", "over"
_BUYS, _AGAIN = "buys from", "next step from"
_SELLS, _REST, _ALL = "sells one step from", "sells the rest from", "sells all from"

Words = Callable[[Reason], str]


class DeclaredReason(Struct, frozen=True, kw_only=True):
    """A reason with its words; called, it makes one with its numbers."""

    key: str
    words: Words  # why something was done, or not
    few: Words | None = None  # what kept the bot from trading; None: its key
    nearest: Words | None = None  # how near its value came to its limit; None: not told

    def __call__(
        self,
        value: float | None = None,
        limit: float | None = None,
        against: float | None = None,
        text: str = "",
    ) -> Reason:
        """The reason with what was measured; see this module's head for the numbers."""
        return Reason(self.key, value, limit, against, text)

    def made(self, reason: Reason | None) -> bool:
        """Whether ``reason`` is one of this key."""
        return reason is not None and reason.key == self.key


DECLARED: dict[str, DeclaredReason] = {}
"""Every declared reason, by its key."""


def because(reason: Reason) -> str:
    """Why something was done, or not: ``price 2.6% under its 12h average 0.0303 (buys from 2.5%)``."""
    declared = DECLARED.get(reason.key)
    return declared.words(reason) if declared else _own_words(reason)


def counted(counts: Sequence[BarCount]) -> str:
    """Why nothing was traded, and how near it came: ``change not worth a trade (nearest 3.9%, trades from 5.0%)``.

    Several reasons stand with the number of their bars: ``no dip to buy (41 bars, nearest …), cooldown (7 bars)``.
    """
    told = []
    alike: dict[tuple[str, str], int] = {}
    for count in counts:
        kept = _kept_from_trading(count.nearest)
        alike[kept] = alike.get(kept, 0) + count.bars
    for kept in [kept for kept in alike if not kept[1]]:  # said with the bars of which it is known how near they came
        measured = next((other for other in alike if other[0] == kept[0] and other[1]), None)
        if measured is not None:
            alike[measured] += alike.pop(kept)
    for (words, nearest), of_them in alike.items():
        bars = numbers.count(of_them, "bar") if len(alike) > 1 else ""
        facts = ", ".join(filter(None, (bars, nearest)))
        told.append(f"{words} ({facts})" if facts else words)
    return ", ".join(told)


def _kept_from_trading(reason: Reason) -> tuple[str, str]:
    """A reason in few words, and how near it came to its limit."""
    declared = DECLARED.get(reason.key)
    if declared is None or declared.few is None:
        return escape(reason.name.replace("_", " ")), ""
    if declared.nearest is None or reason.value is None or reason.limit is None:
        return declared.few(reason), ""
    return declared.few(reason), declared.nearest(reason)


def _own_words(reason: Reason) -> str:
    words = escape(reason.key if not reason.text else f"{reason.key}: {reason.text}" if reason.key else reason.text)
    if reason.value is None:
        return words
    if reason.limit is None:
        return f"{words} {numbers.exact(reason.value)}"
    value, limit = beside(reason.value, reason.limit, numbers.exact)
    return f"{words} {value} (limit {limit})"


def _declared(
    key: str,
    words: Words | str,
    few: Words | str | None = None,
    nearest: Words | None = None,
) -> DeclaredReason:
    reason = DeclaredReason(
        key=key,
        words=_always(words) if isinstance(words, str) else words,
        few=_always(few) if isinstance(few, str) else few,
        nearest=nearest,
    )
    DECLARED[key] = reason
    return reason


def _always(words: str) -> Words:
    return lambda _reason: words


def _deviation(rule: str) -> Words:
    """A price against its average: ``price 2.6% under its 12h average 0.0303 (buys from 2.5%)``."""

    def words(reason: Reason) -> str:
        measured, limit = _sides(reason)
        against = f" {numbers.average(reason.against)}" if reason.against is not None else ""
        return f"price {measured} its {escape(reason.text)} average{against} ({rule} {limit})"

    return words


def _nearest_deviation(rule: str) -> Words:
    """The nearest that a price came: ``nearest 1.7% under its 12h average, buys from 2.4%``."""

    def words(reason: Reason) -> str:
        measured, limit = _sides(reason)
        return f"nearest {measured}{f' its {escape(reason.text)} average' if reason.text else ''}, {rule} {limit}"

    return words


def _change(rule: str) -> Words:
    """A rate of change: ``price -2.6% in 12h, from 0.0303 (buys from -2.5%)``."""

    def words(reason: Reason) -> str:
        measured, limit = _beside(reason, numbers.percent)
        against = f", from {numbers.average(reason.against)}" if reason.against is not None else ""
        return f"price {measured} in {escape(reason.text)}{against} ({rule} {limit})"

    return words


def _nearest_change(rule: str) -> Words:
    """The nearest that a rate of change came: ``nearest -1.9% in 12h, buys from -2.5%``."""

    def words(reason: Reason) -> str:
        measured, limit = _beside(reason, numbers.percent)
        return f"nearest {measured}{f' in {escape(reason.text)}' if reason.text else ''}, {rule} {limit}"

    return words


def _trend(state: str, rule: str) -> Words:
    """A pair of averages: ``trend up: EMA 20h over EMA 50h by 0.61% (buys from 0.50%)``."""

    def words(reason: Reason) -> str:
        measured, limit = _sides(reason)
        return f"{state}: {escape(reason.text)} by {measured.partition(' ')[0]} ({rule} {limit})"

    return words


def _nearest_trend(rule: str) -> Words:
    """The nearest that a pair of averages came: ``nearest EMA 20h under EMA 50h by 0.20%, buys from 0.50% over``."""

    def words(reason: Reason) -> str:
        measured, limit = _sides(reason)
        told = f"{escape(reason.text)} by {measured.partition(' ')[0]}" if reason.text else measured
        return f"nearest {told}, {rule} {limit}"

    return words


def _sides(reason: Reason) -> tuple[str, str]:
    """What was measured with its side, ``2.6% under``; and the limit, with its side where that is the other one."""
    measured, limit = reason.value or 0.0, reason.limit or 0.0
    side, side_of_limit = (_UNDER if each < 0 else _OVER for each in (measured, limit))
    told, told_limit = (each.lstrip("+-") for each in beside(measured, limit, numbers.percent))
    return f"{told} {side}", told_limit if side == side_of_limit else f"{told_limit} {side_of_limit}"


def _beside(reason: Reason, number: Number) -> tuple[str, str]:
    """What was measured, and its limit."""
    return beside(reason.value or 0.0, reason.limit or 0.0, number)


def _kept_back(words: str, number: Number) -> Words:
    def told(reason: Reason) -> str:
        value, limit = _beside(reason, number)
        return words.format(value=value, limit=limit)

    return told


def _of_that_size(words: str, number: Number = numbers.unsigned_percent) -> Words:
    """The same, where neither number has its sign."""

    def told(reason: Reason) -> str:
        value, limit = beside(abs(reason.value or 0.0), abs(reason.limit or 0.0), number)
        return words.format(value=value, limit=limit)

    return told


def _warming_up(reason: Reason) -> str:
    if reason.value is None or reason.limit is None:
        return "warming up"
    return _kept_back("warming up, {value} of {limit} bars", numbers.bound)(reason)


def _small_change(reason: Reason) -> str:
    if reason.text in KEEPING:  # it is a little over a cap, and kept
        return _kept_from_trading(Reason(reason.text))[0]
    if reason.value is None or reason.limit is None or abs(reason.value) >= _NO_CHANGE:
        return "change not worth a trade"
    return _TREND_KEPT if reason.text == TREND_STILL_UP.key else "holds what it wants"


def _nearest_small_change(reason: Reason) -> str:
    none = reason.value is None or abs(reason.value) < _NO_CHANGE or reason.text in KEEPING
    return "" if none else _of_that_size("nearest {value}, trades from {limit}")(reason)


def _refused(reason: Reason) -> str:
    return "the exchange refused it" + (f": {escape(reason.text)}" if reason.text else "")


def _not_offered(reason: Reason) -> str:
    near = f" within {numbers.unsigned_percent(reason.limit)}" if reason.limit is not None else ""
    return f"not offered{near} in {escape(reason.text)}" if reason.text else f"not offered{near}"


def _too_many_orders(reason: Reason) -> str:
    text = f" {escape(reason.text)}" if reason.text else ""
    orders = int(reason.value or 0)
    _, most = beside(orders, reason.limit or 0.0, numbers.bound)
    return f"{numbers.count(orders, 'order')}{text}, at most {most}"


class MeanReversionReasons(NamedTuple):
    """The reason for which mean reversion trades, or does not.

    value: the price against its average (close / average - 1), or its rate of change; against: that average, or the
    price that long ago; text: the window ("12h").
    """

    dip: DeclaredReason  # buys step 1; limit: the entry band, negative
    dip_again: DeclaredReason  # buys a further step; limit: that step's band, negative
    recovered: DeclaredReason  # sells one step; limit: the first exit band, positive
    recovered_all: DeclaredReason  # sells the rest; limit: the last exit band, positive
    no_dip: DeclaredReason  # nothing held; limit: the entry band
    no_dip_again: DeclaredReason  # some held, the price is under its average; limit: the next step's band
    not_recovered: DeclaredReason  # some held; limit: the first exit band
    not_recovered_all: DeclaredReason  # one step sold in this recovery, the rest waits; limit: the last exit band


def _mean_reversion(
    suffix: str,
    words: Callable[[str], Words],
    nearest: Callable[[str], Words],
) -> MeanReversionReasons:
    return MeanReversionReasons(
        dip=_declared("dip" + suffix, words(_BUYS)),
        dip_again=_declared("dip_again" + suffix, words(_AGAIN)),
        recovered=_declared("recovered" + suffix, words(_SELLS)),
        recovered_all=_declared("recovered_all" + suffix, words(_REST)),
        no_dip=_declared("no_dip" + suffix, words(_BUYS), "no dip to buy", nearest(_BUYS)),
        no_dip_again=_declared("no_dip_again" + suffix, words(_AGAIN), "no deeper dip", nearest(_BUYS)),
        not_recovered=_declared("not_recovered" + suffix, words(_SELLS), "no rise to sell at", nearest("sells from")),
        not_recovered_all=_declared(
            "not_recovered_all" + suffix, words(_REST), "no rise to sell the rest at", nearest("sells from")
        ),
    )


ROC = "_roc"
"""What the keys of mean reversion end in where the rate of change is measured."""

MEAN_REVERSION = {
    "": _mean_reversion("", _deviation, _nearest_deviation),
    ROC: _mean_reversion(ROC, _change, _nearest_change),
}
"""By what their keys end in: "" where the price is measured against its average."""

# Trend. value: the fast average against the slow one (fast / slow - 1); against: the slow average, a price; text: the
# pair as it stands ("EMA 20h over EMA 50h", "EMA 20h under EMA 50h" where the value is negative).
TREND_UP = _declared("trend_up", _trend("trend up", _BUYS))
"""Buys step 1; limit: the band, positive."""
TREND_STILL_UP = _declared("trend_still_up", _trend("trend still up", _AGAIN))
"""Buys a further step, or fills up to the maximum; limit: that step's band, positive."""
TREND_DOWN = _declared("trend_down", _trend("trend down", _ALL))
"""Sells all; limit: the band, negative."""
NO_TREND_UP = _declared("no_trend_up", _trend("no trend up", _BUYS), "no trend up", _nearest_trend(_BUYS))
"""No trade, nothing held; limit: the band, positive."""
TREND_NO_STRONGER = _declared(
    "trend_no_stronger", _trend("trend no stronger", _AGAIN), f"{_TREND_KEPT}, no stronger yet", _nearest_trend(_AGAIN)
)
"""No trade, some held; limit: the next step's band, positive."""
TREND_KEPT = _declared("trend_kept", _trend("trend not down", _ALL), _TREND_KEPT, _nearest_trend(_ALL))
"""No trade, the maximum held; limit: the band, negative, at which it sells."""
KEEPING = frozenset(
    {TREND_KEPT.key, TREND_NO_STRONGER.key}
    | {
        each.key
        for reasons in MEAN_REVERSION.values()
        for each in (reasons.no_dip_again, reasons.not_recovered, reasons.not_recovered_all)
    }
)
"""The keys of the reasons for which something that is held is kept."""

# Whatever the strategy: no trade.
WARM_UP = _declared("warm_up", _kept_back("warming up, {value} of {limit} bars seen", numbers.bound), _warming_up)
"""value: bars seen so far; limit: bars needed."""
SMALL_CHANGE = _declared(
    "small_change",
    _of_that_size("change of {value} under the {limit} worth a trade"),
    _small_change,
    _nearest_small_change,
)
"""value: the wished change of weight, negative for a sale; limit: the least change worth a trade; against: the wished
weight; text: the key of the wish that was kept back."""
COOLDOWN = _declared(
    "cooldown",
    _kept_back("{value} bars since the last trade, waits for {limit}", numbers.bound),
    "cooldown after a trade",
)
"""value: bars since the last trade; limit: the least number of them; against and text: as of SMALL_CHANGE."""
OTHER = _declared("other reasons", _own_words)
"""What a tally counts together once it holds too many reasons."""

# Risk, and whoever halts the bot.
BREAKER = _declared("breaker", "breaker")
"""value: the drawdown, negative; limit: the breaker's, negative."""
HALTED = _declared("halted", "halted", "halted")
"""No trade, and nothing is left to sell."""
DAILY_LOSS = _declared(
    "daily_loss", _kept_back("day {value} at the daily loss limit {limit}", numbers.percent), "daily loss limit"
)
"""value: the return since 00:00 UTC; limit: the least one, negative."""
MAX_WEIGHT = _declared("max_weight", _of_that_size("would hold {value}, at most {limit}", numbers.weight))
"""value: the weight that was wished; limit: the greatest allowed."""
OWNER = _declared("owner", "halted by you", "halted by you")
"""No trade: halted by hand; also why everything is sold, where that was asked for."""
JOURNAL = _declared("journal", "halted: the journal is new", "halted by a new journal")
"""No trade: the journal is new and the account is not empty."""

# What stands in an order's way before it is sent.
ORDER_OPEN = _declared("order_open", "an order is open", "an order was open")
"""No trade: an earlier order still lives."""
UNKNOWN_ORDER = _declared("unknown_order", "what became of the last order is not known yet", "an order was unknown")
"""No trade: the answer to an earlier order was lost, and is being asked for."""
LEDGER = _declared(
    "ledger",
    "the ledger of orders can't be written, and nothing is bought without it",
    "the ledger could not be written",
)
"""No buy: its intent can't be kept."""
EXCHANGE_DOWN = _declared("exchange_down", "the exchange is down", "the exchange was down")
"""The exchange's book can't be read, or nothing can be sent."""
MARKET_HALTED = _declared("market_halted", "the exchange has halted the market", "the market was halted")
"""No order is taken now; text: the exchange's own word."""
SPREAD = _declared(
    "spread",
    _of_that_size("spread {value} over the {limit} limit"),
    "spread too wide",
    _of_that_size("nearest {value}, at most {limit}"),
)
"""value: the spread, a share of the price; limit: the greatest one."""

# The exchange's rules, and what it answers.
REJECTED = _declared("rejected", _refused, "refused by the exchange")
"""text: the exchange's own words."""
WOULD_TAKE = _declared(
    "would_take",
    "the price came to meet the order, which was to wait for it",
    "the price came to meet the order",
)
"""The exchange refused an order that was only to rest in its book."""
NOT_OFFERED = _declared("not_offered", _not_offered, "not offered")
"""limit: the greatest distance from the price, a share of it; text: how long it was waited for ("10m")."""
SIZE_CAP = _declared(
    "size_cap", _kept_back("{value} over the {limit} that one order may have", numbers.exact), "order too large"
)
"""value: the quantity; limit: the greatest of one order."""
ORDER_LIMIT = _declared("order_limit", _too_many_orders, "too many orders")
"""value: the orders there are; limit: the most there may be; text: of which time or kind."""
UNFILLED = _declared("unfilled", "nothing of it was filled")
"""The order ended without a trade: too dear by then, or it never reached the exchange."""
DUST = _declared(
    "dust", _kept_back("{value} is less than the exchange's step {limit}", numbers.exact), "too small for the exchange"
)
"""value: the quantity; limit: the least step of a quantity."""
STEP_SIZE = _declared("step_size", _kept_back("{value} does not fit the exchange's step {limit}", numbers.exact))
"""value: the quantity or price, which is not on the step; limit: the step."""
MIN_NOTIONAL = _declared(
    "min_notional",
    _kept_back("worth {value}, the exchange takes from {limit}", numbers.exact),
    "too small for the exchange",
)
"""value: the order's value in the quote asset; limit: the least value."""
INSUFFICIENT_FUNDS = _declared(
    "insufficient_funds", _kept_back("needs {value}, {limit} there", numbers.exact), "not enough there"
)
"""value: what the order needs; limit: what there is; quote asset for a buy, base asset for a sale."""
