"""JSON and JSON lines as rows of text: the forms that pandas, exchanges and bots write a table in."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from livestory.errors import TableError
from livestory.tables.source import TablePart, is_damage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TIME = re.compile(r"\d{9,}|\d{4}-\d\d-\d\d.*")
_MOST_NAMES = 5  # that a message repeats
Record = dict[str, str]
_OF_TRADES = ("trade", "position", "fill", "order")  # in the names of the lists that say most


def rows(source: TablePart) -> Iterator[tuple[int, list[str]]]:
    """The names of its columns, and each row; the line counts the records. Raises what `Table.rows` raises."""
    try:
        if _is_of_lines(source):
            names = list(dict.fromkeys(name for record in _lines(source) for name in record))
            found: Iterable[Record] = _lines(source)
        else:
            whole = _whole(source)
            found = records = _records(source, whole if source.sheet is None else whole[source.sheet])
            names = list(dict.fromkeys(name for record in records for name in record))
        yield 1, names
        for line, record in enumerate(found, 2):
            yield line, [record.get(name, "") for name in names]
    except Exception as error:
        if is_damage(error):
            raise source.damaged(1, error) from None
        raise


def tables(source: TablePart) -> list[str]:
    """The names of its tables, those of trades first, where it has several. Raises TableError."""
    if _is_of_lines(source):
        return []
    found = _whole(source)
    names = _lists_in(found) if isinstance(found, dict) else []
    by_trades = sorted(
        names, key=lambda name: next((n for n, each in enumerate(_OF_TRADES) if each in name.casefold()), 9)
    )
    return by_trades if len(names) > 1 else []


def _lists_in(found: dict[str, Any]) -> list[str]:
    """Which of its members are lists of records."""
    return [name for name, each in found.items() if isinstance(each, list) and each and isinstance(each[0], dict)]


def _is_of_lines(source: TablePart) -> bool:
    """Whether each line is an object; a lone line may be the whole of a table."""
    with source.opened() as stream:
        first, second = [*(line.strip(b"\xef\xbb\xbf \t\r\n") for line in islice(stream, 2)), b"", b""][:2]
    return first.startswith(b"{") and first.endswith(b"}") and second.startswith(b"{")


def _lines(source: TablePart) -> Iterator[Record]:
    with source.opened() as stream:
        for line, text in enumerate(stream, 1):
            if not text.strip():
                continue
            found = _decoded(source, text, line)
            if not isinstance(found, dict):
                raise source.error(line, None, "no JSON object, as the lines before it are; remove the line")
            yield _flat(found)


def _whole(source: TablePart) -> Any:
    with source.opened() as stream:
        return _decoded(source, stream.read(), 1)


def _decoded(source: TablePart, content: bytes, line: int) -> Any:
    try:
        # Numbers stay as they are written.
        return json.loads(content.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        problem = f"not JSON ({error.msg}); check that it was written to its end"
        raise source.error(line + error.lineno - 1, error.colno, problem) from None
    except UnicodeDecodeError:
        raise source.error(line, None, "not UTF-8; save the file as UTF-8") from None
    except RecursionError:
        raise source.error(line, None, "nested too deep; this is no table of rows") from None


def _records(source: TablePart, found: Any) -> list[Record]:
    if isinstance(found, dict) and found:
        return _of_object(source, found)
    match found:
        case [dict(), *_] if all(isinstance(each, dict) for each in found):
            return [_flat(each) for each in found]
        case [[*names], *rest] if all(isinstance(each, list) for each in rest) and _are_names(names):
            return [dict(zip(names, map(_text, row), strict=False)) for row in rest]
        case [[_, _], *_] if _are_timed(found):
            return [{"": _text(at), "value": _text(value)} for at, value in found]
        case [[_, _, _, _, _, *_], *_] if _are_timed(found):
            message = (
                f"{source}: candles as an exchange lists them; they tell of no bot, explain its trades or its wealth"
            )
            raise TableError(message)
        case _:
            raise _no_table(source)


def _are_timed(rows: list[Any]) -> bool:
    """Whether each row begins with a time."""
    return bool(rows) and all(
        isinstance(row, list) and len(row) == len(rows[0]) > 1 and _TIME.fullmatch(_text(row[0])) for row in rows
    )


def _of_object(source: TablePart, found: dict[str, Any]) -> list[Record]:
    within = [each for each in found.values() if isinstance(each, dict) and _holds_records(each)]
    if len(within) == 1:
        return _of_object(source, within[0])
    match found:
        case {"columns": [*names], "data": [*data]} if all(isinstance(row, list) for row in data):
            index = found.get("index") or [None] * len(data)
            return [
                {"": _text(at)} | dict(zip(map(str, names), map(_text, row), strict=False))
                for at, row in zip(index, data, strict=False)
            ]
        case _ if all(isinstance(each, dict) for each in found.values()):
            if all(map(_TIME.fullmatch, found)):
                return [{"": at} | _flat(record) for at, record in found.items()]
            keys = dict.fromkeys(key for column in found.values() for key in column)
            return [{"": key} | {name: _text(column.get(key)) for name, column in found.items()} for key in keys]
        case _ if all(map(_TIME.fullmatch, found)):
            return [{"": at, "0": _text(value)} for at, value in found.items()]
        case _:
            return _of_columns_or_within(source, found)


def _of_columns_or_within(source: TablePart, found: dict[str, Any]) -> list[Record]:
    """An object of columns, or one that has a single list of records in it, among what is said of them."""
    tables = _lists_in(found)
    if len(tables) == 1:
        return _records(source, found[tables[0]])
    if tables:
        names = ", ".join(tables[:_MOST_NAMES])
        message = f"{source}: several tables in it ({names}); save the one that is meant alone"
        raise TableError(message)
    pairs = [each for each in found.values() if isinstance(each, list) and _are_timed(each)]
    if len(pairs) == 1:
        return _records(source, pairs[0])
    columns = {name: each for name, each in found.items() if isinstance(each, list)}
    if columns and len({len(each) for each in columns.values()}) == 1:
        return [dict(zip(columns, map(_text, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    if not any(isinstance(each, dict | list) for each in found.values()):
        return [_flat(found)]
    raise _no_table(source)


def _holds_records(found: dict[str, Any]) -> bool:
    """Whether a list of records lies in an object, as in an exchange's answer: ``{"result": {"list": […]}}``."""
    return any(isinstance(each, list) and each and isinstance(each[0], dict) for each in found.values())


def _no_table(source: TablePart) -> TableError:
    return TableError(f"{source}: JSON, but no table: neither records nor columns; export it as CSV")


def _are_names(names: list[Any]) -> bool:
    return bool(names) and all(isinstance(name, str) and not re.fullmatch(r"[-+.\deE]+", name) for name in names)


def _flat(record: dict[str, Any]) -> Record:
    """An object with what lies in its objects beside it: ``fee.cost``."""
    flat: Record = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": _text(each) for inner, each in value.items()}
        else:
            flat[name] = _text(value)
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
