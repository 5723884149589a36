"""What the tests hear of a retold story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.retell.explain_story import RetellingSettings, explain
from livestory.retell.table_source import TableSource
from livestory.tables import tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livestory.retell.explain_story import InputSource
    from livestory.story.account import Account
    from livestory.story.event import Event
    from livestory.story.kinds.base import Facts


class Heard:
    """A listener that remembers."""

    wants_observations = False

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.head: Event | None = None
        self.summary: Event | None = None

    def begin(self) -> None:
        """Start over."""
        self.events = []

    def on_observation(self, account: Account, time: int) -> None:
        """Not asked for."""

    def on_event(self, event: Event) -> None:
        """Remember it."""
        self.events.append(event)

    def end(self, head: Event, summary: Event) -> None:
        """Remember both."""
        self.head, self.summary = head, summary

    @property
    def lines(self) -> list[str]:
        """The lines between head and summary."""
        return [event.line for event in self.events]

    def kinds(self, *kinds: str) -> list[str]:
        """The lines of these kinds."""
        return [event.line for event in self.events if event.kind in kinds]

    def facts(self, kind: str) -> list[Facts]:
        """The facts of a kind."""
        return [event.facts for event in self.events if event.kind == kind]


def heard(source: InputSource, retelling: RetellingSettings | None = None) -> Heard:
    """What is told of a source."""
    listener = Heard()
    explain(source, retelling or RetellingSettings(), [listener])
    return listener


def told_of(file: Path, retelling: RetellingSettings | None = None, columns: Mapping[str, str] | None = None) -> Heard:
    """What is told of a table."""
    return heard(TableSource(file.name, tables(file), columns or {}, 25.0), retelling)


def told_of_text(folder: Path, text: str, retelling: RetellingSettings | None = None) -> Heard:
    """What is told of a CSV."""
    file = folder / "table.csv"
    file.write_text(text, encoding="utf-8")
    return told_of(file, retelling)
