"""Files become rows of text with their places, whatever they are packed in."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import tracemalloc
import zipfile
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import duckdb
import openpyxl
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.errors import InputError, TableError
from livestory.tables import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "time,price\n1,0.5\n2,0.6\n"
ROWS = [(1, ["time", "price"]), (2, ["1", "0.5"]), (3, ["2", "0.6"])]


def rows_of(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a file that is one table."""
    (table,) = tables(path)
    return list(table.rows())


def problem_of(path: Path) -> str:
    """What is said of a file that can't be read; the folder is left out."""
    with pytest.raises(TableError) as error:
        [list(table.rows()) for table in tables(path)]
    return str(error.value).replace(f"{path.parent}/", "")


def pack(path: Path, members: dict[str, str | bytes]) -> Path:
    """A zip of these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_table_is_known_by_its_first_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    """CSV plain, in gzip, zip and zstd give the same rows under a name that says nothing."""
    plain, gz, archive, zst = (tmp_path / name for name in "abcd")
    plain.write_text(TEXT)
    gz.write_bytes(gzip.compress(TEXT.encode()))
    zst.write_bytes(zstd.compress(TEXT.encode()))
    pack(archive, {"bars.csv": TEXT})
    assert rows_of(plain) == rows_of(gz) == rows_of(archive) == rows_of(zst) == ROWS


def test_parquet_gives_the_rows_that_csv_would(tmp_path: Path) -> None:
    """Numbers as they are written shortest, timestamps as microseconds, days as days, NULL as the empty text."""
    file = tmp_path / "bars.parquet"
    query = """COPY (SELECT TIMESTAMP '2022-01-01 00:15:00' AS time,
               TIMESTAMPTZ '2022-01-01 01:15:00+01' AS "at ""home", 0.1::DOUBLE AS price,
               NULL::DOUBLE AS volume, DATE '2022-01-01' AS day) TO '{}'"""
    duckdb.connect().execute(query.format(file))
    micros = "1640996100000000"
    header = ["time", 'at "home', "price", "volume", "day"]
    assert rows_of(file) == [(1, header), (2, [micros, micros, "0.1", "", "2022-01-01"])]


def test_each_csv_member_of_a_zip_is_a_table_and_nothing_else_in_it_is(tmp_path: Path) -> None:
    """A checksum beside the table does not disturb."""
    file = pack(tmp_path / "two.zip", {"a.csv": TEXT, "a.csv.CHECKSUM": "0", "b.CSV": TEXT})
    assert [str(table).removeprefix(f"{tmp_path}/") for table in tables(file)] == ["two.zip/a.csv", "two.zip/b.CSV"]


def test_byte_order_mark_line_ends_quotes_spaces_and_blank_lines_do_not_disturb(tmp_path: Path) -> None:
    """What spreadsheets write is read as it was meant; a line is counted whatever it holds."""
    file = tmp_path / "sheet.csv"
    file.write_bytes(b'\xef\xbb\xbf"time", price\r\n\r\n1,"0.5"\r\n2,"0,6"')
    assert rows_of(file) == [(1, ["time", "price"]), (3, ["1", "0.5"]), (4, ["2", "0,6"])]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfa;b\n1,5;2\n", [(1, ["a", "b"]), (2, ["1,5", "2"])]),
        (b"a\tb\n1\t2\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a|b\n1|2,3\n", [(1, ["a", "b"]), (2, ["1", "2,3"])]),
        (b"sep=,\r\na,b\r\n1,2\r\n", [(2, ["a", "b"]), (3, ["1", "2"])]),
        (b"Trades of May\n\na,b,c\n1,2,3\n", [(3, ["a", "b", "c"]), (4, ["1", "2", "3"])]),
        (b"Trades of May,,\na,b,c\n1,2,3\n", [(2, ["a", "b", "c"]), (3, ["1", "2", "3"])]),
        (b"# made by x\na,b\n# a remark\n1,2\n", [(2, ["a", "b"]), (4, ["1", "2"])]),
        (b"a,b\n1,2\n,\n , \n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a,b\n1,2,,\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a,b,\n1,2\n", [(1, ["a", "b", ""]), (2, ["1", "2", ""])]),
        (b"a,b,c\n1,2,3\nTotal,2\n", [(1, ["a", "b", "c"]), (2, ["1", "2", "3"]), (3, ["Total", "2", ""])]),
        (b"a,b\n1,\xe9\n", [(1, ["a", "b"]), (2, ["1", "é"])]),
        ("a,b\n1,é\n".encode("utf-16"), [(1, ["a", "b"]), (2, ["1", "é"])]),
        ("a\tb\r\n1\té\r\n".encode("utf-16-le"), [(1, ["a", "b"]), (2, ["1", "é"])]),
        (b'a,b\n1,"x\ny"\n', [(1, ["a", "b"]), (3, ["1", "x\ny"])]),
        (lzma.compress(b"a,b\n1,2\n"), [(1, ["a", "b"]), (2, ["1", "2"])]),
        (bz2.compress(b"a,b\n1,2\n"), [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b'[{"a": 1.50, "b": {"c": null}}, {"a": 2}]', [(1, ["a", "b.c"]), (2, ["1.50", ""]), (3, ["2", ""])]),
        (b'{"a": 1}\n{"b": true}\n', [(1, ["a", "b"]), (2, ["1", ""]), (3, ["", "true"])]),
        (b'{"columns": ["a"], "index": [7], "data": [[1]]}', [(1, ["", "a"]), (2, ["7", "1"])]),
        (b'{"a": {"7": 1}, "b": {"7": 2}}', [(1, ["", "a", "b"]), (2, ["7", "1", "2"])]),
        (b'{"2024-01-01": {"a": 1}}', [(1, ["", "a"]), (2, ["2024-01-01", "1"])]),
        (b'{"a": [1, 2], "b": [3, 4]}', [(1, ["a", "b"]), (2, ["1", "3"]), (3, ["2", "4"])]),
        (b'{"of": "x", "trades": [{"a": NaN}]}', [(1, ["a"]), (2, ["NaN"])]),
        (b'[["a", "b"], [1, 2]]', [(1, ["a", "b"]), (2, ["1", "2"])]),
    ],
)
def test_a_table_is_read_however_it_was_written(
    tmp_path: Path, content: bytes, expected: list[tuple[int, list[str]]]
) -> None:
    """Any separator, encoding or packing; titles and remarks passed over, totals filled up; the forms of JSON."""
    file = tmp_path / "f"
    file.write_bytes(content)
    assert rows_of(file) == expected
    (table,) = tables(file)
    found = [row for _, columns in table.batches() for row in zip(*columns, strict=True)]
    assert [list(row) for row in found] == [row for _, row in expected[1:]]


def test_each_sheet_of_a_workbook_is_a_table(tmp_path: Path) -> None:
    """Titles above a header are passed over, instants and days are told apart, percentages keep their sign."""
    book = openpyxl.Workbook()
    book.active.append(["About"])
    sheet = book.create_sheet("Trades")
    nine = datetime(2024, 1, 2, 9)  # noqa: DTZ001 - Excel knows no zones
    for row in (["My trades"], [], ["time", "day", "pnl", "share"], [nine, nine.date(), 1.5, 0.05]):
        sheet.append(row)
    sheet["D4"].number_format = "0.0%"
    book.save(tmp_path / "book.xlsx")
    first, second = tables(tmp_path / "book.xlsx")
    assert str(first).endswith("book.xlsx/Sheet")
    assert list(second.rows()) == [
        (3, ["time", "day", "pnl", "share"]), (4, ["2024-01-02 09:00:00", "2024-01-02", "1.5", "5.00%"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"SQLite format 3\0", "an SQLite database"),
        (b"ARROW1\0\0", "a Feather file"),
        (b"<html><body>Sign in</body></html>", "a web page without a table"),
        (b'<?xml version="1.0"?><Trades/>', "XML"),
        (b"[[1704189600000, 1, 2, 0, 1, 9]]", "candles as an exchange lists them"),
        (b'{"a": ', "f:1:7: not JSON"),
        (b'{"a": 1}\n{"a": 1}\n[2]\n', "f:3: no JSON object"),
        (b"[" * 100_000, "nested too deep"),
        (b"[[1, 2], [3, 4]]", "neither records nor columns"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(tmp_path: Path, content: bytes, expected: str) -> None:
    """One line says what it is, or where it stops being one."""
    file = tmp_path / "f"
    file.write_bytes(content)
    assert expected in problem_of(file)


def test_an_old_macs_lines_end_with_a_carriage_return(tmp_path: Path) -> None:
    """As some spreadsheets still save them."""
    file = tmp_path / "f"
    file.write_bytes(b"a,b\r1,2\r3,4\r")
    assert rows_of(file) == [(1, ["a", "b"]), (2, ["1", "2"]), (3, ["3", "4"])]


def test_each_list_of_records_is_a_table_and_trades_come_first(tmp_path: Path) -> None:
    """A backtest's document holds several."""
    file = tmp_path / "f"
    file.write_bytes(b'{"metrics": {"a": 1}, "equity": [{"a": 1}], "trades": [{"b": 2}]}')
    assert [str(table).rpartition("/")[2] for table in tables(file)] == ["trades", "equity"]
    assert [list(table.rows()) for table in tables(file)] == [[(1, ["b"]), (2, ["2"])], [(1, ["a"]), (2, ["1"])]]


