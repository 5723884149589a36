"""Rows -> a CSV or Parquet file that appears whole or not at all."""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from types import NoneType
from typing import IO, TYPE_CHECKING, get_args, get_type_hints

from livestory.clock import as_datetime, instant
from livestory.errors import InputError, LivestoryError, TableError
from livestory.extras import missing
from livestory.retell.columns import FILL, FLAGS, INSTANTS, OBSERVATION, REASONS, TIME
from livestory.story.files.output_file import Target, replaced
from livestory.story.inputs import Fill, Observation
from livestory.tables import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FORMATS = {".csv", ".parquet"}
_PARQUET: dict[type, str] = {float: "DOUBLE", Decimal: "DOUBLE", int: "BIGINT"}


def check_name(path: Path) -> None:
    """Raise InputError where a table can't be written there, or its name has no ending that says its format."""
    if not Target.of(path).is_stream and path.suffix.lower() not in _FORMATS:
        message = f"{path}: the name of a table ends in .csv or .parquet"
        raise InputError(message)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Put a table of ``rows`` in the place of ``path``. The empty text is an empty cell.

    Nothing of it is there before all of it is; what ``rows`` raises leaves the file as it was. Raises OSError,
    LivestoryError where another process writes it, and InputError where Parquet needs a package that is not installed.
    """
    with replaced(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.detach()
        if path.suffix.lower() == ".parquet":
            _into_parquet(file, header)


def _into_parquet(file: IO[bytes], header: Sequence[str]) -> None:
    """Turn the CSV that ``file`` holds into Parquet."""
    try:
        import duckdb  # noqa: PLC0415 - an extra, and heavy: imported only when used
    except ImportError as error:
        raise missing(error, "Parquet", "retell") from None
    kinds = {name: _parquet_type(name) for name in header}
    file.flush()
    with TemporaryDirectory(prefix="livestory-") as folder:
        made = Path(folder, "table.parquet")
        try:
            with duckdb.connect(config={"threads": 1}) as connection:
                source = f"/proc/self/fd/{file.fileno()}"
                table = connection.read_csv(source, header=True, columns=kinds, strict_mode=True)
                table.write_parquet(str(made), compression="zstd")
        except duckdb.Error as error:
            message = f"the table can't be turned into Parquet ({str(error).splitlines()[0]})"
            raise LivestoryError(message) from None
        file.seek(0)
        file.truncate()
        with made.open("rb") as content:
            shutil.copyfileobj(content, file)


def _parquet_type(column: str) -> str:
    if column in INSTANTS:
        return "TIMESTAMP"
    if column in FLAGS:
        return "BOOLEAN"
    if column in REASONS:
        return "VARCHAR"
    of, field = (Fill, FILL[column]) if column in FILL else (Observation, column)
    hint = get_type_hints(of).get(field, str)
    kind = next((each for each in get_args(hint) if each is not NoneType), hint)
    return _PARQUET.get(kind, "VARCHAR")


class Earlier:
    """An earlier export that is to be continued; one that isn't there has no rows."""

    def __init__(self, path: Path) -> None:
        """Read its header. Raises TableError where it is there and is no export."""
        self._rows = iter(()) if not path.exists() else tables(path)[0].rows()
        _, self.header = next(self._rows, (1, []))
        self.last: int | None = None  # the time of its last row, once its rows have been read
        unknown = [name for name in self.header if name not in (*OBSERVATION, *FILL)]
        if self.header and (unknown or self.header[0] != TIME):
            message = f"{path}: not an earlier export ({unknown[0] if unknown else 'time'!r}); leave out --append"
            raise TableError(message)

    def rows(self, header: Sequence[str]) -> Iterator[list[str]]:
        """Its rows, in the columns of ``header``, which has all of its own. Raises TableError."""
        for _, fields in self._rows:
            found = dict(zip(self.header, fields, strict=True))
            yield [_as_csv(name, found.get(name, "")) for name in header]
            self.last = instant(_number_or_text(found[TIME]))


def _as_csv(column: str, text: str) -> str:
    if column in INSTANTS and text.isdigit():  # as Parquet's reader gives it
        return iso(int(text))
    if column in FLAGS:
        return {"true": "1", "false": "0"}.get(text, text)
    return text


def _number_or_text(text: str) -> str | int:
    return int(text) if text.isdigit() else text


def iso(time: int) -> str:
    """An instant as a table has it: ``2024-12-03T15:15:00Z``."""
    return as_datetime(time).isoformat().replace("+00:00", "Z")
