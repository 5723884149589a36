"""Recorded bars are checked as a whole before the first is told, and come out the same whatever holds them."""

from __future__ import annotations

import csv
import gzip
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import MINUTE, as_datetime, instant
from livestory.errors import TableError
from livestory.tables import instant_of
from livestory.trading.market.bar import Bar
from livestory.trading.market.recorded import RecordedBars

BAR = 15 * MINUTE
START = instant("2024-12-31T22:00:00")
HEADER = "open_time,open,high,low,close,volume"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write lines to a CSV file and give its path."""

    def to_file(lines: Sequence[str], name: str = "bars.csv") -> Path:
        file = tmp_path / name
        file.write_text("\n".join(lines) + "\n")
        return file

    return to_file


def line(bar: int, numbers: str = "0.05,0.06,0.04,0.05,1", unit: int = 1000) -> str:
    """The n-th bar after START as a line of a file, its time as a number with so many microseconds to the unit."""
    return f"{(START + bar * BAR) // unit},{numbers}"


def problem_of(*files: Path, interval: int | None = None) -> str:
    """What is said of bars that are refused; the folder is left out."""
    with pytest.raises(TableError) as error:
        RecordedBars(files, interval)
    return str(error.value).replace(f"{files[0].parent}/", "")


def archive_row(bar: Bar, unit: int) -> str:
    """A bar as a line of Binance's kline archives, times as numbers of ``unit`` microseconds."""
    end = (bar.end // unit) - 1
    return f"{bar.open_time // unit},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume},{end},1.5,7,0.5,0.05,0"


def archive(path: Path, bars: Sequence[Bar], unit: int) -> Path:
    """One of Binance's monthly archives as it is published: a headerless CSV in a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{path.stem}.csv", "".join(archive_row(bar, unit) + "\n" for bar in bars))
    return path


def test_the_real_bars_are_what_pandas_reads(real_bars_file: Path) -> None:
    """Every number of all 87,547 bars, the five that are missing, and the digest that names them for ever."""
    market = RecordedBars([real_bars_file])
    table = pd.read_csv(real_bars_file)
    times = pd.to_datetime(table["open_time"]).astype("int64").to_list()
    scale = times[1] - times[0]
    bars = list(market.read())
    assert [bar.open_time for bar in bars] == [time * BAR // scale for time in times]
    for name in ("open", "high", "low", "close", "volume"):
        assert [getattr(bar, name) for bar in bars] == table[name].to_list()
    assert all(bar.end == bar.open_time + BAR for bar in bars)
    assert (market.interval, market.count, market.missing, market.duplicates) == (BAR, 87_547, 5, 0)
    assert (market.first, market.last) == (instant("2022-01-01"), instant("2024-06-30T23:45:00"))
    assert market.digest == "4016839bf3ba25f36f5939917c55dfe5c3006c70358b5d946f559ff03dd92df1"


def test_the_same_bars_have_one_digest_whatever_holds_them(real_bars_file: Path, tmp_path: Path) -> None:
    """Plain or packed, other columns beside them or not, epochs or dates, one file or three, CSV or Parquet."""
    market = RecordedBars([real_bars_file])
    bars = list(market.read())
    plain, parquet = tmp_path / "plain.csv", tmp_path / "bars.parquet"
    plain.write_bytes(gzip.decompress(real_bars_file.read_bytes()))
    duckdb.connect().execute(f"COPY (SELECT * FROM read_csv('{plain}')) TO '{parquet}'")  # noqa: S608 - paths of our own
    thirds = [
        archive(tmp_path / f"{n}.zip", bars[n * 30_000 : (n + 1) * 30_000], unit)
        for n, unit in enumerate((1000, 1, 1000))
    ]
    for files in ([plain], [parquet], thirds):
        other = RecordedBars(files)
        assert (other.digest, other.count, other.missing) == (market.digest, market.count, market.missing)
        assert list(other.read()) == bars


def test_another_bar_or_another_interval_is_another_digest(write: Write) -> None:
    """One price, one volume, one time, one bar more: each tells."""
    same = [HEADER, line(0), line(1), line(2)]
    others = [
        [*same[:3], line(2, "0.05,0.06,0.04,0.0501,1")],
        [*same[:3], line(2, "0.05,0.06,0.04,0.05,")],
        [*same[:3], line(3)],
        [*same, line(3)],
        [HEADER, line(0), line(2), line(4)],
    ]
    digests = {RecordedBars([write(lines)]).digest for lines in (same, *others)}
    assert len(digests) == len(others) + 1


def test_the_unit_of_a_time_is_found_for_each_value(write: Write) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds, also mixed in one file, are the same bars."""
    expected = list(RecordedBars([write([HEADER, *(line(n) for n in range(8))])]).read())
    for units in ((1_000_000,), (1,), (1000, 1), (1_000_000, 1000, 1)):
        lines = [line(n, unit=units[n % len(units)]) for n in range(8)]
        assert list(RecordedBars([write([HEADER, *lines])]).read()) == expected
    nanos = [f"{START + n * BAR}000,0.05,0.06,0.04,0.05,1" for n in range(8)]
    assert list(RecordedBars([write([HEADER, *nanos])]).read()) == expected


def test_binances_archives_are_read_as_they_are_across_their_change_of_unit(tmp_path: Path) -> None:
    """Milliseconds until 2024-12, microseconds from 2025-01, given in any order, are one run of bars."""
    bars = [Bar(START + n * BAR, START + (n + 1) * BAR, 0.05, 0.06, 0.04, 0.05, float(n)) for n in range(16)]
    december = archive(tmp_path / "ETHBTC-15m-2024-12.zip", bars[:8], 1000)
    january = archive(tmp_path / "ETHBTC-15m-2025-01.zip", bars[8:], 1)
    unpacked = tmp_path / "ETHBTC-15m-2025-01.csv"
    unpacked.write_bytes(zipfile.ZipFile(january).read("ETHBTC-15m-2025-01.csv"))
    for files in ([december, january], [january, december], [december, unpacked]):
        market = RecordedBars(files)
        assert list(market.read()) == bars
        assert (market.count, market.missing) == (16, 0)


def test_metatraders_exports_are_read_as_they_are(write: Write) -> None:
    """A day and a time of day in two columns, with names in brackets or, as its fourth version writes them, none."""
    five = write([
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
        "2024.12.31\t22:00:00\t1\t3\t0.5\t2\t7\t0\t1",
        "2024.12.31\t22:15:00\t2\t3\t0.5\t1\t7\t0\t1",
    ])  # fmt: skip
    four = write(["2024.12.31,22:00,1,3,0.5,2,7", "2024.12.31,22:15,2,3,0.5,1,7"], "four.csv")
    bars = [
        Bar(START, START + BAR, 1.0, 3.0, 0.5, 2.0, 7.0),
        Bar(START + BAR, START + 2 * BAR, 2.0, 3.0, 0.5, 1.0, 7.0),
    ]
    assert [*RecordedBars([five]).read()] == [*RecordedBars([four]).read()] == bars


def test_columns_may_stand_in_any_case_and_order_beside_others(write: Write) -> None:
    """A bar is found by the names of its columns; without a volume its volume is unknown, not 0."""
    lines = ["Symbol,CLOSE,Low,High,Open,Date", "x,0.05,0.04,0.06,0.045,2024-12-31 22:00", "x,5,4,6,5,2024-12-31 22:15"]
    first, _ = RecordedBars([write(lines)]).read()
    assert first == Bar(START, START + BAR, 0.045, 0.06, 0.04, 0.05, None)


def test_a_sum_below_the_bars_is_none_of_them(write: Write) -> None:
    """Spreadsheets put one there."""
    assert len([*RecordedBars([write([HEADER, line(0), line(1), "Total,,,,,2"])]).read()]) == 2


def test_an_empty_volume_is_unknown(write: Write) -> None:
    """It is neither 0 nor an error."""
    bars = RecordedBars([write([HEADER, line(0, "0.05,0.06,0.04,0.05,"), line(1)])]).read()
    assert [bar.volume for bar in bars] == [None, 1.0]


@given(
    st.datetimes(
        datetime.fromisoformat("1980-01-01"),
        datetime.fromisoformat("9998-01-01"),  # later times are refused
        timezones=st.sampled_from([None, UTC]),
    ),
    st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]),
    st.sampled_from([" ", "T"]),
)
def test_a_time_is_the_instant_that_the_clock_reads_in_it(time: datetime, precision: str, separator: str) -> None:
    """The shortcut through days already read changes nothing."""
    text = time.isoformat(separator, precision)
    assert instant_of(text) == instant(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-12-31T22:00:00.000Z", START),
        ("2025-01-01 01:00:00+03:00", START),
        ("2024-12-31 19:00-03:00", START),
        ("20241231T220000", START),
        ("20241231", instant("2024-12-31")),
        ("2024-12-31", instant("2024-12-31")),
        ("1735682400.0", START),
        ("1.7356824e12", START),
    ],
)
def test_times_are_read_however_tables_write_them(text: str, expected: int) -> None:
    """Zones are honoured, eight digits are a date, and a number may be written as a fraction."""
    assert instant_of(text) == expected


