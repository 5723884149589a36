"""A block of plain cells is read at once: the same inputs, or the same refusal, as if each cell was read alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from livestory.errors import LivestoryError
from livestory.retell import plain_cells
from livestory.retell.explain_story import OutOfOrder, StartOver
from livestory.retell.plain_cells import PlainBatch, PlainCells
from livestory.retell.survey import sample
from livestory.retell.table_source import TableSource
from livestory.tables import delimited, tables

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "time,close,wealth,regime_score,target_weight"
PLAIN = st.sampled_from(
    ("1", "0.5", "1.0250000000000001", "2e-5", "97", "0.05000000000000001", "123456789012345678901")
)
ODD = st.sampled_from((
    *("", "nan", "NaN", "null", "-", "+1", ".5", "5.", "-0", "1e999", "01", "1_0", "1,5", '"1"', " 2", "2 ", "\t2"),
    *("x", "#", "1;2", "0x1", "true", "[1]", "12 %", "$3", "1\r2", "Infinity", "-inf", "1e301", "5e-324", "1d2"),
))  # fmt: skip
TIMES = st.sampled_from((
    "2024-02-29T{:02}:{:02}:00", "2024-02-29 {:02}:{:02}:00+00:00", "2024-02-29T{:02}:{:02}:59.999Z",
    "2024-02-29T{:02}:{:02}Z", "17092{:02}{:02}0", "17092{:02}{:02}0123", "17092{:02}{:02}0123456",
    "2024-02-29 {:02}:{:02}:00.123456", "2024-02-29T{:02}:{:02}:07.123456789-0530", "2024-02-29T{:02}:{:02}:00.5+01",
))  # fmt: skip
ODD_TIMES = st.sampled_from((
    *("2024-02-30T01:00:00", "1969-01-01T00:00:00", "", "Total", "2024-03-01", "time", "24:00", "1709200000", " 17092"),
    *("2024-02-29T24:00:00Z", "2024-02-29T23:59:60Z", "0000-01-01T00:00:00Z", "9999-06-01 00:00:00"),
    *("2024-02-29t01:00z", "2024-02-29 23:00:00,5", "2024-02-29T23:00:00 Z", "2024-02-29T23:00+25:00", "2024-02-29 23"),
))  # fmt: skip
NOTES = st.sampled_from(("", "buy", "a b", "#", 'the "best"', '"a,b"', '"two\nlines"', '"', "ü", "n/a"))

PLAIN_ROWS = "".join(f"\n2024-02-29T08:{n:02}:00Z,1,2,3,0.5" for n in range(22))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A table of plain rows in ascending order, in which a few cells, times, rows or line ends are odd."""
    form, end = draw(TIMES), draw(st.sampled_from(("\n", "\r\n")))
    separator, width = draw(st.sampled_from((",", ";"))), 5
    rows = [[form.format(n // 60, n % 60), *draw(st.lists(PLAIN, min_size=4, max_size=4))] for n in range(40)]
    header = HEADER.split(",")
    if draw(st.booleans()):
        header.append("note")
        for row in rows:
            row.append(draw(NOTES))
    for _ in range(draw(st.integers(0, 2))):
        row = rows[draw(st.integers(0, 39))]
        match draw(st.sampled_from(("cell", "cell", "time", "more", "less", "moved"))):
            case "cell":
                row[draw(st.integers(1, len(row) - 1))] = draw(ODD)
            case "time":
                row[0] = draw(ODD_TIMES)
            case "more":
                row.append(draw(PLAIN))
            case "less":
                del row[draw(st.integers(0, width - 2))]
            case _:
                row[0] = form.format(0, 0)
    return end.join(map(separator.join, [header, *rows])) + draw(st.sampled_from((end, "")))


def told(file: Path) -> Any:
    """The inputs of a table as they are told, or what it is refused with."""
    try:
        table = TableSource("t.csv", tables(file), {}, 25.0)
        while True:
            try:
                inputs = [repr(each) for chunk in table.inputs(in_order=False) for each in chunk]
                break
            except StartOver:
                continue
    except (LivestoryError, OutOfOrder) as error:
        return repr(error)
    return inputs, table.remarks


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts(), large=st.sampled_from((0, 1 << 20)))
@example(text=f"{HEADER}{PLAIN_ROWS}\n2024-02-29T09:00:00Z,1,2,3\n2024-02-29T09:01:00Z,1,2,3,4,5", large=0)
@example(text=f"{HEADER}{PLAIN_ROWS}\n2024-02-29T09:00:00Z,1,2,3#5".replace(",", ";").replace("#", ","), large=1 << 20)
def test_plain_blocks_are_what_their_cells_are(text: str, large: int, tmp_path: Path) -> None:
    """Blocks of a few rows, plain and odd, give what the readers of cells would have given, with Arrow and without."""
    file = tmp_path / "t.csv"
    file.write_text(text, encoding="utf-8", newline="")
    with (
        patch.object(delimited, "BLOCK", 256),
        patch.object(delimited, "LARGE_BLOCK", 256),
        patch.object(plain_cells, "LARGE", large),
        patch.object(sample, "ROWS", 4),
    ):
        quick = told(file)
        with patch.object(PlainCells, "are_told", return_value=False):
            assert quick == told(file)


def test_a_table_of_plain_numbers_is_read_in_blocks(tmp_path: Path) -> None:
    """The quick way is taken: by all but the block with the header."""
    file = tmp_path / "t.csv"
    rows = [f"2024-02-29T{n // 60:02}:{n % 60:02}:00Z,1.5,2,25.5,0.5\n" for n in range(60)]
    file.write_text(HEADER + "\n" + "".join(rows), encoding="utf-8")
    table = TableSource("t.csv", tables(file), {}, 25.0)
    with patch.object(delimited, "BLOCK", 256), patch.object(delimited, "LARGE_BLOCK", 256):
        batches = [batch for _, batch in table._quick_batches()]  # noqa: SLF001 - the story is the same either way
    assert [isinstance(each, PlainBatch) for each in batches] == [False] + [True] * (len(batches) - 1)
    assert len(batches) > 2
