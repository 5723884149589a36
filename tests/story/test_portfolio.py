"""A bot with several symbols, shorts or no known wealth: what chapters, quiet lines and status tell, and what not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from livestory import Fill, Observation, PositionReading, StoryWriter
from livestory.clock import DAY, HOUR, ManualClock
from livestory.retell.explain_story import RetellingSettings
from livestory.retell.journal_source import JournalSource
from livestory.retell.summary import SummaryBuilder
from livestory.story.inputs import Begin, End, Funding, Input, Statement
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds import KINDS
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.risk import HalfWay, Halted, Phoenix
from livestory.story.line import parse, render, tell
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from livestory.story.results import Results
from tests.cli.program import inside
from tests.retell.listening import heard
from tests.story.inputs import START, told

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.event import Event
    from livestory.story.kinds.base import Facts


def fill(hour: int, side: str, quantity: str, price: str, symbol: str, **fields: Any) -> Fill:
    """So many hours after the start."""
    return Fill(
        time=START + hour * HOUR, side=side, quantity=Decimal(quantity), price=Decimal(price), symbol=symbol, **fields
    )


TRADES: tuple[Input, ...] = (
    fill(0, "buy", "2", "150", "SOL/USDT", fee=Decimal("0.3")),
    fill(1, "sell", "0.5", "3800", "ETH/USDT:USDT", effect="open", fee=Decimal("0.001"), fee_asset="BNB"),
    fill(2, "sell", "1", "160", "SOL/USDT", fee=Decimal("0.16")),
    fill(3, "buy", "0.5", "3900", "ETH/USDT:USDT", effect="close", fee=Decimal("0.5"), reason=Reason("stop")),
    fill(4, "sell", "1", "170", "SOL/USDT", fee=Decimal("0.17")),
    fill(5, "buy", "1", "0.05", "ETH/BTC", fee=Decimal(0)),
    fill(6, "sell", "1", "0.06", "ETH/BTC", fee=Decimal(0)),
    fill(7, "buy", "3", "100", "LTC/USDT", fee=Decimal("0.3")),
)


def book(**prices: str) -> dict[str, PositionReading]:
    """Three shorts."""
    return {
        f"{base}/USDT:USDT": PositionReading(quantity=Decimal(-1), entry=Decimal(100), price=Decimal(price))
        for base, price in {"BTC": "100", "ETH": "100", "SOL": "100", **prices}.items()
    }


def a_book_of_shorts() -> list[Input]:
    """All that it can hand in, with the price, position and weight of one symbol that explain nothing."""
    seen: dict[str, Any] = {"price": 94_000.0, "position": -1.0, "weight": 0.4, "target_weight": 0.5}
    wealths = [1000.0, 1030.0, 900.0, 790.0]
    bars: list[Input] = [
        Observation(time=START + n * HOUR, wealth=w, halted=n == 3, positions=book(ETH="120"), **seen)
        for n, w in enumerate(wealths)
    ]
    rest: list[Input] = [
        Observation(time=START + n * HOUR, wealth=800.0, halted=False, positions=book(SOL="90"), **seen)
        for n in range(4, 80)
    ]
    begun: list[Input] = [Begin(time=START - 1, wealth=1000.0), Statement(START - 1, (Rules(breaker=0.2),))]
    return [*begun, *bars, *rest, End(time=START + 80 * HOUR, by="you", wealth=800.0)]


def of_kind(events: list[Event], kind: type[Facts]) -> list[Any]:
    """The facts of that kind."""
    return [event.facts for event in events if isinstance(event.facts, kind)]


def test_a_chapter_without_wealth_tells_the_result_in_money_each_currency_for_itself() -> None:
    """Won and lost, fees by asset, what is open; and once that no wealth is known. Two have lines."""
    narrator = Narrator(None, None)
    later = [fill(hour, side, "1", "100", "LTC/USDT") for hour, side in ((12, "buy"), (14, "sell"), (36, "buy"))]
    events = told(narrator, [*TRADES, *later])
    first, second = (event.line for event in events if isinstance(event.facts, Chapter))
    assert first.split(" | ", 2)[2] == (
        "result -21.13 USDT, +0.0100 BTC | told late: it ended 00:00; counted from 15:00; 4 buys, 4 sells, "
        "fees 0.001 BNB and 1.43 USDT; 2 trades closed, 1 won, 1 lost, result -21.13 USDT; USDT: deepest fall of the "
        "result -50.50 USDT; USDT: since the start -21.13 USDT, result record 9.69 USDT, 30.82 under it; 1 trade "
        "closed, 1 won, 0 lost, result +0.0100 BTC after fees; BTC: since the start +0.0100 BTC, result record 0.0100 "
        "BTC; open: 3 LTC/USDT at 100; no wealth is known: results in money, no percent"
    )
    assert "no wealth is known" not in second
    assert "result -0.08 USDT" in second
    assert "open: 3 LTC/USDT at 100" in second


def test_a_portfolio_with_wealth_tells_its_return_and_what_is_open() -> None:
    """With the results that its positions have, and the return since the start; no benchmark explains it."""
    events = told(Narrator("BTC/USDT", "USDT"), a_book_of_shorts())
    chapter = of_kind(events, Chapter)[1]
    assert (chapter.holding, chapter.base) == (None, None)
    line = next(event.line for event in events if event.facts is chapter)
    assert "open: -1 BTC at 100 (0.00 USDT), -1 ETH at 100 (0.00 USDT), -1 SOL at 100 (+10.00 USDT)" in line
    assert chapter.since_start == pytest.approx(-0.2)


_MIXED = {"price", "price_at_limit", "position", "weight", "target_weight", "holding", "base", "sold_at"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_figure_of_a_portfolio_mixes_its_symbols(kind: str) -> None:
    """Not one kind tells a price, a position, a weight or a benchmark of one symbol as if it were of all."""
    events = told(Narrator("BTC/USDT", "USDT"), a_book_of_shorts())
    for facts in of_kind(events, KINDS[kind]):
        if kind != "trade":
            assert {name: getattr(facts, name) for name in _MIXED & set(facts.__struct_fields__) if name != "base"} == (
                dict.fromkeys(_MIXED & set(facts.__struct_fields__) - {"base"})
            )
        line = tell(START, facts)
        assert "holding" not in line
        assert "price 9" not in line
        assert render(parse(line)) == line


def test_the_kinds_of_a_book_of_shorts_are_many() -> None:
    """So that the test above is about something."""
    kinds = {event.kind for event in told(Narrator("BTC/USDT", "USDT"), a_book_of_shorts())}
    assert kinds >= {"started", "ath", "halfway", "breaker", "phoenix", "chapter", "quiet", "stopped"}


def test_a_half_way_price_needs_one_symbol() -> None:
    """Three shorts fall with no one price; one position has it."""
    (several,) = of_kind(told(Narrator("BTC/USDT", "USDT"), a_book_of_shorts()), HalfWay)
    assert several.price_at_limit is None
    one: list[Input] = [
        Statement(START, (Rules(breaker=0.2),)),
        *(
            Observation(time=START + n * HOUR, wealth=w, price=w / 10, position=10.0, halted=False)
            for n, w in enumerate([1000.0, 890.0])
        ),
    ]
    (alone,) = of_kind(told(Narrator("BTC/USDT", "USDT"), one), HalfWay)
    assert alone.price_at_limit == pytest.approx(80.0)


def test_a_quiet_line_tells_what_is_open() -> None:
    """Of a portfolio each position, with its result."""
    quiet = of_kind(told(Narrator("BTC/USDT", "USDT"), a_book_of_shorts()), Quiet)
    assert [each.symbol for each in quiet[0].open] == ["BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"]


def test_a_drawdown_counts_from_the_wealth_at_the_resume_only_where_it_does() -> None:
    """In its unit; a bot whose own drawdown goes on counts from something else, which is not told."""
    halted = Observation(time=START + HOUR, wealth=880.0, halted=True, halt_reason="breaker")
    for drawdown, words in ((None, "DD counts anew from 880.00"), (-0.12, None)):
        resumed = Observation(time=START + 2 * HOUR, wealth=880.0, halted=False, drawdown=drawdown, positions=book())
        events = told(Narrator("BTC/USDT", "USDT"), [Observation(time=START, wealth=1000.0), halted, resumed])
        (phoenix,) = (event.line for event in events if isinstance(event.facts, Phoenix))
        assert ("DD counts anew from" in phoenix) == (words is not None)
        assert words is None or words in phoenix


def test_what_a_portfolio_told_is_retold(tmp_path: Path) -> None:
    """Line for line, from its journal; the summary has the results too."""
    path = tmp_path / "live_story.txt"
    with StoryWriter(path, symbol=None, strict=True, clock=ManualClock(START)) as story:
        for each in TRADES:
            assert isinstance(each, Fill)
            story.fill(
                each.side, each.quantity, each.price, symbol=each.symbol, effect=each.effect, fee=each.fee,
                fee_asset=each.fee_asset, reason=each.reason, timestamp=each.time / 1e6,
            )  # fmt: skip
        story.observe(Observation(time=START + 2 * DAY))
    with JournalReader.open(path) as reader:
        live = [kept.line for kept in reader.events()]
        retold = heard(JournalSource(reader), RetellingSettings(symbol=None, unit=None))
    assert [line for line in retold.lines if line in live] == live
    assert retold.summary is not None
    assert (
        "| 2 trades closed, 1 won, 1 lost, result -21.13 USDT; "
        "1 trade closed, 1 won, 0 lost, result +0.0100 BTC after fees |" in retold.summary.line
    )


def test_status_tells_the_holding_that_a_line_told(tmp_path: Path) -> None:
    """Also before any observation, and where no observation speaks of it."""
    with StoryWriter(tmp_path / "live_story.txt", symbol=None, strict=True) as story:
        story.fill("buy", 2, 150, symbol="SOL/USDT", timestamp=START / 1e6)
    for observed in (False, True):
        if observed:
            with StoryWriter(tmp_path / "live_story.txt", symbol=None, strict=True) as story:
                story.observe(Observation(time=START + HOUR, wealth=880.0))
        shown = inside("status", "--dir", tmp_path, cwd=tmp_path).stdout
        if observed:
            assert "SOL/USDT" in shown
        assert "position  not known" not in shown


def test_days_add_up_to_what_all_of_them_told() -> None:
    """Appended day by day, the results are those of one count: sums, extremes, record and fall."""
    trades = of_kind(told(Narrator(None, None), list(TRADES)), KINDS["trade"])
    whole, parts = Results(), Results()
    for trade in trades:
        whole.hear(trade)
        day = Results()
        day.hear(trade)
        parts.append(day)
    assert parts == whole
    tally = whole.tallies["USDT"]
    assert (tally.high, tally.fall) == (Decimal("9.69"), Decimal("-50.50"))
    assert whole.fees == {"USDT": Decimal("1.43"), "BNB": Decimal("0.001")}


def test_a_summary_without_trades_has_no_result() -> None:
    """Nothing is made of nothing."""
    narrator = Narrator(None, None)
    assert SummaryBuilder(narrator.account).build(halts=False, exposures=False).results == ()


def _found(narrator: Narrator) -> None:
    """A bot that begins with a short and a long that nobody told of."""
    positions = {
        "ETH/USDT:USDT": PositionReading(quantity=Decimal(-2), entry=Decimal(4000), price=Decimal(3900)),
        "SOL/USDT:USDT": PositionReading(quantity=Decimal(10), entry=Decimal(200), price=Decimal(210)),
    }
    told(narrator, [Observation(time=START, wealth=1000.0, positions=positions)])


def test_what_a_bot_began_with_is_closed_at_the_entry_that_it_reported() -> None:
    """After the fees that are known: those of its opening are not; and nobody knows how long it was held."""
    narrator = Narrator(None, "USDT")
    _found(narrator)
    closing = fill(1, "buy", "2", "3800", "ETH/USDT:USDT", effect="close", fee=Decimal(4))
    adding = fill(2, "buy", "10", "220", "SOL/USDT:USDT", fee=Decimal(1))
    first, second = told(narrator, [closing, adding])
    assert first.line.split(" | ", 3)[3] == (
        "closes the short of ETH/USDT:USDT; result +5.0% after the fees that are known (+396.00 USDT); "
        "entry 4000, exit 3800; no ETH left"
    )
    assert second.line.endswith("adds to the long of SOL/USDT:USDT: 20 SOL at 210 on average")


def test_a_fill_from_before_the_first_reading_is_in_it() -> None:
    """A bot that shows its positions first and hands in its history afterwards holds nothing twice."""
    narrator = Narrator(None, "USDT")
    _found(narrator)
    (event,) = told(narrator, [fill(0, "buy", "10", "200", "SOL/USDT:USDT")])
    assert event.line.endswith("opens a long of SOL/USDT:USDT")
    assert narrator.account.positions["SOL/USDT:USDT"].quantity == 10


def test_a_result_without_wealth_is_a_share_of_what_the_bot_began_with() -> None:
    """Where it has said so, and of the currency that it said it in."""
    narrator = Narrator(None, "USDT")
    begun = Begin(time=START - 1, own=True, wealth=1000.0)
    events = told(narrator, [begun, *TRADES, fill(12, "buy", "1", "100", "LTC/USDT")])
    (chapter,) = (event.line for event in events if isinstance(event.facts, Chapter))
    assert "USDT: since the start -21.13 USDT (-2.1% of 1000.00 USDT), result record 9.69 USDT, 30.82 under" in chapter
    assert "BTC: since the start +0.0100 BTC, result record 0.0100 BTC" in chapter


_OF_WEALTH = {"wealth", "change", "holding", "deepest", "drawdown", "since_start", "wealth_before", "price", "weight"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_figure_without_wealth_is_a_share_of_it_or_adds_currencies_up(kind: str) -> None:
    """Not one kind, of a bot that trades in two currencies and tells no wealth; each result names its own."""
    narrator = Narrator(None, None)
    paid = Funding(time=START + 2 * HOUR, symbol="ETH/USDT:USDT", amount=Decimal("-0.5"))
    halted = Statement(START + 8 * HOUR, (Halted(reason="owner", told=True),))
    later: list[Input] = [fill(hour, "buy", "1", "100", "LTC/USDT") for hour in (12, 36)]
    seen = Observation(time=START + 40 * HOUR, halted=True, positions=book(ETH="120"))
    quiet = Observation(time=START + 90 * HOUR, halted=True, positions=book(ETH="120"))
    inputs = sorted((*TRADES, paid, halted, *later, seen, quiet), key=lambda each: each.time)
    events = told(narrator, [Begin(time=START - 1, own=True), *inputs, End(time=START + 91 * HOUR, by="you")])
    assert {event.kind for event in events} >= {"trade", "funding", "halted", "chapter", "started", "stopped"}
    summary = SummaryBuilder(narrator.account)
    for event in events:
        summary.on_event(event)
    for facts in (*of_kind(events, KINDS[kind]), summary.build(halts=True, exposures=False)):
        figures = _OF_WEALTH & set(facts.__struct_fields__) - ({"price"} if kind == "trade" else set())
        assert not any(getattr(facts, name) for name in figures)
        results = getattr(facts, "results", ())
        assert sorted(each.asset for each in results) in ([], ["BTC"], ["USDT"], ["BTC", "USDT"])
        assert all(each.best is None or each.best.symbol.partition("/")[2].startswith(each.asset) for each in results)


def test_a_day_on_which_nothing_was_closed_says_so_and_what_is_open() -> None:
    """Of a bot whose wealth nobody tells."""
    bought = [TRADES[0], fill(1, "buy", "1", "0.05", "ETH/BTC"), fill(12, "buy", "1", "100", "LTC/USDT")]
    (day,) = (each.line for each in told(Narrator(None, None), bought) if isinstance(each.facts, Chapter))
    assert day.split(" | ", 2)[2] == (
        "nothing closed | told late: it ended 00:00; counted from 15:00; 2 buys, fees 0.3 USDT; "
        "open: 1 ETH/BTC at 0.05, 2 SOL/USDT at 150"
    )


def test_a_day_sums_the_funding_of_its_positions_by_asset() -> None:
    """Also a payment that is too small for a line."""
    amounts = ("0.5", "-2", "-0.00001")
    paid = [Funding(time=START + hour * HOUR, symbol="ETH/USDT:USDT", amount=Decimal(each), funding_id=f"{hour}")
            for hour, each in enumerate(amounts, 1)]  # fmt: skip
    life = [*TRADES[:2], *paid, fill(12, "buy", "1", "100", "LTC/USDT")]
    (day,) = of_kind(told(Narrator(None, None), life), Chapter)
    assert day.funding == {"USDT": Decimal("-1.50001")}
