"""A price of liquidation that is near is told once, of each symbol by itself, with its end."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import MINUTE, instant
from livestory.retell.journal_source import JournalSource
from livestory.story.inputs import Observation, PositionReading
from livestory.story.journal.writer import Identity, JournalReader
from livestory.story.kinds import is_critical
from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.retell.listening import heard

if TYPE_CHECKING:
    from pathlib import Path

START = instant("2024-12-03 15:00:00")
ETH, BTC = "ETH/USDT:USDT", "BTC/USDT:USDT"


def held(quantity: str, price: str | None, liquidation: str | None) -> PositionReading:
    """What an exchange reports of a position."""
    known = [None if amount is None else Decimal(amount) for amount in (price, liquidation)]
    return PositionReading(quantity=Decimal(quantity), price=known[0], liquidation=known[1])


def lines(*bars: dict[str, PositionReading] | None, settings: StorySettings | None = None) -> list[str]:
    """What is told of liquidations, with the number of the bar; saved and restored between any two."""
    narrator = Narrator("ETH/USDT:USDT", "USDT", settings)
    told = []
    for n, positions in enumerate(bars):
        saved, narrator = narrator.save(), narrator.blank()
        narrator.restore(saved)
        events = narrator.take(Observation(time=START + n * MINUTE, positions=positions))
        told += [f"{n}: " + each.line.split(" | ", 1)[1] for each in events if each.kind.startswith("liquidation")]
    return told


def test_it_is_told_once_and_ended_when_it_is_far_again() -> None:
    """A price that trembles at the limit is told once; the end says how near it came."""
    prices = ("1000", "905", "899", "901", "899", "880", "920", "950", "1100")
    near, over = lines(*({BTC: held("0.5", price, "810")} for price in prices))
    assert near == (
        "2: 🚨 Liquidation Near | BTC/USDT:USDT long: 9.8% away | "
        "price 899, liquidated at 810; told under 10%; holds 0.5"
    )
    assert over == ("7: 🟩 Liquidation Averted | BTC/USDT:USDT: 14.7% away | near for 5m, 7.9% away at the nearest")


def test_a_short_is_liquidated_above_its_price() -> None:
    """A position that is closed ends it; one that is gone after its price was reached is not told as averted."""
    near, beyond = {ETH: held("-2", "3900", "4000")}, {ETH: held("-2", "4100", "4000")}
    assert [line.split(" | ")[1] for line in lines(near, {})] == [
        "ETH/USDT:USDT short: 2.5% away",
        "ETH/USDT:USDT: closed",
    ]
    assert lines(near, beyond, {})[1:] == [
        "2: 🟥 Liquidation Reached | ETH/USDT:USDT: nothing is held any more | near for 2m, the price reached it"
    ]
    assert "Averted" in lines(near, beyond, {ETH: held("-2", "3000", "4000")})[1]


def test_symbols_are_told_apart() -> None:
    """Each has its own warning and its own end; a quantity of 0 is closed as well."""
    both = {ETH: held("-2", "3900", "4000"), BTC: held("1", "900", "850")}
    told = lines({ETH: both[ETH]}, both, {ETH: held("0", "3900", None), BTC: both[BTC]}, {BTC: held("1", "900", "500")})
    assert [line.partition(" | ")[2].split(" | ")[0] for line in told] == [
        "ETH/USDT:USDT short: 2.5% away",
        "BTC/USDT:USDT long: 5.5% away",
        "ETH/USDT:USDT: closed",
        "BTC/USDT:USDT: 44.4% away",
    ]


@pytest.mark.parametrize(
    "unknown",
    [None, {BTC: held("1", None, "850")}, {BTC: held("1", "900", None)}, {BTC: held("1", "900", "0")}],
)
def test_what_is_unknown_tells_nothing(unknown: dict[str, PositionReading] | None) -> None:
    """Neither a warning nor an end; a price of 0 is an exchange's way to say that there is none."""
    near = {BTC: held("1", "900", "850")}
    assert lines(unknown) == []
    assert len(lines(near, unknown, near)) == 1


def test_from_where_it_is_told_is_a_setting() -> None:
    """And the owner is woken for it."""
    reading = {BTC: held("1", "900", "850")}
    assert lines(reading, settings=StorySettings(liquidation_near=0.05)) == []
    assert is_critical("liquidation")


def test_live_is_retold(tmp_path: Path) -> None:
    """Any book with positions that come, go and are unknown is told by its journal as it was told live."""
    chance, path = random.Random(5), tmp_path / "live_story.txt"  # noqa: S311 (a story, no secret)
    with SynchronousWriter(path, Identity(bot="book", symbol=ETH, unit="USDT"), StorySettings()) as story:
        for n in range(300):
            some = chance.sample((ETH, BTC, "SOL/USDT:USDT"), chance.randrange(4))
            positions = {each: held(chance.choice(("1", "-1")), str(chance.randrange(80, 120)), "100") for each in some}
            story.take(Observation(time=START + n * MINUTE, positions=None if n % 9 == 4 else positions))
            story.commit({})
    with JournalReader.open(path) as reader:
        live = [kept.line for kept in reader.events() if "Liquidation" in kept.line]
        retold = [line for line in heard(JournalSource(reader)).lines if "Liquidation" in line]
    assert len(live) > 50
    assert retold == live
