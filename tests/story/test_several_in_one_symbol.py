"""Several positions in one symbol, those that were there before the story, and books of very many symbols."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory import Observation, PositionReading, StoryWriter
from livestory.clock import HOUR
from livestory.retell.explain_story import RetellingSettings
from livestory.retell.journal_source import JournalSource
from livestory.story import arguments
from livestory.story.inputs import Fill
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.chapters import Chapter
from livestory.story.narrator import Narrator
from livestory.story.open_positions import open_positions
from tests.retell.listening import heard
from tests.story.inputs import START

if TYPE_CHECKING:
    from pathlib import Path

BTC, HELD = "BTC/USDT:USDT", "held 3h; no BTC left"


def fill(hour: int, side: str, quantity: str, price: str, symbol: str = BTC, **fields: Any) -> Fill:
    """So many hours after the start."""
    return Fill(
        time=START + hour * HOUR, side=side, quantity=Decimal(quantity), price=Decimal(price), symbol=symbol, **fields
    )


def whys(narrator: Narrator, *fills: Fill) -> list[str]:
    """The fourth columns of what is told, saved and restored between any two."""
    told = []
    for each in fills:
        saved, narrator = narrator.save(), narrator.blank()
        narrator.restore(saved)
        told += [event.line.split(" | ")[3] for event in narrator.take(each) if event.kind == "trade"]
    return told


def test_both_sides_of_a_hedge_are_told_each_for_itself(tmp_path: Path) -> None:
    """What adds to one side names its size and entry alone; each side's closing tells its own round trip."""
    with StoryWriter(tmp_path / "story.txt", symbol=None, unit="USDT") as story:
        for hour, (side, quantity, price, effect) in enumerate(
            [("long", 1, 60000, "open"), ("short", 1, 61000, "open"), ("short", 1, 63000, "add"),
             ("long", 1, 62000, "close"), ("short", 2, 60000, "close")]
        ):  # fmt: skip
            story.fill(side, quantity, price, effect=effect, position=side, symbol=BTC, fee=0,
                       timestamp=(START + hour * HOUR) / 1e6)  # fmt: skip
    lines = [line.split(" | ")[3] for line in (tmp_path / "story.txt").read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if "BTC" in line] == [
        "opens a long of BTC/USDT:USDT",
        "opens a short of BTC/USDT:USDT",
        "adds to the short of BTC/USDT:USDT: 2 BTC at 62,000 on average",
        f"closes the long of {BTC}; result +3.3% after fees (+2000.00 USDT); entry 60,000, exit 62,000, {HELD}",
        f"closes the short of {BTC}; result +3.2% after fees (+4000.00 USDT); entry 62,000, exit 60,000, {HELD}",
    ]
    with JournalReader.open(tmp_path / "story.txt") as reader:
        retold = heard(JournalSource(reader), RetellingSettings(symbol=None, unit=None))
    assert [line for line in retold.lines if BTC in line] == [
        line for line in (tmp_path / "story.txt").read_text(encoding="utf-8").splitlines() if BTC in line
    ]


def test_what_closes_a_side_of_a_hedge_that_nobody_told_of_opens_none_of_the_other() -> None:
    """The bot held it before its story; nor is one turned by what closes more than is known."""
    narrator = Narrator(None, None)
    told = whys(
        narrator,
        fill(0, "sell", "1", "60000", position="long"),
        fill(1, "buy", "1", "60000", position="long"),
        fill(2, "sell", "2", "61000", position="long"),
        fill(3, "buy", "1", "60000", position="short"),
    )
    assert told == [
        f"reduces the long of {BTC}; its cost is not known",
        f"opens a long of {BTC}",
        f"reduces the long of {BTC}; its cost is not known",
        f"reduces the short of {BTC}; its cost is not known",
    ]


@pytest.mark.parametrize(
    ("held", "fills", "expected"),
    [
        ("-2", [("buy", "1")] * 2, ["reduces the short of {}; 1 BTC left", "closes the short of {}; no BTC left"]),
        ("2", [("sell", "3")], ["closes the long of {}; opens a short of 1 BTC"]),
        ("2", [("buy", "1"), ("sell", "3")], ["adds to the long of {}", "closes the long of {}; no BTC left"]),
    ],
)  # fmt: skip
def test_what_is_found_without_its_entry_is_no_new_position(
    held: str, fills: list[tuple[str, str]], expected: list[str]
) -> None:
    """Its quantity is known and its cost is not: no result is worked out, and none of the rest is told as opened."""
    narrator = Narrator(None, "USDT")
    narrator.take(Observation(time=START, wealth=1000.0, positions={BTC: PositionReading(quantity=Decimal(held))}))
    told = whys(narrator, *(fill(number, side, size, "60000") for number, (side, size) in enumerate(fills, 1)))
    assert told == [each.format(BTC) for each in expected]


def test_both_sides_of_a_hedge_are_read_as_what_they_come_to() -> None:
    """A list of an exchange's records has one for each side; none of them is lost, and no entry is invented."""
    sides = [
        {"symbol": BTC, "contracts": 1.0, "contractSize": 1.0, "side": side, "entryPrice": entry, "markPrice": 61000.0,
         "unrealizedPnl": result, "liquidationPrice": liquidation, "leverage": 5.0}
        for side, entry, result, liquidation in (("long", 60000.0, 1000.0, 50000.0), ("short", 61500.0, 500.0, 70000.0))
    ]  # fmt: skip
    sides[0]["contracts"] = 3.0
    read = arguments.positions(sides)[BTC]
    assert read.entry is None
    assert [read.quantity, read.unrealised, read.liquidation] == [Decimal(2), Decimal(1500), Decimal(50000)]
    assert arguments.positions(sides[::-1])[BTC] == read


def test_a_chapter_of_very_many_assets_names_the_first_and_counts_the_rest() -> None:
    """Fees in twenty coins and results in twenty currencies make no line that nobody reads to its end."""
    narrator = Narrator(None, None)
    for which in range(20):
        symbol, fees = f"X/Q{which:02}", {"fee": Decimal(1), "fee_asset": f"F{which:02}"}
        narrator.take(fill(0, "buy", "1", "10", symbol, **fees))
        narrator.take(fill(1, "sell", "1", "12", symbol, **fees))
    (chapter,) = [event for event in narrator.take(Observation(time=START + 30 * HOUR)) if event.kind == "chapter"]
    assert isinstance(chapter.facts, Chapter)
    assert len(chapter.facts.results) == 20
    assert "fees 2.0000 F00 and 2.0000 F01" in chapter.line
    assert "F05 and 14 more assets" in chapter.line
    assert "results in 16 more currencies" in chapter.line
    assert "Q03" in chapter.line
    assert "Q04" not in chapter.line


def test_a_day_of_fills_alone_begins_with_the_first() -> None:
    """The first observation of a bot that tells no wealth does not begin it: its buys are of the whole day."""
    narrator = Narrator(None, None)
    narrator.take(fill(0, "buy", "1", "10"))
    narrator.take(Observation(time=START + HOUR))
    (chapter,) = [event for event in narrator.take(Observation(time=START + 30 * HOUR)) if event.kind == "chapter"]
    assert "from 01:00" not in chapter.line
    assert "1 buy" in chapter.line
    assert [each.symbol for each in open_positions(narrator.account)] == [BTC]
