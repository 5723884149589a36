"""A bot's life as a list of inputs, made up by hypothesis, and a narrator that is told it."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from livestory.clock import DAY, HOUR, MINUTE, SECOND, instant
from livestory.story.inputs import (
    Begin,
    End,
    Fill,
    Flow,
    Funding,
    Input,
    Observation,
    PositionReading,
    RecordCheck,
    RegimeCheck,
    Skip,
    Statement,
)
from livestory.story.kinds.exchange import (
    CandlesBack,
    CandlesRefused,
    ExchangeBack,
    ExchangeDown,
    ForeignOrders,
    OrderClear,
    OrderUnknown,
)
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.risk import Halted, SellStuck, Unhalted
from livestory.story.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import SearchStrategy

    from livestory.story.event import Event
    from livestory.story.narrator import Narrator

NEW_YEARS_EVE = instant("2023-12-31 21:00:00")
QUARTER = 15 * MINUTE
START = instant("2024-12-03 15:00:00")
RULES = Rules(breaker=0.2, cooldown=2 * HOUR, resume_score=30.0, daily_loss=0.03, hysteresis=2.0, strategy="meta")
"""Of a bot with a breaker and a daily loss limit."""

_steps = st.sampled_from([0, 1, SECOND, QUARTER, QUARTER, QUARTER, HOUR, 3 * HOUR, 13 * HOUR, DAY, 2 * DAY, 40 * DAY])
_bad = st.sampled_from([nan, inf, -inf, 0.0, -1.0, 1e-300, 1e300])
_wealth = st.floats(0.5, 2.0) | st.sampled_from([1.0, 1.01, 1.02, 0.79]) | _bad
_quantity = st.sampled_from([Decimal("0.25"), Decimal(1), Decimal("2.5")])
_price = st.sampled_from([Decimal("0.03"), Decimal("0.0329"), Decimal("0.04")])
_symbol = st.sampled_from([None, "ETH/BTC", "SOL/BTC", "ETH/USDT:USDT"])
_contract = st.sampled_from(["ETH/USDT:USDT", "BTC/USD:BTC"])
_reason = st.builds(
    Reason,
    st.sampled_from(["no_dip", "cooldown", "min_notional", "", "own"]),
    st.none() | st.floats(-1, 1),
    st.none() | st.floats(-1, 1),
    st.none() | st.floats(0.01, 1),
    st.sampled_from(["", "12h"]),
)


def _maybe(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | values


_amount = st.sampled_from([Decimal(1), Decimal("2.5"), Decimal(3)])
_position = st.builds(
    PositionReading,
    quantity=st.sampled_from([Decimal(-1), Decimal(0), Decimal("0.25"), Decimal("2.5")]),
    price=_maybe(_amount),
    entry=_maybe(_amount),
    unrealised=_maybe(st.sampled_from([Decimal(-1), Decimal("0.5")])),
    liquidation=_maybe(_amount),
)
_observed = st.fixed_dictionaries(
    {
        "wealth": _maybe(_wealth),
        "price": _maybe(st.floats(0.02, 0.05) | _bad),
        "position": _maybe(st.sampled_from([0.0, 9.0, nan])),
        "weight": _maybe(st.floats(0, 1)),
        "target_weight": _maybe(st.floats(0, 1) | st.just(inf)),
        "regime": _maybe(st.sampled_from(["TREND", "MEAN_REV", "sideways"])),
        "score": _maybe(st.floats(0, 100) | st.just(nan)),
        "threshold": _maybe(st.just(25.0)),
        "drawdown": _maybe(st.floats(-0.5, 0) | st.just(nan)),
        "halted": _maybe(st.booleans()),
        "halt_reason": _maybe(st.sampled_from(["breaker", "owner"])),
        "resume_at": _maybe(st.just(NEW_YEARS_EVE + DAY)),
        "resume_score": _maybe(st.just(30.0)),
        "daily_loss_hit": _maybe(st.booleans()),
        "day_return": _maybe(st.floats(-0.1, 0.1)),
        "no_trade_reason": _maybe(_reason),
        "flow": _maybe(st.sampled_from([0.1, -0.1, nan])),
        "positions": _maybe(st.dictionaries(_contract | st.just("SOL/BTC"), _position, max_size=3)),
    }
)
_fill = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "quantity": _quantity,
        "price": _price,
        "symbol": _symbol,
        "effect": st.sampled_from([None, None, "open", "add", "reduce", "close"]),
        "fee": _maybe(st.sampled_from([Decimal("0.0001"), Decimal(-3)])),
        "fee_asset": st.sampled_from([None, None, "ETH", "BNB"]),
        "result": _maybe(st.sampled_from([Decimal("-0.01"), Decimal(2)])),
        "found": _maybe(st.sampled_from(["away", "asked"])),
        "reason": _maybe(_reason),
    }
)
_rules = st.builds(Rules, breaker=st.sampled_from([None, 0.0, 0.2]), daily_loss=st.sampled_from([None, 0.0, 0.03]))
_ORDER: dict[str, Any] = {"side": "buy", "quantity": Decimal(9), "base": "ETH"}
_order_id = _maybe(st.sampled_from(["ls-1", "ls-2"]))
_difference = st.sampled_from([-0.1, 0.1, 0.0])
_halts = st.sampled_from(["owner", "journal", "breaker", None])
_troubles = st.one_of(
    st.builds(ExchangeDown, since=_maybe(st.just(NEW_YEARS_EVE)), tries=st.integers(1, 3)),
    st.builds(ExchangeBack, down=_maybe(st.just(HOUR))),
    st.builds(lambda order_id: OrderUnknown(**_ORDER, order_id=order_id), _order_id),
    st.builds(lambda order_id: OrderClear(**_ORDER, outcome="absent", order_id=order_id), _order_id),
    st.builds(ForeignOrders, count=st.integers(0, 2)),
    st.builds(SellStuck, tries=st.integers(1, 3)),
    st.builds(CandlesRefused, problem=st.just("stale")),
    st.builds(CandlesBack),
    st.builds(BalanceDiffers, difference=_difference, wealth=_maybe(st.just(0.9)), unit=st.just("BTC")),
    st.builds(
        BalanceExplained, difference=_difference, unit=st.just("BTC"), by=st.sampled_from(["you", "history", "gone"])
    ),
    st.builds(Halted, reason=_halts, cancelled=st.integers(0, 1)),
    st.builds(Unhalted, reason=_halts),
)


_KINDS = ["observe"] * 6 + ["fill", "fill", "funding", "skip", "flow", "begin", "end", "rules", "check", "tell", "tell"]


def _of_a_position(draw: st.DrawFn, kind: str, time: int, number: int) -> Input:
    if kind == "fill":
        return Fill(time=time, trade_id=f"ls-{number}", **draw(_fill))
    paid = draw(st.sampled_from([Decimal("0.1"), Decimal("-0.00001")]))
    return Funding(time=time, symbol=draw(_contract), amount=paid, funding_id=f"f-{number}")


@st.composite
def lives(draw: st.DrawFn, most: int = 25) -> list[Input]:
    """A bot's life: mostly observations, in no promised order."""
    time = NEW_YEARS_EVE
    life: list[Input] = []
    for _ in range(draw(st.integers(1, most))):
        time += draw(_steps)
        kind = draw(st.sampled_from(_KINDS))
        if kind == "observe":
            late = draw(st.sampled_from([0, 0, 0, 0, HOUR]))
            due = draw(st.sampled_from([None, time + QUARTER, time, time - HOUR]))
            life.append(Observation(time=time - late, next_due=due, **draw(_observed)))
        elif kind in {"fill", "funding"}:
            life.append(_of_a_position(draw, kind, time, len(life)))
        elif kind == "skip":
            side = draw(st.sampled_from([None, "buy", "sell"]))
            life.append(Skip(time=time, reason=draw(_reason), side=side, symbol=draw(_symbol)))
        elif kind == "flow":
            life.append(Flow(time=time, amount=draw(st.sampled_from([0.1, -0.1, -5.0])), counted=draw(st.booleans())))
        elif kind == "begin":
            life.append(Begin(time=time, wealth=draw(_maybe(st.just(1.0))), missed_bars=0, own=draw(st.booleans())))
        elif kind == "end":
            life.append(End(time=time, by="you"))
        elif kind == "tell":
            life.append(Statement(time, (draw(_troubles),)))
        elif kind == "rules":
            life.append(Statement(time, (draw(_rules),)))
        else:
            life.append(RecordCheck(time, draw(st.floats(0.5, 2.0)), draw(st.floats(0.5, 2.0))))
            life.append(RegimeCheck(time, draw(st.floats(0, 100)), 25.0))
    return life


