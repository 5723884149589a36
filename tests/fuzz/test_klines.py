"""FAULTS rows 16, 18, 20 and 21: whatever a file of recorded bars holds, it is all read or refused with its place."""

from __future__ import annotations

from itertools import dropwhile
from math import isfinite
from typing import TYPE_CHECKING

import pytest

from livestory.clock import MINUTE
from livestory.errors import TableError
from livestory.story.wording.text import visible
from livestory.trading.market.recorded import RecordedBars
from tests.fuzz.inputs import corpus
from tests.fuzz.mutation import examples
from tests.fuzz.oracle import asked, bounded, is_harmless, still_at_it
from tests.fuzz.test_tables import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.conftest import Tried

KLINES = corpus("klines")


def read(file: Path, content: bytes) -> str:
    """What came of reading the bars: "read", every row of it a bar or a repetition of one; or "refused"."""
    still_at_it()
    try:
        bars = RecordedBars([file], 15 * MINUTE)
        found = list(bars.read())
    except TableError as error:
        refusal = str(error)
        found = []
    if not found:
        assert refusal.startswith(str(file))
        assert is_harmless(visible(refusal))
        assert refusal.count("\n") <= 1
        return "refused"
    assert len(found) == bars.count
    assert [bar.open_time for bar in found] == sorted({bar.open_time for bar in found})
    assert all((bar.open_time - found[0].open_time) % bars.interval == 0 for bar in found)
    assert all(0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in found)
    assert all(isfinite(bar.high) and (bar.volume is None or 0 <= bar.volume < float("inf")) for bar in found)
    if not file.read_bytes().startswith((b"\x1f\x8b", b"PK", b"\x28\xb5")) and b'"' not in content:
        lines = [
            line for line in content.replace(b"\r\n", b"\n").split(b"\n") if line.decode("utf-8", "replace").strip()
        ]
        rows = [*dropwhile(lambda line: line.count(b",") < lines[-1].count(b","), lines)]  # titles stand above them
        assert bars.count + bars.duplicates == len(rows) - (
            not rows[0].lstrip(b"\xef\xbb\xbf").split(b",")[0].isdigit()
        )
    return "read"


@pytest.mark.parametrize("name", KLINES)
def test_bars_of_the_corpus_are_read_or_refused(tmp_path: Path, name: str) -> None:
    """Those of an archive across its change from milliseconds to microseconds among them."""
    for kind, packed in KINDS.items():
        (tmp_path / kind).write_bytes(packed(KLINES[name]))
        expected = "refused" if name.startswith("bad_") else "read"
        with bounded():
            assert read(tmp_path / kind, KLINES[name]) == expected


@pytest.mark.parametrize("kind", ["csv", "zip"])
def test_mutated_bars_are_all_read_or_refused(tmp_path: Path, kind: str, tried: Tried) -> None:
    """No row is dropped, repeated or moved without a count of it."""
    contents = [KINDS[kind](content) for content in KLINES.values()]
    file = tmp_path / "bars"
    with bounded():
        for example in examples(1_000, 15_000):
            content = example.mutated(example.random.choice(contents), contents)
            file.write_bytes(content)
            try:
                tried(f"mutated bars, {kind}", read(file, content))
            except AssertionError as error:
                error.add_note(f"{example}: {content!r}")
                raise


def test_the_bot_trades_mutated_bars_or_refuses_them(tmp_path: Path, tried: Tried) -> None:
    """The command as a whole: nothing is begun for bars that are refused."""
    contents = list(KLINES.values())
    with bounded():
        for example in examples(30, 500):
            still_at_it()
            file, folder = tmp_path / "bars.csv", tmp_path / str(example.number)
            file.write_bytes(example.mutated(example.random.choice(contents), contents))
            try:
                result = asked("run", "--bars", file, "--dir", folder, lines=20)
            except AssertionError as error:
                error.add_note(f"{example}: {file.read_bytes()!r}")
                raise
            assert result.exit_code == 0 or not folder.exists(), result.stderr
            tried("bots on mutated bars", f"exit {result.exit_code}")
