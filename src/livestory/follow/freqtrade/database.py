"""freqtrade's database as it is, of 2019 to 2026: what a version did not keep yet is unknown."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from livestory.clock import instant
from livestory.errors import InputError
from livestory.follow.database import Database, Patience
from livestory.follow.freqtrade.records import Lock, Order, Trade, decimal_of, quote_of
from livestory.story.arguments import MOST_OF_A_NAME
from livestory.story.wording.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import apsw

    from livestory.follow.database import Tables

P = ParamSpec("P")
T = TypeVar("T")

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
    problem: str | None = None  # with one that can't be read


class Unread(NamedTuple):
    """A row that can't be read, and why."""

    problem: str


class Locks(NamedTuple):
    """Locks that are new, with their ids, in the order in which they were made."""

    new: list[tuple[int, Lock | Unread]]
    active: set[int]  # of those and of the known ones: there, and not ended by hand


class News(NamedTuple):
    """What the database says at one moment, as far as it may be new."""

    starts: Starts
    trades: list[tuple[int, Trade | Unread]]  # with their ids
    last: int  # the highest id of a trade; 0 where there is none
    locks: Locks


class _Columns(NamedTuple):
    """The columns that are there, of those that are read, by the names under which they are known here."""

    trades: Mapping[str, str]
    orders: Mapping[str, str]
    locks: Mapping[str, str]
    has_values: bool