@pytest.mark.parametrize("text", ["", "noon", "31.12.2024", "2024-13-01", "nan", "inf", "-5", "1e30", "9" * 5000])
def test_what_is_no_time_is_refused(text: str) -> None:
    """By ValueError, which the file's reader turns into a place."""
    with pytest.raises(ValueError, match=r"."):
        instant_of(text)


GOOD = "0.05,0.06,0.04,0.05,1"


@pytest.mark.parametrize(
    ("numbers", "place"),
    [
        ("nan,0.06,0.04,0.05,1", "3:2: open 'nan' is not a price"),
        ("0.05,inf,0.04,0.05,1", "3:3: high 'inf' is not a price"),
        ("0.05,0.06,-0.04,0.05,1", "3:4: low '-0.04' is not a price"),
        ("0.05,0.06,0,0.05,1", "3:4: low '0' is not a price"),
        ("0.05,0.06,0.04,,1", "3:5: close '' is not a price"),
        ('0.05,0.06,0.04,"0,05",1', "3:5: close '0,05' is not a price"),
        ("0.07,0.06,0.04,0.05,1", "3:3: high 0.06 is below the bar's 0.07"),
        ("0.05,0.03,0.04,0.05,1", "3:3: high 0.03 is below the bar's 0.05"),
        ("0.05,0.06,0.04,0.03,1", "3:4: low 0.04 is above the bar's 0.03"),
        ("0.05,0.06,0.04,0.05,-1", "3:6: volume '-1' is not a quantity"),
        ("0.05,0.06,0.04,0.05,nan", "3:6: volume 'nan' is not a quantity"),
        ("0.05,0.06,0.04,0.05,lots", "3:6: volume 'lots' is not a quantity"),
    ],
)
def test_an_impossible_bar_is_refused_at_its_column(write: Write, numbers: str, place: str) -> None:
    """NaN, infinity, what is no number, and a high or low that its own bar exceeds."""
    problem = problem_of(write([HEADER, line(0), line(1, numbers), line(2)]))
    assert problem.startswith(f"bars.csv:{place}")


