"""A bot that is not the executor says all that the executor can: that it starts, halts, goes on, stops and is back."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from livestory import Observation, StoryWriter
from livestory.clock import DAY, HOUR, MINUTE, ManualClock
from livestory.retell.journal_source import JournalSource
from livestory.story.journal.reader import JournalReader
from livestory.story.public.reading import read
from livestory.story.review.journal import read_review
from livestory.story.snapshot import Snapshot
from tests.retell.listening import heard
from tests.story.inputs import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.story.event import Event

_BOT = """
import os, signal, sys
from livestory import StoryWriter
story = StoryWriter(sys.argv[1], strict=True)
story.started(wealth=1.0)
story.note("at work")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def clock() -> ManualClock:
    """It stands at the start."""
    return ManualClock(START)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of the story's text."""
    return tmp_path / "live_story.txt"


@pytest.fixture
def story(path: Path, clock: ManualClock) -> Iterator[StoryWriter]:
    """A story at that clock, which raises what it has to say."""
    with StoryWriter(path, strict=True, clock=clock) as writer:
        yield writer


def said(told: tuple[Event, ...] | None) -> list[str]:
    """The lines, without their time."""
    return [event.line.partition(" | ")[2] for event in told or ()]


def test_a_mode_is_one_however_it_is_capitalised(story: StoryWriter) -> None:
    """So that what bots have together is summed once; both doors tell it alike."""
    (begun,) = story.started(mode="PAPER") or ()
    sent: Any = read(b'{"input": "started", "mode": "Paper"}').as_input(0)
    assert (begun.facts.mode, sent.mode) == ("paper", "paper")  # type: ignore[attr-defined]


@pytest.mark.parametrize("interval", [timedelta.max, timedelta(0), timedelta(minutes=-15), 10**20])
def test_a_bar_of_no_possible_length_is_refused(story: StoryWriter, interval: Any) -> None:
    """Of which no state could be kept: the story goes on without it."""
    with pytest.raises(ValueError, match=r"^interval .*: expected "):
        story.started(interval=interval)
    assert [event.seq for event in story.note("at work") or ()] == [1]


def test_a_bot_says_that_it_starts_and_stops(story: StoryWriter, clock: ManualClock) -> None:
    """Its return tells how long it was away, and that it had said goodbye."""
    (first,) = said(story.started(wealth="1.0234", market="my own loop", mode="live", interval=15 * MINUTE))
    assert first.startswith("🚀 Bot Started | Initial Wealth: 1.0234 BTC | LIVE, my own loop, ETH/BTC 15m; first start")
    clock.set(clock.now() + HOUR)
    assert said(story.stopped("error", wealth=1.03, orders_open=0)) == [
        "💤 Bot Stopped | by an error | 1.0300 BTC, no ETH, no order open"
    ]
    clock.set(clock.now() + 10 * MINUTE)
    assert said(story.resumed(missed_bars=1, wealth=1.03)) == [
        "🔁 Bot Resumed | away 10m | 1 bar missed and read; 1.0300 BTC as expected"
    ]
    story.stopped("maintenance of the machine")
    clock.set(clock.now() + DAY)
    assert said(story.started()) == ["🔁 Bot Resumed | away 1d"]


def test_a_halt_in_the_bots_own_words_is_one_arc(story: StoryWriter, clock: ManualClock) -> None:
    """Told once, with until when; ended once, by its reason or as the last one; no end without a beginning."""
    assert story.unhalted() is None
    assert said(story.halted("exchange maintenance", until=START / 1e6 + 7200)) == [
        "✋ Halted | exchange maintenance | until 17:00"
    ]
    assert story.halted("exchange maintenance") is None
    clock.set(clock.now() + 2 * HOUR)
    assert said(story.unhalted()) == ["▶️ Halt Over | halted 2h"]
    assert story.unhalted("exchange maintenance") is None
    assert said(story.halted("owner")) == ["✋ Halted by You | no new orders | goes on when you say so"]
    clock.set(clock.now() + HOUR)
    assert said(story.unhalted("owner")) == ["▶️ Resumed by You | halted 1h"]


def test_an_observation_without_a_reason_is_of_the_halt_that_was_told(story: StoryWriter, clock: ManualClock) -> None:
    """It trips no breaker that nobody spoke of, and status knows the reason."""
    story.observe(Observation(time=START, wealth=1.0, halted=False))
    clock.set(clock.now() + HOUR)
    story.halted("exchange maintenance", until=(START + 3 * HOUR) / 1e6)
    assert story.observe(Observation(time=START + HOUR, wealth=1.0, halted=True)) is None
    assert story.observe(Observation(time=START + 2 * HOUR, wealth=1.0, halted=True)) is None
    story.flush()
    with JournalReader.open(story.filepath) as reader:
        seen = Snapshot.read(reader).observation
    assert seen is not None
    assert (seen.halt_reason, seen.resume_at) == ("exchange maintenance", START + 3 * HOUR)
    clock.set(clock.now() + 2 * HOUR)
    assert said(story.unhalted()) == ["▶️ Halt Over | halted 2h"]
    assert story.observe(Observation(time=START + 3 * HOUR, wealth=1.0, halted=False)) is None


