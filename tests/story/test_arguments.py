"""Arguments of every type that people have: taken for what they mean, or refused in words that say what is wanted."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory import Observation, PositionReading, Reason, Rules, StoryWriter
from livestory.clock import ManualClock, instant
from livestory.plain import plain, shown
from livestory.story import arguments
from livestory.story.wording.text import MOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = instant("2024-12-03 12:00:00")
EPOCH = 1_733_227_200
_MANY_DIGITS = 5_000  # more than Python writes out


def _each(names: str | tuple[str, ...], values: list[Any]) -> pytest.MarkDecorator:
    """Each of ``values``, many of which have one and the same text."""
    return pytest.mark.parametrize(names, values, ids=count())


class _Side(Enum):
    BUY = 1


class _TextSide(str, Enum):  # noqa: UP042 - whose str() is "_TextSide.SELL", as in older bots
    SELL = "sell"


class _Effect(Enum):
    OPEN = 1


class _NewSide(StrEnum):
    BUY = "buy"


class _OrderSide(IntEnum):
    SELL = 2


class _Duck:
    """A number of nobody's library."""

    def __float__(self) -> float:
        return 1.5


class _Rude:
    """A value that can't say what it is."""

    def __str__(self) -> str:
        message = "rude"
        raise RuntimeError(message)

    __repr__ = __str__


class _Indexed:
    def __index__(self) -> int:
        return 7


_TIMES: list[Any] = [
    EPOCH, float(EPOCH), str(EPOCH), f" {EPOCH}.0 ", EPOCH * 1000, EPOCH * 10**6, EPOCH * 10**9, Decimal(EPOCH),
    Fraction(EPOCH), np.int64(EPOCH), np.float64(EPOCH), np.int64(EPOCH * 1000), np.uint64(EPOCH * 10**9),
    np.array(EPOCH), np.str_("2024-12-03T12:00"),
    *(np.datetime64("2024-12-03T12:00:00", unit) for unit in ("h", "m", "s", "ms", "us", "ns")),
    np.array("2024-12-03T12:00", "datetime64[ns]"),
    pd.Timestamp("2024-12-03 12:00"), pd.Timestamp("2024-12-03 13:00", tz="Europe/Berlin"),
    pd.Series([pd.Timestamp("2024-12-03 12:00")]), pd.Series([pd.Timestamp("2024-12-03 13:00", tz="Europe/Berlin")]),
    pd.DatetimeIndex(["2024-12-03 12:00"]), pd.Series([EPOCH]),
    datetime(2024, 12, 3, 12, tzinfo=UTC), datetime(2024, 12, 3, 12),  # noqa: DTZ001 - a naive one is UTC
    datetime(2024, 12, 3, 13, tzinfo=timezone(timedelta(hours=1))),
    "2024-12-03T12:00:00Z", "2024-12-03t12:00:00z", " 2024-12-03 12:00 ", "20241203T1200Z", "2024-12-03T13+01:00",
    "2024-12-03T12:00:00,000Z", "2024-12-03T12:00:00.000000000Z", "2024-W49-2T12:00",
    202412031200, 20241203120000, 20241203120000000, "20241203120000", np.int64(20241203120000), 20241203120000.0,
]  # fmt: skip


@_each("number", [*range(len(_TIMES))])
def test_one_instant_in_every_type_and_unit(number: int) -> None:
    """An observation's time, and a timestamp of any call."""
    given = _TIMES[number]
    assert instant(given) == NOON
    assert Observation(time=given).time == NOON
    assert type(instant(given)) is int


@_each("day", [date(2024, 12, 3), np.datetime64("2024-12-03"), 20241203, "20241203", "2024-12-03"])
def test_a_day_is_its_midnight(day: Any) -> None:
    """UTC."""
    assert instant(day) == instant("2024-12-03 00:00:00")


_NO_TIMES: list[Any] = [
    None, True, np.bool_(1), float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), np.float64("nan"),
    np.datetime64("NaT"), np.datetime64("NaT", "ns"), pd.NaT, pd.NA, "", "12", "1e9", "yesterday", "2024",
    10**_MANY_DIGITS, "9" * 10_000, "x" * 10_000, 10**30, -EPOCH, datetime(1, 1, 1), datetime(9999, 12, 31),  # noqa: DTZ001
    _Rude(), [EPOCH], {"time": EPOCH}, b"yesterday", np.array([EPOCH, EPOCH]), pd.Series([], dtype=float), "\ud800",
    638_688_240_000_000_000, 133_776_864_000_000_000,  # 100 nanoseconds since the year 1, since 1601
]  # fmt: skip