def test_a_time_that_is_none_is_refused_at_its_column(write: Write) -> None:
    """Wherever that column is."""
    lines = ["open,high,low,close,Time", "5,6,4,5,2024-12-31", "5,6,4,5,tomorrow"]
    assert problem_of(write(lines)).startswith("bars.csv:3:5: 'tomorrow' is not a time; write ISO 8601")


def test_unsorted_bars_are_refused_with_both_times_and_the_remedy(write: Write) -> None:
    """Nothing is sorted in silence."""
    assert problem_of(write([HEADER, line(0), line(2), line(1), line(3)])) == (
        "bars.csv:4:1: 2024-12-31 22:15:00 comes after 2024-12-31 22:30:00 (bars.csv:3); "
        "sort the bars by time, and let no two files overlap"
    )


def test_files_that_overlap_are_refused_with_both_places(write: Write) -> None:
    """The first bar of the later file comes before the last of the earlier one."""
    first = write([HEADER, *map(line, range(4))], "a.csv")
    second = write([HEADER, *map(line, range(2, 6))], "b.csv")
    assert "b.csv:2:1: 2024-12-31 22:30:00 comes after 2024-12-31 22:45:00 (a.csv:5)" in problem_of(second, first)


def test_identical_duplicates_are_dropped_and_counted(write: Write) -> None:
    """In one file, and where one file ends with the bar that the next begins with."""
    once = RecordedBars([write([HEADER, *map(line, range(6))])])
    first = write([HEADER, line(0), line(1), line(1), line(1), line(2)], "a.csv")
    second = write([HEADER, line(2, unit=1), line(3), line(4), line(5)], "b.csv")
    twice = RecordedBars([first, second])
    assert (once.duplicates, twice.duplicates) == (0, 3)
    assert (twice.digest, twice.count, twice.missing) == (once.digest, 6, 0)
    assert list(twice.read()) == list(once.read())


def test_duplicates_that_disagree_are_refused_at_what_differs(write: Write) -> None:
    """Which of them is right is the owner's to say."""
    assert problem_of(write([HEADER, line(0), line(1), line(1, "0.05,0.06,0.04,0.051,1"), line(2)])) == (
        "bars.csv:4:5: two bars of 2024-12-31 22:15:00 disagree: close 0.051 here, 0.05 in bars.csv:3; "
        "remove the wrong one"
    )


def test_missing_bars_are_counted(write: Write) -> None:
    """The interval is the most common distance, not the smallest sum of them."""
    market = RecordedBars([write([HEADER, *(line(n) for n in (0, 1, 2, 5, 6, 9))])])
    assert (market.interval, market.count, market.missing) == (BAR, 6, 4)


