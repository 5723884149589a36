"""Law 11: public inputs are few, strictly read, and become what a StoryWriter's own calls would."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.inputs import Fill, Flow, Funding, Observation, PositionReading, Statement
from livestory.story.public.kinds import TYPES
from livestory.story.public.reading import MOST_BYTES, BadInput, read, schema

NOW = 1_733_238_000_000_000
"""2024-12-03 15:00."""


def told(**fields: Any) -> Any:
    """What a story takes for these fields."""
    return read(json.dumps(fields).encode()).as_input(NOW)


def problem(raw: bytes) -> str:
    """What is said of an input that can't be taken."""
    with pytest.raises(ValueError, match=r".") as error:
        read(raw).as_input(NOW)
    return str(error.value)


def test_there_are_these_kinds_and_no_others() -> None:
    """Neither commands nor facts nor states."""
    assert set(TYPES) == {
        *("observation", "fill", "funding", "flow", "skip", "started", "resumed", "halted", "unhalted", "stopped"),
        *("rules", "note"),
    }


def test_a_text_keeps_every_digit_and_a_number_those_that_a_float_has() -> None:
    """So that no sender's arithmetic in floats is told as 0.034999999999999996."""
    digits = "0.12345678901234567891"
    raw = f'{{"input": "fill", "side": "sell", "quantity": "{digits}", "price": 0.123456789012345, "fee": 0.1}}'
    assert read(raw.encode()).as_input(NOW) == Fill(
        time=NOW, side="sell", quantity=Decimal(digits), price=Decimal("0.123456789012345"), fee=Decimal("0.1")
    )
    assert told(input="fill", side="buy", quantity=0.03 + 0.005, price=0.034999999999999996).price == Decimal("0.035")


def test_a_time_is_iso_or_a_number_since_the_epoch() -> None:
    """And where there is none, when the input is received."""
    for time in ("2024-12-03T15:00:00Z", "2024-12-03T16:00:00+01:00", 1733238000, 1733238000.0, 1733238000000):
        assert told(input="flow", amount="-1.5", time=time) == Flow(time=NOW, amount=-1.5)
    assert told(input="flow", amount=1).time == NOW


def test_an_observation_has_the_fields_of_the_record() -> None:
    """All of them, each unknown where it is left out or null."""
    assert set(Observation.__struct_fields__) == {*TYPES["observation"].__struct_fields__} - {"id"}
    given = told(input="observation", wealth="1.02", halted=False, resume_at="2024-12-03T15:00:00Z", score=None)
    assert given == Observation(NOW, wealth=1.02, halted=False, resume_at=NOW)


def test_positions_are_told_by_symbol_in_any_spelling() -> None:
    """With the amounts as numbers or texts."""
    given = told(input="observation", positions={"BTCUSDT": {"quantity": "-0.5", "entry": 93000}})
    assert given.positions == {"BTC/USDT": PositionReading(quantity=Decimal("-0.5"), entry=Decimal(93000))}
    assert told(input="observation", positions={}).positions == {}
    assert problem(b'{"input": "observation", "positions": {"BTC/USDT": {"entry": 1}}}').endswith("quantity: missing")


def test_funding_is_positive_or_negative() -> None:
    """Of a contract."""
    given = told(input="funding", symbol="ETH/USDT:USDT", amount="-0.42", funding_id=77)
    assert given == Funding(time=NOW, symbol="ETH/USDT:USDT", amount=Decimal("-0.42"), funding_id="77")


def test_rules_are_shares_and_durations() -> None:
    """As the configuration file writes them."""
    rules = told(input="rules", breaker=0.2, cooldown="7d", settings={"pairs": "40"}).facts[0]
    assert (rules.breaker, rules.cooldown, rules.settings) == (0.2, 7 * 86_400_000_000, {"pairs": "40"})
    assert told(input="rules", cooldown=3600).facts[0].cooldown == 3_600_000_000


