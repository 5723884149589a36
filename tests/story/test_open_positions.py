"""What is open, as status, the page's API and the metrics tell it: each symbol by itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from livestory import StoryWriter
from livestory.cli import livestory
from livestory.clock import HOUR, instant
from livestory.outlets.metrics import StoryMetrics
from livestory.outlets.web.history import EventIndex
from livestory.story.inputs import Fill, Observation, PositionReading
from livestory.story.journal.writer import Identity, JournalReader
from livestory.story.results import OpenPosition as Told
from livestory.story.settings import StorySettings
from livestory.story.snapshot import OpenPosition, Snapshot
from livestory.story.wording.performance import open_positions
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


def test_what_was_opened_since_the_last_report_is_open(tmp_path: Path) -> None:
    """The next report has it, too; until then its fill says so."""
    bought = Fill(time=START + HOUR, side="buy", quantity=Decimal(1), price=Decimal(9), symbol=BTC)
    path = written(tmp_path, seen(0, {ETH: held("2")}), bought)
    found = {each.symbol: (each.quantity, each.since) for each in positions(path) or ()}
    assert found == {ETH: (Decimal(2), None), BTC: (Decimal(1), START + HOUR)}
    assert "open       BTC/USDC:USDC long 1 at 9, since 16:00 UTC" in status(tmp_path)


def test_a_reading_takes_plain_numbers() -> None:
    """As a bot has them at hand; a float counts twelve digits."""
    reading = PositionReading(quantity=-0.1, price=3)  # type: ignore[arg-type]  # what a bot may hand in
    assert (reading.quantity, reading.price) == (Decimal("-0.1"), Decimal(3))
    with pytest.raises(ValueError, match="quantity NaN: expected a finite number"):
        PositionReading(quantity=float("nan"))  # type: ignore[arg-type]


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


def test_both_sides_of_a_hedge_are_open_and_dust_is_not(tmp_path: Path) -> None:
    """Each on a line of its own, in the digest too; a metric, which has one sample a symbol, says what they come to."""
    path = tmp_path / "live_story.txt"
    with StoryWriter(path, symbol=None, unit="USDT", strict=True, max_wait=30.0) as story:
        story.started(wealth=1000, mode="live", timestamp=START)
        story.fill("long", 1, 100, effect="open", position="LONG", symbol=ETH, timestamp=START)
        story.fill("short", 3, 100, effect="open", position="SHORT", symbol=ETH, timestamp=START)
        story.fill("buy", 1, 100, symbol="SOL/USDT", timestamp=START)
        story.fill("sell", "0.9995", 100, symbol="SOL/USDT", timestamp=START)
    told = status(tmp_path)
    assert "bot        name not known, several pairs, live" in told.splitlines()
    assert [line.removeprefix("open       ") for line in told.splitlines() if "open " in line] == [
        "ETH/USDT:USDT long 1 at 100, since 15:00 UTC",
        "ETH/USDT:USDT short 3 at 100, since 15:00 UTC",
    ]
    metrics = StoryMetrics(str(path))
    held = [each for family in metrics.collect() for each in family.samples if each.name == "livestory_open_position"]
    metrics.close()
    assert [(each.labels["symbol"], each.value) for each in held] == [(ETH, -2.0)]


def test_of_many_positions_those_are_named_that_matter_most() -> None:
    """By their results, where all are known and in one currency, with what all come to; else as they come."""
    results = {"A": "1", "B": "-20", "C": "5", "D": "0.5", "E": "3", "F": "-4"}
    many = [Told(symbol=f"{name}/USDT", quantity=Decimal(1), result=Decimal(result), asset="USDT")
            for name, result in results.items()]  # fmt: skip
    assert open_positions(many) == (
        "open: 1 B (-20.00 USDT), 1 C (+5.00 USDT), 1 F (-4.00 USDT), 1 E (+3.00 USDT) and 2 more, "
        "all 6 together -14.50 USDT"
    )
    other = Told(symbol="G/BTC", quantity=Decimal(1), result=Decimal(1), asset="BTC")
    unknown = Told(symbol="G/USDT", quantity=Decimal(1))
    for mixed in ([*many, other], [*many, unknown]):
        assert open_positions(mixed).endswith("1 D (+0.50 USDT) and 3 more")


def test_a_price_chart_marks_its_own_symbols_trades(tmp_path: Path) -> None:
    """The chart of wealth marks all of them."""
    trades = [
        Fill(time=START + n * HOUR, side="buy", quantity=Decimal(1), price=Decimal(9), symbol=symbol, trade_id=str(n))
        for n, symbol in enumerate((ETH, BTC, ETH, None))
    ]
    index = EventIndex()
    with JournalReader.open(written(tmp_path, *trades)) as reader:
        index.add(reader.events())
    assert len(index.marks(START, START + 9 * HOUR)) == 4
    assert [mark.time for mark in index.marks(START, START + 9 * HOUR, ETH)] == [START + n * HOUR for n in (0, 2, 3)]
