"""Numbers as a person reads them, whatever a bot has reported."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.story.kinds import KINDS
from livestory.story.line import tell
from livestory.story.wording import numbers
from tests.story.facts import facts

NO_NUMBER = st.just("x")
NOT_FOR_PEOPLE = {
    "a power of ten": re.compile(r"\d[eE][+-]?\d"),
    "nothing with the sign of a loss": re.compile(r"(?<![\w.,-])-0(?:\.0+)?(?![\d.,])"),
    "five digits and more in no groups": re.compile(r"(?<![\d.,])\d{5,}(?![\dd])"),
    "the digits that a float leaves": re.compile(r"\.\d*[1-9]\d{16,}"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=8)
@given(data=st.data())
def test_no_line_has_a_number_that_no_person_would_write(kind: str, data: st.DataObject) -> None:
    """Not as a power of ten, not -0.0, not without its groups, not with the digits that a float leaves."""
    columns = tell(0, data.draw(facts(kind, NO_NUMBER))).partition(" | ")[2]
    assert {name: found[0] for name, each in NOT_FOR_PEOPLE.items() if (found := each.search(columns))} == {}


def test_dust_is_nothing_and_nothing_has_no_sign() -> None:
    """What floats leave of a sum is not told."""
    assert numbers.exact(1e-17) == numbers.exact(-0.0) == numbers.average(-0.0) == numbers.bound(-0.0) == "0"
    assert numbers.score(-0.0) == numbers.score(-0.04) == "0.0"
    assert numbers.exact(1e-10) == "0.0000000001"
    assert numbers.weight(123.456) == "12,346%"
    assert numbers.exposure(-1234.5) == "-123,450%"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("51.224164517162585", "51.224165"),
        ("1950.2533782982157", "1950.2534"),
        ("123456789.123456789", "123,456,789"),
        ("0.000000123456789012345", "0.00000012345679"),
        ("-3.30000000000000004", "-3.3"),
        ("1234.56789012", "1234.56789012"),
        ("12345678901234.5", "12,345,678,901,234.5"),
    ],
)
def test_an_amount_that_was_a_float_is_told_in_eight_digits(given: str, told: str) -> None:
    """One that an exchange could have written keeps each of its digits, and no integer is rounded."""
    assert numbers.exact(Decimal(given)) == told
