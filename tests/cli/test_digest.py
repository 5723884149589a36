"""`livestory digest`: a period in one paragraph, of which every number and date is a fact of the journal."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from livestory.clock import HOUR, MINUTE, instant
from livestory.story import inputs
from livestory.story.digest.period import HEARD, Period, Span, gather
from livestory.story.digest.prose import digest
from livestory.story.digest.source import last_ended, span_of
from livestory.story.event import Event, facts_in_part
from livestory.story.inputs import Observation, Statement
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds import KINDS
from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown, OrderUnknown
from livestory.story.kinds.money import BalanceDiffers
from livestory.story.kinds.risk import BreakerTripped, Halted, SellStuck
from livestory.story.kinds.telling import AlertsGivenUp
from livestory.story.kinds.trades import Trade
from livestory.story.narrator import Narrator
from livestory.story.results import TradeGist
from livestory.story.settings import StorySettings
from livestory.story.wording import numbers
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.digest_facts import read_of
from tests.cli.program import inside, livestory, slice_of
from tests.story.facts import facts as trade_facts
from tests.story.facts import storable_text
from tests.story.rich_facts import EXCHANGE, FOLLOWED, TOLD

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.kinds.base import Facts

START = instant("2024-12-03T15:00:00")


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, real_bars_file: Path) -> Path:
    """The folder of a story of a real year and ten days."""
    folder = tmp_path_factory.mktemp("year")
    bars = slice_of(real_bars_file, folder / "bars.csv", 0, 375 * 96)
    assert livestory("run", "--bars", bars, "--dir", folder, cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize("month", range(1, 13))
def test_every_number_of_a_real_month_is_in_its_facts(year: Path, month: int) -> None:
    """Its lines have it, or it counts them (buys, sells, round trips won and lost, …), or a round trip came to it."""
    told = inside("digest", "--month", "--of", f"2022-{month:02}-10", "--dir", year, cwd=year).stdout
    facts = read_of(year / "live_story.db", span_of("month", instant(f"2022-{month:02}-10")))
    assert told.count("\n") == 1
    assert facts.unknown(told) == set()
    assert "All 2" in told
    assert "; no trade on " in told
    assert told.count("the regime is ") == len(re.findall(r"the regime is (?:TREND|MEAN_REV) since ", told))
    assert "fees 0" not in told or any(trade.fee for trade in facts.trades)


def test_directions_are_those_of_the_chapter(year: Path) -> None:
    """Up, down, gained and lost, by the sign of what the month's line tells."""
    with JournalReader.open(year / "live_story.db") as reader:
        chapters = [
            each
            for each in reader.events(kinds={"chapter"}, limit=10_000)
            if "Month:" in each.line and each.line.startswith("2022")
        ]
    assert len(chapters) == 11
    for chapter in chapters:
        change = re.search(r"\| ([+-]?)[\d.]+% to ([\d.]+) BTC", chapter.line)
        holding = re.search(r"holding ETH: ([+-]?)([\d.]+)%", chapter.line)
        assert change is not None
        assert holding is not None
        day = str(chapter.time // 10**6 - 86_400 * 5)
        told = inside("digest", "--month", "--of", day, "--dir", year, cwd=year).stdout
        way = {"+": "up", "-": "down", "": "unchanged"}[change[1]]
        assert f": {way} " in told
        assert f" {change[2]} BTC" in told
        would = {"+": "gained", "-": "lost"}[holding[1]]
        assert f"Holding ETH would have {would} {holding[2]}%" in told


def test_a_month_or_a_year_is_its_own_name(year: Path) -> None:
    """`--of 2022-05` is that month, `--of 2022` that year, without a word for the period."""
    for named, period, within in (("2022-05", "--month", "2022-05-10"), ("2022", "--year", "2022-05-10")):
        asked = [("--of", named), (period, "--of", named), (period, "--of", within)]
        whole, same, dated = (inside("digest", *each, "--dir", year, cwd=year).stdout for each in asked)
        assert whole == same == dated != ""


def _told(*given: inputs.Input, name: str = "week") -> str:
    narrator = Narrator(settings=StorySettings(quiet=0))
    events = [event for each in given for event in narrator.take(each)]
    seen = [each for each in given if isinstance(each, Observation)]
    span = span_of(name, START)
    period = Period(span, "ETH/BTC", "BTC", at_end=seen[-1] if seen else None)
    return digest(gather(period, [(each.time, each.facts) for each in events], seen[0] if seen else None)).text()


def _bar(after: int, wealth: float, price: float = 0.03, position: float = 5.0) -> Observation:
    return Observation(time=START + after, wealth=wealth, price=price, position=position)


def test_a_deposit_is_not_a_gain() -> None:
    """The return is that of the unit value, as the story's own chapters have it."""
    told = _told(_bar(0, 1.0), inputs.Flow(time=START + HOUR, amount=1.0), _bar(2 * HOUR, 2.2))
    assert told.startswith("Week 49 (2 to 8 Dec): up 10.0% to 2.2000 BTC.")
    assert "The deposit of 1.0000 BTC (Tue 16:00) is left out of the percentages." in told


def test_a_deposit_in_the_first_wealth_is_not_left_out_twice() -> None:
    """Told before it or with it, that wealth has it already."""
    first = _bar(HOUR, 3.0)
    apart = _told(inputs.Flow(time=START, amount=1.0), first, _bar(2 * HOUR, 3.3))
    assert apart.startswith("Week 49 (2 to 8 Dec): up 10.0% to 3.3000 BTC.")
    assert _told(replace(first, flow=1.0), _bar(2 * HOUR, 3.3)).startswith(
        "Week 49 (2 to 8 Dec): up 10.0% to 3.3000 BTC."
    )


def test_troubles_and_their_ends_are_told() -> None:
    """How long, whether they are over, and what is asked where they aren't."""
    down = Statement(START + HOUR, (ExchangeDown(exchange="binance"),))
    back = Statement(START + HOUR + 44 * MINUTE, (ExchangeBack(exchange="binance"),))
    told = _told(_bar(0, 1.0), down, back, _bar(2 * HOUR, 1.0))
    assert "The exchange was down for 44m, and that is over." in told
    assert told.endswith("It holds 5 ETH; the price is 0.03. Nothing is asked of you.")
    told = _told(_bar(0, 1.0), down, _bar(2 * HOUR, 1.0))
    assert "The exchange was down (not over yet)." in told


def test_a_halt_that_goes_on_says_until_when_at_least() -> None:
    """As the trip said it; where that is over already, only that it goes on."""
    waits = [START + days * 24 * HOUR for days in (30, 0)]
    later, over = (
        _told(_bar(0, 1.0), Statement(START + HOUR, (BreakerTripped(drawdown=-0.2, resume_at=at),))) for at in waits
    )
    assert f"it is still halted, until {numbers.moment(waits[0], START)} at the earliest." in later
    assert "it is still halted." in over


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        (SellStuck(position=5.0, base="ETH", needs="sell it there"), "Of you is asked: sell it there."),
        (BalanceDiffers(difference=-0.1, unit="BTC"), "Of you is asked: the balance differs"),
        (OrderUnknown(side="buy", quantity=Decimal(1), base="ETH"), "Of you is asked: an order is in doubt"),
        (Halted(reason="owner"), "Of you is asked: it goes on with livestory resume."),
        (AlertsGivenUp(channel="phone", lines=3), "Of you is asked: look after the alert channel"),
    ],
    ids=["stuck", "balance", "order", "halted", "alerts"],
)
def test_what_is_asked_of_the_owner_is_said(facts: object, asked: str) -> None:
    """And never beside the word that nothing is."""
    told = _told(_bar(0, 1.0), Statement(START + HOUR, (facts,)))  # type: ignore[arg-type]  # any kind of facts
    assert asked in told
    assert "Nothing is asked" not in told


