"""Text with separators as rows: CSV as spreadsheets, exchanges and bots write it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

from livestory.errors import TableError
from livestory.tables.framed import is_framed, unframed
from livestory.tables.source import BLOCK, Batch, TablePart, is_damage
from livestory.tables.statement import is_statement, trades_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
Short = Callable[[int, TableError], object]
"""What is told of a row that has too few fields: its line, and the error. It raises it, or the row is left out."""


def refuse(_line: int, error: TableError) -> NoReturn:
    """Leave out no row. Raises the error."""
    raise error


_LONGEST_LINE = 1 << 20  # bytes; a longer one is no table, and would be held in memory whole
LARGE_BLOCK = 1 << 21  # bytes of a block that is read at once, if it is plain
_BATCH = 2048  # rows of a batch, where they are made one by one
_SEPARATORS = ",;\t|"
_LOOKED_AT = 100  # rows, for the separator and the header
_A_PAIR = 2
_MOST_ABOVE = 30  # rows above a header
_ADDS_UP = re.compile(r"(?:\w+ ){0,2}(?:sub)?totals?|sum|average|mean|summe|gesamt|closed p/l|summary", re.IGNORECASE)
_DATES = r"(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_REMARK = re.compile(rf"(?!{_DATES})[A-Z]\w* .*", re.IGNORECASE | re.DOTALL)


class _Layout(NamedTuple):
    """How a text is laid out."""

    separator: str = ","
    above: int = 0  # lines above the header


class _Block(NamedTuple):
    """Some whole lines of a file."""

    line: int  # the number of the first one
    text: str


def rows(source: TablePart) -> Iterator[tuple[int, list[str]]]:
    """The header and each row with its line. Raises what `Table.rows` raises."""
    with source.opened() as stream:
        layout, blocks = _laid_out(_blocks(source, stream))
        yield from _parsed(source, blocks, layout.separator)


def batches(source: TablePart, short: Short = refuse) -> Iterator[Batch]:
    """The rows below the header, some at a time. Raises what `Table.rows` raises."""
    yield from _batches(source, lambda _text, _separator: None, BLOCK, short)


def batches_or(source: TablePart, read: Callable[[str, str], T | None], short: Short = refuse) -> Iterator[Batch | T]:
    """The same, but what ``read`` makes of some whole lines and their separator, where that is not None."""
    yield from _batches(source, read, LARGE_BLOCK, short)


def _batches(source: TablePart, read: Callable[[str, str], T | None], large: int, short: Short) -> Iterator[Batch | T]:
    """The rows in blocks that are ``large``, in bytes, but for the first."""
    with source.opened() as stream:
        layout, blocks = _laid_out(_blocks(source, stream, large))
        header: list[str] = []
        for block in blocks:
            found = read(block.text, layout.separator) if header else None
            if found is not None:
                yield found
                continue
            columns = _split(block.text, len(header), layout.separator)
            if columns is None:  # from here on, however little it may be, it is the CSV reader's
                parsed = _parsed(source, chain([block], blocks), layout.separator, header, short)
                yield from batched(islice(parsed, 0 if header else 1, None))
                return
            first = 0 if header else 1
            header = header or [column[0] for column in columns]
            lines = range(block.line, block.line + len(columns[0]))[first:]
            if lines:
                yield Batch(lines, [column[first:] for column in columns])


def batched(rows: Iterator[tuple[int, list[str]]]) -> Iterator[Batch]:
    """Rows, some at a time."""
    while batch := list(islice(rows, _BATCH)):
        places, fields = zip(*batch, strict=True)
        yield Batch(places, list(zip(*fields, strict=True)))


def separator_of(source: TablePart) -> str:
    """What parts the fields. Raises what `Table.rows` raises."""
    with source.opened() as stream:
        return _laid_out(_blocks(source, stream))[0].separator


def _laid_out(blocks: Iterator[_Block]) -> tuple[_Layout, Iterator[_Block]]:
    """The layout, found in the first block, and the blocks from the header on."""
    first = next(blocks, None)
    if first is None:
        return _Layout(), blocks
    layout = _layout(first.text)
    lines = first.text.split("\n", layout.above)
    return layout, chain([_Block(first.line + layout.above, lines[-1])], blocks)


def _layout(text: str) -> _Layout:
    start = text.partition("\n")[0].strip()
    if start[:4].casefold() == "sep=" and len(start) == 5:  # noqa: PLR2004 - and one character, as Excel writes it
        rest = text.partition("\n")[2]
        return _Layout(start[4], 1 + _above(rest, start[4]))
    best = max(_SEPARATORS, key=lambda separator: _agreement(text, separator))
    return _Layout(best, _above(text, best))


def _looked_at(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The first rows that aren't blank, each with the number of its last line, as far as it can be parted."""
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator, skipinitialspace=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for fields in reader:
            if any(map(str.strip, fields)):
                found.append((reader.line_num, fields))
            if len(found) == _LOOKED_AT:
                break
    except csv.Error:
        pass
    return found


