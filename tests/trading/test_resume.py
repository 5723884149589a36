"""Killed anywhere and started again, the executor's story is that of an uninterrupted run."""

from __future__ import annotations

from itertools import islice, pairwise
from threading import Event
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from livestory.clock import DAY
from livestory.errors import TableError
from livestory.story.inputs import Observation
from livestory.trading.bar_loop import Ending, run
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.executor import Executor
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.risk import RiskSettings
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from tests.trading.rehearsal import RecordingStory, bars_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from livestory.story.inputs import Input
    from livestory.trading.market.bar import Bar
    from livestory.trading.strategy.choice import Meta

NERVOUS = RiskSettings(breaker=0.05, cooldown=2 * DAY, daily_loss=0.02)
GROUP = 50


@pytest.fixture(scope="module")
def real_bars(real_bars_file: Path) -> list[Bar]:
    """Two months of real bars, in which the nervous risk trips and resumes."""
    return list(islice(RecordedBars([real_bars_file]).read(), 6_000))


def start(
    story: RecordingStory,
    bars: Sequence[Bar] = (),
    strategy: StrategySettings | None = None,
    risk: RiskSettings = NERVOUS,
    paper: PaperSettings | None = None,
) -> Executor:
    """What a process does at its start."""
    fresh = ExecutorState.fresh("test", strategy or StrategySettings(), risk, paper or PaperSettings())
    return Executor(fresh, story, lambda: bars)


@pytest.fixture(scope="module")
def whole(real_bars: list[Bar]) -> RecordingStory:
    """The story of the uninterrupted run."""
    story = RecordingStory()
    assert run(start(story), real_bars, Event(), commit_every=GROUP) is Ending.BARS
    return story


def test_the_run_that_is_cut_has_everything_in_it(whole: RecordingStory) -> None:
    """Else the cuts below would prove little."""
    halts = [observation.halted for observation in whole.observations]
    assert True in halts
    assert (True, False) in pairwise(halts)
    assert any(observation.daily_loss_hit for observation in whole.observations)
    assert {fill.side for fill in whole.fills} == {"buy", "sell"}
    assert len(whole.fills) > 10


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 6_000 // GROUP + 1), min_size=1, max_size=3))
def test_killed_at_any_commit_and_started_again_it_tells_the_same_story(
    cuts: list[int], whole: RecordingStory, real_bars: list[Bar]
) -> None:
    """Several deaths in a row; each new process has the committed bytes and nothing else."""
    story = RecordingStory()
    for cut in cuts:
        run(start(story), real_bars, Event(), commit_every=GROUP)
        story = story.after_a_crash(min(cut, len(story.commits)))
    run(start(story), real_bars, Event(), commit_every=GROUP)
    assert story.inputs() == whole.inputs()


def test_stopped_and_resumed_at_one_bar_after_another_it_tells_the_same_story(
    whole: RecordingStory, real_bars: list[Bar]
) -> None:
    """A clean stop after each bar of a stretch with an order in flight loses none and doubles none."""
    story = RecordingStory()
    first_fill = next(n for n, bar in enumerate(real_bars) if bar.open_time == whole.fills[0].time)
    run(start(story), real_bars[: first_fill - 3], Event())
    for end in range(first_fill - 3, first_fill + 3):
        expected = Ending.NOTHING_NEW if end == first_fill - 3 else Ending.BARS
        assert run(start(story), real_bars[:end], Event()) is expected
    run(start(story), real_bars, Event())
    assert story.inputs() == whole.inputs()


def test_a_finished_replay_says_so_when_started_again(whole: RecordingStory, real_bars: list[Bar]) -> None:
    """And tells nothing more."""
    again = whole.after_a_crash(len(whole.commits))
    told = list(again.told)
    assert run(start(again), real_bars, Event()) is Ending.NOTHING_NEW
    assert again.told == told


def test_killed_between_the_last_bar_and_the_end_it_tells_the_end_once() -> None:
    """The end belongs to the story although every bar was heard."""
    bars = bars_of([0.05] * 4)
    story = RecordingStory()
    run(start(story), bars, Event(), commit_every=1)
    again = story.after_a_crash(4)
    assert again.ends == []
    for _ in range(2):
        assert run(start(again), bars, Event()) is Ending.NOTHING_NEW
        assert [end.by for end in again.ends] == ["bars"]


