"""What a person reads: within what the service takes, without markup or mentions, most important things first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import MINUTE, instant
from livestory.outlets.alerts.message import Message, unmentioned, utf8, utf16
from livestory.outlets.alerts.outbox import QueuedLine
from livestory.story.kinds.telling import Note
from livestory.story.line import tell

NOON = instant("2024-12-03 12:00:00")


def line(n: int, text: str = "", kind: str = "trade", *, critical: bool = False) -> QueuedLine:
    """A line that was told n minutes after noon."""
    time = NOON + n * MINUTE
    told = text or f"2024-12-03 12:{n % 60:02}:00 | 🟢 BUY | +1 ETH @ 0.03 BTC | reason {n}"
    return QueuedLine(n, f"j/{n}", n, time, kind, critical, told, b"{}", time)


def message(*lines: QueuedLine, **more: Any) -> Message:
    """A message of these lines."""
    return Message(**{"id": "x", "title": "scout, ETH/BTC", "lines": lines} | more)


def test_a_line_is_its_first_three_columns_then_its_why_then_the_link() -> None:
    """And its number."""
    assert message(line(7), link="https://bot.example.org/").text(4096).split("\n") == [
        "scout, ETH/BTC",
        "2024-12-03 12:07:00 | 🟢 BUY | +1 ETH @ 0.03 BTC",
        "reason 7",
        "#7",
        "https://bot.example.org/#e7",
    ]


def test_it_says_that_it_may_have_come_before() -> None:
    """Beside the number."""
    assert message(line(7), again=True).text(4096).endswith("\n#7 (again)")


def test_the_first_column_is_in_the_owners_time() -> None:
    """With its distance from UTC."""
    assert "\n2024-12-03 13:07:00+01:00 | 🟢" in message(line(7), zone="Europe/Berlin").text(4096)


def test_similar_lines_are_one_with_their_count() -> None:
    """The last stands for all."""
    told = message(*(line(n) for n in range(12))).text(4096)
    assert told.split("\n")[1:] == [
        "12 similar lines in 11m, the last:",
        "2024-12-03 12:11:00 | 🟢 BUY | +1 ETH @ 0.03 BTC",
        "reason 11",
        "#0 to #11",
    ]


def test_what_is_critical_is_shown_whatever_else_is_not() -> None:
    """Among a storm of other kinds."""
    trip = line(3, "2024-12-03 12:03:00 | ⚡ SAFETY BREAKER | DD: -21.0% | why", "breaker", critical=True)
    storm = [line(n, kind=f"kind {n}") for n in range(4, 40)]
    told = message(line(1), trip, *storm).text(4096)
    assert "⚡ SAFETY BREAKER" in told
    assert told.count("🟢") == 7
    assert "and 30 lines more" in told


TEXTS = st.text(st.characters(codec="utf-8"), max_size=3000)


@given(texts=st.lists(TEXTS, min_size=1, max_size=12), title=st.text(max_size=40))
@pytest.mark.parametrize(("limit", "size"), [(4096, utf16), (2000, utf16), (4000, utf8), (300, len)])
def test_no_message_is_longer_than_the_service_takes(limit: int, size: Any, texts: list[str], title: str) -> None:
    """Whatever anybody wrote; the link is never cut."""
    lines = [line(n, tell(NOON, Note(text=text)), f"kind {n}") for n, text in enumerate(texts)]
    told = message(*lines, title=title, link="https://bot.example.org/").text(limit, size=size, safe=unmentioned)
    assert size(told) <= limit
    assert told.endswith(f"#e{len(texts) - 1}")


@given(text=st.text())
def test_nobody_is_mentioned(text: str) -> None:
    """No sign that begins a mention stands before a name."""
    told = unmentioned(f"@everyone {text} <!channel> <@123> @owner")
    assert not any(mention in told for mention in ("@everyone", "<!channel", "<@", "@owner"))
    assert told.replace("\u2060", "") == f"@everyone {text} <!channel> <@123> @owner".replace("\u2060", "")
