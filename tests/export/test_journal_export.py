"""A journal as a table: everything that was observed, filled and paid in, in the order of its telling."""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from livestory.cli import livestory
from livestory.clock import instant
from livestory.errors import InputError, JournalError, LivestoryError
from livestory.retell import table_file
from livestory.retell.columns import COLUMNS, FILL, FLAGS, INSTANTS, OBSERVATION, OF_A_FILL
from livestory.retell.export_journal import export_journal
from livestory.story.inputs import Observation
from livestory.story.reason import Reason
from livestory.story.story_writer import StoryWriter
from livestory.tables import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = 1_733_227_200_000_000  # 2024-12-03 12:00:00
BAR = 900_000_000


def opened(folder: Path) -> StoryWriter:
    """A story in ``folder``, as durable as can be."""
    return StoryWriter(folder / "live_story.txt", name="scout", strict=True, max_wait=10.0)


def observation(bar: int, **known: Any) -> Observation:
    """What the bot looks like at the end of a bar."""
    return Observation(time=NOON + bar * BAR, **known)


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV table, without their empty cells."""
    with file.open(encoding="utf-8", newline="") as text:
        return [{name: value for name, value in row.items() if value} for row in csv.DictReader(text)]


def test_the_table_has_all_that_was_told(tmp_path: Path) -> None:
    """Observations with every field they had, a fill and a flow as rows of their own, and only columns in use."""
    with opened(tmp_path) as story:
        story.observe(
            observation(0, wealth=1.0, regime="TREND", halted=False, no_trade_reason=Reason("band", 0.1, 0.2))
        )
        story.fill("buy", "0.2500", "0.0329", fee="0.00001", trade_id="a,1", reason="wanted it", timestamp=NOON / 1e6)
        story.flow(0.5, timestamp=(NOON + 60_000_000) / 1e6)
        story.observe(observation(1, wealth=1.5, halted=True, resume_at=NOON + 5 * BAR))
        story.note("not in a table")
        story.observe(observation(2, wealth=1.25, flow=-0.25))
    assert export_journal(tmp_path / "live_story.db", tmp_path / "export.csv") == 5
    first, fill, flow, second, third = rows(tmp_path / "export.csv")
    assert first == {
        "time": "2024-12-03T12:00:00Z",
        "wealth": "1.0",
        "regime": "TREND",
        "halted": "0",
        "no_trade_reason": '{"key":"band","value":0.1,"limit":0.2}',
    }
    assert fill == {
        "time": "2024-12-03T12:00:00Z",
        "fill_side": "buy",
        "fill_quantity": "0.2500",
        "fill_price": "0.0329",
        "fill_effect": "open",
        "fill_fee": "0.00001",
        "trade_id": "a,1",
        "fill_reason": '{"key":"","text":"wanted it"}',
    }
    assert flow == {"time": "2024-12-03T12:01:00Z", "flow": "0.5"}
    assert second["resume_at"] == "2024-12-03T13:15:00Z"
    assert (third["flow"], third["wealth"]) == ("-0.25", "1.25")


def test_every_field_has_a_column(tmp_path: Path) -> None:
    """And comes back from it, from CSV as from Parquet, to the microsecond and the last digit."""
    values: dict[str, Any] = {
        name: NOON + 1 if name in INSTANTS else name != "halted" if name in FLAGS else 0.1 + 0.2 for name in OBSERVATION
    }
    values |= {"regime": 'a "b", c', "halt_reason": "owner", "no_trade_reason": Reason("x"), "drawdown": -1 / 3}
    with opened(tmp_path) as story:
        story.observe(Observation(**values))
    for ending in ("csv", "parquet"):
        export_journal(tmp_path / "live_story.db", tmp_path / f"export.{ending}")
        (_, header), (_, row) = tables(tmp_path / f"export.{ending}")[0].rows()
        assert header == [*OBSERVATION, *OF_A_FILL]
        assert row[len(OBSERVATION) :] == ["", "", ""]
        for name, text in zip(OBSERVATION, row, strict=False):
            value = values[name]
            if name in INSTANTS:
                assert (instant(int(text)) if text.isdigit() else instant(text)) == value
            elif name in FLAGS:
                assert text in ({"1", "true"} if value else {"0", "false"})
            elif isinstance(value, float):
                assert float(text) == value
            else:
                assert text == (value if isinstance(value, str) else '{"key":"x"}')


def test_amounts_keep_their_digits_in_parquet(tmp_path: Path) -> None:
    """A column of numbers there, and the same number when it is read."""
    with opened(tmp_path) as story:
        story.fill("buy", "12345678.12345678", "0.00000001", timestamp=NOON / 1e6)
    export_journal(tmp_path / "live_story.db", tmp_path / "export.parquet")
    (_, header), (_, row) = tables(tmp_path / "export.parquet")[0].rows()
    found = dict(zip(header, row, strict=True))
    assert Decimal(found["fill_quantity"]) == Decimal("12345678.12345678")
    assert Decimal(found["fill_price"]) == Decimal("0.00000001")


def test_a_position_is_never_taken_for_a_target(tmp_path: Path) -> None:
    """In other people's tables a lone position may be one; ours has an empty target beside it."""
    with opened(tmp_path) as story:
        story.observe(observation(0, wealth=1.0, position=3.0))
    export_journal(tmp_path / "live_story.db", tmp_path / "export.csv")
    assert (tmp_path / "export.csv").read_text("utf-8").split("\n")[0] == (
        "time,wealth,position,target_weight,fill_side,fill_quantity,fill_price"
    )


