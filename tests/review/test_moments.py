"""The key moments: each rule finds what it says, and a story has at most nine of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from livestory.clock import DAY, HOUR
from livestory.story.account import Account
from livestory.story.inputs import Observation
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted
from livestory.story.kinds.trades import Trade
from livestory.story.positions import RoundTrip
from livestory.story.review.moments import MOST, RULES, Moment, key_moments
from livestory.story.review.review import Review
from livestory.story.settings import StorySettings

START = 20_000 * DAY


class Bot:
    """A story of days, told to a review."""

    def __init__(self) -> None:
        """Begin at the first day's end."""
        self.review = Review("ETH/BTC")
        self.day = 0
        self._account = Account(symbol="ETH/BTC", unit="BTC", settings=StorySettings())
        self._seq = 0

    @property
    def now(self) -> int:
        """The instant of the last observation."""
        return START + self.day * DAY

    def days(self, *days: tuple[float, float]) -> None:
        """Wealth and price at the end of each day."""
        for wealth, price in days:
            self.day += 1
            self._account.observe(Observation(time=self.now, wealth=wealth, price=price))
            self.review.observe(self._account, self.now)

    def tell(self, facts: object, after: int = 0) -> int:
        """Tell facts at the last observation, or some time after it; the line's number."""
        self._seq += 1
        self.review.take(self._seq, self.now + after, facts)  # type: ignore[arg-type]
        return self._seq

    def trade(self, result: str, asset: str = "BTC") -> int:
        """A fill that ends a round trip."""
        amount = Decimal(result)
        trip = RoundTrip(
            symbol="ETH/BTC", asset=asset, opened=self.now - DAY, closed=self.now, size=Decimal(1), result=amount,
            entry=Decimal("0.05"), exit=Decimal("0.06"), share=float(amount),
        )  # fmt: skip
        return self.tell(Trade(side="sell", quantity=Decimal(1), price=Decimal(1), quote=asset, gain=amount, trip=trip))

    def found(self) -> dict[str, Moment]:
        """The moments by the rule that found them."""
        return {moment.rule: moment for moment in key_moments(self.review)}


def test_days_are_compared_with_the_one_before_and_with_holding() -> None:
    """The worst, the best, and those furthest from what holding did: each with its day's line-up."""
    bot = Bot()
    bot.days((1.0, 10), (1.1, 10), (1.1, 8), (0.99, 8), (0.99, 12))
    found = bot.found()
    assert found["best_day"].change == pytest.approx(0.1)
    assert found["worst_day"].change == pytest.approx(-0.1)
    assert (found["ahead"].time, found["behind"].time) == (START + 3 * DAY, START + 5 * DAY)
    assert found["ahead"].holding == pytest.approx(-0.2)
    assert found["behind"].holding == pytest.approx(0.5)


def test_the_deepest_trip_and_the_longest_halt_are_found() -> None:
    """Of several: the trip by its drawdown, the halt by its length, with what the price did meanwhile."""
    bot = Bot()
    bot.days((1.0, 10), (0.8, 8))
    first = bot.tell(BreakerTripped(drawdown=-0.2, peak_time=START + DAY))
    bot.days((0.8, 9))
    bot.tell(Phoenix(halted=DAY))
    bot.days((0.7, 9))
    bot.tell(BreakerTripped(drawdown=-0.125))
    bot.days((0.7, 9), (0.7, 18))
    end = bot.tell(Unhalted())
    found = bot.found()
    assert (found["trip"].seq, found["trip"].change) == (first, -0.2)
    assert found["trip"].holding == pytest.approx(-0.2)
    assert (found["halt"].seq, found["halt"].told) == (end, "halted 2d")
    assert found["halt"].holding == pytest.approx(1.0)


def test_a_halt_that_goes_on_is_told_where_it_began() -> None:
    """And says that it does."""
    bot = Bot()
    bot.days((1.0, 10))
    began = bot.tell(Halted(reason="owner"), after=HOUR)
    bot.days((1.0, 10))
    assert (bot.found()["halt"].seq, bot.found()["halt"].told) == (began, "it goes on")


def test_the_record_is_the_highest_point() -> None:
    """Measured from the start, and beside holding from there; where it came after the last one told, by its day."""
    bot = Bot()
    bot.days((1.0, 10), (1.2, 20))
    bot.tell(AllTimeHigh(wealth=1.2))
    bot.days((1.5, 20))
    seq = bot.tell(AllTimeHigh(wealth=1.5))
    record = bot.found()["record"]
    assert record.seq == seq
    assert record.change == pytest.approx(0.5)
    assert record.holding == pytest.approx(1.0)
    bot.days((1.51, 21))
    day = bot.tell(Chapter(period="day", start=bot.now - DAY, end=bot.now))
    bot.days((1.4, 21))
    record = bot.found()["record"]
    assert (record.seq, record.time, record.told) == (day, bot.now - DAY, "+51.0% since the start")
    assert record.holding == pytest.approx(1.1)


def test_the_best_and_the_worst_trade_are_of_one_currency() -> None:
    """With what the price did between entry and exit; results in several currencies don't compare."""
    bot = Bot()
    bot.days((1.0, 10))
    bot.trade("0.1")
    bot.days((1.1, 10))
    best = bot.trade("0.3")
    bot.days((1.1, 10))
    worst = bot.trade("-0.2")
    found = bot.found()
    assert (found["best_trade"].seq, found["worst_trade"].seq) == (best, worst)
    assert found["best_trade"].holding == pytest.approx(0.2)
    bot.trade("5", "USDT")
    assert not {"best_trade", "worst_trade"} & bot.found().keys()


def test_there_are_nine_at_most_and_two_of_one_line_are_one() -> None:
    """In the order of time, those of the earlier rules first where there are more."""
    bot = Bot()
    bot.days((1.0, 10), (1.3, 13))
    bot.tell(AllTimeHigh(wealth=1.3))
    bot.days((1.25, 7), (0.9, 5))
    bot.tell(BreakerTripped(drawdown=-0.3))
    bot.days((0.9, 5), (0.8, 5))
    bot.tell(Phoenix())
    bot.days((0.8, 5.5))
    bot.trade("0.4")
    bot.days((0.81, 9))
    bot.trade("-0.4")
    bot.days((0.9, 9))
    found = key_moments(bot.review)
    assert len(found) == MOST < len(RULES)
    assert [moment.time for moment in found] == sorted(moment.time for moment in found)
    alone = Bot()
    alone.days((1.0, 10), (0.9, 10), (0.9, 10))
    titles = [moment.title for moment in key_moments(alone.review)]
    assert titles == ["Worst day; furthest behind holding in a day; deepest drawdown"]


def test_a_story_of_which_nothing_is_known_has_none() -> None:
    """Nor has one of a single day a worst one."""
    bot = Bot()
    assert key_moments(bot.review) == ()
    bot.days((1.0, 10))
    assert key_moments(bot.review) == ()