def test_a_report_as_a_web_page_has_a_table_for_each_title(tmp_path: Path) -> None:
    """MetaTrader's: titles that span all columns, hidden cells, and sums below."""
    file = tmp_path / "f"
    file.write_bytes(
        b"<html><table><tr><th colspan=3>Positions</th></tr><tr><td>Time</td><td>Type</td><td>Volume</td></tr>"
        b"<tr><td>1</td><td class='hidden' colspan=8>x</td><td><b>buy</b></td><td>2</td></tr>"
        b"<tr><th colspan=3>Deals</th></tr><tr><td>Time</td><td>Deal</td><td>Type</td></tr></table></html>".replace(
            b"><tr", b">\n<tr"
        )
    )
    found = tables(file)
    assert [str(table).rpartition("/")[2] for table in found] == ["Positions", "Deals"]
    assert list(found[0].rows()) == [(3, ["Time", "Type", "Volume"]), (4, ["1", "buy", "2"])]


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n|---|--:|\n| 1 | x y |\n",
        "+---+-----+\n| a | b   |\n+---+-----+\n| 1 | x y |\n+---+-----+\n",
        "a | b\n--|---\n1 | x y\n",
    ],
)
def test_a_table_in_frames_is_read_without_them(tmp_path: Path, text: str) -> None:
    """As Markdown, databases and notebooks print one."""
    file = tmp_path / "f"
    file.write_text(text)
    assert [fields for _, fields in rows_of(file)] == [["a", "b"], ["1", "x y"]]


