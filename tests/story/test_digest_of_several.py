"""Several bots in one paragraph: which way each went, what they have together, and who needs the owner."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from livestory.clock import DAY
from livestory.story.digest.period import DatedFacts, Period, Span, ToldHalt
from livestory.story.digest.several import BotPeriod, digest, read
from livestory.story.digest.source import last_between
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.writer import Journal
from livestory.story.kinds.retold import Summary
from livestory.story.kinds.risk import Halted
from livestory.story.results import CurrencyResult
from livestory.story.story_writer import StoryWriter

if TYPE_CHECKING:
    from pathlib import Path

SPAN = Span("week", 20_060 * DAY - DAY, 20_060 * DAY + 6 * DAY)


def a_bot(name: str, change: float | None, mode: str | None = "paper", **more: Any) -> BotPeriod:
    """A bot of that week; without a change nothing was heard of it."""
    wealth = None if change is None else 1 + change
    period = Period(SPAN, "ETH/BTC", "BTC", change=change, wealth=wealth, **more)
    return BotPeriod(name, mode, period, change is not None)


def test_a_fleet_is_one_paragraph() -> None:
    """Money of one mode is not added to another's; nothing is said of what nobody knows."""
    halt = ToldHalt("owner", began=DatedFacts(SPAN.start + DAY, Halted(reason="owner")))
    told = digest(
        SPAN,
        [a_bot("scout", 0.04), a_bot("grid", -0.209, halts=[halt]), a_bot("mill", 0.0, "live"), a_bot("mute", None)],
        ["broken"],
        ["new"],
    ).text()
    assert told == (
        "Week 49 (2 to 8 Dec): 4 bots, 1 up, 1 down, 1 unchanged, 1 without a figure. Together they have 1.8310 BTC "
        "(2 bots, paper) and 1.0000 BTC (1 bot, live). Best was scout, up 4.0% to 1.0400 BTC; worst grid, down "
        "20.9% to 0.7910 BTC. Halted at its end: grid. Nothing failed. Nothing was heard of mute. "
        "No line was told yet by new. No story can be read of broken. "
        "Of you is asked: grid: it goes on with livestory resume."
    )


def test_of_a_hundred_only_some_are_named() -> None:
    """And the rest counted; bots that all did the same have no best one."""
    told = digest(SPAN, [a_bot(f"bot-{n}", None) for n in range(100)]).text()
    assert "Nothing was heard of bot-0, bot-1, bot-2, bot-3, bot-4 and 95 more." in told
    assert "Best" not in digest(SPAN, [a_bot("a", 0.1), a_bot("b", 0.1)]).text()
    assert "Best" not in digest(SPAN, [a_bot("a", 0.1)]).text()


def test_what_closing_earned_is_added_up_by_currency_and_mode() -> None:
    """Never across them."""

    def closed(asset: str, amount: str) -> Summary:
        result = CurrencyResult(asset=asset, realised=Decimal(amount), closed=2, won=1, lost=1)
        return Summary(start=SPAN.start, end=SPAN.end, results=(result,))

    told = digest(
        SPAN,
        [
            a_bot("a", None, whole=closed("USDT", "10.5")),
            a_bot("b", None, whole=closed("USDT", "-0.5")),
            a_bot("c", None, whole=closed("BTC", "0.1")),
            a_bot("d", None, "live", whole=closed("USDT", "3")),
        ],
    ).text()
    assert "Closing 4 trades earned +10.00 USDT and 2 trades earned +0.1000 BTC (paper)." in told
    assert "Closing 2 trades earned +3.00 USDT (live)." in told


def test_a_name_can_forge_nothing() -> None:
    """It is anybody's text."""
    told = digest(SPAN, [a_bot("x\nWeek 50: | all is well", None)]).text()
    assert "\n" not in told


def test_who_has_told_nothing_is_not_unreadable(tmp_path: Path) -> None:
    """A journal that was only opened, one with a line, and one that is no journal."""
    paths = {name: tmp_path / f"{name}.db" for name in ("new", "told", "broken")}
    Journal.open(paths["new"], Identity(bot="new")).close()
    with StoryWriter(paths["told"].with_suffix(".txt")) as writer:
        writer.note("a line")
    paths["broken"].write_bytes(b"no journal")
    _, told = read(
        {name: partial(JournalReader.open, path) for name, path in paths.items()}, partial(last_between, "week")
    )
    assert "No line was told yet by new. No story can be read of broken." in told.text()
