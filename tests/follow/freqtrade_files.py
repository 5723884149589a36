"""Files as freqtrade writes them, of our own making: databases of its eras, and a backtest's result."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_2019 = (
    "id INTEGER PRIMARY KEY, exchange VARCHAR, pair VARCHAR, is_open BOOLEAN, fee_open FLOAT, fee_close FLOAT, "
    "open_rate FLOAT, open_rate_requested FLOAT, close_rate FLOAT, close_rate_requested FLOAT, close_profit FLOAT, "
    "stake_amount FLOAT, amount FLOAT, open_date DATETIME, close_date DATETIME, open_order_id VARCHAR, "
    "stop_loss FLOAT, max_rate FLOAT, min_rate FLOAT, sell_reason VARCHAR, strategy VARCHAR, ticker_interval INTEGER"
)
_2021 = f"{_2019}, close_profit_abs FLOAT, fee_open_cost FLOAT, fee_open_currency VARCHAR, buy_tag VARCHAR"
_2026 = (
    f"{_2021}, fee_close_cost FLOAT, fee_close_currency VARCHAR, base_currency VARCHAR, stake_currency VARCHAR, "
    "enter_tag VARCHAR, exit_reason VARCHAR, realized_profit FLOAT, leverage FLOAT, is_short BOOLEAN, "
    "funding_fees FLOAT, trading_mode VARCHAR"
)
_ORDERS_2021 = (
    "id INTEGER PRIMARY KEY, ft_trade_id INTEGER, ft_order_side VARCHAR, ft_pair VARCHAR, ft_is_open BOOLEAN, "
    "order_id VARCHAR, status VARCHAR, symbol VARCHAR, side VARCHAR, price FLOAT, average FLOAT, amount FLOAT, "
    "filled FLOAT, remaining FLOAT, cost FLOAT, order_date DATETIME, order_filled_date DATETIME, "
    "order_update_date DATETIME"
)
_ORDERS_2026 = (
    f"{_ORDERS_2021}, ft_amount FLOAT, ft_price FLOAT, ft_cancel_reason VARCHAR, ft_fee_base FLOAT, "
    "ft_order_tag VARCHAR, funding_fee FLOAT"
)
_LOCKS = (
    "id INTEGER PRIMARY KEY, pair VARCHAR, reason VARCHAR, lock_time DATETIME, lock_end_time DATETIME, active BOOLEAN"
)
_VALUES = "id INTEGER PRIMARY KEY, key VARCHAR, value_type VARCHAR, string_value VARCHAR, datetime_value DATETIME"

ERAS: dict[str, dict[str, str]] = {
    "2019": {"trades": _2019},
    "2021": {"trades": _2021, "orders": _ORDERS_2021, "pairlocks": _LOCKS},
    "2026": {
        "trades": _2026,
        "orders": _ORDERS_2026,
        "pairlocks": f"{_LOCKS}, side VARCHAR",
        "KeyValueStore": _VALUES,
    },
}
"""The tables of freqtrade's database as its versions made them, the columns that count here among them."""


