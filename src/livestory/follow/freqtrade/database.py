"""freqtrade's database as it is, of 2019 to 2026: what a version did not keep yet is unknown."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.clock import instant
from livestory.errors import InputError
from livestory.follow.database import Database, Patience
from livestory.follow.freqtrade.records import Lock, Order, Trade, decimal_of, quote_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import apsw

_TRADES = {
    **{name: (name,) for name in ("id", "pair", "is_open", "amount", "open_rate", "close_rate", "open_date")},
    **{name: (name,) for name in ("close_date", "fee_close", "fee_open_cost", "fee_open_currency", "fee_close_cost")},
    **{name: (name,) for name in ("fee_close_currency", "close_profit_abs", "funding_fees", "is_short")},
    **{name: (name,) for name in ("stake_currency", "open_order_id", "close_rate_requested")},
    "fee_open": ("fee_open", "fee"),
    "enter_tag": ("enter_tag", "buy_tag"),
    "exit_reason": ("exit_reason", "sell_reason"),
}
"""What is read of a trade, and the names that its column has had, the newest first."""
_ORDERS = {
    **{name: (name,) for name in ("order_id", "ft_order_side", "ft_is_open", "status", "filled", "amount", "average")},
    **{name: (name,) for name in ("price", "order_date", "order_filled_date", "order_update_date", "ft_order_tag")},
    **{name: (name,) for name in ("ft_cancel_reason", "ft_fee_base", "ft_amount", "ft_price")},
}
_LOCKS = {name: (name,) for name in ("id", "pair", "side", "reason", "lock_time", "lock_end_time", "active")}
_TOGETHER = 50  # trades whose orders are asked for at once
_NEEDED = {"id", "pair", "is_open", "amount", "open_rate", "open_date"}
_DONE = {"closed", "filled"}
_CANCELLED = {"canceled", "cancelled", "expired", "rejected"}


class Starts(NamedTuple):
    """When freqtrade was started for the first time, and for the last; None before 2022."""

    first: int | None
    last: int | None


class FreqtradeDatabase:
    """Pages of what a freqtrade keeps, each read in one state of its database."""

    def __init__(self, database: Database) -> None:
        """Look which columns it has. Raises InputError where it is another program's, and what `Database.read` does."""
        self.database = database
        tables = database.tables()
        self._trades = _present(_TRADES, tables.get("trades", ()))
        lacking = sorted(_NEEDED - self._trades.keys())
        if lacking:
            message = (
                f"{database.name}: not freqtrade's database as livestory knows it: its table trades lacks "
                f"{', '.join(lacking)}\nName the bot's own tradesv3.sqlite."
            )
            raise InputError(message)
        self._orders = _present(_ORDERS, tables.get("orders", ()))
        self._locks = _present(_LOCKS, tables.get("pairlocks", ()))
        self._has_values = "KeyValueStore" in tables

    @staticmethod
    def is_in(tables: Mapping[str, Collection[str]]) -> bool:
        """Whether a database with these tables and columns is freqtrade's."""
        return {"pair", "stake_amount", "open_rate"} <= set(tables.get("trades", ()))

    def trades(self, after: int) -> list[tuple[int, Trade]]:
        """The next trades with a higher id than ``after``, with their ids; none where there are no more."""
        return self.database.read(lambda db: self._page(db, "id > ? ORDER BY id", (after,)))

    def current_trades(self, known: Collection[int], after: int, most: int) -> list[tuple[int, Trade]]:
        """The trades that are open, those of ``known`` that are there, and those with an id higher than ``after``."""
        marks = ", ".join("?" * len(known))
        where = f"is_open = 1 OR id > ? OR id IN ({marks}) ORDER BY id LIMIT ?"
        return self.database.read(lambda db: self._page(db, where, (after, *known, most), whole=True))

    def locks(self, after: int) -> list[Lock]:
        """The locks with a higher id, in the order in which they were made."""
        if not self._locks:
            return []
        sql = f"SELECT {_columns(self._locks)} FROM pairlocks WHERE id > ? ORDER BY id"  # noqa: S608 - names of columns
        return self.database.read(lambda db: [_lock(self._row(self._locks, row)) for row in db.execute(sql, (after,))])

    def active(self, locks: Collection[int]) -> set[int]:
        """Which of these locks are there, and were not ended by hand."""
        if not self._locks or not locks:
            return set()
        marks = ", ".join("?" * len(locks))
        sql = f"SELECT id FROM pairlocks WHERE active = 1 AND id IN ({marks})"  # noqa: S608 - question marks
        return {number for (number,) in self.database.read(lambda db: list(db.execute(sql, tuple(locks))))}

    def starts(self) -> Starts:
        """When the bot was started, where it says so."""
        if not self._has_values:
            return Starts(None, None)
        sql = "SELECT key, datetime_value FROM KeyValueStore WHERE key IN ('bot_start_time', 'startup_time')"
        found = {key: _time(value) for key, value in self.database.read(lambda db: list(db.execute(sql)))}
        return Starts(found.get("bot_start_time"), found.get("startup_time"))

    def stake_currencies(self) -> set[str]:
        """In which results are counted."""
        return {stake for _, stake in self._kinds()}

    def pairs(self) -> set[str]:
        """What was ever traded."""
        return {pair for pair, _ in self._kinds()}

    def _kinds(self) -> set[tuple[str, str]]:
        stake = self._trades.get("stake_currency", "NULL")
        sql = f"SELECT DISTINCT pair, {stake} FROM trades"  # noqa: S608 - the name of a column
        found = self.database.read(lambda db: list(db.execute(sql)))
        return {(pair, stake or quote_of(pair)) for pair, stake in found}

    def last_id(self) -> int:
        """The highest id of a trade; 0 where there is none."""
        return self.database.read(lambda db: db.execute("SELECT max(id) FROM trades").get or 0)

    def _page(
        self, db: apsw.Connection, where: str, values: tuple[int, ...], *, whole: bool = False
    ) -> list[tuple[int, Trade]]:
        patience = Patience()
        found = []
        sql = f"SELECT {_columns(self._trades)} FROM trades WHERE {where}"  # noqa: S608 - names of columns
        rows = db.execute(sql, values)
        while some := [self._row(self._trades, row) for row in islice(rows, _TOGETHER)]:
            orders = self._orders_of(db, [trade["id"] for trade in some])
            found += [(trade["id"], self._trade(trade, orders.get(trade["id"], []))) for trade in some]
            if patience.is_over and not whole:
                break
        return found

    def _orders_of(self, db: apsw.Connection, trades: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """The orders of each of these trades."""
        found: dict[int, list[dict[str, Any]]] = {}
        if self._orders:
            marks = ", ".join("?" * len(trades))
            columns = f"ft_trade_id, {_columns(self._orders)}"
            sql = f"SELECT {columns} FROM orders WHERE ft_trade_id IN ({marks}) ORDER BY id"  # noqa: S608 - as above
            for trade, *row in db.execute(sql, trades):
                found.setdefault(trade, []).append(self._row(self._orders, row))
        return found

    @staticmethod
    def _row(columns: Mapping[str, str], row: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(columns, row, strict=True))

    def _trade(self, row: dict[str, Any], orders: list[dict[str, Any]]) -> Trade:
        try:
            return _trade(row, orders)
        except (ValueError, ArithmeticError) as error:
            message = f"{self.database.name}: trade {row['id']} can't be read: {error}"
            raise InputError(message) from error


def _present(wanted: Mapping[str, tuple[str, ...]], columns: Collection[str]) -> dict[str, str]:
    """Of the columns that are read those that are there, by the names under which they are known here."""
    found = ((name, next((each for each in names if each in columns), None)) for name, names in wanted.items())
    return {name: column for name, column in found if column is not None}


def _columns(present: Mapping[str, str]) -> str:
    return ", ".join(present.values())


def _trade(row: dict[str, Any], orders: list[dict[str, Any]]) -> Trade:
    short, is_open = bool(row.get("is_short")), bool(row["is_open"])
    entry_side = "sell" if short else "buy"
    closed = _time(row.get("close_date"))
    return Trade(
        key=f"trade {row['id']}",
        pair=row["pair"],
        opened=instant(row["open_date"]),
        closed=None if is_open else closed,
        is_open=is_open,
        is_pending=row.get("open_order_id") is not None and row.get("close_rate_requested") is None,
        short=short,
        orders=tuple(_order(order, entry_side) for order in orders),
        amount=decimal_of(row["amount"]) or Decimal(0),
        open_rate=decimal_of(row["open_rate"]) or Decimal(0),
        close_rate=decimal_of(row.get("close_rate")),
        fee_open=decimal_of(row.get("fee_open")),
        fee_close=decimal_of(row.get("fee_close")),
        fee_open_cost=decimal_of(row.get("fee_open_cost")),
        fee_open_currency=row.get("fee_open_currency"),
        fee_close_cost=decimal_of(row.get("fee_close_cost")),
        fee_close_currency=row.get("fee_close_currency"),
        profit=None if is_open else decimal_of(row.get("close_profit_abs")),
        funding=decimal_of(row.get("funding_fees")) or Decimal(0),
        enter_tag=row.get("enter_tag"),
        exit_reason=row.get("exit_reason"),
        stake=row.get("stake_currency"),
    )


def _order(row: dict[str, Any], entry_side: str) -> Order:
    is_open, status = bool(row["ft_is_open"]), (row.get("status") or "").lower()
    filled, is_entry = decimal_of(row.get("filled")), row["ft_order_side"] == entry_side
    if filled is None and status in _DONE:  # as some exchanges leave it
        filled = decimal_of(row.get("amount"))
    prices = (row.get(name) for name in ("average", "price", "ft_price"))
    times = [_time(row.get(name)) for name in ("order_filled_date", "order_update_date", "order_date")]
    given_up = not is_open and status in _CANCELLED and row["ft_order_side"] != "stoploss"
    return Order(
        order_id=row["order_id"],
        is_entry=is_entry,
        is_open=is_open,
        filled=filled or Decimal(0),
        price=next((price for price in map(decimal_of, prices) if price), None),
        time=next((time for time in times if time is not None), 0),
        wanted=decimal_of(row.get("amount") or row.get("ft_amount")),
        tag=row.get("ft_order_tag"),
        cancelled=(row.get("ft_cancel_reason") or "") if given_up else None,
        fee_base=decimal_of(row.get("ft_fee_base")) or None,
    )


def _lock(row: dict[str, Any]) -> Lock:
    return Lock(
        key=row["id"],
        pair=None if row["pair"] == "*" else row["pair"],
        side=row.get("side") or "*",
        reason=row.get("reason") or "",
        begin=instant(row["lock_time"]),
        end=instant(row["lock_end_time"]),
        active=bool(row.get("active", True)),
    )


def _time(value: str | None) -> int | None:
    return instant(value) if value else None
