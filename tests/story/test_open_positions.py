"""What is open, as status, the page's API and the metrics tell it: each symbol by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from click.testing import CliRunner

from livestory.cli import livestory
from livestory.clock import HOUR, instant
from livestory.outlets.metrics import StoryMetrics
from livestory.outlets.web.history import EventIndex
from livestory.story.inputs import Fill, Observation, PositionReading
from livestory.story.journal.writer import Identity, JournalReader
from livestory.story.settings import StorySettings
from livestory.story.snapshot import OpenPosition, Snapshot
from livestory.story.writing.synchronous import SynchronousWriter

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.inputs import Input

START = instant("2024-12-03 15:00:00")
ETH, BTC = "ETH/USDT:USDT", "BTC/USDC:USDC"


def held(quantity: str) -> PositionReading:
    """A position in ether."""
    return PositionReading(
        quantity=Decimal(quantity), price=Decimal(3810), entry=Decimal("3650.5"), unrealised=Decimal("-398.75")
    )


def seen(hours: int, positions: dict[str, PositionReading] | None) -> Observation:
    """An observation so many hours after the start."""
    return Observation(time=START + hours * HOUR, halted=False, positions=positions)


def written(folder: Path, *given: Input) -> Path:
    """The story of a bot that gives these inputs."""
    path = folder / "live_story.txt"
    with SynchronousWriter(path, Identity(bot="book", symbol=ETH, unit="USDT"), StorySettings()) as story:
        for one in given:
            story.take(one)
        story.commit({})
    return path


def positions(path: Path) -> tuple[OpenPosition, ...] | None:
    """Those of the story's snapshot."""
    with JournalReader.open(path) as reader:
        return Snapshot.read(reader).positions


def test_since_when_it_is_open(tmp_path: Path) -> None:
    """Adding to it changes nothing; a turn begins anew; what was there from the first report on has no known start."""
    path = written(
        tmp_path,
        seen(0, {BTC: held("1")}),
        seen(1, {BTC: held("1"), ETH: held("2")}),
        seen(2, {BTC: held("2"), ETH: held("-2")}),
        seen(3, {BTC: held("2"), ETH: held("-2.5")}),
        seen(4, None),
    )
    found = {each.symbol: each.since for each in positions(path) or ()}
    assert found == {BTC: None, ETH: START + 2 * HOUR}


def test_none_is_open_or_none_is_known(tmp_path: Path) -> None:
    """A bot that reports no positions is not one that holds none."""
    assert positions(written(tmp_path, seen(0, None))) is None
    assert positions(written(tmp_path, seen(1, {ETH: held("0")}))) == ()
    assert "open       no position" in status(tmp_path)


def test_a_bot_that_reports_fills_alone_holds_what_they_leave(tmp_path: Path) -> None:
    """Of several symbols; a story of one has its own figures for that."""
    bought = Fill(time=START, side="buy", quantity=Decimal(2), price=Decimal(9), symbol=ETH)
    assert positions(written(tmp_path, bought)) is None
    other = Fill(time=START + HOUR, side="buy", quantity=Decimal(1), price=Decimal(9), symbol=BTC)
    found = {each.symbol: (each.quantity, each.entry, each.since) for each in positions(written(tmp_path, other)) or ()}
    nine = Decimal(9)
    assert found == {ETH: (Decimal(2), nine, START), BTC: (Decimal(1), nine, START + HOUR)}


def status(folder: Path) -> str:
    """What the command says."""
    return CliRunner().invoke(livestory, ["status", "--dir", str(folder)]).output


def test_status_and_metrics_tell_each_symbol(tmp_path: Path) -> None:
    """In its own figures; what is unknown is left out."""
    bare = PositionReading(quantity=Decimal("0.5"))
    path = written(tmp_path, seen(0, {}), seen(1, {ETH: held("-2.50"), BTC: bare}))
    told = status(tmp_path).splitlines()
    assert [line.removeprefix("open       ") for line in told if line.startswith("open ")] == [
        "BTC/USDC:USDC long 0.5, since 16:00 UTC",
        "ETH/USDT:USDT short 2.5 at 3650.5, price 3810, result -398.75 USDT, since 16:00 UTC",
    ]
    metrics = StoryMetrics(str(path))
    samples = {
        (sample.name, sample.labels["symbol"], sample.labels.get("asset")): sample.value
        for family in metrics.collect()
        for sample in family.samples
        if family.name.startswith("livestory_open_position")
    }
    metrics.close()
    assert samples == {
        ("livestory_open_position", ETH, None): -2.5,
        ("livestory_open_position", BTC, None): 0.5,
        ("livestory_open_position_result", ETH, "USDT"): -398.75,
    }


def test_a_price_chart_marks_its_own_symbols_trades(tmp_path: Path) -> None:
    """The chart of wealth marks all of them."""
    trades = [
        Fill(time=START + n * HOUR, side="buy", quantity=Decimal(1), price=Decimal(9), symbol=symbol, trade_id=str(n))
        for n, symbol in enumerate((ETH, BTC, ETH, None))
    ]
    index = EventIndex()
    with JournalReader.open(written(tmp_path, *trades)) as reader:
        index.add(reader.events())
    assert len(index.marks(START, START + 9 * HOUR, 10)) == 4
    assert [mark.time for mark in index.marks(START, START + 9 * HOUR, 10, ETH)] == [
        START + n * HOUR for n in (0, 2, 3)
    ]