class Bot:
    """A freqtrade that writes what the test says, into a database of one era."""

    def __init__(self, file: Path, era: str = "2026", mode: str = "wal") -> None:
        self.file = file
        self.tables = ERAS[era]
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute(f"PRAGMA journal_mode={mode}")
        for name, columns in self.tables.items():
            self.db.execute(f"CREATE TABLE IF NOT EXISTS {name}({columns})")

    def put(self, table: str, **values: Any) -> None:
        """Insert a row, or change that of its id; what the era has no column for is left out."""
        if table not in self.tables:
            return
        known = {name: value for name, value in values.items() if f"{name} " in f", {self.tables[table]}"}
        marks = ", ".join("?" * len(known))
        updates = ", ".join(f"{name} = excluded.{name}" for name in known)
        sql = f"INSERT INTO {table}({', '.join(known)}) VALUES({marks}) ON CONFLICT(id) DO UPDATE SET {updates}"
        self.db.execute(sql, tuple(known.values()))

    def enter(self, number: int, pair: str = "ETH/BTC", at: str = "2026-11-26 10:00:00.25", **more: Any) -> None:
        """Open a trade: 2 at 0.05, its order filled at once."""
        row = {
            "exchange": "binance", "pair": pair, "is_open": True, "fee_open": 0.001, "fee_close": 0.001,
            "stake_amount": 0.1, "amount": 2.0, "open_rate": 0.05, "open_date": at, "is_short": False,
            "enter_tag": "dip", "buy_tag": "dip", "stake_currency": pair.partition("/")[2].partition(":")[0], **more,
        }  # fmt: skip
        side = "sell" if row["is_short"] else "buy"
        with self.db:
            self.put("trades", id=number, **row)
            self.order(number * 10, number, side, row["amount"], row["open_rate"], at, pair=pair, tag="dip")

    def exit(self, number: int, at: str = "2026-11-26 12:00:00.5", *, rate: float = 0.06, profit: float | None = None,
             reason: str = "roi", amount: float = 2.0, side: str = "sell", pair: str = "ETH/BTC") -> None:  # fmt: skip
        """Close a trade."""
        with self.db:
            self.put("trades", id=number, is_open=False, close_date=at, close_rate=rate, close_profit_abs=profit,
                     exit_reason=reason, sell_reason=reason)  # fmt: skip
            self.order(number * 10 + 9, number, side, amount, rate, at, pair=pair, tag=reason)

    def order(self, number: int, trade: int, side: str, amount: float, price: float, at: str, *,
              filled: float | None = None, status: str = "closed", is_open: bool = False, tag: str | None = None,
              pair: str = "ETH/BTC", **more: Any) -> None:  # fmt: skip
        """Keep an order as it now is."""
        done = amount if filled is None else filled
        self.put("orders", id=number, ft_trade_id=trade, ft_order_side=side, ft_pair=pair, ft_is_open=is_open,
                 order_id=f"o{number}", status=status, side=side, price=price, average=price if done else None,
                 amount=amount, ft_amount=amount, filled=done, order_date=at, order_filled_date=at if done else None,
                 order_update_date=at, ft_order_tag=tag, **more)  # fmt: skip

    def lock(self, number: int, begin: str, end: str, *, pair: str = "*", reason: str = "MaxDrawdown",
             active: bool = True) -> None:  # fmt: skip
        """Keep a lock as it now is."""
        self.put("pairlocks", id=number, pair=pair, side="*", reason=reason, lock_time=begin, lock_end_time=end,
                 active=active)  # fmt: skip

    def start(self, at: str) -> None:
        """Keep that the bot was started, the first time or again."""
        self.put("KeyValueStore", id=2, key="startup_time", value_type="datetime", datetime_value=at)
        found = self.db.execute("SELECT 1 FROM KeyValueStore WHERE key = 'bot_start_time'").fetchone()
        if found is None:
            self.put("KeyValueStore", id=1, key="bot_start_time", value_type="datetime", datetime_value=at)

    def close(self) -> None:
        """End in order."""
        self.db.close()


def trade(opened: str, closed: str, profit: float, **more: Any) -> dict[str, Any]:
    """A trade of a backtest's result."""
    return {
        "pair": "ETH/BTC", "stake_amount": 0.1, "amount": 2.0, "open_date": f"{opened}+00:00",
        "close_date": f"{closed}+00:00", "open_rate": 0.05, "close_rate": 0.06, "fee_open": 0.001, "fee_close": 0.001,
        "profit_ratio": profit / 0.1, "profit_abs": profit, "exit_reason": "roi", "is_open": False,
        "enter_tag": "dip", "leverage": 1.0, "is_short": False, **more,
    }  # fmt: skip


def result(*trades: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a backtest says of one strategy."""
    profits = [one["profit_abs"] for one in trades]
    return {
        "trades": list(trades), "locks": [], "total_trades": len(trades), "profit_total_abs": sum(profits),
        "wins": sum(profit > 0 for profit in profits), "losses": sum(profit < 0 for profit in profits),
        "stake_currency": "BTC", "starting_balance": 1, "final_balance": 1 + sum(profits),
        "backtest_start": "2026-11-26 00:00:00", "backtest_end": "2026-11-27 00:00:00",
        "max_drawdown_account": 0.01, **more,
    }  # fmt: skip
