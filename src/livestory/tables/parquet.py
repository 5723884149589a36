"""Parquet as rows of text."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from livestory.errors import TableError
from livestory.extras import missing
from livestory.tables.source import Batch, TablePart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

_BATCH = 2048  # rows fetched at a time, DuckDB's own vector size


def rows(source: TablePart) -> Iterator[tuple[int, list[str]]]:
    """The names of its columns, and each row. Raises what `Table.rows` raises."""
    names, found = _opened(source)
    yield 1, names
    for line, fields in enumerate(chain.from_iterable(found), 2):
        yield line, list(fields)


def batches(source: TablePart) -> Iterator[Batch]:
    """The rows, some at a time. Raises what `Table.rows` raises."""
    line = 2
    for found in _opened(source)[1]:
        yield Batch(range(line, line + len(found)), list(zip(*found, strict=True)))
        line += len(found)


def _opened(source: TablePart) -> tuple[list[str], Iterator[list[tuple[str, ...]]]]:
    try:
        import duckdb  # noqa: PLC0415 - an extra, and heavy: imported only when used
    except ImportError as error:
        raise missing(error, f"{source}: Parquet", "retell") from None

    def unreadable(error: Exception) -> TableError:
        reason = str(error).splitlines()[0]
        shown = reason if reason.isprintable() else ascii(reason)  # it may repeat bytes of the file
        return TableError(f"{source}: not readable as Parquet, cut off or damaged ({shown}); fetch or write it again")

    def batches() -> Iterator[list[tuple[str, ...]]]:
        with connection:
            try:
                cursor = connection.execute(query, [str(source.path)])
                while batch := cursor.fetchmany(_BATCH):
                    if any(None in row for row in batch):  # DuckDB takes a column at its word that it has no NULL
                        raise unreadable(ValueError("NULL in a column that has none"))
                    yield batch
            except duckdb.Error as error:
                raise unreadable(error) from None

    connection = duckdb.connect(config={"threads": 1})
    try:
        names, query = _query(connection, str(source.path))
    except duckdb.Error as error:
        connection.close()
        raise unreadable(error) from None
    return names, batches()


def _query(connection: DuckDBPyConnection, path: str) -> tuple[list[str], str]:
    # Text made by DuckDB, because iterating its datetimes is slow; instants as integers keep their zone out of it.
    described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    names = [str(row[0]) for row in described]
    columns = []
    for name, kind in ((row[0], str(row[1])) for row in described):
        quoted = '"' + name.replace('"', '""') + '"'
        value = f"epoch_us({quoted})" if kind.startswith("TIMESTAMP") else quoted  # a DATE has no time of day
        columns.append(f"coalesce({value}::VARCHAR, '')")
    return names, f"SELECT {', '.join(columns)} FROM read_parquet(?)"  # noqa: S608 - identifiers quoted above