class FreqtradeDatabase:
    """Pages of what a freqtrade keeps, each read in one state of its database.

    All of them raise InputError where it is another program's, and what `Database.read` does.
    """

    def __init__(self, database: Database, *, strict: bool = True) -> None:
        """``strict``: a row that can't be read is an InputError, and no `Unread`."""
        self.database = database
        self._strict = strict

    @staticmethod
    def is_in(tables: Mapping[str, Collection[str]]) -> bool:
        """Whether a database with these tables and columns is freqtrade's."""
        return {"pair", "stake_amount", "open_rate"} <= set(tables.get("trades", ()))

    def trades(self, after: int) -> list[tuple[int, Trade | Unread]]:
        """The next trades with a higher id than ``after``, with their ids; none where there are no more."""
        return self._read(lambda db, columns: self._page(db, columns, "id > ? ORDER BY id", (after,)))

    def news(self, known: Collection[int], after: int, most: int, locks: Collection[int], last_lock: int) -> News:
        """What may be new, in one state of the database.

        Of the trades those that are open, those of ``known``, and those with an id higher than ``after``, at ``most``.
        """
        where = f"is_open = 1 OR id > ? OR id IN ({_marks(known)}) ORDER BY id LIMIT ?"

        def ask(db: apsw.Connection, columns: _Columns) -> News:
            trades = self._page(db, columns, where, (after, *known, most), whole=True)
            last = _number_of(db.execute("SELECT max(id) FROM trades").get or 0, "trades")
            return News(self._starts(db, columns), trades, last, self._locks(db, columns, locks, last_lock))

        return self._read(ask)

    def locks(self) -> Locks:
        """All that there are."""
        return self._read(self._locks)

    def _locks(self, db: apsw.Connection, columns: _Columns, known: Collection[int] = (), after: int = 0) -> Locks:
        if not columns.locks:
            return Locks([], set())
        sql = f"SELECT {_names(columns.locks)} FROM pairlocks WHERE id > ? ORDER BY id"  # noqa: S608 - columns
        rows = [_row(columns.locks, row) for row in db.execute(sql, (after,))]
        new = [(_number_of(row["id"], "pairlocks"), self.made(f"lock {row['id']}", _lock, row)) for row in rows]
        active = {number for number, lock in new if isinstance(lock, Lock) and lock.active}
        if known:
            sql = f"SELECT id FROM pairlocks WHERE active = 1 AND id IN ({_marks(known)})"  # noqa: S608 - marks
            active |= {number for (number,) in db.execute(sql, tuple(known))}
        return Locks(new, active)

    def starts(self) -> Starts:
        """When the bot was started, where it says so."""
        return self._read(self._starts)

    def _starts(self, db: apsw.Connection, columns: _Columns) -> Starts:
        sql = "SELECT key, datetime_value FROM KeyValueStore WHERE key IN ('bot_start_time', 'startup_time')"
        found, problem = dict[str, int | None](), None
        for key, value in db.execute(sql) if columns.has_values else ():
            time = self.made(key, _time, value)
            if isinstance(time, Unread):
                problem = time.problem
            else:
                found[key] = time
        return Starts(found.get("bot_start_time"), found.get("startup_time"), problem)

    def stake_currencies(self) -> set[str]:
        """In which results are counted."""
        return {stake for _, stake in self._kinds() if stake}

    def pairs(self) -> set[str]:
        """What was ever traded."""
        return {pair for pair, _ in self._kinds()}

    def _kinds(self) -> set[tuple[str, str]]:

        def ask(db: apsw.Connection, columns: _Columns) -> set[tuple[str, str]]:
            stake = columns.trades.get("stake_currency", "NULL")
            found = db.execute(f"SELECT DISTINCT pair, {stake} FROM trades")  # noqa: S608 - the name of a column
            return {(str(pair), str(stake or quote_of(str(pair)))) for pair, stake in found if pair}

        return self._read(ask)

    def _read(self, ask: Callable[[apsw.Connection, _Columns], T]) -> T:
        try:
            return self.database.read_by(self._look, ask)
        except ValueError as error:
            message = f"{self.database.name}: {error}"
            raise InputError(message) from error

    def _look(self, tables: Tables) -> _Columns:
        """Which of its columns are there. Raises InputError where it is another program's."""
        trades = _present(_TRADES, tables.get("trades", ()))
        lacking = sorted(_NEEDED - trades.keys())
        if lacking:
            what = f"its table trades lacks {', '.join(lacking)}" if "trades" in tables else "it has no table trades"
            message = (
                f"{self.database.name}: not freqtrade's database as livestory knows it: {what}\n"
                "Name the bot's own tradesv3.sqlite."
            )
            raise InputError(message)
        return _Columns(
            trades=trades,
            orders=_present(_ORDERS, tables.get("orders", ())),
            locks=_present(_LOCKS, tables.get("pairlocks", ())),
            has_values="KeyValueStore" in tables,
        )

    def _page(
        self, db: apsw.Connection, columns: _Columns, where: str, values: tuple[int, ...], *, whole: bool = False
    ) -> list[tuple[int, Trade | Unread]]:
        patience = Patience()
        found: list[tuple[int, Trade | Unread]] = []
        sql = f"SELECT {_names(columns.trades)} FROM trades WHERE {where}"  # noqa: S608 - names of columns
        rows = db.execute(sql, values)
        while some := [_row(columns.trades, row) for row in islice(rows, _TOGETHER)]:
            orders = _orders_of(db, columns.orders, [trade["id"] for trade in some])
            for trade in some:
                number = _number_of(trade["id"], "trades")
                found.append((number, self.made(f"trade {number}", _trade, trade, orders.get(number, []))))
            if patience.is_over and not whole:
                break
        return found

    def made(self, what: str, make: Callable[P, T], *row: P.args, **none: P.kwargs) -> T | Unread:
        """What ``make`` makes of a row. Raises InputError where that fails, and the database is read strictly."""
        try:
            return make(*row, **none)
        except (ValueError, ArithmeticError) as error:
            if self._strict:
                message = f"{self.database.name}: {what} can't be read: {error}"
                raise InputError(message) from error
            return Unread(f"{what}: {error}")