def test_what_a_mac_packs_beside_a_table_is_passed_over(tmp_path: Path) -> None:
    """Its notes on each member carry the member's name."""
    file = pack(tmp_path / "mac.zip", {"x.csv": TEXT, "__MACOSX/._x.csv": b"\0\5\x16\7"})
    assert rows_of(file) == ROWS


@settings(max_examples=30)
@given(
    strange=st.text('1,"\n\r x', max_size=12)
    | st.sampled_from(["", "3,4\r\n", '"3","4\n4"\n', "3, 4\n", "\n", "3\n4,5,6\n", "3\n4\n"]),
    before=st.sampled_from([0, 1, 12_000]),  # as many as do not fit into one block
    after=st.sampled_from([0, 1, 12_000]),
)
def test_rows_in_batches_are_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, strange: str, before: int, after: int
) -> None:
    """Whatever stands between rows that need no CSV reader: the same fields, lines and complaints."""
    file = tmp_path_factory.mktemp("t") / "t.csv"
    file.write_text("a,b\n" + "1,0.5\n" * before + strange + "2,0.6\n" * after, encoding="utf-8", newline="")
    (table,) = tables(file)

    def in_batches() -> Iterator[tuple[int, list[str]]]:
        for lines, columns in table.batches():
            yield from zip(lines, map(list, zip(*columns, strict=True)), strict=True)

    assert _read(in_batches()) == _read(islice(table.rows(), 1, None))


def _read(rows: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]] | str:
    try:
        return list(rows)
    except TableError as error:
        return str(error)