def test_what_a_digest_does_not_read_would_say_nothing_in_it() -> None:
    """The kinds that are passed over in the journal leave a period as it was, whatever they tell."""
    span = span_of("month", START)
    passed_over = [(time, facts) for time, facts in (*TOLD, *FOLLOWED, *EXCHANGE) if _kind(facts) not in HEARD]
    assert {_kind(facts) for _, facts in passed_over} == KINDS.keys() - HEARD
    assert gather(Period(span, "ETH/BTC", "BTC"), passed_over, None) == Period(span, "ETH/BTC", "BTC")


@settings(max_examples=25)
@given(st.lists(trade_facts("trade", storable_text), max_size=3))
def test_a_trade_read_in_part_says_what_it_says_whole(trades: list[Trade]) -> None:
    """A digest reads of a hundred thousand trades only what it needs."""
    events = [(START, BreakerTripped(drawdown=-0.2)), *((START + number, each) for number, each in enumerate(trades))]
    in_part = [
        (time, facts_in_part(TradeGist)(Event(time, each, "").record()) if isinstance(each, Trade) else each)
        for time, each in events
    ]
    whole, gists = (gather(Period(span_of("week", START), "ETH/BTC", "BTC"), some, None) for some in (events, in_part))
    assert digest(whole) == digest(gists)
    assert (whole.trading, whole.extremes) == (gists.trading, gists.extremes)


