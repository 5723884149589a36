"""Of a portfolio no reader is shown a figure that mixes symbols, currencies or unknowns: page, metrics and alerts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import HOUR, ManualClock
from livestory.outlets.alerts.message import Message
from livestory.outlets.alerts.outbox import QueuedLine
from livestory.outlets.metrics import GAUGES, StoryMetrics
from livestory.outlets.web import app
from livestory.story.inputs import Begin, Observation
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.story.inputs import START
from tests.story.test_portfolio import TRADES, a_book_of_shorts, fill
from tests.web.serving import served, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_ONE = {"price", "price_at_limit", "position", "weight", "target_weight", "holding", "held_since_start", "sold_at"}

WAYS = sorted(set(re.findall(r'\("(/api/[^"{]*)", ', Path(app.__file__).read_text(encoding="utf-8"))) - {"/api/stream"})
"""Whatever is asked for as JSON."""

MIXED = re.compile(r"holding (BTC|the|it)|94,?000")
"""Words about one symbol as if of all, and its price."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of shorts that reports the price, position and weight of one symbol, and trades in two currencies."""
    path = tmp_path_factory.mktemp("book") / "live_story.txt"
    trades = [fill(90, "buy", "1", "3", "XRP/USDT"), *TRADES]
    with SynchronousWriter(path, Identity(bot="book", symbol="BTC/USDT", unit="USDT"), StorySettings()) as writer:
        for given in (*a_book_of_shorts(), *trades):
            writer.take(given)
        writer.commit({})
    return path


def of_one_symbol(found: Any, place: str = "") -> Iterator[tuple[str, object]]:
    """Where an answer has a figure of one symbol that it does not name, and the figure."""
    if isinstance(found, dict):
        for name, value in found.items():
            known = value is not None and not isinstance(value, bool)  # whether there is such a curve
            if name in OF_ONE and known and not found.get("symbol"):
                yield f"{place}.{name}", value
            yield from of_one_symbol(value, f"{place}.{name}")
    elif isinstance(found, list):
        for each in found:
            yield from of_one_symbol(each, place)


def test_no_answer_of_the_page_mixes_symbols(story: Path) -> None:
    """Whatever it serves as JSON; and no words of its paragraphs do."""
    with served(story, clock=ManualClock(START + 100 * HOUR)) as server:
        settled(server)
        answers = {way: server.ask(way) for way in WAYS}
    assert {way: answer.status for way, answer in answers.items() if answer.status != 200} == {}
    found = {way: list(of_one_symbol(answer.json)) for way, answer in answers.items()}
    assert {way: figures for way, figures in found.items() if figures} == {}
    assert [way for way, answer in answers.items() if MIXED.search(answer.body.decode())] == []


def test_no_metric_mixes_symbols_or_currencies(story: Path) -> None:
    """What is of one symbol is absent; fees are counted by their asset."""
    metrics = StoryMetrics(str(story))
    samples = [sample for family in metrics.collect() for sample in family.samples]
    metrics.close()
    names = {sample.name for sample in samples}
    assert names.isdisjoint(gauge.name for gauge in GAUGES if gauge.field in OF_ONE)
    fees = {each.labels["asset"]: each.value for each in samples if each.name == "livestory_fees_total"}
    assert fees == {"BNB": 0.001, "USDT": 1.43}


def test_what_a_contract_costs_is_in_its_quote_asset(tmp_path: Path) -> None:
    """Also before the first fee: there is no asset called USDT:USDT, in a metric or a line."""
    path = tmp_path / "live_story.txt"
    begun = Begin(time=START, wealth=1000.0, position=2.0, cash=400.0, price=300.0, mode="live")
    with SynchronousWriter(path, Identity(symbol="ETH/USDT:USDT"), StorySettings()) as writer:
        (started,) = writer.take(begun)
        writer.take(Observation(time=START + HOUR, wealth=1000.0, price=300.0, position=2.0))
        writer.commit({})
    assert "2 ETH + 400.00 USDT (60% ETH), price 300" in started.line
    metrics = StoryMetrics(str(path))
    assets = {sample.labels["asset"] for family in metrics.collect() for sample in family.samples
              if "asset" in sample.labels}  # fmt: skip
    metrics.close()
    assert assets == {"ETH", "USDT"}


def test_no_message_mixes_symbols(story: Path) -> None:
    """Whatever kinds a channel is sent."""
    with JournalReader.open(story) as reader:
        events = reader.events(limit=10_000)
    lines = [QueuedLine(e.seq, e.id, e.seq, e.told, e.kind, False, e.line, b"{}", e.told) for e in events]  # noqa: FBT003 - not critical
    assert len({each.kind for each in lines}) >= 10
    for each in lines:
        assert not MIXED.search(Message(id=each.key, title="book", lines=(each,)).text(10_000))