@_each("number", [*range(len(_NO_TIMES))])
def test_what_is_no_time_is_refused_in_one_short_message(number: int) -> None:
    """A ValueError, whatever it is; a number that may mean two instants names both."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its length and words are looked at
        arguments.time(_NO_TIMES[number])
    assert str(refused.value).startswith("timestamp: ")
    with pytest.raises(ValueError, match=r"^time: "):
        Observation(time=_NO_TIMES[number])
    assert len(str(refused.value)) < 250


def test_ticks_are_not_taken_for_nanoseconds() -> None:
    """They would be told in 1990."""
    with pytest.raises(ValueError, match=r"is two times: 2024-12-03 12:00:00 in \.NET ticks, or nanoseconds since"):
        instant(638_688_240_000_000_000)


@given(st.integers(instant("2001-09-10"), instant("2099-12-31")))
def test_a_time_is_the_same_in_every_unit_that_holds_it(time: int) -> None:
    """Microseconds stay themselves; milliseconds, nanoseconds, texts and numpy times come back."""
    assert instant(time) == time
    assert instant(time * 1000) == time
    assert instant(time // 1000) == time // 1000 * 1000
    assert arguments.time(np.datetime64(time, "us")) == time
    assert instant(str(Decimal(time) / 10**6)) == time


_NUMBERS: list[tuple[Any, float]] = [
    (1.5, 1.5), (np.float64(1.5), 1.5), (np.float32(0.0329), 0.0329), (np.float16(0.1), 0.1), (np.int64(3), 3.0),
    (np.uint8(3), 3.0), (np.longdouble(1.5), 1.5), (Decimal("1.5"), 1.5), (Fraction(3, 2), 1.5), ("1.5", 1.5),
    (" 1e-3 ", 0.001), (np.str_("1.5"), 1.5), (b"1.5", 1.5), (np.array(1.5), 1.5), (np.array([1.5]), 1.5),
    (np.array(0.0329, "float32"), 0.0329), (pd.Series([1.5]), 1.5), (pd.Series([0.0329], dtype="float32"), 0.0329),
    (_Duck(), 1.5), (np.float32(16777216.0), 16777216.0), (np.float32(3.4028235e38), 3.4028235e38),
]  # fmt: skip


@_each("number", [*range(len(_NUMBERS))])
def test_one_number_in_every_type(number: int) -> None:
    """A short float is the number that it is printed as, without the noise of a longer one."""
    given, meant = _NUMBERS[number]
    assert arguments.finite(given, "wealth") == meant
    assert type(arguments.finite(given, "wealth")) is float
    if meant < 1e30:
        assert arguments.decimal(given, "price") == Decimal(format(meant, ".12g"))


_NO_NUMBERS: list[Any] = [
    None, True, np.bool_(1), "", "abc", "1,5", "1,000.5", "1 000", "0x10", float("nan"), np.float32("nan"), "inf",
    Decimal("NaN"), Decimal("Infinity"), np.inf, pd.NA, pd.NaT, np.array([1, 2]), pd.Series([1, 2]), [], {}, object(),
    _Rude(), 10**_MANY_DIGITS, "1" * 10_000, 1j, np.complex128(1), datetime(2024, 1, 1, tzinfo=UTC), b"\xff",
    Decimal("1E+999999"),
]  # fmt: skip


@_each("number", [*range(len(_NO_NUMBERS))])
@pytest.mark.parametrize("read", [arguments.finite, arguments.positive, arguments.decimal])
def test_what_is_no_number_is_refused_by_name(number: int, read: Callable[[Any, str], object]) -> None:
    """The field, what came, and what is wanted; a bool is no number, a comma has two meanings."""
    given = _NO_NUMBERS[number]
    with pytest.raises(ValueError, match=r"^wealth .*: expected a (finite |positive )?number") as refused:
        read(given, "wealth")
    assert len(str(refused.value)) < 250
    if isinstance(given, str) and "," in given:
        assert "write a point" in str(refused.value)


@_each("amount", [0, -1, "0", np.float32(0), Decimal("1E-70"), Decimal("1E+40"), "1E+999999999"])
def test_an_amount_that_no_market_has_is_refused(amount: Any) -> None:
    """Nothing, less than nothing, or more digits than any exchange."""
    with pytest.raises(ValueError, match="expected a positive number"):
        arguments.decimal(amount, "quantity")


@_each(
    ("side", "meant"),
    [
        *[(_Side.BUY, "buy"), (_TextSide.SELL, "sell"), (_NewSide.BUY, "buy"), (_OrderSide.SELL, "sell")],
        *[("BUY", "buy"), (" Sell ", "sell"), (np.str_("buy"), "buy"), (b"sell", "sell")],
    ],
)
def test_a_side_in_every_type(side: Any, meant: str) -> None:
    """An enum's text, or else its name."""
    assert arguments.side(side) == meant


