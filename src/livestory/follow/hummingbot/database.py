"""Hummingbot's database as it is, of 2019 to 2026: what a version did not keep yet is unknown.

Since January 2022 it keeps prices and amounts as whole numbers of millionths.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from livestory.errors import InputError
from livestory.follow.database import Database, Patience
from livestory.follow.hummingbot.records import decoded, fill_of, funding_of, number_of, symbol_of, time_of, trade_id
from livestory.story.inputs import Skip
from livestory.story.reason import in_own_words
from livestory.story.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    import apsw

    from livestory.follow.database import Tables
    from livestory.story.inputs import Input

T = TypeVar("T")

_MILLIONTHS = Decimal(1_000_000)
_FILLS = (
    "market",
    "symbol",
    "timestamp",
    "order_id",
    "trade_type",
    "price",
    "amount",
    "trade_fee",
    "exchange_trade_id",
)
_ALSO = ("id", "quote_asset", "position", "trade_fee_in_quote")  # not in all versions
_PAYMENTS = ("timestamp", "market", "symbol", "amount")
_EXECUTORS = ("config", "custom_info", "close_type", "net_pnl_quote", "filled_amount_quote", "is_active")
_FAILED = {"OrderFailure": "refused by the exchange", "TransactionFailure": "its transaction failed"}
_CLOSED_BY = {
    1: "time limit",
    2: "stop loss",
    3: "take profit",
    4: "expired",
    5: "early stop",
    6: "trailing stop",
    7: "insufficient balance",
    8: "failed",
    9: "completed",
    10: "position held",
}
_SIDES: dict[object, str] = {1: "BUY", 2: "SELL"}


class Page(NamedTuple):
    """Rows of one table, in the order in which they were written."""

    last: int  # its last row; where it is the one that was asked after, there is nothing more
    inputs: list[Input]
    problems: tuple[str, ...] = ()  # of rows that can't be read
    step: Decimal | None = None  # the least difference of prices that is kept; None: all digits are there


class Executed(NamedTuple):
    """What Hummingbot's executors report, of those that traded and are done."""

    trades: int
    won: int
    lost: int
    result: Decimal  # in the quote asset


class _Layout(NamedTuple):
    """How a version of Hummingbot keeps it."""

    columns: tuple[str, ...]  # of a fill
    scale: Decimal | None  # of its amounts, where they are whole numbers
    has_config: bool
    has_payments: bool
    has_failures: bool
    has_executors: bool


