"""A journal's review: read at once or as it grows, it is the same; deposits and refused readings make no return."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.clock import DAY
from livestory.story.inputs import Flow, Observation
from livestory.story.journal.reader import JournalReader
from livestory.story.review.journal import JournalReview, read_review
from livestory.story.review.overview import overview
from livestory.story.review.round_trips import MOST_REASONS, TripQuery, page_of
from livestory.story.snapshot import Snapshot, first_value
from tests.web.teller import QUARTER, START, Teller, week

if TYPE_CHECKING:
    from pathlib import Path


def test_a_review_that_grows_is_the_review_of_a_reload(tmp_path: Path) -> None:
    """After each transaction; with trades, a halt, a deposit, unknown values and a return."""
    path = tmp_path / "live_story.txt"
    with Teller(path) as teller:
        teller.begin()
        with JournalReader.open(path) as reader:
            growing = JournalReview(reader.identity)
            seq, heard = 0, -1
            for step in range(12):
                teller.bars(9, wealth=None if step == 3 else 1.0 + step / 10)
                if step == 5:
                    teller._story.take(Flow(time=teller.now, amount=1.0))  # noqa: SLF001 - the teller has no flows
                    teller.bars(1, wealth=2.5)
                if step == 7:
                    teller.trip().bars(DAY // QUARTER, halted=True, wealth=1.0)
                teller.trade("sell" if step % 2 else "buy")
                growing.tell(events := reader.events(seq, limit=10_000))
                seq = events[-1].seq if events else seq
                for observation in reader.observations(heard + 1):
                    growing.observe(observation)
                    heard = observation.time
                growing.finish()
                assert overview(growing.review) == overview(read_review(reader))


def test_a_deposit_is_no_return(tmp_path: Path) -> None:
    """Told apart or with an observation: the value of a unit stays, the wealth doubles."""
    path = tmp_path / "live_story.txt"
    with Teller(path) as teller:
        teller.begin().bars(3, wealth=1.0)
        teller._story.take(Flow(time=teller.now + 1, amount=1.0))  # noqa: SLF001 - as above
        teller.bars(3, wealth=2.0).bars(1, wealth=4.0, flow=2.0).bars(3, wealth=4.4)
    with JournalReader.open(path) as reader:
        review = read_review(reader)
    assert {figure.name: figure.text for figure in overview(review).figures}["return"] == "+10.0%"
    assert [flow.amount for flow in review.flows] == [1.0, 2.0]
    assert [month.gain for month in review.performance.months()] == [pytest.approx(0.4)]


def test_the_return_counts_from_what_the_bot_said_that_it_began_with(tmp_path: Path) -> None:
    """Page, figures and status have one return since the start, also where the first reading is already another."""
    path = tmp_path / "live_story.txt"
    with Teller(path) as teller:
        teller.begin_with(2.0)
        with JournalReader.open(path) as reader:
            growing = JournalReview(reader.identity, lambda: first_value(reader))
            growing.tell(reader.events(0, limit=10))
            teller.bars(4, wealth=1.8).bars(4, wealth=1.9)
            for observation in reader.observations():
                growing.observe(observation)
            review, total = read_review(reader), Snapshot.read(reader).total
    figures = {figure.name: figure.text for figure in overview(review).figures}
    assert figures["return"] == "-5.0%"
    assert overview(review).verdict.startswith("down 5.0% to")
    assert total is not None
    assert total.change == pytest.approx(-0.05)
    assert sum(month.change for month in overview(review).months) == pytest.approx(-0.05)
    assert overview(growing.review).figures == overview(review).figures


def test_a_reading_that_was_refused_makes_no_drawdown(tmp_path: Path) -> None:
    """A wealth of a hundredth for one bar is not believed, here as in the story."""
    path = tmp_path / "live_story.txt"
    with Teller(path) as teller:
        teller.begin().bars(3, wealth=1.0).bars(1, wealth=0.001).bars(3, wealth=0.9)
    with JournalReader.open(path) as reader:
        deepest = read_review(reader).performance.deepest
    assert deepest is not None
    assert deepest.drawdown == pytest.approx(-0.1)


def test_a_story_without_wealth_has_its_verdict_and_no_returns(tmp_path: Path) -> None:
    """What is unknown is said to be; nothing is 0."""
    path = tmp_path / "live_story.txt"
    with Teller(path) as teller:
        for _ in range(3):
            teller.observe(Observation(time=teller.now + QUARTER, price=0.05))
            teller.now += QUARTER
    with JournalReader.open(path) as reader:
        seen = overview(read_review(reader))
    assert seen.verdict == "no wealth told"
    assert seen.curves == {"wealth": False, "result": False, "price": True}
    assert all(figure.text is None for figure in seen.figures)


def test_round_trips_are_sorted_and_filtered(tmp_path: Path) -> None:
    """Newest first; by result; the lost alone; with the lines where they began and ended."""
    path = tmp_path / "live_story.txt"
    week(path, START + 9 * DAY).close()
    with JournalReader.open(path) as reader:
        trips = read_review(reader).trips
        page = page_of(trips, TripQuery(sort="result", ascending=True), 0, 50)
        results = [row.result or 0.0 for row in page.trades]
        assert results == sorted(results)
        assert page.count == len(page.trades) == trips.count > 0
        lost = page_of(trips, TripQuery(outcome="lost"), 0, 1)
        assert lost.count == sum(result < 0 for result in results)
        row = lost.trades[0]
        begun, ended = reader.event(row.opened_seq or 0), reader.event(row.seq)
        assert begun is not None
        assert ended is not None
        assert (begun.kind, begun.time, ended.time) == ("trade", row.opened, row.closed)
        assert page_of(trips, TripQuery(symbol="BTC/USDT"), 0, 50).count == 0
        assert page_of(trips, TripQuery(reason="no such reason"), 0, 50).count == 0


def test_of_very_many_reasons_the_most_frequent_are_offered(tmp_path: Path) -> None:
    """A bot may write a price into each: a page has no room for a hundred thousand choices."""
    with StoryWriter(tmp_path / "live_story.txt", symbol="ETH/BTC") as story:
        for number in range(2 * (MOST_REASONS + 20)):
            story.fill("sell" if number % 2 else "buy", 1, 2, reason="stop" if number % 20 == 1 else f"at {number}")
        story.flush()
    with JournalReader.open(tmp_path / "live_story.txt") as reader:
        offered = overview(read_review(reader)).reasons
    assert len(offered) == MOST_REASONS
    assert "stop" in offered
    assert list(offered) == sorted(offered)