@_each("side", [None, "", "hold", 1, True, _Rude(), float("nan"), "b" * 10_000])
def test_what_is_no_side_is_refused(side: Any) -> None:
    """In words."""
    with pytest.raises(ValueError, match=r"^side .*expected"):
        arguments.side(side)


@_each(
    ("given", "known_as"),
    [
        *[
            (0, "0"),
            ("0", "0"),
            (81, "81"),
            (np.int64(81), "81"),
            (81.0, "81"),
            (np.float64(81), "81"),
            ("81-2", "81-2"),
        ],
        *[("", None), (" ", None), (None, None), (float("nan"), None), (np.float64("nan"), None)],
        *[(pd.NA, None), (pd.NaT, None), (UUID(int=5), str(UUID(int=5))), (b"x1", "x1"), (Decimal(7), "7")],
    ],
)
def test_an_id_is_one_however_it_is_written(given: Any, known_as: str | None) -> None:
    """An empty id is none, and a missing one is not the id "nan" that every later fill would share."""
    assert arguments.trade_id(given) == known_as


@_each("given", [True, "x" * 201, _Rude()])
def test_what_can_be_no_id_is_refused(given: Any) -> None:
    """Rather than shortened to another trade's."""
    with pytest.raises(ValueError, match=r"^trade_id "):
        arguments.trade_id(given)


def test_each_field_of_an_observation_takes_what_libraries_have() -> None:
    """Numbers, flags, times, labels."""
    seen = arguments.observation(
        Observation(
            time=np.datetime64("2024-12-03T12:00", "ns"),  # type: ignore[arg-type]
            wealth=np.float32(0.0329),  # type: ignore[arg-type]
            price=Decimal("0.05"),  # type: ignore[arg-type]
            position=np.int64(3),  # type: ignore[arg-type]
            weight="0.5",  # type: ignore[arg-type]
            regime=_TextSide.SELL,
            halted=np.bool_(1),  # type: ignore[arg-type]
            daily_loss_hit=0,  # type: ignore[arg-type]
            resume_at=pd.Timestamp("2024-12-03 12:00"),
            next_due="2024-12-03T12:00Z",  # type: ignore[arg-type]
            score=pd.Series([50]),
            no_trade_reason="no dip",  # type: ignore[arg-type]
        )
    )
    assert seen == Observation(
        time=NOON, wealth=0.0329, price=0.05, position=3.0, weight=0.5, regime="sell", halted=True,
        daily_loss_hit=False, resume_at=NOON, next_due=NOON, score=50.0, no_trade_reason=Reason("", text="no dip"),
    )  # fmt: skip
    assert all(type(value).__module__ in {"builtins", Reason.__module__} for value in
               (getattr(seen, name) for name in seen.__struct_fields__))  # fmt: skip


@_each("missing", [None, float("nan"), np.float64("nan"), pd.NA, pd.NaT])
def test_a_label_that_a_row_lacks_is_unknown(missing: Any) -> None:
    """Not a regime of the name "nan"."""
    row = Observation(time=NOON, regime=missing, halt_reason=missing, no_trade_reason=missing)
    assert arguments.observation(row) == Observation(time=NOON)


@_each("missing", [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT])
def test_an_amount_that_a_row_lacks_is_unknown_and_costs_nothing_but_itself(tmp_path: Path, missing: Any) -> None:
    """A fill without a known fee is told as one whose fee is not known."""
    with StoryWriter(tmp_path / "live_story.txt", strict=True, max_wait=30.0, clock=ManualClock(NOON)) as story:
        (told,) = story.fill("buy", 1, 2, fee=missing, fee_asset=missing, result=missing, symbol=missing) or ()
        assert told.line.endswith("| +1 ETH @ 2 BTC")
        assert story.started(interval=missing)
        assert story.halted(missing, until=missing)
        assert story.stopped(orders_open=missing)
    assert PositionReading(quantity=Decimal(1), price=missing, leverage=missing) == PositionReading(quantity=Decimal(1))


@_each("one", [1, np.int64(1), np.float32(1), "1", Decimal(1), np.array([1.0]), pd.Series([1])])
def test_a_position_is_read_from_what_libraries_have(one: Any) -> None:
    """Its fields, or the quantity alone; what is no position in a list is not passed over as nothing held."""
    held = PositionReading(quantity=Decimal(1), price=Decimal(1))
    assert PositionReading(quantity=one, price=one) == held
    assert arguments.positions({"ETH/BTC": {"quantity": one, "price": one}}) == {"ETH/BTC": held}
    with pytest.raises(ValueError, match=r"^positions .*: expected a dict"):
        arguments.positions([1])


