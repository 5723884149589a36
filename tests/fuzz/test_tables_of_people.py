"""Tables as people's programs and spreadsheets mangle them: a story of all rows, or one clear refusal."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import TYPE_CHECKING

from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.cli import livestory
from livestory.retell.shapes import declared
from tests.reliability.amount import TORTURE, amount

if TYPE_CHECKING:
    import pytest

NAMES = sorted({each for shape in declared.SHAPES for names in shape.columns.values() for each in names.split()})
CELLS = (
    "", "-", "nan", "None", "NIL", "1", "-2", "0", "0.5", "1,5", "1.234,50", "$1,234.50", "(12.3)", "12.3-", "5 %",
    "2 ETH", "100 EUR", "0.1BTC", "1e-7", "1e999", "9" * 90, "inf", "buy", "SELL", "short", "True", "Entry long",
    "Exit long", "closed", "open", "balance", "ETHUSDT", "BTC-PERPETUAL", "AAPL", "2024-01-02", "01/02/2024",
    "24-01-02", "13.02.2024 10:00", "Jan 2, 2024 1:00 PM", "1704187800000", "1704187800", "20240102093000", "45293.5",
    "638397918000000000", "2024-01-02 24:00", "2024-01-02T10:00:00+01:00", "2024-01-02 10:00 America/New_York",
    "1/2/2024 America", "09:30", "Total", "Transactions Total", "Written by me", "# x", "{'cost': 1}", "[1]", '"',
    "a\nb", "Zürich", "€ 5", "\u202e", "=1+1", "true",
)  # fmt: skip
TIMES = ("2024-01-0{} 10:00", "0{}/01/2024 10:00", "2024-01-0{}", "170418780{}", "1704187{}00000", "2024010{}100000")
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")
OFTEN = settings(max_examples=amount(60, 6_000), derandomize=not TORTURE, database=None, deadline=None)


def _table(chance: random.Random) -> bytes:
    """A header of names that are known, times that ascend, numbers, and some cells of anything."""
    header = [chance.choice(["time", "date", "entry_time", ""]), *chance.choices(NAMES, k=chance.randrange(1, 7))]
    header += chance.choice([[], ["entry_price", "exit_price", "exit_time"], ["side", "price", "amount"], ["equity"]])
    time = chance.choice(TIMES)
    rows = [[each.upper() if chance.random() < 0.2 else each for each in header]]
    for number in range(chance.randrange(7)):
        plain = [time.format(number + 1) if "time" in name else str(100 + number) for name in header]
        row = [chance.choice(CELLS) if chance.random() < 0.05 else cell for cell in plain]
        rows.append(chance.choice([row] * 30 + [row[:-1], [*row, ""], [chance.choice(CELLS)], [""] * len(row), header]))
    if chance.random() < 0.2:
        rows.insert(0, [chance.choice(["My trades", "# exported", "sep=,"])])
    text = io.StringIO()
    ends = chance.choice(["\n", "\r\n"])
    csv.writer(text, delimiter=chance.choice(",,,;\t|"), lineterminator=ends).writerows(rows)
    return text.getvalue().encode(chance.choice(ENCODINGS), "replace")


@OFTEN
@given(st.integers(0, 2**63))
def test_any_header_separator_encoding_and_cells_are_a_story_or_one_refusal(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Never a traceback or silence; a refusal names the file and takes at most two lines."""
    file = tmp_path_factory.mktemp("t") / "t.csv"
    file.write_bytes(_table(random.Random(seed)))  # noqa: S311 - a table, no secret
    ours = dict.fromkeys(("LIVESTORY_TORTURE", "LIVESTORY_FUZZ"))  # the tests' own, and no settings
    result = CliRunner(env=ours).invoke(livestory, ["explain", str(file), "--format", "json"])
    if result.exit_code == 2:
        assert result.stdout == ""
        assert "t.csv" in result.stderr
        assert result.stderr.count("\n") <= 2
        return
    assert result.exit_code == 0, result.exception
    assert result.stderr == ""
    head, *_, summary = json.loads(result.stdout)
    assert (head["facts"]["kind"], summary["facts"]["kind"]) == ("retold", "summary")