def test_asked_to_stop_it_ends_after_the_bar_at_hand_and_keeps_it() -> None:
    """By you, at the end of the last bar heard."""
    stop, story, bars = Event(), RecordingStory(), bars_of([0.05] * 5)

    def until_three() -> Iterator[Bar]:
        for number, bar in enumerate(bars):
            if number == 2:
                stop.set()
            yield bar

    assert run(start(story), until_three(), stop) is Ending.STOPPED
    assert len(story.observations) == 3
    assert [(end.time, end.by) for end in story.ends] == [(bars[2].end, "you")]
    assert story.kept == len(story.told)
    assert run(start(story), bars, stop) is Ending.STOPPED
    assert len(story.observations) == 3


def test_an_error_in_the_bars_is_told_as_the_end_and_nothing_before_it_is_lost() -> None:
    """The error itself goes on to whoever started the run."""
    story = RecordingStory()

    def torn() -> Iterator[Bar]:
        yield from bars_of([0.05] * 3)
        problem = TableError.at("bars.csv", 5, 2, "not a price")
        raise problem

    with pytest.raises(TableError, match=r"bars\.csv:5:2"):
        run(start(story), torn(), Event())
    assert len(story.observations) == 3
    assert [end.by for end in story.ends] == ["error"]
    assert story.kept == len(story.told)


def test_a_failing_story_leaves_a_half_heard_bar_uncommitted() -> None:
    """What is kept ends with a whole bar."""

    class Failing(RecordingStory):
        def take(self, given: Input) -> None:
            if isinstance(given, Observation) and len(self.observations) == 3:
                raise OSError
            super().take(given)

    story = Failing()
    with pytest.raises(OSError):  # noqa: PT011  it has no message
        run(start(story), bars_of([0.05] * 5), Event(), commit_every=1)
    assert story.kept == len(story.told) == 5  # begin, rules, three bars


def test_at_a_pace_every_bar_is_committed_by_itself() -> None:
    """So that each line is there when it happens; progress counts the bars."""
    story, heard = RecordingStory(), list[int]()
    run(start(story), bars_of([0.05] * 4), Event(), bars_per_second=1e6, progress=heard.append)
    assert heard == [1, 2, 3, 4]
    assert len(story.commits) == 5  # the last one for the end


def test_with_new_limits_money_and_peak_stay(real_bars: list[Bar]) -> None:
    """They are told, and in force from the first bar after the restart."""
    story = RecordingStory()
    run(start(story, risk=RiskSettings()), real_bars[:1_000], Event())
    before = start(story, risk=RiskSettings()).state
    after = start(story, risk=NERVOUS, paper=PaperSettings(fee=0.002)).state
    assert after.risk == structs.replace(before.risk, settings=NERVOUS)
    assert before.paper is not None
    assert after.paper == structs.replace(before.paper, settings=PaperSettings(fee=0.002))
    run(start(story, risk=NERVOUS), real_bars[:1_002], Event())
    assert [rules.breaker for rules in story.rules_told] == [0.2, 0.05]


def test_with_new_strategy_settings_the_indicators_are_built_anew_from_the_bars_heard(real_bars: list[Bar]) -> None:
    """As if they had been there from the start, and not a bar further; the account stays."""
    shorter = StrategySettings(regime=structs.replace(StrategySettings().regime, adx_period=7))
    story, other = RecordingStory(), RecordingStory()
    run(start(story), real_bars[:1_000], Event())
    run(start(other, strategy=shorter), real_bars[:1_000], Event())
    kept = start(story).state
    rebuilt, expected = start(story, real_bars, shorter).state, start(other, strategy=shorter).state
    assert cast("Meta", rebuilt.strategy).score == cast("Meta", expected.strategy).score
    assert cast("Meta", rebuilt.strategy).trend == cast("Meta", expected.strategy).trend
    assert (rebuilt.paper, rebuilt.risk, rebuilt.summary) == (kept.paper, kept.risk, kept.summary)


def test_the_history_is_read_only_when_indicators_must_be_built_anew() -> None:
    """A plain restart reads no old bar."""
    story = RecordingStory()
    run(start(story), bars_of([0.05] * 3), Event())

    def unread() -> Sequence[Bar]:
        pytest.fail("the history was read")

    fresh = ExecutorState.fresh("test", StrategySettings(), NERVOUS, PaperSettings())
    assert Executor(fresh, story, unread).state.summary.bars == 3


def test_the_state_is_small_and_does_not_grow_with_the_bars(whole: RecordingStory) -> None:
    """A commit costs the same after years; the averages' windows are what it holds."""
    sizes = [len(states["executor"]) for _, states in whole.commits]
    assert max(sizes) < 10_000
    assert max(sizes[60:]) < 1.2 * max(sizes[20:60])