def test_a_bar_off_the_grid_is_refused(write: Write) -> None:
    """Its neighbours' distance is no whole number of intervals."""
    stray = f"{(START + 3 * BAR + 5 * MINUTE) // 1000},{GOOD}"
    assert problem_of(write([HEADER, line(0), line(1), line(2), line(3), stray, line(4), line(5)])) == (
        "bars.csv:6:1: 2024-12-31 22:50:00 comes 0:05:00 after the bar before it, which is off their grid; "
        "bars are 0:15:00 long here: remove or correct this one"
    )


def test_times_without_a_common_distance_are_refused(write: Write) -> None:
    """A file of trades is no file of bars, and is given up before it fills the memory."""
    trades = [f"{START + n * n},{GOOD}" for n in range(2000)]
    assert "bars.csv:1003:1: the times up to here have no common distance" in problem_of(write([HEADER, *trades]))


def test_bars_of_another_interval_than_the_one_configured_are_refused(write: Write) -> None:
    """Hourly bars are no 15-minute bars with gaps."""
    hourly = write([HEADER, *(line(4 * n) for n in range(5))])
    assert problem_of(hourly, interval=BAR) == (
        "bars.csv: bars of 1:00:00, where 0:15:00 is configured; change the configuration or the files"
    )
    assert RecordedBars([hourly], 4 * BAR).interval == 4 * BAR


def test_a_lone_bar_needs_an_interval(write: Write) -> None:
    """It does not say how long it is."""
    lone = write([HEADER, line(0)])
    assert "one bar alone does not say how long it is" in problem_of(lone)
    (bar,) = RecordedBars([lone], BAR).read()
    assert (bar.open_time, bar.end) == (START, START + BAR)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([HEADER], "bars.csv:1: a header and no bars after it"),
        (["open_time,open,high,low,volume", "1,2,3,4,5"], "bars.csv:1: no columns named 'close'"),
        (["open,high,low,close", "1,2,3,4"], "bars.csv:1: no columns named 'open_time'"),
        (["time,open,Open,high,low,close", "1,2,3,4,5,6"], "bars.csv:1: 2 columns named 'open'"),
        (["open_time/open/high/low/close", "1/2/3/4/5"], "bars.csv:1: no columns named 'open_time'"),
        ([line(0), line(1)], "bars.csv:1:1: no header, and 6 columns where Binance's archives have 12"),
        ([line(0, "5,6,4,5,1,0,0,0,0,0,x"), line(1)], "bars.csv:2:7: fields: 6, where the first row has 12"),
    ],
)
def test_a_file_of_something_else_is_refused(write: Write, lines: list[str], expected: str) -> None:
    """Columns that are missing, doubled, or without a header."""
    assert problem_of(write(lines)).startswith(expected)


def test_no_file_at_all_is_refused() -> None:
    """Rather than told as a story without bars."""
    with pytest.raises(TableError, match="no file of bars given"):
        RecordedBars([])


def test_a_real_archive_cut_off_anywhere_tells_nothing(real_bars_file: Path, tmp_path: Path) -> None:
    """The last bytes are looked at before the first bar is given."""
    whole = real_bars_file.read_bytes()
    file = tmp_path / "cut.csv.gz"
    for length in (0, 1, 20, 5_000, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert problem_of(file).startswith("cut.csv.gz:")


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=30),
    st.lists(st.integers(0, 30), max_size=5),
)
def test_count_missing_and_duplicates_add_up(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], doubled: list[int]
) -> None:
    """The grid from first to last is the bars there are and the bars that are missing."""
    places = list(range(40))  # enough neighbours to name the interval
    for gap in gaps:
        places.append(places[-1] + gap)
    repeated = sorted([*places, *(places[n % len(places)] for n in doubled)])
    file = tmp_path_factory.mktemp("bars") / "bars.csv"
    with file.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(HEADER.split(","))
        rows.writerows([as_datetime(START + place * BAR).isoformat(), 5, 6, 4, 5, 1] for place in repeated)
    market = RecordedBars([file])
    assert market.count == len(places)
    assert market.duplicates == len(doubled)
    assert market.count + market.missing == places[-1] + 1
    assert all(after.open_time > before.open_time for before, after in pairwise(market.read()))


def test_memory_does_not_grow_with_the_bars(write: Write) -> None:
    """Neither checking nor reading keeps what it has passed."""

    def peak(bars: int) -> int:
        file = write([HEADER, *map(line, range(bars))])
        tracemalloc.start()
        for _ in RecordedBars([file]).read():
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(500)
    assert peak(30_000) < peak(3_000) + 100_000