def _orders_of(
    db: apsw.Connection, columns: Mapping[str, str], trades: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """The orders of each of these trades."""
    found: dict[int, list[dict[str, Any]]] = {}
    if columns:
        names = f"ft_trade_id, {_names(columns)}"
        sql = f"SELECT {names} FROM orders WHERE ft_trade_id IN ({_marks(trades)}) ORDER BY id"  # noqa: S608 - names of columns
        for trade, *row in db.execute(sql, trades):
            found.setdefault(trade, []).append(_row(columns, row))
    return found


def _row(columns: Mapping[str, str], row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(columns, row, strict=True))


def _number_of(value: object, table: str) -> int:
    """The id of a row. Raises ValueError where that is none, as in a copy by another tool."""
    if isinstance(value, int):
        return value
    message = f"{table}: an id that is no whole number: not as freqtrade writes it"
    raise ValueError(message)


def _present(wanted: Mapping[str, tuple[str, ...]], columns: Collection[str]) -> dict[str, str]:
    """Of the columns that are read those that are there, by the names under which they are known here."""
    found = ((name, next((each for each in names if each in columns), None)) for name, names in wanted.items())
    return {name: column for name, column in found if column is not None}


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _names(present: Mapping[str, str]) -> str:
    return ", ".join(present.values())


def _trade(row: dict[str, Any], orders: list[dict[str, Any]]) -> Trade:
    short, is_open = bool(row.get("is_short")), bool(row["is_open"])
    entry_side = "sell" if short else "buy"
    opened, closed = instant(row["open_date"]), _time(row.get("close_date"))
    return Trade(
        key=f"trade {row['id']}",
        pair=_name(row, "pair"),
        opened=opened,
        closed=None if is_open else closed,
        is_open=is_open,
        is_pending=row.get("open_order_id") is not None and row.get("close_rate_requested") is None,
        short=short,
        orders=tuple(_order(order, entry_side, opened) for order in orders),
        amount=_amount(row, "amount") or Decimal(0),
        open_rate=_amount(row, "open_rate") or Decimal(0),
        close_rate=_amount(row, "close_rate"),
        fee_open=_number(row, "fee_open"),
        fee_close=_number(row, "fee_close"),
        fee_open_cost=_number(row, "fee_open_cost"),
        fee_open_currency=_text(row.get("fee_open_currency")),
        fee_close_cost=_number(row, "fee_close_cost"),
        fee_close_currency=_text(row.get("fee_close_currency")),
        profit=None if is_open else _number(row, "close_profit_abs"),
        funding=_number(row, "funding_fees") or Decimal(0),
        enter_tag=_text(row.get("enter_tag")),
        exit_reason=_text(row.get("exit_reason")),
        stake=_text(row.get("stake_currency")),
    )


def _order(row: dict[str, Any], entry_side: str, opened: int) -> Order:
    is_open, status = bool(row["ft_is_open"]), (_text(row.get("status")) or "").lower()
    filled, is_entry = _amount(row, "filled"), row["ft_order_side"] == entry_side
    if filled is None and status in _DONE:  # as some exchanges leave it
        filled = _amount(row, "amount")
    prices = (row.get(name) for name in ("average", "price", "ft_price"))
    times = (row.get(name) for name in ("order_filled_date", "order_update_date", "order_date"))
    given_up = not is_open and status in _CANCELLED and row["ft_order_side"] != "stoploss"
    return Order(
        order_id=_name(row, "order_id"),
        is_entry=is_entry,
        is_open=is_open,
        filled=filled or Decimal(0),
        price=next((price for price in map(decimal_of, prices) if price), None),
        time=next((instant(time) for time in times if time), opened),
        wanted=decimal_of(row.get("amount") or row.get("ft_amount")),
        tag=_text(row.get("ft_order_tag")),
        cancelled=(_text(row.get("ft_cancel_reason")) or "") if given_up else None,
        fee_base=_number(row, "ft_fee_base") or None,
    )


def _lock(row: dict[str, Any]) -> Lock:
    return Lock(
        key=row["id"],
        pair=None if row["pair"] == "*" else _name(row, "pair"),
        side=_text(row.get("side")) or "*",
        reason=_text(row.get("reason")) or "",
        begin=instant(row["lock_time"]),
        end=instant(row["lock_end_time"]),
        active=bool(row.get("active", True)),
    )


def _name(row: dict[str, Any], column: str) -> str:
    """What tells one thing from another. Raises ValueError where it is empty."""
    if row[column]:
        return shortened(str(row[column]), MOST_OF_A_NAME)
    message = f"its {column} is empty"
    raise ValueError(message)


def _number(row: dict[str, Any], column: str) -> Decimal | None:
    try:
        return decimal_of(row.get(column))
    except ValueError as error:
        message = f"{column} {error}"
        raise ValueError(message) from None


def _amount(row: dict[str, Any], column: str) -> Decimal | None:
    """A quantity or a price."""
    number = _number(row, column)
    if number is None or number >= 0:
        return number
    message = f"{column} {number} is negative"
    raise ValueError(message)


def _text(value: object) -> str | None:
    return None if value is None else shortened(str(value))


def _time(value: str | None) -> int | None:
    return instant(value) if value else None
