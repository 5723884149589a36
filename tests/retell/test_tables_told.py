"""Anybody's table is told: by its usual names, with what it has, and the head says what it has not."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import HOUR, as_datetime, instant
from livestory.retell.explain_story import RetellingSettings
from livestory.retell.shapes.recognised import given_columns
from livestory.retell.sorting import by_time
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.retold import Retold, Summary
from livestory.story.kinds.trades import Trade
from livestory.story.settings import StorySettings
from livestory.story.wording import numbers
from tests.retell.explaining import explained
from tests.retell.listening import Heard, told_of, told_of_text

if TYPE_CHECKING:
    from pathlib import Path

FIRST_READING = "first reading; TREND from 27.0, MEAN_REV below 23.0, between them it stays"
TRIP = "from 1.1000 to 0.7500 at bar close, limit -20.0%"
START = instant("2024-01-01")
BACKTEST = """time,close,wealth,regime_score,target_w
2024-01-01 00:15,0.05,1.0,20,0
2024-01-01 00:30,0.05,1.0,26,0.5
2024-01-01 00:45,0.06,1.1,27.5,0.5
2024-01-01 01:00,0.04,0.9,24,0.504
2024-01-01 01:15,0.03,0.75,22,0
2024-01-01 01:30,0.03,0.75,22,0
2024-01-01 01:45,0.03,0.75,31,0.33
"""


def head_of(heard: Heard) -> Retold:
    """The facts of the head."""
    assert heard.head is not None
    assert isinstance(heard.head.facts, Retold)
    return heard.head.facts


def summary_of(heard: Heard) -> Summary:
    """The facts of the summary."""
    assert heard.summary is not None
    assert isinstance(heard.summary.facts, Summary)
    return heard.summary.facts


def test_a_backtest_is_told_with_what_it_has(tmp_path: Path) -> None:
    """Regimes from the score, a change of target weight as the change of exposure that it is, and no trade or trip."""
    heard = told_of_text(tmp_path, BACKTEST)
    assert heard.lines == [
        f"2024-01-01 00:15:00 | 🔄 Regime Switch: MEAN_REV | Score: 20.0 | {FIRST_READING}",
        "2024-01-01 00:30:00 | 🔼 Exposure Up | ETH 0% → 50% | price 0.05",
        "2024-01-01 00:45:00 | 🔄 Regime Switch: TREND | Score: 27.5 | over 27.0 after 30m of MEAN_REV",
        (
            "2024-01-01 00:45:00 | 🚀 NEW ATH | 1.1000 BTC | +10.0% over 1.0000, price 0.06; next one told from "
            "1.1110, today from 1.1550"
        ),
        "2024-01-01 01:15:00 | 🔄 Regime Switch: MEAN_REV | Score: 22.0 | under 23.0 after 30m of TREND",
        "2024-01-01 01:15:00 | ⚠️ Drawdown | DD: -31.8% | from the record 1.1000 (00:45) to 0.7500",
        "2024-01-01 01:15:00 | 🔽 Exposure Down | ETH 50% → 0% | price 0.03",
        "2024-01-01 01:45:00 | 🔄 Regime Switch: TREND | Score: 31.0 | over 27.0 after 30m of MEAN_REV",
        "2024-01-01 01:45:00 | 🔼 Exposure Up | ETH 0% → 33% | price 0.03",
    ]
    head = head_of(heard)
    assert head.inferred == ("regime", "exposure")
    assert head.lacking == ("halted", "fill", "next_due", "no_trade_reason")
    assert (head.rows, head.repeated, head.in_order) == (7, 0, True)


def test_trips_are_inferred_only_where_asked_and_the_head_says_so(tmp_path: Path) -> None:
    """Target 0 at the breaker's drawdown trips, the next exposure resumes; the drawdown then counts from there."""
    assert told_of_text(tmp_path, BACKTEST).kinds("breaker", "phoenix") == []
    heard = told_of_text(tmp_path, BACKTEST, RetellingSettings(breaker=0.2, rules=Rules(breaker=0.2)))
    assert heard.kinds("breaker", "phoenix", "drawdown") == [
        f"2024-01-01 01:15:00 | 🚨 SAFETY BREAKER TRIPPED | DD: -31.8% | {TRIP}",
        (
            "2024-01-01 01:45:00 | 🔥 PHOENIX ACTIVATED | Resuming Trading | halted 30m; DD counts anew from 0.7500 "
            "(from the record it would trip at once); breaker now at 0.6000 BTC"
        ),
    ]
    assert head_of(heard).inferred == ("regime", "halted", "exposure")
    assert heard.head is not None
    assert "halts inferred: tripped where the target is 0 at -20.0% or deeper" in heard.head.line
    told = summary_of(heard)
    assert (told.halts, told.halted) == (1, HOUR // 2)


def test_a_table_that_reports_its_halts_is_believed_whatever_is_asked(tmp_path: Path) -> None:
    """A phoenix_active of 1 is a bot that waits to resume; nothing is inferred beside it."""
    text = "close_time,equity,phoenix_active\n1704067200,1,0\n1704070800,0.7,0\n1704074400,0.7,1\n1704078000,0.7,0.0\n"
    heard = told_of_text(tmp_path, text, RetellingSettings(breaker=0.2))
    assert [line[11:16] for line in heard.kinds("breaker", "phoenix")] == ["02:00", "03:00"]
    assert head_of(heard).inferred == ()


def test_usual_names_are_known_in_any_case_and_order(tmp_path: Path) -> None:
    """And any other column is nobody's business."""
    other = BACKTEST.replace("time,close,wealth,regime_score,target_w", "Bar Close,PRICE,Wealth-BTC,Score,position")
    rows = [line.split(",") for line in other.splitlines()]
    shuffled = "\n".join(",".join(["x", *row[::-1], ""]) for row in rows)
    assert told_of_text(tmp_path, shuffled).lines == told_of_text(tmp_path, BACKTEST).lines


def test_a_lone_position_beyond_one_is_an_amount_and_no_weight(tmp_path: Path) -> None:
    """Nothing is told of exposure then, and the head says why; the caller may say otherwise."""
    backtest = BACKTEST.replace("target_w", "position")
    weight = told_of_text(tmp_path, backtest)
    assert len(weight.kinds("exposure")) == 3
    text = backtest.replace(",0.33\n", ",-20.5\n")
    amount = told_of_text(tmp_path, text)
    assert amount.kinds("exposure") == []
    assert [event.line for event in weight.events if event.kind not in {"exposure", "quiet"}] == amount.lines
    assert amount.head is not None
    assert "position is how much is held, not a target weight: no changes of exposure" in amount.head.line
    assert "position" not in head_of(weight).inferred
    told = told_of(tmp_path / "table.csv", columns=given_columns("target_weight=position"))
    assert "ETH 0% → -2050%" in told.kinds("exposure")[-1]
    told_of_text(tmp_path, backtest)
    assert told_of(tmp_path / "table.csv", columns=given_columns("position=position")).lines == amount.lines


def test_unusual_names_are_given_and_the_first_column_is_the_time(tmp_path: Path) -> None:
    """--columns wealth=my_equity."""
    file = tmp_path / "a.csv"
    file.write_text("when,my_equity\n2024-01-01,1\n2024-01-02,1.1\n")
    heard = told_of(file, columns=given_columns("wealth = my_equity"))
    assert heard.kinds("ath") == [
        "2024-01-03 00:00:00 | 🚀 NEW ATH | 1.1000 BTC | +10.0% over 1.0000; next one told from 1.1110"
    ]


def test_a_table_of_trades_alone_is_told_as_trades(tmp_path: Path) -> None:
    """Time, side, quantity and price: with the result of what they close, and no change of exposure."""
    text = (
        "Date,Side,Qty,Price,Fee,Reason\n2024-01-01 10:00,BUY,2,0.05,0.0001,dip\n2024-01-02 10:00,sell,2,0.06,0.0001,\n"
    )
    heard = told_of_text(tmp_path, text)
    assert heard.kinds("trade") == [
        "2024-01-01 10:00:00 | 🟢 BUY | +2 ETH @ 0.05 BTC | dip",
        (
            "2024-01-02 10:00:00 | 🔴 SELL | -2 ETH @ 0.06 BTC | closes the position; "
            "result +19.8% after fees (+0.0198 BTC); entry 0.05, exit 0.06, held 1d; opened: dip; no ETH left"
        ),
    ]
    told = summary_of(heard)
    assert (told.buys, told.sells, told.fees_by_asset, told.change) == (1, 1, {"BTC": Decimal("0.0002")}, None)
    assert {"wealth", "price", "halted"} <= set(head_of(heard).lacking)


def test_a_row_may_be_an_observation_and_a_trade(tmp_path: Path) -> None:
    """A backtest with a side in the rows that traded; it has fills, so nothing is said of exposure."""
    text = "time,price,wealth,target_weight,side,quantity\n1704067200,0.05,1,0,,\n1704070800,0.05,1,1,buy,20\n"
    heard = told_of_text(tmp_path, text)
    assert [event.kind for event in heard.events if event.kind != "chapter"] == ["trade"]
    (trade,) = heard.facts("trade")
    assert isinstance(trade, Trade)
    assert (trade.quantity, trade.price) == (Decimal(20), Decimal("0.05"))


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000, "ISO", "zones", "mixed"])
def test_the_same_series_in_any_unit_of_time_is_the_same_story(tmp_path: Path, unit: int | str) -> None:
    """Seconds, milliseconds, microseconds, nanoseconds, ISO with and without zones, and all of them in one file."""
    chance = random.Random(3)  # noqa: S311 - a series, no secret
    moves = [(START + number * HOUR, 1.05 ** chance.randint(-2, 3)) for number in range(60)]

    def written(number: int, time: int) -> str:
        if unit == "mixed":
            forms = (time // 10**6, time // 1000, time, time * 1000, as_datetime(time).isoformat())
            return str(forms[number % len(forms)])
        if unit == "zones":
            shift = f"{number % 12:02d}:00"
            return as_datetime(time + number % 12 * HOUR).isoformat().replace("+00:00", f"+{shift}")
        return as_datetime(time).isoformat() if unit == "ISO" else str(time * int(unit) // 10**6)

    table = "time,wealth\n" + "".join(
        f"{written(number, time)},{wealth}\n" for number, (time, wealth) in enumerate(moves)
    )
    plain = "time,wealth\n" + "".join(f"{time},{wealth}\n" for time, wealth in moves)
    assert told_of_text(tmp_path, table).lines == told_of_text(tmp_path, plain).lines != []


@given(st.randoms(use_true_random=False))
def test_rows_out_of_order_are_sorted_and_that_is_said(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random
) -> None:
    """Any order of the rows tells one story."""
    header, *rows = BACKTEST.splitlines()
    shuffled = [*rows]
    chance.shuffle(shuffled)
    heard = told_of_text(tmp_path_factory.mktemp("t"), "\n".join([header, *shuffled]))
    assert heard.lines == told_of_text(tmp_path_factory.mktemp("t"), BACKTEST).lines
    assert head_of(heard).in_order == (shuffled == rows)
    assert heard.head is not None
    assert ("were sorted by time" in heard.head.line) == (shuffled != rows)


def test_many_rows_are_sorted_in_runs_and_equal_times_stay_in_their_order() -> None:
    """A merge sort on disk, and a stable one."""
    chance = random.Random(1)  # noqa: S311 - rows, no secret
    rows = [(chance.randint(0, 50_000), line, [str(line)]) for line in range(250_000)]
    assert list(by_time(rows)) == sorted(rows, key=lambda row: row[0])


def test_a_row_of_a_time_that_was_told_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    """The last one counts: a file to which run after run was appended has stale ones before it."""
    header, *rows = BACKTEST.splitlines()
    doubled = "\n".join([header, *(row for each in rows for row in (each.replace(",0.", ",0.1"), each))])
    heard = told_of_text(tmp_path, doubled)
    assert heard.lines == told_of_text(tmp_path, BACKTEST).lines
    assert head_of(heard).left_out == ("7 rows left out: a later one has the same time",)


def test_a_file_that_a_zip_has_twice_is_told_once(tmp_path: Path) -> None:
    """And the head says so."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("fills.csv", "copy/fills (1).csv"):
            archive.writestr(name, "time,side,price,quantity\n2024-03-05,buy,100,2\n2024-03-06,sell,105,2\n")
    result = explained(tmp_path, packed.getvalue())
    assert result.exit_code == 0, result.stderr
    assert "copy/fills (1).csv is the same file as fills.csv: told once" in result.stdout
    assert "1 buy, 1 sell" in result.stdout


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_packed_table_is_told_as_it_is(tmp_path: Path, pack: object) -> None:
    """Gzip and zstd."""
    file = tmp_path / "packed"
    file.write_bytes(pack(BACKTEST.encode()))  # type: ignore[operator]  # one of the two functions
    assert told_of(file).lines == told_of_text(tmp_path, BACKTEST).lines


def test_empty_cells_are_unknown_and_infinities_are_refused(tmp_path: Path) -> None:
    """An empty cell and NaN say nothing; an infinite one is told once with its end, and moves no record."""
    cells = enumerate(["1", "", "NaN", "inf", "1"], 1)
    text = "time,wealth\n" + "".join(f"2024-01-01 0{hour}:00,{cell}\n" for hour, cell in cells)
    heard = told_of_text(tmp_path, text)
    assert [event.kind for event in heard.events] == ["reading_refused", "reading_back"]
    assert summary_of(heard).change == 0.0


def test_the_summary_adds_up(tmp_path: Path) -> None:
    """Return, holding, the deepest fall with its dates, regimes, exposures, best and worst month."""
    months = {"2024-01-31": 1.0, "2024-02-29": 1.2, "2024-03-15": 0.9, "2024-03-31": 1.08, "2024-04-10": 1.188}
    rows = "".join(f"{day},{wealth},{wealth / 20},{30 if wealth > 1.1 else 20}\n" for day, wealth in months.items())
    told = summary_of(told_of_text(tmp_path, "date,wealth,close,score\n" + rows))
    assert told.change == pytest.approx(0.188)
    assert told.holding == pytest.approx(0.188)
    assert told.deepest == pytest.approx(-0.25)
    assert (told.deepest_from, told.deepest_at) == (instant("2024-03-01"), instant("2024-03-16"))
    assert (told.best_month, told.worst_month) == (instant("2024-02-01"), instant("2024-03-01"))
    assert (told.best, told.worst) == pytest.approx((0.2, -0.1))
    assert {each.regime for each in told.regimes} == {"TREND", "MEAN_REV"}
    assert sum(each.lasted for each in told.regimes) == told.end - told.start


@given(
    st.lists(st.floats(0.1, 10), min_size=2, max_size=60) | st.lists(st.floats(0.95, 1.05), min_size=2, max_size=9),
    st.integers(1, 40),
)
def test_the_summary_has_the_deepest_fall_of_the_whole_table(
    tmp_path_factory: pytest.TempPathFactory, wealths: list[float], hours: int
) -> None:
    """From the highest wealth so far to the lowest after it, over all days and months; its line says the same."""
    times = [START + number * hours * HOUR for number in range(1, len(wealths) + 1)]
    rows = "".join(f"{time},{wealth!r}\n" for time, wealth in zip(times, wealths, strict=True))
    settings = StorySettings(implausible=1e6)
    heard = told_of_text(tmp_path_factory.mktemp("t"), "time,wealth\n" + rows, RetellingSettings(story=settings))
    told = summary_of(heard)
    expected = min(wealth / max(wealths[: number + 1]) - 1 for number, wealth in enumerate(wealths))
    assert heard.summary is not None
    assert ("max drawdown" in heard.summary.line) == (told.deepest is not None) == (expected < 0)
    if told.deepest is not None and told.deepest_from is not None and told.deepest_at is not None:
        peak, low = times.index(told.deepest_from), times.index(told.deepest_at)
        assert told.deepest == pytest.approx(expected)
        assert told.deepest == pytest.approx(wealths[low] / wealths[peak] - 1)
        assert wealths[peak] == max(wealths[: low + 1])
        assert f"max drawdown {numbers.percent(told.deepest)} (" in heard.summary.line


@given(
    st.lists(st.sampled_from([1.0, 1.1, 0.9, 0.7, 1.3, 1.2]), min_size=30, max_size=200),
    st.integers(0, 23).map(lambda hour: hour * HOUR + HOUR // 2) | st.just(0),
)
def test_a_chapters_deepest_fall_is_that_of_its_rows(
    tmp_path_factory: pytest.TempPathFactory, wealths: list[float], shift: int
) -> None:
    """Weeks, months and years take it from their days: the fall is the one that a look at every row finds."""
    times = [START + shift + number * 5 * HOUR for number in range(1, len(wealths) + 1)]
    rows = "".join(f"{time},{wealth}\n" for time, wealth in zip(times, wealths, strict=True))
    heard = told_of_text(tmp_path_factory.mktemp("t"), "time,wealth\n" + rows)
    known = list(zip(times, wealths, strict=True))
    for chapter in heard.facts("chapter"):
        assert isinstance(chapter, Chapter)
        opened = chapter.since or chapter.start
        peak, falls = 0.0, [(0.0, 0)]
        for time, wealth in known:
            peak = wealth if time <= opened else max(peak, wealth)
            falls += [(wealth / peak - 1.0, time)] if opened < time <= chapter.end else []
        deepest, at = min(falls)
        assert (chapter.deepest, chapter.deepest_at) == ((deepest, at) if deepest else (None, None))
        if chapter.deepest_from is not None:
            from_peak = [wealth for time, wealth in known if time <= chapter.deepest_from][-1]
            assert dict(known)[at] / from_peak - 1.0 == deepest


def test_small_drifts_of_the_target_are_not_told_until_they_add_up(tmp_path: Path) -> None:
    """As with records, measured against what was told last."""
    rows = "".join(f"{START // 10**6 + number * 60},{0.5 + number * 0.003}\n" for number in range(11))
    heard = told_of_text(tmp_path, "time,target_w\n" + rows, RetellingSettings(story=StorySettings(exposure_told=0.01)))
    assert [line[11:16] for line in heard.kinds("exposure")] == ["00:00", "00:04", "00:08"]


def test_an_exchanges_close_time_is_its_bars_end(tmp_path: Path) -> None:
    """23:59:59.999 is midnight: the day's chapter is told in time."""
    rows = [f"2024-12-0{day}T{hour:02}:59:59.999Z,1.0" for day in (3, 4) for hour in range(24)]
    lines = told_of_text(tmp_path, "\n".join(["close_time,wealth", *rows]) + "\n").events
    days = [event.line for event in lines if event.kind == "chapter"]
    assert len(days) == 2
    assert all("told late" not in line for line in days)
