"""The bars beside a story: written down as they are heard, and never in the way of a trade."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, MINUTE
from livestory.story.files.bars_file import BarRow, BarsFile, BarsReader
from livestory.trading.market.bar import BAR
from livestory.trading.market.recorded import RecordedBars

if TYPE_CHECKING:
    from pathlib import Path

START = 20_060 * DAY
BARS = [BarRow(START + n * BAR, 1.0 + n, 2.5 + n, 0.1 + n / 3, 1.7 + n, None if n == 2 else 3.25) for n in range(6)]


def written(path: Path, bars: list[BarRow], heard: int | None = None) -> None:
    """These bars, heard in one run."""
    with BarsFile(path, heard) as file:
        for bar in bars:
            file.add(bar)


def read(path: Path) -> list[BarRow]:
    """All that the file holds."""
    return list(BarsReader(path).new()[1])


def test_they_are_read_as_they_were_written_and_can_be_replayed(tmp_path: Path) -> None:
    """To the last digit; a later run goes on, and what it hears again is there once."""
    path = tmp_path / "story.bars.csv"
    written(path, BARS[:4])
    written(path, BARS[2:], BARS[4].time)
    assert read(path) == BARS
    replayed = RecordedBars([path], 15 * MINUTE, "ETH/BTC").read()
    assert [BarRow(bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in replayed] == BARS


@pytest.mark.parametrize("left", [b"17331", b"1733187600000,1.0,2.0,0.5,1.5,9.0", b"\0" * 600, b"\n\n", b"x,y\n"])
def test_what_a_power_cut_leaves_is_cut_away(tmp_path: Path, left: bytes) -> None:
    """A part of a line, zeros, anything after the last bar that is one."""
    path = tmp_path / "story.bars.csv"
    written(path, BARS[:3])
    with path.open("ab") as file:
        file.write(left)
    assert read(path) == BARS[:3]
    written(path, BARS[3:], BARS[3].time)
    assert read(path) == BARS


def test_bars_that_the_story_has_not_heard_go(tmp_path: Path) -> None:
    """A kill may come between a bar and its commit; and a story that begins anew has heard none."""
    path = tmp_path / "story.bars.csv"
    written(path, BARS)
    written(path, [], BARS[4].time)
    assert read(path) == BARS[:4]
    written(path, BARS[:1], None)
    assert read(path) == BARS[:1]
    path.write_bytes(b"\0" * 4096)
    written(path, BARS)
    assert read(path) == BARS


def test_bars_of_another_story_are_kept_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """More of them than a kill can leave: their journal was deleted, or put back from long ago."""
    path = tmp_path / "story.bars.csv"
    month = [BARS[0]._replace(time=START + n * BAR) for n in range(3_000)]
    written(path, month)
    written(path, BARS[:1], month[10].time)
    assert read(path) == month[:10]
    (aside,) = tmp_path.glob("story.bars.csv.replaced-*")
    assert read(aside) == month
    assert aside.name in caplog.text


def test_a_pipe_in_their_place_is_waited_for_by_nobody(tmp_path: Path) -> None:
    """Neither by who writes nor by who reads."""
    path = tmp_path / "story.bars.csv"
    os.mkfifo(path)
    assert read(path) == []
    written(path, BARS)
    assert read(path) == []


def test_a_file_of_somebody_elses_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, once, and nothing is raised; so where there is no place to write."""
    path = tmp_path / "story.bars.csv"
    path.write_text("my own notes\n", "utf-8")
    written(path, BARS)
    written(tmp_path / "no" / "folder.bars.csv", BARS)
    assert path.read_text("utf-8") == "my own notes\n"
    assert [record.message.partition(": ")[2] for record in caplog.records] == [
        "not a table of bars that livestory has begun; the page will show no candles from here on",
        "No such file or directory; the page will show no candles from here on",
    ]


def test_a_full_disk_ends_it_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """The bars go on to the bot."""
    from pathlib import Path  # noqa: PLC0415 - /dev/full alone needs it

    written(Path("/dev/full"), BARS)
    assert len(caplog.records) == 1


def test_a_reader_reads_on(tmp_path: Path) -> None:
    """Only what is new, whole lines alone; another file in its place is read from its beginning."""
    path = tmp_path / "story.bars.csv"
    reader = BarsReader(path)
    assert (reader.new()[0], list(reader.new()[1])) == (False, [])
    written(path, BARS[:2])
    assert list(reader.new()[1]) == BARS[:2]
    written(path, BARS[2:4], BARS[2].time)
    with path.open("ab") as file:
        file.write(b"1733187")
    anew, rows = reader.new()
    assert (anew, list(rows)) == (False, BARS[2:4])
    path.unlink()
    written(path, BARS[1:])
    anew, rows = reader.new()
    assert (anew, list(rows)) == (True, BARS[1:])
