"""One event, one line: whatever anybody's text contains, and back again."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from livestory.clock import instant
from livestory.story.event import Event
from livestory.story.inputs import Statement
from livestory.story.kinds import KINDS
from livestory.story.kinds.followed import EntriesLocked, LockOver
from livestory.story.kinds.lifecycle import Rules, Stopped
from livestory.story.kinds.risk import Halted
from livestory.story.kinds.telling import Note
from livestory.story.line import parse, render, tell
from livestory.story.narrator import Narrator
from livestory.story.wording import numbers
from livestory.story.wording.text import escape, unescape
from tests.story.facts import HOSTILE, facts, hostile_text

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

NOON = instant("2024-12-03 12:00:00")
_INSTANTS = st.integers(0, 4 * 10**15)  # 1970 to 2096
_SHOWN = frozenset("\u200c\u200d")  # the joiners of scripts and emoji


def _as_seen(line: str) -> tuple[object, ...]:
    """What a terminal is like after the line: everything but what it shows."""
    screen = pyte.Screen(columns=5_000, lines=2)
    stream = pyte.Stream(screen)
    stream.feed(line)
    cursor = screen.cursor
    return (
        frozenset(screen.mode), screen.charset, screen.g0_charset, screen.g1_charset, screen.title, screen.icon_name,
        screen.margins, len(screen.tabstops), len(screen.savepoints), cursor.attrs, cursor.hidden, cursor.y,
    )  # fmt: skip


_UNTOUCHED = _as_seen("x")


def _harmless(line: str) -> bool:
    return (
        len(line.splitlines()) == 1
        and all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or c in _SHOWN for c in line)
        and line.count(" | ") in {2, 3}
        and _as_seen(line) == _UNTOUCHED
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=settings().max_examples * 3 // 10)  # of each kind, which have their words in common
@given(data=st.data(), time=_INSTANTS)
def test_an_event_of_any_kind_is_one_line_that_can_be_read_back(kind: str, data: st.DataObject, time: int) -> None:
    """No text in any field forges, hides or splits it, or changes the terminal; render(parse(line)) is the line."""
    told = data.draw(facts(kind))
    line = tell(time, told)
    assert _harmless(line)
    read = parse(line)
    assert render(read) == line
    assert read.kind == kind
    assert read.time == time // 1_000_000 * 1_000_000
    for name, value in read.facts.items():
        assert _agree(name, value, told), name


def _agree(name: str, read: Any, told: Facts) -> bool:
    """Whether a fact read back is the fact that was told, at printed precision."""
    if not hasattr(told, name):  # a computed one, such as the list of what is lacking
        return True
    fact = getattr(told, name)
    if isinstance(fact, str):
        return bool(read == (fact or "-"))
    if isinstance(fact, int) or not isinstance(read, Decimal):
        return True
    digits = numbers.decimals(getattr(told, "unit", None)) if name in {"wealth", "amount", "difference"} else 3
    step = Decimal("0.051") if name == "score" else Decimal(10) ** -digits * Decimal("0.501")
    return abs(read - Decimal(fact)) <= step + abs(Decimal(fact)) * Decimal("1e-9")


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (Rules(breaker=0.2), {"breaker": Decimal("0.2")}),
        (Rules(breaker=0), {}),
        (Rules(), {}),
        (EntriesLocked(), {}),
        (LockOver(), {}),
        (Halted(), {}),
    ],
    ids=["breaker", "no breaker", "breaker not told", "all pairs locked", "all pairs free", "no reason"],
)
def test_words_of_our_own_are_not_read_as_somebodys_text(told: Facts, read: dict[str, Decimal]) -> None:
    """Where a kind has words that take any text, those that say something exactly are read first."""
    assert parse(tell(NOON, told)).facts == read


@given(hostile_text)
def test_escaped_text_can_be_read_back_and_moves_nothing(text: str) -> None:
    """Escapes are reversible, and what they leave is shown as it stands."""
    escaped = escape(text)
    assert unescape(escaped) == text
    assert _as_seen(escaped) == _UNTOUCHED
    assert " | " not in escaped


@pytest.mark.parametrize("text", HOSTILE)
def test_a_forged_line_stays_inside_the_note_that_carries_it(text: str) -> None:
    """A note that spells a whole line of the story is still a note."""
    line = tell(NOON, Note(topic=text, text=text))
    assert parse(line).kind == "note"
    assert parse(line).facts == {"topic": text, "text": text}


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_what_is_no_line_of_a_story_is_said_to_be_none(text: str) -> None:
    """Parsing anything at all gives what can be rendered again, or a ValueError."""
    try:
        read = parse(text)
    except ValueError:
        return
    assert render(read) == text


@pytest.mark.parametrize(
    "line",
    [
        "",
        "2024-12-03 16:00:00",
        "2024-12-03T16:00:00 | 🚀 NEW ATH | 1.0567 BTC",
        "2024-12-03 | 🚀 NEW ATH | 1.0567 BTC",
        "2024-12-03 16:00:00 | 🚀 NEW ATH | 1.05670 BTC",
        "2024-12-03 16:00:00 | 🚀 NEW ATH | nan BTC",
        "2024-12-03 16:00:00 | 🚀 NEW ATH | 1.0567 BTC\n",
        "2024-12-03 16:00:00 | NEW ATH | 1.0567 BTC",
        "2024-12-03 16:00:00 | 🚀 NEW ATH | 1.0567 BTC | ",
    ],
)
def test_a_line_that_the_story_would_not_write_is_refused(line: str) -> None:
    """Another date format, another number of digits, an empty why: not ours."""
    with pytest.raises(ValueError, match=r"not a line of a story|Invalid isoformat|not a timestamp"):
        parse(line)


def test_an_event_renders_as_its_line() -> None:
    """Render writes an event and a line read back alike."""
    event = Event(NOON, Stopped(by="you"), tell(NOON, Stopped(by="you")))
    assert render(event) == event.line == "2024-12-03 12:00:00 | 💤 Bot Stopped | by you"
    assert parse(event.line).facts == {"by": "you"}


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (-0.212, "-21.2%"), (0.0075, "+0.75%"), (-0.0375, "-3.8%"), (0.0, "0.0%"), (-0.00001, "0.0%"),
        (0.01, "+1.0%"), (-0.01, "-1.0%"), (0.009999, "+1.0%"), (-0.009999, "-1.0%"), (12.5, "+1250.0%"),
    ],
)  # fmt: skip
def test_percentages_are_signed_with_one_decimal_and_two_under_one(share: float, text: str) -> None:
    """As the design asks."""
    assert numbers.percent(share) == text


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0s"), (59_999_999, "59s"), (60_000_000, "1m"), (3_600_000_000, "1h"), (86_400_000_000, "1d"),
     (226_500_000_000, "2d 14h 55m"), (86_460_000_000, "1d 1m")],
)  # fmt: skip
def test_durations_are_days_hours_and_minutes(micros: int, text: str) -> None:
    """Seconds only below a minute."""
    assert numbers.duration(micros) == text


def test_a_moment_carries_its_date_when_it_is_further_than_a_day() -> None:
    """A bare time is today's, a weekday yesterday's or tomorrow's, a date anything else's."""
    moments = ["2024-12-03 20:00", "2024-12-04 02:30", "2024-12-02 23:00", "2024-12-08 02:30", "2025-01-02 00:00"]
    told = [numbers.moment(instant(moment), NOON) for moment in moments]
    assert told == ["20:00", "Wed 02:30", "Mon 23:00", "Sun 8 Dec 02:30", "2025-01-02 00:00"]


def test_a_line_that_nobody_has_read_is_the_one_that_is_kept() -> None:
    """It is made when it is asked for, of the same facts."""
    (event,) = Narrator("ETH/BTC", "BTC").take(Statement(NOON, (Note(text="x"),)))
    assert isinstance(event, Event)
    assert event.line == tell(NOON, event.facts) == render(event)
    assert replace(event, seq=7).line == event.line
