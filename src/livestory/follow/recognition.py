"""Which bot or tool wrote a file: what is recognised is read by its own reader, any other database is named.

Each reader is imported where its file is met: a plain table, which is looked at here first, needs none of them.
"""

from __future__ import annotations

import re
import shlex
import zipfile
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from livestory.errors import InputError
from livestory.story.files.layout import SQLITE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from livestory.story.inputs import Input

_RESULT = re.compile(r"(?:.*/)?backtest-result[^/]*\.json")
_BESIDE = re.compile(r".*(?:_config|\.meta)\.json")
_MESSAGES = frozenset({
    "analyzed_df", "new_candle", "whitelist", "status", "startup", "warning", "exception", "entry", "entry_fill",
    "entry_cancel", "exit", "exit_fill", "exit_cancel", "protection_trigger", "protection_trigger_global",
    "strategy_msg", "wallet",
})  # fmt: skip
_BLANKS = b" \t\r\n\xef\xbb\xbf"
_MOST_TABLES = 8


class BotFile(Protocol):
    """A file that a bot or a backtest wrote, as the inputs of a story."""

    name: str
    tool: str  # that wrote it
    symbol: str | None  # None: several, or not known
    unit: str | None
    compacted: int | None
    knows: frozenset[str] | None

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """All of it in the order of time."""
        ...


def recognised(file: Path, name: str, now: int, strategy: str | None = None) -> BotFile | None:
    """The reader of ``file``, which its owner calls ``name``; None where it is no bot's own.

    Raises InputError where it is one without a trade or that can't be read, and for an unknown SQLite database.
    """
    with file.open("rb") as opened:
        head = opened.read(len(SQLITE))
    if head == SQLITE:
        return _database(file, name, now)
    if zipfile.is_zipfile(file):
        return _zipped(file, name, strategy)
    if head.lstrip(_BLANKS)[:1] in {b"{", b"["}:
        return _document(file, name, strategy)
    return None


def unknown_database(name: str, tables: Collection[str]) -> InputError:
    """What is said of a database that no known program has written."""
    some = ", ".join(sorted(tables)[:_MOST_TABLES]) + (", …" if len(tables) > _MOST_TABLES else "")
    return InputError(
        f"{name}: a SQLite database, and no journal of livestory's\n"
        f"It is no bot's that is known here; its tables: {some or 'none'}. "
        f"Tell one of them: sqlite3 -header -csv {shlex.quote(name)} 'SELECT …' | livestory explain -"
    )


def _database(file: Path, name: str, now: int) -> BotFile:
    from livestory.follow.database import Database  # noqa: PLC0415 - of databases alone, as the three below
    from livestory.follow.freqtrade.database import FreqtradeDatabase  # noqa: PLC0415 - as above
    from livestory.follow.hummingbot.database import HummingbotDatabase  # noqa: PLC0415 - as above
    from livestory.follow.hummingbot.history import HummingbotHistory  # noqa: PLC0415 - as above

    database = Database(file, name=name)
    tables = database.tables()
    if FreqtradeDatabase.is_in(tables):
        from livestory.follow.freqtrade.history import FreqtradeHistory  # noqa: PLC0415 - it loads a client of HTTP

        return FreqtradeHistory(FreqtradeDatabase(database), now)
    if HummingbotDatabase.is_in(tables):
        return HummingbotHistory(HummingbotDatabase(database), now)
    raise unknown_database(database.name, tables)


def _zipped(file: Path, name: str, strategy: str | None) -> BotFile | None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = [each for each in archive.namelist() if _RESULT.fullmatch(each) and not _BESIDE.fullmatch(each)]
            if not members:
                return None
            document = _decoded(archive.read(members[0]))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        message = f"{name}: the zip can't be read: {error}"
        raise InputError(message) from error
    found = _result(name, document, strategy)
    if found is None:
        message = f"{name}: {members[0]} in it is not a backtest's result as freqtrade writes one"
        raise InputError(message)
    return found


def _document(file: Path, name: str, strategy: str | None) -> BotFile | None:
    content = file.read_bytes()
    document = _decoded(content)
    _refuse_others(name, document if document is not None else _decoded(content.partition(b"\n")[0]))
    if isinstance(document, dict) and isinstance(newest := document.get("latest_backtest"), str):
        result = file.resolve().parent / newest
        if not result.is_file():
            message = f"{name}: names {newest} as the newest backtest, and that does not lie beside it"
            raise InputError(message)
        return recognised(result, newest, 0, strategy)
    if isinstance(document, dict) and document and all(_is_note(each) for each in document.values()):
        message = f"{name}: what freqtrade keeps beside a backtest's result\nName the result itself."
        raise InputError(message)
    return _result(name, document, strategy)


def _refuse_others(name: str, document: Any) -> None:
    """Refuse by its name what freqtrade writes, and which tells no story."""
    if not isinstance(document, dict):
        return
    message = document.get("m", document)
    what = None
    if isinstance(message, dict) and message.get("type") in _MESSAGES and "data" in message:
        what = "messages of freqtrade's WebSocket, in which not every trade is told"
    elif isinstance(document.get("exchange"), dict) and {"stake_currency", "stake_amount"} & document.keys():
        what = "freqtrade's configuration"
    if what is not None:
        message = f"{name}: {what}\nExplain its database (tradesv3.sqlite), or a backtest's result."
        raise InputError(message)


def _is_note(each: Any) -> bool:
    return isinstance(each, dict) and {"run_id", "backtest_start_time"} <= each.keys()


def _result(name: str, document: Any, strategy: str | None) -> BotFile | None:
    from livestory.follow.freqtrade.backtest import FreqtradeBacktest  # noqa: PLC0415 - of backtests alone
    from livestory.follow.freqtrade.bare_list import FreqtradeBareList, is_bare_list  # noqa: PLC0415 - as above
    from livestory.follow.lean import LeanBacktest  # noqa: PLC0415 - as above

    if is_bare_list(document):
        return FreqtradeBareList(name, document)
    if not isinstance(document, dict):
        return None
    if FreqtradeBacktest.is_in(document):
        return FreqtradeBacktest(name, document["strategy"], strategy)
    return LeanBacktest(name, document) if LeanBacktest.is_in(document) else None


def _decoded(content: bytes) -> object:
    """The JSON document; None where it is none, as of JSON lines."""
    try:
        return msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