def told(narrator: Narrator, life: Iterable[Input]) -> list[Event]:
    """What the narrator tells of it."""
    return [event for given in life for event in narrator.take(given)]


def of_trades(events: Iterable[Event]) -> list[Event]:
    """Without what trades make of the result of a story that knows no wealth; test_results.py is about that."""
    return [event for event in events if not event.kind.startswith("result_") or event.kind == "result_differs"]


def lines(narrator: Narrator, *observations: Observation) -> list[str]:
    """The lines, without their time, that observations bring."""
    return [event.line.partition(" | ")[2] for observation in observations for event in narrator.take(observation)]


def at(text: str) -> int:
    """An instant, for short."""
    return instant(text)


def fill(side: str, quantity: str | int, price: str, *, time: int = NEW_YEARS_EVE, **fields: Any) -> Fill:
    """A fill, its amounts as text."""
    return Fill(time=time, side=side, quantity=Decimal(quantity), price=Decimal(price), **fields)


def observations(wealths: list[float], **fields: Any) -> list[Observation]:
    """A quarter of an hour apart."""
    return [Observation(time=START + n * QUARTER, wealth=w, **fields) for n, w in enumerate(wealths)]


def kinds(narrator: Narrator, *seen: Observation) -> list[str]:
    """The kinds that the observations bring, but for what is lacking and the chapters."""
    events = [event.kind for observation in seen for event in narrator.take(observation)]
    return [kind for kind in events if kind not in {"told_in_part", "chapter", "quiet"}]