@_each("effect", ["open", "OPEN", np.str_("open"), b"open", _Effect.OPEN])
def test_what_a_fill_tells_is_kept_whatever_its_types(tmp_path: Path, effect: Any) -> None:
    """A text of numpy's can't be written; one in a record would keep every later line waiting."""
    with StoryWriter(tmp_path / "live_story.txt", strict=True, max_wait=30.0, clock=ManualClock(NOON)) as story:
        texts: dict[str, Any] = {
            "symbol": np.str_("SOL/BTC"),
            "trade_id": np.str_("7"),
            "reason": np.str_("dip"),
            "fee": np.float16(0),
        }
        amounts: list[Any] = [np.float32(1), np.int64(2)]
        (told,) = story.fill(np.str_("long"), *amounts, effect=effect, **texts) or ()
        assert told.seq is not None
        assert "+1 SOL @ 2 BTC" in told.line


@_each("effect", ["flip", "", 1, ["open"], float("nan")])
def test_what_is_no_effect_is_refused(effect: Any) -> None:
    """In words."""
    with pytest.raises(ValueError, match=r"^effect .*: expected open, add, reduce or close"):
        arguments.effect(effect)


@_each("flag", ["True", 2, float("nan"), pd.NA, np.array([True, False]), _Rude(), "yes"])
def test_what_is_no_flag_is_refused(flag: Any) -> None:
    """A text is neither."""
    with pytest.raises(ValueError, match=r"halted .*: expected True or False"):
        arguments.observation(Observation(time=NOON, halted=flag))


@_each("given", [None, {"time": NOON, "wealth": 1.0}, [1], "x", 10**_MANY_DIGITS])
def test_observe_says_what_it_wants(tmp_path: Path, given: Any) -> None:
    """An Observation, with its fields by name."""
    with StoryWriter(tmp_path / "live_story.txt", clock=ManualClock(NOON)) as story:
        assert story.observe(given) is None
        assert "observe takes an Observation(time=…, wealth=…, price=…" in (story.health.trouble or "")
        assert story.rules(given) is None
        assert "rules takes Rules(breaker=…" in (story.health.trouble or "")


def test_a_cooldown_is_any_librarys_timedelta() -> None:
    """Of numpy, of pandas, or Python's own."""
    for cooldown in (timedelta(hours=2), pd.Timedelta(hours=2), np.timedelta64(2, "h"), np.timedelta64(7200, "s")):
        assert arguments.rules(Rules(cooldown=cooldown)).cooldown == 7_200_000_000  # type: ignore[arg-type]


@_each("length", [MOST + 1, 1_000_000, 3_000_000])
def test_a_long_text_is_told_from_its_beginning_with_how_much_more_there_was(tmp_path: Path, length: int) -> None:
    """A line stays of a size that a page, a terminal and a phone can take."""
    hostile = "\U000e0041" * length  # each is written in ten bytes
    with StoryWriter(tmp_path / "live_story.txt", strict=True, max_wait=30.0, clock=ManualClock(NOON)) as story:
        (noted,) = story.note("z" * length) or ()
        assert noted.line.endswith(f"z… ({length - MOST:,} more characters)")
        (logged,) = story.log_event(NOON, hostile, hostile) or ()
        (filled,) = story.fill("buy", 1, 1, reason=Reason(hostile, text=hostile)) or ()
        story.observe(Observation(time=NOON, regime=hostile, halted=True, halt_reason=hostile))
    for line in (tmp_path / "live_story.txt").read_bytes().splitlines():
        assert len(line) < 65_536
    assert len(logged.record()) < 65_536
    assert len(filled.record()) < 65_536


@_each(
    ("given", "told"),
    [
        (b"abc", "abc"),
        (b"\xff", r"\xff"),
        ("a\ud800b", r"a\ud800b"),
        (_TextSide.SELL, "sell"),
        (7, "7"),
    ],
)
def test_a_text_in_every_type(given: Any, told: str) -> None:
    """Bytes are UTF-8; what no file can hold is its escape."""
    assert arguments.text(given, "text") == told


@_each("given", [_Rude(), None])
def test_what_has_no_text_is_refused(given: Any) -> None:
    """Not told as the word None."""
    with pytest.raises(ValueError, match=r"^text .*: expected a text"):
        arguments.text(given, "text")


def test_any_value_can_be_shown() -> None:
    """In a message, at bearable length."""
    for value in (_Rude(), 10**_MANY_DIGITS, "x" * 10**6, np.zeros(10**6), object()):
        assert 0 < len(shown(value)) < 120
    assert plain(_Indexed()).__index__() == 7
