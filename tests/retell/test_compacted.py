"""A compacted journal tells what it told before: its events are kept, and the narrator goes on from where it stood."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory import Observation, StoryWriter
from livestory.clock import DAY, HOUR, MINUTE, instant
from livestory.config import Configuration
from livestory.errors import JournalHeld
from livestory.retell.compact_journal import compact_journal
from livestory.retell.explain_story import RetellingSettings
from livestory.retell.export_journal import export_journal
from livestory.retell.journal_source import JournalSource
from livestory.story.files.verify import verify
from livestory.story.inputs import Flow
from livestory.story.journal.compaction import Compaction, Freed
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.narrator import NARRATOR
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.market.simulated import SimulatedBars
from livestory.trading.risk import RiskSettings
from tests.journal.stories import ended, forked
from tests.retell.bot import told_live
from tests.retell.listening import Heard, heard, told_of

if TYPE_CHECKING:
    from collections.abc import Callable

_BEGIN = instant("2023-12-20")
_WITHDRAWN = (1234, 1243, 1251, 1300)  # minutes


def compacted(story: Path, keep: int, configuration: Configuration | None = None) -> Freed | None:
    """Compact the story; None where nothing is old enough."""
    thinned = compact_journal(story, keep, (configuration or Configuration()).story)
    return thinned and thinned.freed


def explained(story: Path, configuration: Configuration | None = None) -> Heard:
    """What explaining the journal tells."""
    with JournalReader.open(story) as reader:
        return heard(JournalSource(reader), RetellingSettings(story=(configuration or Configuration()).story))


def observed(story: Path) -> list[Observation]:
    """All its observations."""
    with JournalReader.open(story) as reader:
        return list(reader.observations())


@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**32),
    days=st.integers(3, 8),
    keep=st.lists(st.integers(1, 6), min_size=1, max_size=2),
    breaker=st.floats(0.02, 0.3),
    cooldown=st.integers(1, 100).map(lambda hours: hours * HOUR),
    ath=st.floats(0, 0.02),
    quiet=st.integers(1, 30).map(lambda hours: hours * HOUR),
)
def test_every_line_and_the_summary_stay_the_same(
    seed: int, days: int, keep: list[int], breaker: float, cooldown: int, ath: float, quiet: int
) -> None:
    """Compacted anywhere, and again: explain tells the same, and what it tells is what was told live."""
    configuration = Configuration(
        story=StorySettings(ath_min_gain=ath, quiet=quiet), risk=RiskSettings(breaker=breaker, cooldown=cooldown)
    )
    with TemporaryDirectory() as name:
        story = Path(name) / "live_story.txt"
        live = told_live(story, SimulatedBars(seed, days * 96, _BEGIN), configuration)
        before, raw = explained(story, configuration), observed(story)
        assert before.head is not None
        assert before.summary is not None
        done = False
        for count in keep:
            freed = compacted(story, count * DAY, configuration)
            after = explained(story, configuration)
            assert after.lines == before.lines == [event.line for event in live]
            assert after.summary == before.summary
            assert after.head is not None
            done = done or freed is not None
            assert ("hourly extremes" in after.head.line) == done
            assert verify(story).findings == []
        assert raw[-96:] == observed(story)[-96:]


def a_fast_bot(story: Path, days: int = 3) -> list[Observation]:
    """The story of somebody's bot that observes each minute, with flows, a halt and regimes; its observations."""
    given = []
    with SynchronousWriter(story, Identity(bot="fast", symbol="ETH/BTC", unit="BTC"), StorySettings()) as writer:
        for n in range(days * 1440):
            time = _BEGIN + (n + 1) * MINUTE
            swing = (n * 7919) % 101 / 1000
            observation = Observation(
                time=time,
                wealth=1 + swing + (0.5 if n >= 2000 else 0.0) - sum(0.05 for each in _WITHDRAWN if n > each),
                price=0.05 + swing / 10,
                score=20 + swing * 100,
                regime="TREND" if n // 700 % 2 else "MEAN_REV",
                halted=1000 <= n < 1100,
                flow=0.5 if n == 2000 else None,
                next_due=time + MINUTE,
            )
            writer.take(observation)
            given.append(observation)
            if n in _WITHDRAWN:  # told by itself; the next wealth is without it
                writer.take(Flow(time=time + MINUTE // 2, amount=-0.05))
        writer.commit({NARRATOR: writer.narrator.save()})
    return given


def test_of_each_hour_stay_first_last_and_extremes(tmp_path: Path) -> None:
    """As they were observed, but for reasons and due times; besides, each change of regime or halt, and each flow."""
    story = tmp_path / "live_story.txt"
    raw = a_fast_bot(story)
    freed = compacted(story, DAY)
    assert freed is not None
    until = raw[-1].time // DAY * DAY - DAY
    left = observed(story)
    old, recent = [o for o in left if o.time < until], [o for o in left if o.time >= until]
    assert recent == [o for o in raw if o.time >= until]
    assert freed.observations == len(raw) - len(left) > 2000
    by_time = {o.time: o for o in raw}
    for hour in range(_BEGIN, until, HOUR):
        was = [o for o in raw if hour < o.time <= hour + HOUR and o.time < until]
        now = [o for o in old if hour < o.time <= hour + HOUR]
        assert 2 <= len(now) <= 8 + 2 * len(_WITHDRAWN)
        assert (now[0].time, now[-1].time) == (was[0].time, was[-1].time)
        for value in (_wealth, _price, _score):
            assert (min(map(value, now)), max(map(value, now))) == (min(map(value, was)), max(map(value, was)))
    for o in old:
        first = by_time[o.time]
        assert (o.wealth, o.price, o.regime, o.halted, o.flow) == (
            first.wealth, first.price, first.regime, first.halted, first.flow
        )  # fmt: skip
        assert o.next_due is None
    assert [o.flow for o in old if o.flow] == [0.5]
    switches = [b.time for a, b in pairwise(raw) if (a.regime, a.halted) != (b.regime, b.halted)]
    assert {time for time in switches if time < until} <= {o.time for o in old}
    again = compacted(story, DAY)
    assert again is not None
    assert again.observations == 0


def _wealth(o: Observation) -> float:
    return o.wealth or 0.0


def _price(o: Observation) -> float:
    return o.price or 0.0


def _score(o: Observation) -> float:
    return o.score or 0.0


def test_flows_within_the_thinned_time_leave_returns_as_they_were(tmp_path: Path) -> None:
    """Those that an observation carried, and those told by themselves: to the last bit."""
    story = tmp_path / "live_story.txt"
    a_fast_bot(story)
    before = explained(story)
    assert compacted(story, DAY) is not None
    after = explained(story)
    assert before.summary == after.summary
    assert before.lines == after.lines
    assert len(after.kinds("flow")) == 5


def test_the_room_is_given_back(tmp_path: Path) -> None:
    """The file is smaller, and no log is left over."""
    story = tmp_path / "live_story.txt"
    a_fast_bot(story)
    freed = compacted(story, DAY)
    assert freed is not None
    size = (tmp_path / "live_story.db").stat().st_size
    assert freed.after == size < freed.before
    db = apsw.Connection(str(tmp_path / "live_story.db"), flags=apsw.SQLITE_OPEN_READONLY)
    assert db.pragma("freelist_count") == 0
    db.close()
    assert (tmp_path / "live_story.db-wal").stat().st_size == 0


def test_an_export_of_a_compacted_journal_can_be_told(tmp_path: Path) -> None:
    """Its thinned rows are a table like any other; no gap is made up where rows were taken away."""
    story = tmp_path / "live_story.txt"
    a_fast_bot(story)
    assert compacted(story, DAY) is not None
    assert export_journal(story, tmp_path / "export.csv") == len(observed(story)) + len(_WITHDRAWN)
    retold = told_of(tmp_path / "export.csv")
    assert retold.kinds("gap") == []
    assert retold.kinds("regime") == explained(story).kinds("regime") != []


def test_a_journal_in_use_is_not_compacted(tmp_path: Path) -> None:
    """Its writer is named; nothing is changed."""
    with StoryWriter(tmp_path / "live_story.txt", name="scout") as writer:
        writer.note("hello")
        assert writer.flush(30)
        with pytest.raises(JournalHeld, match=f"pid {os.getpid()}, scout"):
            Compaction.open(tmp_path / "live_story.txt", "test")


def test_killed_at_each_statement_it_tells_the_same_and_goes_on(tmp_path: Path) -> None:
    """A compaction that is cut short leaves a journal that every reader understands, and the next one finishes it."""
    whole = tmp_path / "whole" / "live_story.txt"
    told_live(whole, SimulatedBars(3, 8 * 96, _BEGIN))
    lines = explained(whole).lines
    expected = None
    for statement in range(60):
        story = tmp_path / str(statement) / "live_story.txt"
        _copy(whole, story)

        def doomed(answer: int, story: Path = story, countdown: int = statement) -> None:
            left = [countdown]

            def trace(*_: object) -> bool:
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return True

            Compaction.compact = _traced(trace)  # type: ignore[method-assign]
            compacted(story, 2 * DAY)
            os.write(answer, b"done")

        code, _ = ended(*forked(doomed))
        assert explained(story).lines == lines
        assert [f for f in verify(story).findings if "lock" not in f.where] == []
        compacted(story, 2 * DAY)
        assert explained(story).lines == lines
        rows = [o.time for o in observed(story)]
        expected = expected or rows
        assert rows == expected
        if code == 0:
            assert statement > 8
            return
    pytest.fail("the compaction has more statements than the test kills")


def _traced(trace: Callable[..., bool]) -> Callable[..., Freed]:
    """A compaction whose every statement is traced; in a child that is about to die."""
    compact = Compaction.compact

    def traced(self: Compaction, *arguments: Any) -> Freed:
        self._connection.exec_trace = trace
        return compact(self, *arguments)

    return traced


def _copy(whole: Path, story: Path) -> None:
    story.parent.mkdir()
    source = apsw.Connection(str(whole.with_suffix(".db")), flags=apsw.SQLITE_OPEN_READONLY)
    source.execute("VACUUM INTO ?", (str(story.with_suffix(".db")),))
    source.close()
    story.write_bytes(whole.read_bytes())
