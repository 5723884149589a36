"""The command: where the story goes, in which form, and what it will not do."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from livestory.cli import livestory
from livestory.clock import instant
from livestory.story.journal.reader import JournalReader
from livestory.story.line import parse, render
from livestory.trading.market.simulated import SimulatedBars
from tests.retell.bot import events_of, told_live
from tests.retell.test_tables_told import BACKTEST

ROOT = Path(__file__).parents[2]
START = instant("2024-01-01")


def explain(*arguments: object, stdin: str | None = None) -> Result:
    """Run the command; what it raises is a failure."""
    result = CliRunner().invoke(livestory, ["explain", *map(str, arguments)], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A backtest."""
    file = tmp_path / "backtest.csv"
    file.write_text(BACKTEST, encoding="utf-8")
    return file


def test_the_whole_story_is_printed_from_its_head_to_its_summary(table: Path) -> None:
    """Every line is a line of a story, and can be read back."""
    lines = explain(table).stdout.splitlines()
    assert "📼 Retold | from backtest.csv | 7 rows" in lines[0]
    assert "🏁 In All | -25.0% to 0.7500 |" in lines[-1]
    assert len(lines) == 11
    for line in lines:
        assert render(parse(line)) == line


def test_a_file_gets_what_the_screen_would_and_the_screen_the_summary(table: Path, tmp_path: Path) -> None:
    """--out is written whole, in a folder that it makes."""
    out = tmp_path / "new" / "story.txt"
    result = explain(table, "--out", out)
    assert out.read_text(encoding="utf-8") == explain(table).stdout
    assert result.stdout == explain(table).stdout.splitlines()[-1] + "\n"
    assert [path.name for path in out.parent.iterdir()] == ["story.txt"]


def test_standard_input_is_a_table_like_any_other(table: Path) -> None:
    """And is called that."""
    assert explain("-", stdin=BACKTEST).stdout == explain(table).stdout.replace("backtest.csv", "standard input")
    told = explain("-", stdin="time,wealth\n2024-01-01,x\n").stderr
    assert told.startswith("standard input:2:2: 'x' is not a number")


def test_json_and_csv_hold_the_lines_and_the_facts(table: Path) -> None:
    """The same events in three forms."""
    lines = explain(table).stdout.splitlines()
    records = json.loads(explain(table, "--format", "json").stdout)
    assert [record["line"] for record in records] == lines
    assert records[2]["facts"] == {"kind": "exposure", "before": 0.0, "after": 0.5, "price": 0.05}
    rows = list(csv.DictReader(io.StringIO(explain(table, "--format", "csv").stdout)))
    assert [row["kind"] for row in rows] == [record["facts"]["kind"] for record in records]
    assert " | ".join(filter(None, (rows[2]["headline"], rows[2]["facts"], rows[2]["why"]))) in lines[2]
    assert json.loads(explain(table, "--format", "json", "--kind", "breaker").stdout) == []


def test_a_part_of_the_story_is_the_same_lines(table: Path) -> None:
    """All rows are read, whatever is shown: the numbers of a line do not depend on it."""
    lines = explain(table).stdout.splitlines()
    assert explain(table, "--kind", "exposure,ath").stdout.splitlines() == [
        line for line in lines if "Exposure" in line or "ATH" in line
    ]
    later = explain(table, "--since", "2024-01-01T01:00", "--until", "2024-01-01T01:30").stdout.splitlines()
    assert later[1:-1] == [line for line in lines[1:-1] if "2024-01-01 01:1" in line]


def test_settings_come_from_options_and_from_a_file(table: Path, tmp_path: Path) -> None:
    """The same setting by both ways; a mistake is told."""
    config = tmp_path / "livestory.toml"
    config.write_text("[story]\nath_min_gain = 0.2\n[strategy.regime]\nthreshold = 40\n")
    by_file = explain(table, "--config", config).stdout
    assert "NEW ATH" not in by_file
    assert "TREND from 42.0" in by_file
    assert "records told from +20.0%" in by_file  # a configured bot's rules are told
    by_option = explain(
        table, "--symbol", "ETH/BTC", "--set", "story.ath_min_gain=0.2", "--set", "strategy.regime.threshold=40"
    ).stdout
    told = [line.split(" | ")[:3] for line in by_file.splitlines() if "Rules" not in line]
    assert told == [line.split(" | ")[:3] for line in by_option.splitlines()]
    assert explain(table, "--set", "story.ath_min_gain=2").exit_code == 2


def test_a_live_story_is_never_written_over(table: Path, tmp_path: Path) -> None:
    """Beside a journal, another name is proposed, for the text and for the report."""
    told_live(tmp_path / "live_story.txt", SimulatedBars(1, 200, START))
    before = (tmp_path / "live_story.txt").read_bytes()
    for option in ("--out", "--html"):
        result = explain(table, option, tmp_path / "live_story.txt")
        assert result.exit_code == 2
        assert f"--out {tmp_path}/live_story_retold.txt" in result.stderr
    assert explain(table, "--out", table).exit_code == 2
    assert table.read_text(encoding="utf-8") == BACKTEST
    assert (tmp_path / "live_story.txt").read_bytes() == before


def test_a_journal_is_told_again_line_by_line(tmp_path: Path) -> None:
    """By its own name or by that of the story's text; and the journal is as it was."""
    story = tmp_path / "live_story.txt"
    live = told_live(story, SimulatedBars(3, 1_500, START))
    journal = (tmp_path / "live_story.db").read_bytes()
    for name in ("live_story.db", "live_story.txt"):
        shown, everything = explain(tmp_path / name), explain(tmp_path / name, "--all")
        assert shown.stdout.splitlines()[1:-1] == story.read_text(encoding="utf-8").splitlines()
        assert everything.stdout.splitlines()[1:-1] == [event.line for event in live]
    assert (tmp_path / "live_story.db").read_bytes() == journal


def test_a_journal_is_told_while_its_bot_goes_on_writing(tmp_path: Path) -> None:
    """Each time it is a story to its end, of as much as had been kept; the writer notices nothing."""
    story = tmp_path / "live_story.txt"
    bars = SimulatedBars(5, 3_000, START)
    writer = threading.Thread(target=told_live, args=(story, bars))
    writer.start()
    told: list[list[str]] = []
    while writer.is_alive():
        if (tmp_path / "live_story.db").exists():
            result = explain(story.with_suffix(".db"), "--all")
            told += [result.stdout.splitlines()[1:-1]] if result.exit_code == 0 else []
    writer.join()
    whole = [event.line for event in events_of(story)]
    assert all(lines == whole[: len(lines)] for lines in told)
    with JournalReader.open(story) as reader:
        assert reader.last_seq == len(whole)


def test_the_plans_launcher_works_with_crons_environment(table: Path, tmp_path: Path) -> None:
    """`python tools/explain_story.py FILE --out …`, from another folder, with no variable but PATH."""
    if not (ROOT / ".venv").exists():
        pytest.skip("the launcher starts the project's own environment, which `make` has not made here")
    command = [sys.executable, str(ROOT / "tools" / "explain_story.py"), table.name, "--out", "told.txt"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": os.defpath}, check=False, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "told.txt").read_text(encoding="utf-8") == explain(table).stdout
