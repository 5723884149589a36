"""FAULTS row 20: a table that can't be told is refused with its place, exit status 2, and nothing is written."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.cli import livestory

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b"time,wealth\n2024-01-01,1\n2024-01-02,1.1\n"
CORPUS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "t.csv: empty, not one row"),
    "only a header": (b"time,wealth\n", "t.csv: no rows below the header"),
    "nothing to tell": (
        b"time,colour\n2024-01-01,red\n",
        "t.csv:1: nothing to tell besides the time; looked for wealth",
    ),
    "half a trade": (b"time,side,price\n2024-01-01,buy,1\n", "t.csv:1: no column for fill_quantity; looked for"),
    "one name twice": (b"time,wealth,Wealth\n2024-01-01,1,2\n", "t.csv:1:3: 2 columns are called 'wealth'"),
    "no time": (b"wealth,time\n1,noon\n", "t.csv:2:2: 'noon' is not a time"),
    "an empty time": (b"time,wealth\n2024-01-01,1\n,2\n", "t.csv:3:1: '' is not a time, which every row needs"),
    "first column no time": (b"colour,wealth\nred1,1\n", "t.csv:2:1: 'red1' is not a time"),
    "a word for a number": (GOOD + b"2024-01-03,much\n", "t.csv:4:2: 'much' is not a number"),
    "commas for points": (b'time,wealth\n2024-01-01,"1,5,2"\n', "t.csv:2:2: '1,5,2' is not a number"),
    "a huge time": (
        b"time,wealth\n" + b"9" * 5_000 + b",1\n",
        "t.csv:2:1: '9999999999999999999999999999999999999999…'",
    ),
    "ragged": (GOOD + b"2024-01-03,1,1\n", "t.csv:4:3: fields: 3, where the first row has 2"),
    "NUL": (GOOD + b"2024-01-03,\0\n", "t.csv:4:2: a NUL byte"),
    "another encoding": (b"time,wealth\n2024-01-01,\x81\n", "t.csv:2:2: not UTF-8"),
    "cut quotes": (b'time,wealth\n2024-01-01,"1\n', "t.csv:2: not CSV"),
    "no side": (b"time,side,quantity,price\n2024-01-01,maybe,1,1\n", "t.csv:2:2: 'maybe' is not buy or sell"),
    "no quantity": (b"time,side,quantity,price\n2024-01-01,buy,,1\n", "t.csv:2:3: '' is not the quantity of the fill"),
    "a flag of 7": (b"time,halted\n2024-01-01,7\n", "t.csv:2:2: '7' is not a flag"),
    "a nested reason": (b'time,reason\n2024-01-01,"{""x"":' + b"[" * 10_000 + b'"\n', "t.csv:2:2:"),
    "a broken reason": (b'time,reason\n2024-01-01,"{""key"":"\n', "t.csv:2:2:"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_bad_table_is_told_with_its_place_and_writes_nothing(tmp_path: Path, name: str) -> None:
    """One message, no traceback, no partial output; what was there stays."""
    content, expected = CORPUS[name]
    (tmp_path / "t.csv").write_bytes(content)
    out, html = tmp_path / "story.txt", tmp_path / "report.html"
    out.write_text("the last one")
    result = CliRunner().invoke(livestory, ["explain", f"{tmp_path}/t.csv", "--out", str(out), "--html", str(html)])
    assert result.exit_code == 2, result.output
    assert result.stderr.replace(f"{tmp_path}/", "").startswith(expected)
    assert result.stderr.count("\n") <= 2
    assert result.stdout == ""
    assert out.read_text() == "the last one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["story.txt", "t.csv"]


def test_a_bad_cell_far_down_is_found_before_anything_is_printed(tmp_path: Path) -> None:
    """Standard output stays empty, whatever could have been told before."""
    rows = "".join(f"{1_600_000_000 + number * 3600},{1 + number % 7}\n" for number in range(5_000))
    (tmp_path / "t.csv").write_text("time,wealth\n" + rows + "1700000000,?\n")
    result = CliRunner().invoke(livestory, ["explain", f"{tmp_path}/t.csv"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{tmp_path}/t.csv:5002:2: '?' is not a number" in result.stderr


@given(st.data())
def test_any_damage_is_a_story_or_a_message(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A byte changed, lost or put in: never a traceback."""
    content = bytearray(GOOD)
    place = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["change", "lose", "insert"])):
        case "change":
            content[place] = data.draw(st.integers(0, 255))
        case "lose":
            del content[place]
        case _:
            content.insert(place, data.draw(st.integers(0, 255)))
    file = tmp_path_factory.mktemp("t") / "t.csv"
    file.write_bytes(content)
    result = CliRunner().invoke(livestory, ["explain", str(file)])
    assert result.exit_code in {0, 2}
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert (result.stdout == "") == (result.exit_code == 2)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One table as zip and as Parquet."""
    folder = tmp_path_factory.mktemp("packed")
    rows = "".join(f"{1_600_000_000 + number * 3600},{1 + number % 7 / 100}\n" for number in range(300))
    table = f"time,wealth\n{rows}"
    with zipfile.ZipFile(folder / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", table)
    (folder / "t.csv").write_text(table)
    duckdb.read_csv(str(folder / "t.csv")).write_parquet(str(folder / "parquet"), compression="zstd")
    return {name: (folder / name).read_bytes() for name in ("zip", "parquet")}


@pytest.mark.parametrize("form", ["zip", "parquet"])
@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_zip_or_parquet_is_a_story_or_one_message(
    tmp_path_factory: pytest.TempPathFactory, packed: dict[str, bytes], form: str, data: st.DataObject
) -> None:
    """Cut off, or with bytes that are others: never a traceback, and nothing that a terminal would obey."""
    content = bytearray(packed[form])
    place = data.draw(st.integers(4, len(content) - 1))
    cut = data.draw(st.booleans())
    content[place:] = b"" if cut else bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :]
    file = tmp_path_factory.mktemp("t") / "t"
    file.write_bytes(content)
    result = CliRunner().invoke(livestory, ["explain", str(file)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == 2 or not cut
    assert result.exit_code in {0, 2}
    assert (result.stdout == "") == (result.exit_code == 2)
    if result.exit_code == 2:
        assert result.stderr.startswith(str(file))
        (message,) = result.stderr.splitlines()
        assert message.isprintable()


def test_a_damaged_zip_and_a_damaged_parquet_are_called_that(tmp_path: Path, packed: dict[str, bytes]) -> None:
    """One message each, that names the file and what to do."""
    for form, expected in (("zip", "this zip is cut off or damaged"), ("parquet", "cut off or damaged")):
        file = tmp_path / f"t.{form}"
        file.write_bytes(packed[form][:-9])
        result = CliRunner().invoke(livestory, ["explain", str(file)])
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"{file}: ")
        assert expected in result.stderr
        assert "fetch" in result.stderr


def test_a_missing_file_a_folder_and_an_unknown_option_are_refused(tmp_path: Path) -> None:
    """Each with one message."""
    for arguments in ([str(tmp_path / "none.csv")], [str(tmp_path)], ["--columns", "x", __file__], []):
        result = CliRunner().invoke(livestory, ["explain", *arguments])
        assert result.exit_code == 2
        assert "Traceback" not in result.stderr
        assert result.stderr
