"""A value that a rule compares with its limit stands beside it in the line: rounding never says otherwise than it."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.clock import HOUR
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.money import BalanceDiffers
from livestory.story.kinds.risk import BreakerTripped, DailyLimit, HalfWay, LiquidationNear, Phoenix, WaitOver
from livestory.story.kinds.trades import RegimeSwitch
from livestory.story.line import parse, render, tell
from livestory.story.reason import BarCount, Reason
from livestory.story.reasons import DECLARED, because, counted
from livestory.story.wording import numbers
from livestory.story.wording.beside import beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.story.kinds.base import Facts
    from livestory.story.wording.beside import Number

NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
ONE = Decimal(1)
NEARNESSES = (0.0, *(sign * 10.0**power for power in range(-16, 0) for sign in (1, -1)), math.nan)


def near(limits: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float]]:
    """A value beside its limit: at it, the next float to it, or some way off."""
    return st.builds(
        lambda limit, apart: (math.nextafter(limit, 0.0) if math.isnan(apart) else limit + limit * apart, limit),
        limits,
        st.sampled_from(NEARNESSES),
    )


SHARES = near(st.sampled_from([0.2, 0.08, 0.025, 0.003, 0.1234567, 1.5]))
LOSSES = SHARES.map(lambda pair: (-pair[0], -pair[1]))
SCORES = near(st.sampled_from([30.0, 32.0, 23.0, 18.05, 31.97, 100.0]))
AMOUNTS = near(st.sampled_from([1.0234, 12345.6, 3.0, 0.0001, 1e-9]))


def side(value: Decimal | float, limit: Decimal | float) -> int:
    """Whether the one is under, at or over the other."""
    return (value > limit) - (value < limit)


def read(text: str) -> Decimal:
    """A number of a line."""
    found = NUMBER.search(text)
    assert found, text
    return Decimal(found[0].replace(",", ""))


class Phrase(NamedTuple):
    """A value and its limit in a line: what may be of them, whose facts they are, where they stand."""

    pairs: st.SearchStrategy[tuple[float, float]]
    facts: Callable[[float, float], Facts]
    places: str  # of ``value`` and ``limit``


PHRASES: dict[str, Phrase] = {
    "breaker": Phrase(
        LOSSES,
        lambda value, limit: BreakerTripped(drawdown=value, peak=1.0, wealth=0.8, limit=-limit),
        r"DD: (?P<value>.*) \| .*, limit (?P<limit>.*)",
    ),
    "half-way": Phrase(
        LOSSES,
        lambda value, limit: HalfWay(drawdown=value, peak=1.0, wealth=0.8, limit=-limit),
        r"DD: (?P<value>.*) \| .*; sells all at (?P<limit>.*)",
    ),
    "daily loss limit": Phrase(
        LOSSES,
        lambda value, limit: DailyLimit(day_return=value, limit=-limit),
        r"Day: (?P<value>.*) \| limit (?P<limit>.*); no buys",
    ),
    "the breaker beside it": Phrase(
        LOSSES,
        lambda value, limit: DailyLimit(drawdown=value, breaker=-limit),
        r"DD (?P<value>.*), breaker still at (?P<limit>.*)",
    ),
    "the breaker in a quiet line": Phrase(
        LOSSES,
        lambda value, limit: Quiet(silence=HOUR, bars=1, drawdown=value, limit=-limit),
        r"DD (?P<value>.*), (?:close to the )?breaker at (?P<limit>.*); 1 bar",
    ),
    "the breaker in a chapter": Phrase(
        LOSSES,
        lambda value, limit: Chapter(period="day", start=0, end=1, drawdown=value, limit=-limit),
        r"DD (?P<value>.*), (?:close to the )?breaker at (?P<limit>.*)",
    ),
    "liquidation": Phrase(
        SHARES,
        lambda value, limit: LiquidationNear(
            symbol="X", short=False, distance=value, told_from=limit, price=ONE, liquidation=ONE, quantity=ONE
        ),
        r"long: (?P<value>.*) away \| .*; told under (?P<limit>.*); holds",
    ),
    "wait over": Phrase(
        SCORES.filter(lambda pair: pair[0] < pair[1]),
        lambda value, limit: WaitOver(waited=HOUR, score=value, resume_score=limit),
        r"score (?P<value>.*) < (?P<limit>.*); may buy",
    ),
    "resume": Phrase(
        SCORES, lambda value, limit: Phoenix(score=value, resume_score=limit), r"score (?P<value>.*) ≥ (?P<limit>.*)"
    ),
    "waiting": Phrase(
        SCORES,
        lambda value, limit: Quiet(silence=HOUR, bars=1, halted=True, score=value, resume_score=limit),
        r"score ≥ (?P<limit>.*), now (?P<value>.*); 1 bar",
    ),
    "regime": Phrase(
        SCORES,
        lambda value, limit: RegimeSwitch(
            regime="TREND" if value >= limit else "MEAN_REV", previous="x", score=value, limit=limit
        ),
        r"Score: (?P<value>.*) \| (?:under|at|over) (?P<limit>.*)",
    ),
    "first regime": Phrase(
        SCORES,
        lambda value, limit: RegimeSwitch(regime="MEAN_REV", score=value, limit=limit, upper=limit, lower=limit - 4),
        r"Score: (?P<value>.*) \| .*TREND from (?P<limit>.*), MEAN_REV",
    ),
    "balance": Phrase(
        AMOUNTS,
        lambda value, limit: BalanceDiffers(difference=value - limit, wealth=value, expected=limit, unit="BTC"),
        r"\d \w+ \| (?P<value>.*) read, (?P<limit>.*) expected",
    ),
}


@pytest.mark.parametrize("phrase", PHRASES)
@settings(max_examples=60)
@given(data=st.data())
def test_a_line_says_of_a_value_and_its_limit_what_the_rule_found(phrase: str, data: st.DataObject) -> None:
    """Under, at or over it, as printed; and the line is read back as it was written."""
    pairs, facts, places = PHRASES[phrase]
    value, limit = data.draw(pairs)
    line = tell(0, facts(value, limit))
    told = re.search(places, line)
    assert told, line
    assert side(read(told["value"]), read(told["limit"])) == side(value, limit), line
    assert render(parse(line)) == line


def told_of(reason: Reason) -> tuple[str, str]:
    """Why something was done or not, and how near a bar came."""
    return because(reason), counted([BarCount(1, reason)])


WITH_A_LIMIT = sorted(
    key for key, each in DECLARED.items() if any(len(NUMBER.findall(told)) == 2 for told in told_of(each(3.0, 2.0)))
)
"""The keys of the reasons that tell both numbers."""


@pytest.mark.parametrize("key", ["anybody's own", *WITH_A_LIMIT])
@settings(max_examples=30)
@given(pair=SHARES | LOSSES | SCORES)
def test_a_reason_says_of_its_value_and_its_limit_what_the_rule_found(key: str, pair: tuple[float, float]) -> None:
    """By sign, or where words tell the side by size."""
    value, limit = pair
    if key == "order_limit":
        value = float(round(value))
    reason = Reason(key, value, limit)
    for told in told_of(reason):
        texts = NUMBER.findall(told)
        if len(texts) == 2:
            signed = "-" in told or value >= 0
            found = side(value, limit) if signed else side(-value, -limit)
            assert side(*map(read, texts)) == found, told


@pytest.mark.parametrize("number", [numbers.percent, numbers.score, numbers.bound, numbers.exact, numbers.exposure])
@given(value=st.floats(-1e6, 1e6), limit=st.floats(-1e6, 1e6))
def test_any_two_numbers_are_told_apart(number: Number, value: float, limit: float) -> None:
    """However near they are."""
    told, told_limit = beside(value, limit, number)
    assert side(read(told), read(told_limit)) == side(value, limit)


def test_digits_are_only_added_where_they_are_needed() -> None:
    """A limit stands as its owner writes it."""
    assert beside(29.97, 30, numbers.score, numbers.bound) == ("29.97", "30")
    assert beside(24.8, 30, numbers.score, numbers.bound) == ("24.8", "30")
    assert beside(30, 30, numbers.score, numbers.bound) == ("30.0", "30")
    assert beside(-0.1997, -0.2, numbers.percent) == ("-19.97%", "-20.0%")
    assert beside(math.nextafter(-0.2, 0.0), -0.2, numbers.percent) == ("-19.99999%", "-20.0%")
    assert beside(math.nan, -0.2, numbers.percent) == ("+NaN%", "-20.0%")
