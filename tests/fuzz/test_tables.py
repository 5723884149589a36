"""FAULTS rows 18, 20, 21 and 34: whatever a table holds, it is a story or one message with its place."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.inputs import corpus
from tests.fuzz.mutation import Example, examples
from tests.fuzz.oracle import are_of_a_story, asked, bounded, still_at_it

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fuzz.conftest import Tried

TABLES = corpus("tables")
_CELLS = (
    "", " ", "nan", "inf", "-inf", "-0", "0", "1e308", "-1e308", "1e-320", "1e999999999", "-1e400", "9" * 400,
    "9" * 5000, "1_000", "٣", "²", "0x10", "+1", ".5", "1,5", "true", "no", "-", "null", "buy", "S", "1970-01-01",
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z", "2016-12-31T23:59:60Z", "2024-02-30",
    "2024-03-31T02:30:00+01:00", "20240331", "2024-W13-7", "1711857600", "1711857600000", "1711857600000000",
    "1711857600000000000", "253402300799", "253402300800", "-1", "1e12", "1711857600.5", "a | b", "x\ny", "\x1b[31m",
    "\u202e", "\u2028", "\x85", "\x00", "\\", '{"key":"x"}', '{"key":"","value":1e308,"limit":-1e308}',
    '{"key":"a | b\\n2024-03-31 00:00:00 | c"}', '{"key":1}', "{", "TREND",
    "2024-12-03 16:00:00 | 🚀 NEW ATH | 9.9999 BTC", "ETH/BTC", "/", "a/b/c", "é" * 300,
)  # fmt: skip
_COLUMNS = {
    "wealth": "1.01", "price": "0.05", "position": "9", "weight": "0.3", "target_weight": "0.3", "regime": "TREND",
    "score": "31", "threshold": "25", "drawdown": "-0.1", "halted": "1", "halt_reason": "breaker",
    "resume_at": "1711900000", "resume_score": "30", "daily_loss_hit": "0", "day_return": "-0.01",
    "no_trade_reason": "no_dip", "flow": "0.1", "next_due": "1711900000", "fill_side": "buy", "fill_quantity": "2",
    "fill_price": "0.05", "fill_symbol": "ETH/BTC", "fill_effect": "add", "fill_fee": "0.001", "trade_id": "t",
    "fill_reason": "dip", "fill_step": "2", "fill_reference": "0.05", "fill_wanted": "3", "fill_wealth_after": "1",
    "fill_filled_at": "1711800000", "colour": "red",
}  # fmt: skip
"""Every column with a value that it takes."""
_MAKE_TWO = frozenset(name for name in _COLUMNS if name.startswith(("fill_", "flow")))  # of a row
_FILL = ("fill_side", "fill_quantity", "fill_price")


def _zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.csv", content)
    return file.getvalue()


def _zstd(content: bytes) -> bytes:
    from backports import zstd  # noqa: PLC0415  of one test alone

    return zstd.compress(content)


def _parquet(content: bytes, scratch: Path) -> bytes:
    import duckdb  # noqa: PLC0415  of one test alone

    scratch.write_bytes(content)
    made = scratch.with_suffix(".parquet")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.read_csv(str(scratch), all_varchar=True).write_parquet(str(made))
    return made.read_bytes()


KINDS: dict[str, Callable[[bytes], bytes]] = {
    "csv": lambda content: content,
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "zip": _zipped,
    "zstd": _zstd,
}


def told(file: Path, *options: str) -> str:
    """What came of explaining it: "told" or "refused"; a refusal is status 2, names the file and prints no story."""
    still_at_it()
    result = asked("explain", file, *options)
    if result.exit_code == 0:
        assert are_of_a_story(result.stdout.splitlines())
        return "told"
    assert result.exit_code == 2
    assert result.stdout == ""
    assert file.name in result.stderr
    return "refused"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_corpus_is_told_or_refused(tmp_path: Path, name: str) -> None:
    """Those that a mutation once found among them, in every form that a table comes in."""
    outcomes = set()
    for kind, packed in KINDS.items():
        (tmp_path / kind).write_bytes(packed(TABLES[name]))
        with bounded():
            outcomes.add(told(tmp_path / kind))
    assert len(outcomes) == 1


@pytest.mark.parametrize("kind", [*KINDS, "parquet"])
def test_a_mutated_table_is_told_or_refused(tmp_path: Path, kind: str, tried: Tried) -> None:
    """Bytes changed, lost or put in, of the file as it is stored."""
    file = tmp_path / "t"
    if kind == "parquet":
        contents = [_parquet(TABLES["backtest.csv"], file)]
    else:
        contents = [KINDS[kind](content) for content in TABLES.values()]
    with bounded():
        for example in examples(100, 5_000):
            file.write_bytes(example.mutated(example.random.choice(contents), contents))
            try:
                tried(f"mutated {kind} tables", told(file))
            except AssertionError as error:
                error.add_note(f"{example}: {file.read_bytes()!r}")
                raise


def test_any_cells_are_a_story_of_all_rows_or_refused(tmp_path: Path, tried: Tried) -> None:
    """Any column of the vocabulary, any value in it; every row that is not refused is counted in the story's head."""
    file = tmp_path / "t.csv"
    with bounded():
        for example in examples(300, 15_000):
            rows = _cells(example)
            with file.open("w", encoding="utf-8", newline="", errors="surrogatepass") as out:
                csv.writer(out, lineterminator="\n").writerows(rows)
            options = ("--breaker", "0.2") if example.random.random() < 0.3 else ()
            try:
                outcome = told(file, *options)
            except AssertionError as error:
                error.add_note(f"{example}: {file.read_bytes()!r}")
                raise
            tried("tables of odd cells", outcome)
            if outcome == "told" and not _MAKE_TWO.intersection(rows[0]):
                head = asked("explain", file, *options).stdout.partition("\n")[0]
                remarks = re.search(r"; (\d+) rows? left out: a remark;", head)
                kept = len(rows) - 1 - (int(remarks[1]) if remarks else 0)
                assert re.search(rf" \| {kept} rows?,", head), f"{example}: {file.read_bytes()!r}"
                assert kept >= sum(bool(row[0].strip()) for row in rows[1:]), "a row with a time is no remark"


def _cells(example: Example) -> list[list[str]]:
    random = example.random
    names = random.sample(list(_COLUMNS), random.randrange(1, 8))
    names = ["time", *dict.fromkeys((*names, *(_FILL if random.random() < 0.4 else ())))]
    start = random.choice((101_000_000, 1_711_839_600, 1_711_839_600, 253_370_761_000))
    rows = [
        [
            str(start + 900 * n),
            *(_CELLS[random.randrange(len(_CELLS))] if random.random() < 0.1 else _COLUMNS[name] for name in names[1:]),
        ]
        for n in range(random.randrange(1, 6))
    ]
    if random.random() < 0.2:
        random.choice(rows)[0] = random.choice(_CELLS)
    return [names, *rows]
