"""The tables of a web page as rows of text: MetaTrader's statements and reports, and whatever is saved as a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple

from livestory.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.tables.source import TablePart

_NUMBER = re.compile(r"[-+]?[0-9][0-9., ]*").fullmatch
_LEAST = 3  # cells of a header
_WIDEST = 1000  # columns


class _Section(NamedTuple):
    """A header and its rows, each with its line; a report has several of them in one table."""

    title: str
    rows: list[tuple[int, list[str]]]


def titles(source: TablePart) -> list[str]:
    """The names of its tables. Raises TableError where it has none."""
    return [section.title for section in _sections(source)]


def rows(source: TablePart) -> Iterator[tuple[int, list[str]]]:
    """The header and each row with its line. Raises what `Table.rows` raises."""
    section = next(each for each in _sections(source) if each.title == source.sheet)
    width = len(section.rows[0][1])
    for line, fields in section.rows:
        if any(fields[width:]):
            problem = f"fields: {len(fields)}, where the first row has {width}; save the table as CSV"
            raise source.error(line, width + 1, problem)
        yield line, [*fields, *[""] * (width - len(fields))][:width]


def _sections(source: TablePart) -> list[_Section]:
    with source.opened() as stream:
        content = stream.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    reader = _Rows()
    reader.feed(text)
    reader.close()
    found: list[_Section] = []
    title, current = "", None
    for line, fields in reader.rows:
        filled = [field for field in fields if field]
        if len(filled) == 1 and not _NUMBER(filled[0]):
            title, current = filled[0].strip(" :"), None
        elif current is not None:
            current.append((line, fields))
        elif len(filled) >= _LEAST and not any(map(_NUMBER, filled)):
            current = [(line, fields)]
            taken = {section.title for section in found}
            name = title or "table"
            found.append(_Section(name if name not in taken else f"{name} {len(found) + 1}", current))
    if not found:
        message = f"{source}: a web page without a table of several columns; save the table as CSV, Excel or Parquet"
        raise TableError(message)
    return found


class _Rows(HTMLParser):
    """Gathers the cells of all rows; one that spans columns is followed by empty ones."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, list[str]]] = []
        self._cell: list[str] | None = None
        self._spans = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "tr":
            self._end_cell()
            self.rows.append((self.getpos()[0], []))
        elif tag in {"td", "th"} and self.rows:
            self._end_cell()
            if "hidden" not in (said.get("class") or "").split():  # MetaTrader's comments
                self._cell = []
                spans = said.get("colspan") or ""
                self._spans = min(int(spans), _WIDEST) if spans.isdecimal() else 1

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr", "table"}:
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None:
            self.rows[-1][1].extend([" ".join("".join(self._cell).split()), *[""] * (self._spans - 1)])
            self._cell = None
