"""A story whose symbol or unit nobody has told: every line of it stands, and none names an asset or invents one."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from livestory import Observation, StoryWriter
from livestory.clock import DAY, HOUR, ManualClock
from livestory.story.inputs import Begin, End, Flow, RecordCheck, Skip, Statement
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds import KINDS
from livestory.story.kinds.base import Facts
from livestory.story.kinds.lifecycle import Rules
from livestory.story.line import parse, render, tell
from livestory.story.narrator import Narrator
from livestory.story.positions import RoundTrip
from livestory.story.reason import Reason
from livestory.story.writing.options import Options
from tests.story.inputs import QUARTER, START, fill, told
from tests.story.rich_facts import TOLD

if TYPE_CHECKING:
    from pathlib import Path

_ASSET = re.compile(r"\b(?:ETH|BTC|SOL|USDT|None)\b")
_UNKNOWN = {"symbol", "pair", "base", "quote", "unit", "asset", "gain_asset"}


def unknown(facts: Any) -> Any:
    """The facts without what names an asset."""
    changed: dict[str, Any] = dict.fromkeys(_UNKNOWN & set(facts.__struct_fields__))
    for name in facts.__struct_fields__:
        value = getattr(facts, name)
        if isinstance(value, Facts | RoundTrip):
            changed[name] = unknown(value)
        elif name in {"funding", "fees_left_out", "fees_by_asset", "results", "open"}:
            changed[name] = type(value)()
        elif isinstance(value, str) and name in {"reading", "source"}:
            changed[name] = value.partition(" ")[0]
    return replace(facts, **changed)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"liquidation", "liquidation_over"}))
def test_a_line_of_any_kind_names_no_asset_that_is_not_known(kind: str) -> None:
    """It is a line all the same, and can be read back."""
    lines = [tell(time, unknown(facts)) for time, facts in TOLD if isinstance(facts, KINDS[kind])]
    assert lines
    for line in lines:
        assert not _ASSET.search(line), line
        assert "  " not in line
        assert " ," not in line
        assert render(parse(line)) == line


def a_life() -> list[Any]:
    """All that a bot without a symbol can hand in, with a trip, a resume and a record."""
    seen: dict[str, Any] = {"price": 0.05, "position": 9.0, "weight": 0.5, "target_weight": 0.6, "halted": False}
    low = {"halted": True, "resume_at": START + DAY, "resume_score": 30.0}
    sold = {"position": 0.0, "weight": 0.0, "target_weight": 0.0}
    observed: list[dict[str, Any]] = [
        {"wealth": 880.0},
        {"wealth": 900.0},
        {"wealth": 0.0},
        {"wealth": 901.0, "flow": 1.0},
        {"wealth": 790.0},
        {"wealth": 780.0, "daily_loss_hit": True, "day_return": -0.1},
        {"wealth": 700.0, "halt_reason": "breaker", **low},
        {"wealth": 700.0, "halt_reason": "breaker", **sold, **low},
        {"wealth": 700.0, **sold, "halted": False},
        {"wealth": 700.0, "halt_reason": "owner", "halted": True},
    ]
    seeing = [Observation(time=START + n * QUARTER, **{**seen, **each}) for n, each in enumerate(observed)]
    return [
        Begin(time=START, wealth=880.0, position=9.0, cash=1.0, price=0.05, missed_bars=0),
        Statement(START, (Rules(breaker=0.2, max_weight=0.9),)),
        *seeing[:2],
        RecordCheck(START + QUARTER, 990.0, 880.0),
        fill("buy", 9, "0.05", time=START + QUARTER, wanted=Decimal(10)),
        *seeing[2:],
        fill("sell", 4, "0.06", time=START + 9 * QUARTER),
        fill("sell", 5, "0.06", time=START + 9 * QUARTER, wealth_after=700.0, reason=Reason("breaker")),
        Skip(time=START + 9 * QUARTER, side="buy", quantity=Decimal(1), reason=Reason("spread", 0.0042, 0.003)),
        Flow(time=START + 9 * QUARTER, amount=10.0),
        *(Observation(time=START + DAY + n * HOUR, wealth=710.0, **seen) for n in range(24)),
        End(time=START + 3 * DAY, by="you", wealth=710.0, position=9.0),
        Begin(time=START + 4 * DAY, wealth=710.0, missed_bars=0),
    ]


def test_a_bot_of_unknown_symbol_and_unit_is_told_without_one() -> None:
    """Whatever it hands in: amounts stand alone."""
    narrator = Narrator(None, None)
    events = told(narrator, a_life())
    kinds = {event.kind for event in events}
    assert kinds >= {"started", "trade", "ath", "breaker", "phoenix", "chapter", "quiet", "flow", "stopped", "resumed"}
    for event in events:
        assert not _ASSET.search(event.line), event.line
        assert render(parse(event.line)) == event.line
    lines = [event.line.split(" | ", 1)[1] for event in events]
    assert lines[0].startswith("🚀 Bot Started | Initial Wealth: 880.0000 | first start")
    assert "🟢 BUY | +9 @ 0.05 | 9 of 10 filled, the rest given up" in lines
    assert any(line.startswith("🔴 SELL | -4 @ 0.06") and line.endswith("5 left") for line in lines)


def test_what_is_known_later_is_told_from_then_on() -> None:
    """A saved story takes the symbol and the unit that its writer learns."""
    before = Narrator(None, None)
    told(before, a_life()[:3])
    after = Narrator("ETH/USDT", "USDT")
    after.restore(before.save())
    (deposit,) = after.take(Flow(time=START + HOUR, amount=10.0))
    assert "+10.00 USDT" in deposit.line


def test_a_story_writer_without_a_symbol_invents_none(tmp_path: Path) -> None:
    """Neither in lines, nor in whose story the journal says that it is; a fill names its own."""
    path = tmp_path / "live_story.txt"
    with StoryWriter(path, symbol=None, clock=ManualClock(START)) as story:
        story.log_event(START, "START", "880")
        story.log_event(START, "TRADE", "BUY 0.25 @ 0.0329")
        story.log_event(START, "TRADE", "SELL 1 SOL @ 150 USDT")
        story.log_event(START, "TRADE", "BUY 0.25 ETH @ 0.0329")
        story.fill("buy", 2, "0.05")
        story.fill("buy", 2, "150", symbol="SOL/USDT")
    with JournalReader.open(path) as reader:
        assert (reader.identity.symbol, reader.identity.unit) == (None, None)
    assert [line.split(" | ")[2] for line in path.read_text().splitlines()] == [
        *("Initial Wealth: 880.0000", "+0.25 @ 0.0329", "-1 SOL @ 150 USDT", "+0.25 ETH @ 0.0329"),
        *("+2 @ 0.05", "+2 SOL @ 150 USDT"),
    ]


def test_a_unit_alone_is_the_unit() -> None:
    """A portfolio that is counted in dollars."""
    options = Options.of(name=None, symbol=None, unit="USDT", settings=None, keep_days=7, clock=None)
    assert (options.symbol, options.unit) == (None, "USDT")