class HummingbotDatabase:
    """Pages of what a Hummingbot keeps, each read in one state of its database.

    All of them raise InputError where it is another program's, and what `Database.read` does.
    """

    tables: tuple[str, ...] = ("TradeFill", "FundingPayment", "OrderStatus")
    """From which inputs are read: each has its own place in a cursor."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def path(self) -> Path:
        """Where the database lies now."""
        return self.database.path

    @staticmethod
    def is_in(tables: Mapping[str, Collection[str]]) -> bool:
        """Whether a database with these tables and columns is Hummingbot's."""
        return {"exchange_trade_id", "trade_type"} <= set(tables.get("TradeFill", ()))

    def state(self) -> object:
        """Equal to another time's where nothing was written in between. Raises as `Database.read`."""
        return self.database.state()

    def page(self, table: str, after: int, reasons: Mapping[str, tuple[str, str]] | None = None) -> Page:
        """What was written into ``table`` after the row ``after``; ``reasons`` are those of `reasons`."""

        def ask(db: apsw.Connection, layout: _Layout) -> Page:
            def fill(row: dict[str, Any]) -> Input:
                side, reason = (reasons or {}).get(row["order_id"], ("", None))
                return fill_of(row, layout.scale, reason if row["trade_type"] != side else None)

            if table == "TradeFill":
                step = None if layout.scale is None else 1 / layout.scale
                return _rows(db, table, layout.columns, after, fill)._replace(step=step)
            if table == "FundingPayment" and layout.has_payments:
                return _rows(db, table, _PAYMENTS, after, funding_of)
            if table == "OrderStatus" and layout.has_failures:
                return _failures(db, after)
            return Page(after, [])

        return self._read(ask)

    def mark(self, place: int) -> str | None:
        """What tells the fill of a row from all others; None where there is no such row."""

        def ask(db: apsw.Connection, layout: _Layout) -> str | None:
            names = [name for name in layout.columns if name in {"id", "market", "order_id", "exchange_trade_id"}]
            sql = f"SELECT {', '.join(names)} FROM TradeFill WHERE rowid = ?"  # noqa: S608 - names of columns
            found = db.execute(sql, (place,)).fetchone()
            return None if found is None else trade_id(dict(zip(names, found, strict=True)))

        return self._read(ask)

    def reasons(self) -> dict[str, tuple[str, str]]:
        """By its order: the side on which an executor entered, and why it closed, of all executors that are done."""
        found: dict[str, tuple[str, str]] = {}
        for config, custom, closed_by in self._executors("close_type"):
            side, reason = _SIDES.get(config.get("side"), ""), _CLOSED_BY.get(closed_by)
            orders = custom.get("order_ids")
            if side and reason and isinstance(orders, list):
                found |= dict.fromkeys(filter(None, map(str, orders)), (side, reason))
        return found

    def executed(self) -> Executed | None:
        """What its executors report; None where there are none that traded and are done."""
        results = []
        for *_, result, volume in self._executors("net_pnl_quote, filled_amount_quote", where="is_active = 0"):
            with suppress(ValueError):
                if volume:
                    results.append(number_of({"net_pnl_quote": result}, "net_pnl_quote"))
        outcomes = Counter(map(Outcome.of, results))
        won, lost = outcomes[Outcome.WON], outcomes[Outcome.LOST]
        return Executed(len(results), won, lost, sum(results, Decimal(0))) if results else None

    def kinds(self) -> set[tuple[str, str, str]]:
        """Of which configuration the fills are, in which market and pair."""

        def ask(db: apsw.Connection, layout: _Layout) -> set[tuple[str, str, str]]:
            config = "config_file_path" if layout.has_config else "''"
            found = db.execute(f"SELECT DISTINCT {config}, market, symbol FROM TradeFill")  # noqa: S608 - a column
            return {(str(a), str(b), str(c)) for a, b, c in found}

        return self._read(ask)

    def _read(self, ask: Callable[[apsw.Connection, _Layout], T]) -> T:
        return self.database.read_by(self._look, ask)

    def _look(self, tables: Tables) -> _Layout:
        """Which of its columns are there. Raises InputError where it is another program's."""
        fills = tables.get("TradeFill", {})
        lacking = sorted(set(_FILLS) - fills.keys())
        if lacking:
            what = f"its table TradeFill lacks {', '.join(lacking)}" if fills else "it has no table TradeFill"
            message = (
                f"{self.database.name}: not Hummingbot's database as livestory knows it: {what}\n"
                "Name the file that Hummingbot writes under data/, such as data/conf.sqlite."
            )
            raise InputError(message)
        return _Layout(
            columns=(*_FILLS, *(name for name in _ALSO if name in fills)),
            scale=_MILLIONTHS if "INT" in fills["price"].upper() else None,
            has_config="config_file_path" in fills,
            has_payments=tables.get("FundingPayment", {}).keys() >= set(_PAYMENTS),
            has_failures=tables.get("Order", {}).keys() >= {"id", "market", "symbol"}
            and tables.get("OrderStatus", {}).keys() >= {"id", "order_id", "timestamp", "status"},
            has_executors=tables.get("Executors", {}).keys() >= set(_EXECUTORS),
        )

    def _executors(self, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
        sql = f"SELECT rowid, config, custom_info, {columns} FROM Executors WHERE {where} AND rowid > ? ORDER BY rowid"  # noqa: S608 - names of columns
        found: list[tuple[Any, ...]] = []
        last, more = 0, True

        def page(db: apsw.Connection, layout: _Layout) -> list[tuple[Any, ...]]:
            patience, rows = Patience(), list[tuple[Any, ...]]()
            for row in db.execute(sql, (last,)) if layout.has_executors else ():
                rows.append(row)
                if patience.is_over:
                    break
            return rows

        while more:
            rows = self._read(page)
            found += ((decoded(config), decoded(custom), *rest) for _, config, custom, *rest in rows)
            more, last = bool(rows), rows[-1][0] if rows else last
        return found


def _rows(
    db: apsw.Connection, table: str, columns: tuple[str, ...], after: int, read: Callable[[dict[str, Any]], Input]
) -> Page:
    sql = f"SELECT rowid, {', '.join(columns)} FROM {table} WHERE rowid > ? ORDER BY rowid"  # noqa: S608 - names
    patience, last, problems = Patience(), after, list[str]()
    inputs: list[Input] = []
    for row in db.execute(sql, (after,)):
        last = row[0]
        try:
            inputs.append(read(dict(zip(columns, row[1:], strict=True))))
        except ValueError as error:
            problems.append(f"row {last} of {table}: {error}")
        if patience.is_over:
            break
    return Page(last, inputs, tuple(problems))


def _failures(db: apsw.Connection, after: int) -> Page:
    """Orders that were refused; of all others, which a market maker makes by the thousands, nothing is told."""
    patience, last = Patience(), after
    inputs: list[Input] = []
    sql = "SELECT id, order_id, timestamp, status FROM OrderStatus WHERE id > ? ORDER BY id"
    for number, order, time, status in db.execute(sql, (after,)):
        last = number
        if status in _FAILED:
            placed = db.execute('SELECT market, symbol FROM "Order" WHERE id = ?', (order,)).fetchone()
            symbol = None if placed is None else symbol_of(str(placed[0]), str(placed[1]))
            with suppress(ValueError):
                inputs.append(Skip(time=time_of(time), reason=in_own_words(_FAILED[status]), symbol=symbol))
        if patience.is_over:
            break
    return Page(last, inputs)
