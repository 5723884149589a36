"""A replay that dies anywhere and is started again with the same command tells the story of one that never died."""

from __future__ import annotations

import os
import random
import signal
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livestory.story.files.verify import verify
from livestory.trading.market.bar import BAR
from livestory.trading.market.recorded import RecordedBars
from tests.golden.oracle import events
from tests.golden.replay import QUARTER, replay
from tests.journal.stories import ended, forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livestory.story.files.layout import Layout
    from livestory.trading.market.bar import Bar

BARS = 8_736
KILLS = 10
TICK = 64  # bars between two signs of life of a child


class Cut(BaseException):
    """The end of a process, as far as the executor can tell: no goodbye, and what was not committed is lost."""


class CutShort:
    """The bars of the quarter, with something that happens after each: how many it were, and which it was."""

    def __init__(self, bars: RecordedBars, after_each: Callable[[int, Bar], None]) -> None:
        self.symbol, self.interval, self.count, self.digest = bars.symbol, bars.interval, bars.count, bars.digest
        self._bars, self._after_each = bars, after_each

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """Each bar, and then what happens."""
        for number, bar in enumerate(self._bars.read(after), 1):
            yield bar
            self._after_each(number, bar)


@pytest.fixture(scope="module")
def market(quarter_bars: Path) -> RecordedBars:
    """The bars of the quarter, read and checked once."""
    return RecordedBars([quarter_bars])


def what_is_kept(layout: Layout) -> tuple[list[tuple[object, ...]], ...]:
    """What may not depend on interruptions: events but for comings and goings, observations, the bot's state.

    Asserts that journal, chain and text agree.
    """
    assert verify(layout.text).findings == []
    db = apsw.Connection(str(layout.db), flags=apsw.SQLITE_OPEN_READONLY)
    told = db.execute("SELECT time, told, kind, record, line FROM events "
                      "WHERE kind NOT IN ('resumed', 'stopped') ORDER BY seq").get  # fmt: skip
    observed = db.execute("SELECT * FROM observations ORDER BY time").get
    columns = [row[1] for row in db.execute("PRAGMA table_info(observations)")]
    state = db.execute("SELECT state FROM states WHERE name = 'executor'").get
    db.close()
    after_seq = columns.index("after_seq")  # counts the comings and goings too; after it stands the checksum over it
    return told, [row[:after_seq] for row in observed], [(state,)]


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, BARS), min_size=1, max_size=4))
def test_cut_anywhere_and_started_again_the_story_is_that_of_an_uninterrupted_run(
    cuts: list[int], market: RecordedBars, quarter: Layout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each process dies so many bars after it began, in the middle of what it would have committed together."""
    folder = tmp_path_factory.mktemp("cut")
    died = 0
    for cut in cuts:

        def die(bars: int, _bar: Bar, cut: int = cut) -> None:
            if bars >= cut:
                raise Cut

        try:
            replay(CutShort(market, die), folder, QUARTER)
        except Cut:
            died += 1
    layout = replay(market, folder, QUARTER)
    assert died
    assert what_is_kept(layout) == what_is_kept(quarter)


def test_stopped_after_every_trade_and_started_again_the_story_is_that_of_an_uninterrupted_run(
    market: RecordedBars, quarter: Layout, tmp_path: Path
) -> None:
    """With the order on its way, with it just filled, and in the cooldown after it; each a bar's end to go on from."""
    told = events(quarter.db)
    trades = told["time"][told["kind"] == "trade"]
    stops = sorted({time + bars * BAR for time in trades for bars in (0, 1, 3)})
    for at in stops:
        stop = Event()
        replay(CutShort(market, partial(_stop_at, at, stop)), tmp_path, QUARTER, stop)
    layout = replay(market, tmp_path, QUARTER)
    assert len(stops) > len(trades)
    assert what_is_kept(layout) == what_is_kept(quarter)


def _stop_at(time: int, stop: Event, _bars: int, bar: Bar) -> None:
    if bar.end >= time:
        stop.set()


def test_killed_ten_times_the_story_is_that_of_an_uninterrupted_run(
    market: RecordedBars, quarter: Layout, tmp_path: Path
) -> None:
    """SIGKILL at the process itself, which has no say in where it dies."""

    def tell(answer: int) -> None:
        replay(CutShort(market, lambda bars, _: None if bars % TICK else _alive(answer)), tmp_path, QUARTER)

    chance = random.Random(2)  # noqa: S311 - where to kill, no secret
    for _ in range(KILLS):
        pid, read = forked(tell)
        for _ in range(chance.randrange(1, 24)):
            os.read(read, 1)
        os.kill(pid, signal.SIGKILL)
        code, _ = ended(pid, read)
        assert code == -signal.SIGKILL
    layout = replay(market, tmp_path, QUARTER)
    assert what_is_kept(layout) == what_is_kept(quarter)


def _alive(answer: int) -> None:
    os.write(answer, b".")
