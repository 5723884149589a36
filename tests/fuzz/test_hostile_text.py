"""FAULTS row 34: anybody's text in any field of a fact or an input: one line, read back, a terminal left as it was."""

from __future__ import annotations

import io
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.outlets.terminal import TerminalPrinter
from livestory.story.commands import AlertsLost, Note, as_input
from livestory.story.event import Event, from_record
from livestory.story.inputs import Begin, End, Fill, Flow, Observation, PositionReading, Skip
from livestory.story.kinds import KINDS
from livestory.story.line import parse, render, tell
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from livestory.story.settings import StorySettings
from livestory.story.wording.text import visible
from tests.fuzz.oracle import are_of_a_story, is_harmless
from tests.reliability.amount import TORTURE, amount
from tests.story.facts import facts, hostile_text, storable_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy
    from msgspec import Struct

_NOON = 1_733_227_200_000_000
_each_kind = settings(max_examples=amount(12, 300), derandomize=not TORTURE, database=None, deadline=None)
_longer = settings(_each_kind, max_examples=amount(40, 1_000))


class _Terminal(io.StringIO):
    """A stream that says it is a terminal, so that lines are coloured."""

    def isatty(self) -> bool:
        return True


def _state(*texts: str) -> tuple[object, ...]:
    """What a terminal is like after these texts: everything but what it shows."""
    screen = pyte.Screen(columns=5_000, lines=2)
    stream = pyte.Stream(screen)
    for text in texts:
        stream.feed(text.replace("\n", "\r\n"))
    cursor = screen.cursor
    return (
        frozenset(screen.mode), screen.charset, screen.g0_charset, screen.g1_charset, screen.title, screen.icon_name,
        screen.margins, frozenset(screen.tabstops), len(screen.savepoints), cursor.attrs, cursor.hidden, cursor.y,
        cursor.x,
    )  # fmt: skip


_AFTER_A_LINE = _state("x\n")


def _printed(event: Event, *, local: bool) -> str:
    screen = _Terminal()
    TerminalPrinter(screen, local=local)(event)
    return screen.getvalue()


@pytest.mark.parametrize("kind", sorted(KINDS))
@_each_kind
@given(data=st.data(), local=st.booleans())
def test_a_fact_printed_on_a_terminal_changes_nothing_but_what_it_shows(
    kind: str, data: st.DataObject, local: bool,  # noqa: FBT001  hypothesis passes it by name
) -> None:  # fmt: skip
    """Coloured, in local time or not: one line down, nothing else."""
    told = data.draw(facts(kind))
    line = tell(_NOON, told)
    assert is_harmless(line)
    assert render(parse(line)) == line
    printed = _printed(Event(_NOON, told, line), local=local)
    assert printed.count("\n") == 1
    assert _state(printed) == _AFTER_A_LINE


@_longer
@given(
    line=st.text(st.characters(exclude_categories=()), max_size=60) | hostile_text,
    kind=st.sampled_from(sorted(KINDS)),
    data=st.data(),
)
def test_a_line_that_no_narrator_wrote_is_printed_without_harm(line: str, kind: str, data: st.DataObject) -> None:
    """What a damaged or forged journal holds instead of a line is printed as it can be seen."""
    printed = _printed(Event(_NOON, data.draw(facts(kind)), line.replace("\n", "")), local=data.draw(st.booleans()))
    assert printed.count("\n") == 1
    assert _state(printed) == _AFTER_A_LINE


@_longer
@given(text=hostile_text)
def test_a_message_that_repeats_it_harms_no_terminal(text: str) -> None:
    """Errors repeat what files, servers and callers had in them."""
    shown = visible(f"t.csv:1: {text}; correct it")
    assert is_harmless(shown)
    assert _state(shown.replace("\n", " "))[:-1] == _state("x")[:-1]


_INPUTS: tuple[type[Struct], ...] = (Observation, Fill, Skip, Flow, Begin, End)


@pytest.mark.parametrize("kind", _INPUTS, ids=lambda kind: kind.__name__)
@_longer
@given(data=st.data())
def test_an_input_with_any_text_is_told_in_lines_of_its_own(kind: type[Struct], data: st.DataObject) -> None:
    """Every string field of every input; as events, as records, and on a terminal."""
    narrator = Narrator("ETH/BTC", "BTC", StorySettings(detail="all"))
    told = data.draw(_made(kind))
    methods: dict[type[Struct], Callable[[Any], tuple[Event, ...] | None]] = {
        Observation: narrator.take,
        Fill: narrator.take,
        Skip: narrator.take,
        Flow: narrator.take,
        Begin: narrator.take,
        End: narrator.take,
    }
    events = [*(methods[kind](told) or ()), *narrator.take(as_input(_NOON, Note(text=data.draw(storable_text))))]
    lost = AlertsLost(
        channel=data.draw(storable_text), lines=1, first=_NOON, last=_NOON, age=1, problem=data.draw(storable_text)
    )
    for event in (*events, *narrator.take(as_input(_NOON, lost))):
        assert are_of_a_story([event.line])
        assert is_harmless(event.line)
        assert from_record(event.record(), event.line, event.id, 1).facts == event.facts
        assert _state(_printed(event, local=False)) == _AFTER_A_LINE


def _made(kind: type[Struct]) -> SearchStrategy[Any]:
    """An input of that kind, with any text in each of its texts and sound values elsewhere."""
    values: dict[Any, SearchStrategy[Any]] = {
        str: storable_text, int: st.just(_NOON), float: st.floats(0.01, 10), bool: st.booleans(),
        Decimal: st.decimals("0.01", 100, places=2),
        Reason: st.builds(Reason, storable_text, st.none() | st.floats(-1, 1), st.none(), st.none(), storable_text),
    }  # fmt: skip
    symbol = storable_text.map(lambda text: f"{text.replace('/', '') or 'A'}/B")
    reading = st.builds(PositionReading, quantity=values[Decimal])
    values[dict[str, PositionReading]] = st.dictionaries(symbol, reading, max_size=2)
    chosen = {
        "side": st.sampled_from(["buy", "sell"]),
        "effect": st.sampled_from([None, "open", "add", "reduce", "close"]),
        "found": st.sampled_from([None, "away", "asked"]),
        "symbol": symbol,
    }
    fields = {}
    for name, hint in get_type_hints(kind).items():
        of = next((each for each in get_args(hint) if each is not NoneType), hint)
        may_lack = NoneType in get_args(hint)
        fields[name] = chosen.get(name, st.none() | values[of] if may_lack else values[of])
    return st.builds(kind, **fields)