def test_parquet_in_batches_is_the_same_rows(tmp_path: Path) -> None:
    """With their lines, over many batches."""
    file = tmp_path / "many.parquet"
    (tmp_path / "many.csv").write_text("i,x\n" + "".join(f"{number},{number / 7}\n" for number in range(5000)))
    duckdb.read_csv(str(tmp_path / "many.csv")).write_parquet(str(file))
    (table,) = tables(file)
    rows = [
        (line, list(row))
        for lines, columns in table.batches()
        for line, row in zip(lines, zip(*columns, strict=True), strict=True)
    ]
    assert rows == rows_of(file)[1:]
    assert (len(rows), rows[-1][0]) == (5000, 5001)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "f: empty, not one row"),
        (b"\n\n", "f: empty, not one row"),
        (b"a,b\n1,2\n3\n", "f:3:2: fields: 1, where the first row has 2"),
        (b"a,b\n1,2,3\n", "f:2:3: fields: 3, where the first row has 2"),
        (b"a,b\n\xc3\xa9,\xff\n", "f:2:2: not UTF-8 (byte 0xff)"),
        (b"a,b\n1,\x81\n", "f:2:2: not UTF-8 (byte 0x81)"),
        (b"a,b\n1,\0\n", "f:2:2: a NUL byte"),
        (b'a,b\n1,"2\n', "f:2: not CSV (unexpected end of data)"),
        (b'a,b\n1,"2"3\n', "f:2: not CSV"),
        (b"a,b\n\rc,d\n1,2\n", "f:2: not CSV"),
        (b"a,b\n" + b"x" * (1 << 20), "f:2: a line of more than 1 MiB"),
        (gzip.compress(TEXT.encode() * 99, mtime=0)[:-9], "f:"),
        (gzip.compress(b"", mtime=0)[:4], "f:1: the compressed file is cut off or damaged here"),
        (
            gzip.compress(TEXT.encode(), mtime=0)[:-8] + b"12345678",
            "the compressed file is cut off or damaged here (CRC check",
        ),
        (b"PK\x03\x04 and no more", "f: this zip is cut off or damaged"),
        (b"\x28\xb5\x2f\xfd", "f:1: the compressed file is cut off or damaged here"),
        (zstd.compress(TEXT.encode() * 99)[:-9], "f:"),
        (b"PAR1 and no more", "f: not readable as Parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_its_place(tmp_path: Path, content: bytes, expected: str) -> None:
    """The message is of one line, and says where."""
    file = tmp_path / "f"
    file.write_bytes(content)
    problem = problem_of(file)
    assert expected in problem
    assert "\n" not in problem


def test_a_cut_or_damaged_file_is_found_wherever_the_damage_is(tmp_path: Path) -> None:
    """No proper prefix of a gzip or zip, and no flipped byte of its data, passes for the whole."""
    lines = "".join(f"{n},{n * n % 97}\n" for n in range(200))
    packed = pack(tmp_path / "whole.zip", {"a.csv": lines})
    for whole in (gzip.compress(lines.encode()), packed.read_bytes()):
        file = tmp_path / "f"
        for length in range(4, len(whole), 7):
            file.write_bytes(whole[:length])
            problem_of(file)
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 0x10
        file.write_bytes(flipped)
        assert "damaged" in problem_of(file)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """With the system's own word for it."""
    assert problem_of(tmp_path / "none.csv") == (
        "none.csv: can't be read (No such file or directory); check the name and the permissions"
    )
    assert "a folder; name a file in it" in problem_of(tmp_path)


def test_a_zip_without_a_table_and_one_with_a_password_are_refused(tmp_path: Path) -> None:
    """Nothing is guessed from other members."""
    assert "no .csv file in this zip" in problem_of(pack(tmp_path / "a.zip", {"readme.txt": "hello"}))
    locked = pack(tmp_path / "b.zip", {"a.csv": TEXT})
    content = bytearray(locked.read_bytes())
    content[6] |= 1  # the flag "encrypted", in the member's own header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(content)
    assert "b.zip/a.csv: can't be read (" in problem_of(locked)


def test_parquet_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    file = tmp_path / "bars.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r": Parquet needs duckdb, .*pip install \S*\[retell\]'?$"):
        list(tables(file)[0].rows())


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """Ten times the rows need no more."""

    def peak(rows: int) -> int:
        file = tmp_path / "many.csv.gz"
        file.write_bytes(gzip.compress(b"1640995200000,0.05,0.06,0.04,0.05,12.5\n" * rows, 1))
        tracemalloc.start()
        for table in tables(file):
            for _ in table.rows():
                pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1000)
    assert peak(50_000) < peak(5_000) + 100_000
