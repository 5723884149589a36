"""The vocabulary: stable names, records that come back as they went, a line of every kind that an owner can read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.clock import instant
from livestory.story.event import Event, from_record
from livestory.story.kinds import KINDS
from livestory.story.kinds.telling import Note
from livestory.story.line import parse, render, tell
from tests.story.facts import facts, storable_text
from tests.story.rich_facts import TOLD

GOLDEN = Path(__file__).parent / "golden"
NOON = instant("2024-12-03 12:00:00")


def test_the_short_names_stay_for_ever() -> None:
    """A journal of today is read by every later version: a name may be added, none removed or changed."""
    fields = [f"{kind}: {', '.join(facts.__struct_fields__)}" for kind, facts in sorted(KINDS.items())]
    assert "\n".join(fields) + "\n" == (GOLDEN / "kinds.txt").read_text(encoding="utf-8")


def test_every_kind_reads_well() -> None:
    """One rich line of every kind, as golden text."""
    assert {facts.__struct_config__.tag for _, facts in TOLD} == set(KINDS)
    lines = [tell(time, facts) for time, facts in TOLD]
    assert "\n".join(lines) + "\n" == (GOLDEN / "vocabulary.txt").read_text(encoding="utf-8")
    for line in lines:
        assert render(parse(line)) == line


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=settings().max_examples * 3 // 10)  # of each kind, which are all written by the same encoder
@given(data=st.data(), time=st.integers(0, 4 * 10**15))
def test_a_record_gives_back_the_event(kind: str, data: st.DataObject, time: int) -> None:
    """Encoded, then decoded, every kind is what it was; the same facts give the same bytes."""
    told = data.draw(facts(kind, storable_text))
    event = Event(time, told, "the line", "id-1", 7)
    record = event.record()
    assert from_record(record, "the line", "id-1", 7) == event
    assert Event(time, told, "another line", "id-2").record() == record
    assert event.kind == kind


def test_a_record_of_another_version_is_refused() -> None:
    """A newer livestory may mean something else by the same fields."""
    record = Event(NOON, Note(text="x"), "line").record().replace(b'"v":1', b'"v":2')
    with pytest.raises(msgspec.ValidationError, match="record version 2; this livestory reads version 1"):
        from_record(record, "line", "1", 1)


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"v":1,"time":1,"facts":{"kind":"no such kind"}}', b"\xff"])
def test_bytes_that_are_no_record_are_refused(damage: bytes) -> None:
    """Damage is told as such."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        from_record(damage, "line", "1", 1)