def test_a_stretch_of_time_is_exported(tmp_path: Path) -> None:
    """From start on, before end; the bot may go on telling meanwhile."""
    with opened(tmp_path) as story:
        for bar in range(10):
            story.observe(observation(bar, wealth=1.0))
        export_journal(tmp_path / "live_story.txt", tmp_path / "export.csv", start=NOON + 2 * BAR, end=NOON + 5 * BAR)
    assert [row["time"] for row in rows(tmp_path / "export.csv")] == [
        f"2024-12-03T12:{minute}:00Z" if minute < 60 else "2024-12-03T13:00:00Z" for minute in (30, 45, 60)
    ]


def test_what_cannot_be_exported_is_told(tmp_path: Path) -> None:
    """No story, no name for a table, or options that belong to Prometheus: nothing is written."""
    with pytest.raises(JournalError, match="no story"):
        export_journal(tmp_path / "live_story.db", tmp_path / "export.csv")
    with pytest.raises(InputError, match=r"ends in \.csv or \.parquet"):
        export_journal(tmp_path / "live_story.db", tmp_path / "live_story.db")
    command = ["export", "--journal", str(tmp_path / "live_story.db"), "--out", str(tmp_path / "export.csv")]
    for option in (["--append"], ["--select", "bot=scout"], ["--prometheus", "http://x"], ["--ca", "x"]):
        done = CliRunner().invoke(livestory, [*command, *option])
        assert done.exit_code == 2
        assert f"{option[0]} is for an export from Prometheus" in done.stderr
    done = CliRunner().invoke(livestory, command)
    assert (done.exit_code, "there is no such journal" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_two_exports_do_not_write_one_table(tmp_path: Path) -> None:
    """The second says so; the first goes on."""
    with opened(tmp_path) as story:
        story.observe(observation(0, wealth=1.0))
        out = tmp_path / "export.csv"

        def rows() -> Iterator[list[str]]:
            with pytest.raises(LivestoryError, match=r"export\.csv: another livestory is writing it now"):
                export_journal(story.filepath, out)
            yield ["2024-12-03T12:00:00Z"]

        table_file.write(out, ["time"], rows())
    assert out.read_text("utf-8") == "time\n2024-12-03T12:00:00Z\n"


def test_columns_are_the_fields_of_an_observation_and_a_fill() -> None:
    """So that a new field is a new column by itself."""
    assert COLUMNS[: len(OBSERVATION)] == OBSERVATION
    assert {name.removeprefix("fill_") for name in FILL} >= {"side", "quantity", "price", "fee", "symbol", "effect"}
    assert len(set(COLUMNS)) == len(COLUMNS)