def _kind(facts: Facts) -> str:
    return str(facts.__struct_config__.tag)


def test_a_story_without_wealth_says_so() -> None:
    """No percentage is made up."""
    told = _told(inputs.Begin(time=START))
    assert told.startswith("Week 49 (2 to 8 Dec): no wealth told.")
    assert "%" not in told


def test_a_story_without_wealth_has_its_result_as_verdict() -> None:
    """And what is open, each position in its own words."""
    narrator = Narrator(None, "USDT")
    fills = [
        inputs.Fill(time=START + n, side=side, quantity=Decimal(2), price=Decimal(price), symbol=symbol, fee=Decimal(0))
        for n, (symbol, side, price) in enumerate(
            (("SOL/USDT", "buy", 100), ("SOL/USDT", "sell", 110), ("LTC/USDT", "buy", 80))
        )
    ]
    given: list[inputs.Input] = [*fills, Observation(time=START + 10 * HOUR)]
    events = [event for each in given for event in narrator.take(each)]
    period = Period(span_of("day", START), None, "USDT")
    told = digest(gather(period, [(each.time, each.facts) for each in events], None)).text()
    assert told.startswith("Tue 3 Dec 2024: 1 trade closed, 1 won, 0 lost, result +20.00 USDT after fees.")
    assert "Open: 2 LTC/USDT at 80." in told


def test_the_last_period_that_ended_is_told(tmp_path: Path) -> None:
    """And the one that goes on, where none has; a bot that was away tells its chapters late."""
    with SynchronousWriter(
        tmp_path / "live_story.txt", Identity(symbol="ETH/BTC", unit="BTC"), StorySettings()
    ) as story:
        story.take(_bar(0, 1.0))
        story.take(inputs.Begin(time=START + MINUTE, wealth=1.0))
        story.commit({})
        assert inside("digest", "--dir", tmp_path, cwd=tmp_path).stdout.startswith(
            "Week 49 (2 to 8 Dec): unchanged at 1.0000 BTC"
        )
        story.take(_bar(HOUR, 1.1))
        story.take(_bar(9 * 24 * HOUR, 1.3))
        story.commit({})
    told = inside("digest", "--dir", tmp_path, cwd=tmp_path).stdout
    assert told.startswith("Week 49 (2 to 8 Dec): up 10.0% (0.1000 BTC) to 1.1000 BTC.")
    assert inside("digest", "--since", "3d", "--dir", tmp_path, cwd=tmp_path).stdout.startswith("2024-12-09 15:00 to ")
    assert inside("digest", "--since", "999999d", "--dir", tmp_path, cwd=tmp_path).returncode == 0


def test_a_span_is_refused_in_words(told: Path) -> None:
    """What can't be meant: exit 2, and what to do."""
    for wrong, word in (
        (("--since", "yesterday"), "3d"),
        (("--until", "2022-01-03"), "--since"),
        (("--since", "2022-01-05", "--until", "2022-01-04"), "before"),
        (("--of", "3d"), "2024-12-03"),
        (("--of", "2022-13"), "2022-13"),
        (("--week", "--of", "2022-01"), "drop --week"),
        (("--of", "1999-12-03"), "nothing was told in it; the story goes from 20"),
        (("--format", "pdf"), "html"),
    ):
        done = inside("digest", *wrong, "--dir", told, cwd=told)
        assert (done.returncode, done.stdout) == (2, ""), wrong
        assert word in done.stderr


def test_its_forms_say_the_same_and_nothing_in_them_is_markup(told: Path) -> None:
    """Text, Markdown and HTML of one paragraph."""
    text, markdown, page = (
        inside("digest", "--format", form, "--dir", told, cwd=told).stdout for form in ("text", "md", "html")
    )
    assert re.sub(r"\*\*|\\", "", markdown) == text
    assert re.sub(r"<[^>]*>", "", page) == text
    hostile = digest(Period(Span("", 0, 1), "<b>X*/BTC", "<i>"))
    assert "<" not in re.sub(r"</?(p|strong)>", "", hostile.html())


def test_a_week_that_ends_now_has_ended() -> None:
    """Its last instant is Monday 00:00, which belongs to it."""
    monday = instant("2024-12-09")
    assert last_ended("week", monday) == span_of("week", START)
    assert last_ended("week", monday + 1) == span_of("week", START)
    assert last_ended("week", monday - 1) == span_of("week", START - 7 * 24 * HOUR)