def test_a_reason_is_words_or_a_key_with_numbers() -> None:
    """Both as a StoryWriter takes them."""
    assert told(input="skip", reason="the spread").reason.name == "the spread"
    skip = told(input="skip", reason={"key": "spread", "value": 0.4, "limit": "0.3"}, side="BUY")
    assert (skip.reason.key, skip.reason.value, skip.reason.limit, skip.side) == ("spread", 0.4, 0.3, "buy")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{"input": "fil"}', "input: 'fil' is none; it is one of observation, fill,"),
        (b'{"wealth": 1}', "input: missing; it is one of observation, fill,"),
        (b'{"input": "halt"}', "input: 'halt' is none"),
        (b'{"input": "breaker"}', "input: 'breaker' is none"),
        (b"[1]", "expected an object, not a list"),
        (b'{"input": "observation", "weath": 1}', "weath: no such field; did you mean wealth?"),
        (b'{"input": "fill", "side": "buy", "quantity": 1}', "price: missing"),
        (b'{"input": "fill", "side": "buy", "quantity": 0, "price": 1}', "quantity 0: expected a positive number"),
        (
            b'{"input": "fill", "side": "buy", "quantity": "1,5", "price": 1}',
            "quantity '1,5': expected a positive number; a comma may",
        ),
        (b'{"input": "fill", "side": "up", "quantity": 1, "price": 1}', "side 'up': expected buy or sell"),
        (
            b'{"input": "fill", "side": "buy", "quantity": true, "price": 1}',
            "quantity: expected a number or a text, not true or",
        ),
        (b'{"input": "observation", "wealth": "NaN"}', "wealth 'NaN': expected a finite number"),
        (b'{"input": "observation", "wealth": 1e999}', "a number in it is larger than any"),
        (b'{"input": "observation", "wealth": "1e999"}', "wealth '1e999': expected a finite number"),
        (b'{"input": "flow", "amount": 1e39}', "amount 1e+39: expected a finite number, smaller than 1e+39"),
        (b'{"input": "started", "interval": 1e25}', "interval 1e+25: expected a duration"),
        (b'{"input": "started", "interval": "-15m"}', "interval '-15m': expected a duration"),
        (b'{"input": "started", "interval": 0}', "interval 0: expected a duration"),
        (b'{"input": "rules", "cooldown": 1e25}', "cooldown 1e+25: expected a duration"),
        (b'{"input": "resumed", "missed_bars": 4000000000000000000}', "missed_bars 4000000000000000000: ex"),
        (b'{"input": "observation", "time": "yesterday"}', "time 'yesterday': expected ISO 8601, such as 2024-"),
        (b'{"input": "flow", "amount": 1, "id": 1.5}', "id: expected a whole number or a text, not a number"),
        (b'{"input": "flow"}', "amount: missing"),
        (b'{"input": "note", "text": 7}', "text: expected a text, not a number"),
        (b'{"input": "skip", "reason": {"key": "x", "line": "y"}}', "reason.line: no such field"),
        (b'{"input": "rules", "breaker": 20}', "breaker 20: expected a share from 0 to 1, such as 0.2 for 20 %"),
        (b'{"input": "rules", "cooldown": "a week"}', "cooldown 'a week': expected a duration, such as"),
        (b'{"input": "note", "text": "\xff"}', "not UTF-8, which JSON is"),
        (b'{"input": "note", "text": "' + b"x" * 5000 + b'"}', "text: expected a text of length <= 4096"),
        (b'{"input": "note", "text": "' + b"x" * MOST_BYTES + b'"}', "longer than the 65,536 bytes"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"input": "note", "text": "a", "text": "b"}', "text: given twice"),
        (b'{"input": "note", "input": "note", "text": "a"}', "input: given twice"),
        (b'{"input": "observation", "positions": {"A/B": {"quantity": 1, "quantity": 2}}}', "quantity: given twice"),
        (
            b'{"input": "observation", "positions": {"A/B": {"quantity": 1}, "A/B": {"quantity": 2}}}',
            "A/B: given twice",
        ),
        (b'{"input": "note",', "it ends too early; an input is one JSON object"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(raw: bytes, says: str) -> None:
    """And what would be right, where that is known."""
    assert problem(raw).startswith(says)


def test_malformed_json_is_told_with_its_column() -> None:
    """Counted in characters, from 1."""
    with pytest.raises(BadInput, match="trailing comma") as error:
        read('{"input": "nöte",}'.encode())
    assert error.value.column == len('{"input": "nöte",}')


def test_the_same_input_has_the_same_digest_and_another_has_another() -> None:
    """Whatever its id."""
    one, same, other = (
        read(raw) for raw in (b'{"input":"note","text":"a","id":1}', b'{"id":"2","text":"a","input":"note"}',
                              b'{"input":"note","text":"b"}')
    )  # fmt: skip
    assert one.digest() == same.digest() != other.digest()
    assert (one.name, same.name, other.name) == ("1", "2", None)


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.sampled_from(["buy", "sell", "long", "open", "ETH/BTC", "2024-12-03", "0.25", "NaN", "-1e400", 0, 1, "7d"]),
    st.dictionaries(st.sampled_from(["key", "value", "text", "x"]), st.integers() | st.text(max_size=4), max_size=3),
)  # fmt: skip

_SCHEMA = jsonschema_rs.validator_for(schema())


@given(st.data())
def test_any_fields_are_taken_or_refused(data: st.DataObject) -> None:
    """Nothing else comes of them than an input with finite numbers, or a word on what is wrong."""
    kind = data.draw(st.sampled_from(sorted(TYPES)))
    names = sorted({*TYPES[kind].__struct_fields__, "x"})
    fields = data.draw(st.dictionaries(st.sampled_from(names), _VALUES, max_size=6))
    raw = json.dumps({"input": kind, **fields}).encode()
    try:
        taken = read(raw).as_input(NOW)
    except ValueError:
        return
    values = [*taken.facts] if isinstance(taken, Statement) else [taken]
    for value in values:
        assert "inf" not in repr(value).replace("infer", "")
    assert _SCHEMA.is_valid(json.loads(raw))


def test_the_schema_names_every_field_with_its_meaning() -> None:
    """It is what `--schema` and the OpenAPI document publish."""
    parts = schema()["$defs"]
    for kind in TYPES:
        part = parts[kind.capitalize()]
        assert part["additionalProperties"] is False
        assert part["description"]
        assert all("description" in field for name, field in part["properties"].items() if name != "input")
