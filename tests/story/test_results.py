"""The realised result of a bot whose wealth nobody knows: its records and falls, as lines of their own."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, getcontext, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from livestory import Fill, Observation, StorySettings
from livestory.clock import DAY, HOUR
from livestory.story.digest.period import Period, Span
from livestory.story.digest.prose import digest
from livestory.story.inputs import Begin, End, Input
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.lifecycle import Stopped
from livestory.story.kinds.results import ResultDrawdown, ResultDrawdownOver, ResultRecord
from livestory.story.line import parse, render
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from livestory.story.results import OneWay, Tally, TradeResult, TripGist
from tests.story.inputs import START, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.event import Event

BEGUN = Begin(time=START - 1, own=True, wealth=1000.0)


def trades(*results: str, first: int = 0, symbol: str = "SOL/USDT", every: int = 1) -> list[Input]:
    """Trades that earn these amounts, each opened and closed after so many hours more."""
    fills: list[Input] = []
    for number, result in enumerate(results):
        time = START + (first + number * every) * HOUR
        fills += [
            Fill(time=time, side="buy", quantity=Decimal(1), price=Decimal(1000), symbol=symbol, fee=Decimal(0)),
            Fill(
                time=time + 1,
                side="sell",
                quantity=Decimal(1),
                price=1000 + Decimal(result),
                symbol=symbol,
                fee=Decimal(0),
            ),
        ]
    return fills


def of_results(inputs: Iterable[Input], **settings: float) -> list[Event]:
    """What is told of the result alone."""
    events = told(Narrator(None, "USDT", StorySettings(**settings)), inputs)  # type: ignore[arg-type]
    return [each for each in events if isinstance(each.facts, ResultRecord | ResultDrawdown | ResultDrawdownOver)]


def said(event: Event) -> str:
    """What stands after the time, of a line that is read back as it was written."""
    assert render(parse(event.line)) == event.line
    return event.line.split(" | ", 1)[1]


@pytest.mark.parametrize("precision", [6, 28])
def test_chapters_and_the_end_sum_what_was_told_to_the_last_digit(precision: int) -> None:
    """Whatever the context of whoever tells: a large result keeps the small ones that came before and after it."""
    results = ["0.00000000012345678901", "-98765432109876543210.5", "0.7", "-0.00000000000000000001"]
    inputs: list[Input] = []
    for day in range(2):
        opened, closed = trades("1", first=24 * day), trades(*results, first=24 * day)[1::2]
        inputs += opened[:1] + [
            replace(each, quantity=Decimal("0.1"), result=Decimal(result), fee=Decimal(result).copy_abs())
            for each, result in zip(closed, results, strict=True)
            if isinstance(each, Fill)
        ]
    narrator = Narrator(None, "USDT")
    with localcontext() as context:
        context.prec = precision
        events = told(narrator, [*inputs, *trades("1", first=48)[:1], End(time=START + 49 * HOUR, by="you")])
        lines = [event.line for event in events]
    assert lines == [event.line for event in events], "nor does a line depend on it"
    exactly = sum(map(Fraction, results))
    ends = [each.facts for each in events if isinstance(each.facts, Chapter | Stopped)]
    assert [Fraction(each.results[0].realised) for each in ends] == [exactly, exactly, 2 * exactly]
    paid = sum(abs(Fraction(result)) for result in results)
    assert [Fraction(each.fees or each.fees_by_asset["USDT"]) for each in ends if isinstance(each, Chapter)] == [
        paid,
        paid,
    ]


def test_a_library_that_changes_how_its_thread_rounds_changes_no_line() -> None:
    """As ccxt does for whoever calls it: a half is told by the even digit, and the thread keeps its own rounding."""
    (record,) = of_results(trades("9.385"))
    line = record.line
    with localcontext() as context:
        context.rounding = ROUND_HALF_UP
        assert record.line == line
        assert getcontext() is context
    assert "+9.38 USDT" in line


def test_a_fall_and_its_end_are_told_between_two_records() -> None:
    """A fall by two losses or more, and again where it is more than twice as deep; the record ends it."""
    events = of_results(trades("100", "-30", "-10", "-20", "-21", "200"))
    assert list(map(said, events)) == [
        "🚀 Result Record | +100.00 USDT | closed trades alone, as no wealth is known",
        "⚠️ Result Drawdown | -40.00 USDT | from the result record 100.00 (15:00) to +60.00, by 2 losses",
        (
            "⚠️ Result Drawdown | -81.00 USDT | from the result record 100.00 (15:00) to +19.00, by 4 losses; "
            "the deepest before: -40.00"
        ),
        "🟩 Result Drawdown Over | back at +219.00 USDT | under its record for 5h, deepest -81.00",
        "🚀 Result Record | +219.00 USDT | 119.00 over the last one told, 100.00",
    ]


def test_one_loss_is_told_by_its_own_line_alone() -> None:
    """And one that was never above nothing falls from nothing."""
    assert of_results(trades("-30")) == []
    (fall,) = of_results(trades("-30", "-5"))
    assert said(fall) == "⚠️ Result Drawdown | -35.00 USDT | from nothing to -35.00, by 2 losses"


def test_each_currency_has_its_own() -> None:
    """A record in bitcoin is none in dollars."""
    events = of_results([*trades("100"), *trades("5", first=1, symbol="ETH/BTC"), *trades("-1", "-2", first=2)])
    assert [said(each).split(" | ")[1] for each in events] == ["+100.00 USDT", "+5.0000 BTC", "-3.00 USDT"]


def test_percent_and_the_rules_in_percent_need_a_starting_balance() -> None:
    """A record from `ath_min_gain` on, a fall from `drawdown_told` on; of another currency in money."""
    events = of_results([BEGUN, *trades("5", "5", "90", "-100", "-100", "-50")])
    assert list(map(said, events)) == [
        (
            "🚀 Result Record | +10.00 USDT | +1.0% of the 1000.00 USDT it began with; "
            "closed trades alone, as no wealth is known"
        ),
        (
            "🚀 Result Record | +100.00 USDT | 90.00 over the last one told, 10.00; "
            "+10.0% of the 1000.00 USDT it began with"
        ),
        (
            "⚠️ Result Drawdown | -250.00 USDT | from the result record 100.00 (17:00) to -150.00, by 3 losses; "
            "-22.7% of 1100.00 USDT"
        ),
    ]
    (other,) = of_results([BEGUN, *trades("0.001", symbol="ETH/BTC")])
    assert "%" not in other.line


def test_one_record_a_day_is_shown_and_a_further_one_from_five_percent_more() -> None:
    """As with records of wealth; the others are in the journal, and a fall is always shown."""
    results = ["100", "1", "1", "3", "1", "-2", "-2"]
    shown = [each.shown for each in of_results(trades(*results))]
    assert shown == [True, False, False, True, False, True]
    assert [each.shown for each in of_results(trades("100", "1", every=24))] == [True, True]


def test_a_bot_whose_wealth_is_known_has_the_records_of_its_wealth() -> None:
    """And none of its results."""
    assert of_results([Observation(time=START - 1, wealth=1000.0), *trades("100", "-30", "-10", "200")]) == []


def test_a_record_and_a_fall_are_remembered() -> None:
    """A story that was cut between any two fills goes on the same."""
    inputs = trades("100", "-30", "-10", "-20", "-20", "200")
    whole = [each.line for each in told(Narrator(None, "USDT"), inputs)]
    for cut in range(1, len(inputs)):
        first = Narrator(None, "USDT")
        lines = [each.line for each in told(first, inputs[:cut])]
        second = Narrator(None, "USDT")
        second.restore(first.save())
        assert lines + [each.line for each in told(second, inputs[cut:])] == whole


def test_a_fall_from_nothing_is_over_after_as_long_as_it_took() -> None:
    """What never earned anything before was under nothing since its first closing."""
    events = of_results(trades("-30", "-5", "100"))
    assert said(events[1]) == "🟩 Result Drawdown Over | back at +65.00 USDT | under its record for 2h, deepest -35.00"


def test_of_more_symbols_than_are_kept_none_is_the_best() -> None:
    """The best of them may be among the others, which are no symbol; equal trades are no best and worst either."""
    period = Period(Span("year", START - DAY, START + 90 * DAY), None, "USDT")
    inputs = [fill for number in range(301) for fill in trades("1", "1", symbol=f"C{number}/USDT")]
    for event in told(Narrator(None, "USDT"), sorted(inputs, key=lambda fill: fill.time)):
        period.take(event.time, event.facts)
    (result,) = period.closed.told(period.closed)
    assert (result.closed, result.best_symbol, result.worst_symbol) == (602, None, None)
    prose = digest(period).text()
    assert "others" not in prose
    assert "that trade" not in prose


_trips = st.builds(
    TripGist,
    symbol=st.sampled_from(["ETH/BTC", "SOL/BTC"]),
    short=st.booleans(),
    result=st.integers(-3, 3).map(Decimal),
    why_closed=st.none() | st.sampled_from([Reason("dip"), Reason("stop")]),
)


def _counted(trips: list[TripGist]) -> Tally:
    tally = Tally()
    for trip in trips:
        result = trip.result or Decimal(0)
        tally.realise(result)
        tally.close(trip, result)
    return tally


def _by_hand(trips: list[TripGist]) -> Tally:
    """What a reader would work out with all the trades before him."""
    results = [trip.result or Decimal(0) for trip in trips]
    sums = [sum(results[:n], Decimal(0)) for n in range(len(results) + 1)]
    outcomes = [TradeResult(trip.symbol, trip.result or Decimal(0), trip.share, trip.short) for trip in trips]

    def one_way(*, short: bool) -> OneWay:
        those = [each.result for each in outcomes if each.short is short]
        return OneWay(len(those), sum(each > 0 for each in those), sum(those, Decimal(0)))

    def by(names: list[str | None]) -> dict[str, Decimal]:
        pairs = list(zip(names, results, strict=True))
        return {name: sum((each for other, each in pairs if other == name), Decimal(0)) for name in names if name}

    return Tally(
        realised=sums[-1],
        high=max(sums),
        low=min(sums),
        fall=min(each - max(sums[: n + 1]) for n, each in enumerate(sums)),
        closed=len(results),
        won=sum(each > 0 for each in results),
        lost=sum(each < 0 for each in results),
        gain=sum((each for each in results if each > 0), Decimal(0)),
        loss=sum((each for each in results if each < 0), Decimal(0)),
        after_fees=sum(trip.after_fees == "all" and not trip.fees_left_out for trip in trips),
        with_funding=sum(trip.with_funding for trip in trips),
        best=max(outcomes, key=lambda each: each.result, default=None),
        worst=min(outcomes, key=lambda each: each.result, default=None),
        longs=one_way(short=False),
        shorts=one_way(short=True),
        symbols=by([trip.symbol for trip in trips]),
        reasons=by([trip.why_closed.name if trip.why_closed is not None else None for trip in trips]),
    )


@given(st.lists(_trips, max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_trades_counted_one_by_one_or_by_days_come_to_what_they_are(
    trips: list[TripGist], one: int, other: int
) -> None:
    """Won, lost and even; the highest, the lowest, the deepest fall; the best and the worst, the first of equals."""
    first, second = sorted((one, other))
    days = _counted(trips[:first])
    for day in (trips[first:second], trips[second:]):
        days.append(_counted(day))
    assert _counted(trips) == days == _by_hand(trips)