def _agreement(text: str, separator: str) -> tuple[float, int]:
    """The share of the rows that have the commonest number of fields with it, and that number."""
    if separator not in text:
        return 0.0, 0
    widths = [len(fields) for _, fields in _looked_at(text, separator)]
    several = Counter(width for width in widths if width > 1)
    if not several:
        return 0.0, 0
    width, count = max(several.items(), key=lambda each: (each[1], each[0]))
    return count / len(widths), width


def _above(text: str, separator: str) -> int:
    """How many lines stand above the header: titles and comments, which are narrower or have one cell filled in."""
    found = _looked_at(text, separator)
    if found and is_statement(found[0][1]):
        return 0
    widths = Counter(len(fields) for _, fields in found if len(fields) > 1)
    if len(found) == 1 or not widths:
        return 0
    width = max(widths, key=lambda each: (widths[each], each))
    if not _is_title(found[0][1], width):
        return 0
    end = 0
    for line, fields in found[:_MOST_ABOVE]:
        if not _is_title(fields, width) and len(fields) >= width - 1 and not any(map(_is_number, fields)):
            return end
        end = line
    return 0


def _is_title(fields: list[str], width: int) -> bool:
    if fields[0].startswith("#") and len(fields) != width:
        return True
    if 2 * len(fields) < width:  # a name and its value above a wide table
        return True
    lone = sum(map(bool, map(str.strip, fields))) == 1
    return lone and (len(fields) < width or width > _A_PAIR)  # of two columns, one may have no name


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _split(text: str, width: int, separator: str) -> list[list[str]] | None:
    """The columns of lines that all have ``width`` fields (0: as many as the first), and nothing special; else None."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    width = width or text.partition("\n")[0].count(separator) + 1
    spaced = " " in text and (f"{separator} " in text or "\n " in text or text.startswith(" "))
    blank = separator * (width - 1) + "\n"
    special = spaced or '"' in text or "\r" in text or "#" in text or f"\n{blank}" in text or text.startswith(blank)
    if width == 1 or special or text.endswith("\n" + blank[:-1]):
        return None
    text = text.removesuffix("\n")
    # One call splits all lines: each line's first field keeps its line end before it, which shows where it stands.
    fields = text.replace("\n", f"{separator}\n").split(separator)
    first = "".join(fields[::width]).split("\n")
    if len(fields) != width * len(first) or text.count("\n") != len(first) - 1:
        return None
    return [first, *(fields[number::width] for number in range(1, width))]


def _parsed(
    source: TablePart,
    blocks: Iterable[_Block],
    separator: str,
    header: Sequence[str] = (),
    short: Short = refuse,
) -> Iterator[tuple[int, list[str]]]:
    """The rows, as wide as ``header``; without one, the first is the header."""
    blocks = iter(blocks)
    block = next(blocks, _Block(1, ""))
    before = block.line - 1
    texts = (io.StringIO(each.text, newline="\n") for each in chain([block], blocks))
    # Blocks are iterated without a step in Python for each line.
    reader = csv.reader(chain.from_iterable(texts), delimiter=separator, skipinitialspace=True, strict=True)
    width, parted = len(header), False  # by a blank line from the rows above
    try:
        for fields in trades_of(reader):
            if len(fields) != width:
                if width:
                    fields = _mended(fields, header)  # noqa: PLW2901 - the row that was meant
                if not any(map(str.strip, fields)):
                    parted = bool(width)
                    continue
                if not width:
                    header, width = fields, len(fields)
                elif len(fields) != width:
                    line = before + reader.line_num
                    error = _ragged(source, line, len(fields), width, parted=parted)
                    (refuse if parted or len(fields) > width else short)(line, error)
                    continue
            elif not width or (not fields[0] and not any(map(str.strip, fields))):
                continue
            parted = False
            yield before + reader.line_num, fields
    except csv.Error as error:
        problem = f"not CSV ({error}); check the quotes and line ends here"
        raise source.error(before + max(reader.line_num, 1), None, problem) from None
    if not width:
        message = f"{source}: empty, not one row; check that it was written to its end"
        raise TableError(message)


def _mended(fields: list[str], header: Sequence[str]) -> list[str]:
    """A row that is too long by empty cells, or too short where it adds up others, remarks, or a column has no name.

    Nothing, where it is a comment.
    """
    if fields and fields[0].startswith("#"):
        return []
    width = len(header)
    if fields and len(fields) < width and (adds_up(fields[0]) or (len(fields) == 1 and is_remark(fields[0]))):
        return [*fields, *[""] * (width - len(fields))]
    if len(fields) > width and not any(map(str.strip, fields[width:])):
        return fields[:width]
    if len(fields) == width - 1 and not header[-1].strip():
        return [*fields, ""]
    return fields


def adds_up(text: str) -> bool:
    """Whether a cell says that its row adds up the others."""
    return _ADDS_UP.fullmatch(text.strip(" :")) is not None


def is_remark(text: str) -> bool:
    """Whether a cell holds words, and no time."""
    return _REMARK.fullmatch(text.strip()) is not None


def _ragged(source: TablePart, line: int, fields: int, width: int, *, parted: bool) -> TableError:
    if parted:
        problem = "another table begins here, below a blank line; save the one that is meant alone"
        return source.error(line, None, problem)
    problem = (
        f"fields: {fields}, where the first row has {width}; the row is cut off, or a comma is missing or too many: "
        "mend the row, or delete it"
    )
    return source.error(line, min(fields, width) + 1, problem)


def _blocks(source: TablePart, stream: IO[bytes], large: int = BLOCK) -> Iterator[_Block]:
    line, decoder, framed = 1, _Decoder(source), False
    try:
        while block := stream.read(BLOCK if line == 1 else large):
            last = len(block) - block.rfind(b"\n") - 1
            block += stream.readline(_LONGEST_LINE - last) if last else b""
            text = decoder.text(line, block)
            framed = is_framed(text) if line == 1 else framed
            yield _Block(line, unframed(text) if framed else text)
            line += block.count(b"\n")
    except Exception as error:
        if is_damage(error):
            raise source.damaged(line, error) from None
        raise


class _Decoder:
    """Bytes as text: UTF-8, or Windows-1252 where nothing before the first bad byte was UTF-8 beyond ASCII."""

    def __init__(self, source: TablePart) -> None:
        self._source = source
        self._encoding = "utf-8-sig"  # of the next block
        self._only_ascii = True  # so far

    def text(self, line: int, block: bytes) -> str:
        """The text of a block that begins with ``line``. Raises TableError."""
        if not block.endswith(b"\n") and len(block) - block.rfind(b"\n") - 1 >= _LONGEST_LINE:
            problem = "a line of more than 1 MiB; this is no table of rows"
            raise self._source.error(line + block.count(b"\n"), None, problem)
        text = self._decoded(line, block)
        if "\0" in text:
            raise self._source.error(*_place(line, block, block.index(b"\0")), "a NUL byte; the file is damaged here")
        return text

    def _decoded(self, line: int, block: bytes) -> str:
        try:
            text = block.decode(self._encoding)
        except UnicodeDecodeError as error:
            # without a byte order mark the object is shorter
            position = len(block) - len(error.object) + error.start
            try:
                if not self._only_ascii or not block[:position].isascii():
                    raise
                text = block.decode("cp1252")
            except UnicodeDecodeError:
                problem = f"not UTF-8 (byte 0x{block[position]:02x}); save the file as UTF-8"
                raise self._source.error(*_place(line, block, position), problem) from None
            self._encoding = "cp1252"
            return text
        if self._encoding != "cp1252":
            self._encoding = "utf-8"
            self._only_ascii = self._only_ascii and len(text) == len(block)  # each byte a character
        return text


def _place(line: int, block: bytes, position: int) -> tuple[int, int]:
    """The line and field of a byte of a block that begins with ``line``."""
    before = block[:position]
    return line + before.count(b"\n"), before.rpartition(b"\n")[2].count(b",") + 1
