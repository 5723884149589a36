"""The simulation with the real story: what stands in the journal is what happened at the exchange."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.story.event import from_record
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.exchange import OrderClear, OrderUnknown
from livestory.story.kinds.trades import Trade
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.simulation.notebook import Notebook
from tests.simulation.run import Plan, Run, stem_of, traded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livestory.clock import Clock
    from livestory.story.event import Event
    from livestory.story.inputs import Input
    from livestory.story.kinds.base import Facts

IDENTITY = Identity(bot="sim", mode="testnet", symbol="ETH/BTC", unit="BTC")


class Written(Notebook):
    """A notebook whose owner also writes the real story, and opens it again after each death."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.clock: Clock | None = None
        self.real = SynchronousWriter(path, IDENTITY, StorySettings())

    def take(self, given: Input) -> tuple[Facts, ...] | None:
        self.real.take(given)
        return super().take(given)

    def commit(self, states: Mapping[str, bytes]) -> None:
        super().commit(states)
        self.real.commit(states)

    def after_a_death(self) -> None:
        super().after_a_death()
        self.real.close()
        self.real = SynchronousWriter(self.path, IDENTITY, StorySettings())


def events_of(path: Path) -> list[Event]:
    """What the journal holds."""
    events: list[Event] = []
    with JournalReader.open(path) as reader:
        while page := reader.events(events[-1].seq or 0 if events else 0):
            events += [from_record(kept.record, kept.line, kept.id, kept.seq) for kept in page]
    return events


def test_the_journal_tells_every_trade_of_the_exchange_once_through_deaths_and_faults(tmp_path: Path) -> None:
    """Quantity by quantity; every order that was told as unknown has its end, and no line goes back in time."""
    story = Written(tmp_path / "live_story.txt")
    run = Run(Plan(seed=11, bars=400, deaths=0.01), story)
    story.kept = lambda: None  # a death between the two commits would be the test's own
    run.play()
    run.check()
    story.real.close()
    events = events_of(tmp_path / "live_story.txt")
    told: Counter[str] = Counter()
    for event in events:
        if isinstance(event.facts, Trade):
            told[stem_of(event.facts.trade_id or "")] += event.facts.quantity  # type: ignore[assignment]
    assert told == {name: quantity for name, (quantity, _, _) in traded(run.world).items()}
    assert sum(run.deaths.values()) > 10
    assert [event.time for event in events] == sorted(event.time for event in events)
    unknown = [event.facts.order_id for event in events if isinstance(event.facts, OrderUnknown)]
    ends = {event.facts.order_id for event in events if isinstance(event.facts, OrderClear)}
    trades = {event.facts.trade_id for event in events if isinstance(event.facts, Trade)}
    assert unknown
    assert set(unknown) <= ends | trades
    assert Decimal(0) not in told.values()