def test_a_breaker_is_told_as_the_breaker_it_is(story: StoryWriter, clock: ManualClock) -> None:
    """With the drawdown that the story knows; after the Phoenix it counts from the wealth that comes next."""
    story.observe(Observation(time=START, wealth=1.0))
    story.observe(Observation(time=START + HOUR, wealth=0.8))
    clock.set(clock.now() + HOUR)
    assert said(story.halted("breaker", until=(START + DAY) / 1e6)) == [
        "🚨 SAFETY BREAKER TRIPPED | DD: -20.0% | from 1.0000 to 0.8000 at bar close; no buys before Wed 15:00"
    ]
    clock.set(clock.now() + DAY)
    assert said(story.unhalted("breaker")) == ["🔥 PHOENIX ACTIVATED | Resuming Trading | halted 1d"]
    story.observe(Observation(time=START + 2 * DAY, wealth=0.8))
    story.flush()
    with JournalReader.open(story.filepath) as reader:
        bot = Snapshot.read(reader)
    assert bot.drawdown == 0.0
    assert bot.observation is not None
    assert bot.observation.halted is False


def test_a_halt_that_no_observation_speaks_of_shows_until_it_ends(story: StoryWriter) -> None:
    """Also after observations that say nothing of halts."""
    story.halted("exchange maintenance", until=(START + HOUR) / 1e6)
    story.observe(Observation(time=START + MINUTE, wealth=1.0))
    story.flush()
    with JournalReader.open(story.filepath) as reader:
        seen = Snapshot.read(reader).observation
    assert seen is not None
    assert (seen.halted, seen.halt_reason, seen.resume_at) == (True, "exchange maintenance", START + HOUR)


def test_what_a_bot_says_of_itself_is_retold(story: StoryWriter, clock: ManualClock, path: Path) -> None:
    """Line for line, from its journal."""
    story.observe(Observation(time=START, wealth=1.0, price=0.05))
    story.started(wealth=1.0)
    for reason in ("breaker", "exchange maintenance"):
        clock.set(clock.now() + HOUR)
        story.fill("buy", 1, "0.05", trade_id=reason)
        story.halted(reason, until=(clock.now() + HOUR) / 1e6)
        clock.set(clock.now() + HOUR)
        story.unhalted(reason)
    story.stopped("error")
    clock.set(clock.now() + HOUR)
    story.started(wealth=1.0)
    story.observe(Observation(time=clock.now() + 1, wealth=1.0, price=0.05))
    story.flush()
    with JournalReader.open(path) as reader:
        live = [kept.line for kept in reader.events()]
        assert [line for line in heard(JournalSource(reader)).lines if line in live] == live


def test_a_bot_that_was_killed_is_told_to_be_back_by_its_first_call(path: Path) -> None:
    """Once, before what it calls; what it then says of its start is not told a second time."""
    killed = subprocess.run([sys.executable, "-c", _BOT, str(path)], check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    with StoryWriter(path, strict=True) as story:
        resumed, note = story.note("going on") or ()
        assert (resumed.kind, note.kind) == ("resumed", "note")
        assert "no goodbye at" in resumed.line
        assert resumed.line.endswith(": killed, or ended without one")
        assert story.started(wealth=1.0) is None
        assert [event.kind for event in story.note("and on") or ()] == ["note"]
        story.stopped()
    with StoryWriter(path, strict=True) as story:
        assert [event.kind for event in story.note("after a goodbye") or ()] == ["note"]
        assert [event.kind for event in story.started() or ()] == ["resumed"]


@pytest.mark.parametrize("verb", ["started", "resumed"])
def test_a_killed_bot_that_says_itself_that_it_is_back_is_not_interrupted(
    path: Path, clock: ManualClock, verb: str
) -> None:
    """Its own word is the one line; how long it was away counts from what it last told."""
    with StoryWriter(path, strict=True, clock=clock) as story:
        story.started()
        clock.set(clock.now() + HOUR)
        story.fill("buy", 1, "0.05")
    clock.set(clock.now() + HOUR)
    with StoryWriter(path, strict=True, clock=clock) as story:
        assert said(getattr(story, verb)()) == [
            "🔁 Bot Resumed | away 1h | no goodbye at 16:00: killed, or ended without one"
        ]


def test_the_plans_calls_tell_nothing_of_their_own(path: Path, clock: ManualClock) -> None:
    """A story that used only those says at its next open what is called, and nothing else."""
    calls: list[tuple[Any, ...]] = [("START", "1.0"), ("TRADE", "BUY 1 @ 0.05"), ("STOP", "")]
    for _ in range(2):
        for call in calls:
            with StoryWriter(path, strict=True, clock=clock) as story:
                assert len(story.log_event(START, *call) or ()) == 1


def test_the_plans_stop_is_a_goodbye(path: Path, clock: ManualClock) -> None:
    """Of a bot that said that it started, too."""
    with StoryWriter(path, strict=True, clock=clock) as story:
        story.started()
        story.log_event(START, "STOP", "done")
    with StoryWriter(path, strict=True, clock=clock) as story:
        assert [event.kind for event in story.note("x") or ()] == ["note"]


@pytest.mark.parametrize(
    ("verb", "given", "words"),
    [
        ("halted", {"reason": "x", "until": "soon"}, "until"),
        ("resumed", {"missed_bars": -1}, "missed_bars"),
        ("resumed", {"fills_found": 1.5}, "fills_found"),
        ("started", {"wealth": float("nan")}, "wealth"),
        ("started", {"interval": "15m"}, "interval"),
        ("stopped", {"position": "none"}, "position"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    story: StoryWriter, verb: str, given: dict[str, Any], words: str
) -> None:
    """As in every other call."""
    with pytest.raises(ValueError, match=words):
        getattr(story, verb)(**given)


def test_a_halt_that_ends_while_another_goes_on_leaves_the_bot_halted(story: StoryWriter, clock: ManualClock) -> None:
    """Its end names the other, also the breaker's, and so does what reads the state."""
    story.halted("owner")
    story.halted("maintenance")
    story.halted("breaker")
    ends = [*said(story.unhalted("owner")), *said(story.unhalted("breaker"))]
    assert [end.rpartition("; ")[2].rpartition(" | ")[2] for end in ends] == [
        "still halted: breaker",
        "still halted: maintenance",
    ]
    story.observe(Observation(time=clock.now() + 1, wealth=1.0))
    story.flush()
    with JournalReader.open(story.filepath) as reader:
        seen = Snapshot.read(reader).observation
    assert seen is not None
    assert (seen.halted, seen.halt_reason) == (True, "maintenance")
    assert "still" not in said(story.unhalted())[0]


@pytest.mark.parametrize("reason", [None, "breaker"])
def test_the_end_of_an_observed_trip_without_a_reason_is_the_breakers(story: StoryWriter, reason: str | None) -> None:
    """A bot that gives no reason halts for its breaker, and so its end, however it is told, is Phoenix."""
    for minutes, halted in ((0, False), (1, True)):
        story.observe(Observation(time=START + minutes * MINUTE, wealth=1.0 - minutes / 5, halted=halted))
    assert said(story.unhalted(reason))[0].startswith("🔥 PHOENIX ACTIVATED")
    assert not said(story.observe(Observation(time=START + DAY, wealth=0.9, halted=False)))[1:]


def test_wealth_below_what_the_bot_began_with_is_the_same_fall_everywhere(story: StoryWriter, path: Path) -> None:
    """Live, in its state, retold and in its page; a withdrawal before the first reading is none."""
    story.started(wealth=2.0)
    story.flow(-1.0)
    for hours, wealth in ((1, 0.9), (2, 0.91), (3, 0.88)):
        story.observe(Observation(time=START + hours * HOUR, wealth=wealth, price=0.05))
    story.flush()
    with JournalReader.open(path) as reader:
        assert reader.events()[-1].kind != "ath"
        assert Snapshot.read(reader).drawdown == pytest.approx(-0.12)
        deepest = read_review(reader).performance.deepest
        assert deepest is not None
        assert deepest.drawdown == pytest.approx(-0.12)
        retold = heard(JournalSource(reader))
    assert retold.kinds("ath", "drawdown") == []
    assert retold.summary is not None
    assert "-12.0% to 0.8800 BTC" in retold.summary.line
    assert "max drawdown -12.0%" in retold.summary.line


def test_no_return_counts_from_a_wealth_below_nothing(story: StoryWriter) -> None:
    """A bot in debt may begin with one: then it counts from the first reading."""
    story.started(wealth=-5.0)
    for hours in (1, 2):
        story.observe(Observation(time=START + hours * HOUR, wealth=float(hours)))
    story.flush()
    with JournalReader.open(story.filepath) as reader:
        total = Snapshot.read(reader).total
    assert total is not None
    assert total.change == 1.0
