"""Files as Hummingbot writes them, of our own making: its database in three eras, and its CSV of trades."""

from __future__ import annotations

import csv
import json
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.clock import instant

if TYPE_CHECKING:
    from pathlib import Path

_FILL = (
    "config_file_path TEXT NOT NULL, strategy TEXT NOT NULL, market TEXT NOT NULL, symbol TEXT NOT NULL, "
    "base_asset TEXT NOT NULL, quote_asset TEXT NOT NULL, timestamp BIGINT NOT NULL, order_id TEXT NOT NULL, "
    "trade_type TEXT NOT NULL, order_type TEXT NOT NULL, price {price} NOT NULL, amount {amount} NOT NULL, "
    "trade_fee JSON NOT NULL, exchange_trade_id TEXT NOT NULL"
)
_ORDER = (
    "id TEXT PRIMARY KEY, config_file_path TEXT, strategy TEXT, market TEXT, symbol TEXT, base_asset TEXT, "
    "quote_asset TEXT, creation_timestamp BIGINT, order_type TEXT, amount BIGINT, leverage INTEGER, price BIGINT, "
    "last_status TEXT, last_update_timestamp BIGINT, exchange_order_id TEXT, position TEXT"
)
_STATUS = "id INTEGER PRIMARY KEY, order_id TEXT, timestamp BIGINT, status TEXT"
_PAYMENT = "timestamp BIGINT PRIMARY KEY, config_file_path TEXT, market TEXT, rate FLOAT, symbol TEXT, amount FLOAT"
_EXECUTOR = (
    "id TEXT PRIMARY KEY, timestamp FLOAT, type TEXT, close_type INTEGER, close_timestamp BIGINT, status INTEGER, "
    "config JSON, net_pnl_pct FLOAT, net_pnl_quote FLOAT, cum_fees_quote FLOAT, filled_amount_quote FLOAT, "
    "is_active BOOLEAN, is_trading BOOLEAN, custom_info JSON, controller_id TEXT"
)
_KEY = "PRIMARY KEY (market, order_id, exchange_trade_id)"
_MORE = "leverage INTEGER, position TEXT"

ERAS: dict[str, dict[str, str]] = {
    "2019": {
        "TradeFill": f"id INTEGER PRIMARY KEY, {_FILL}".format(price="FLOAT", amount="FLOAT"),
        "Order": _ORDER,
        "OrderStatus": _STATUS,
    },
    "2022": {  # as its own migration leaves it
        "TradeFill": f"{_FILL}, {_MORE}, CONSTRAINT TradeFill_pk {_KEY}".format(price="BIGINT", amount="FLOAT"),
        "Order": _ORDER,
        "OrderStatus": _STATUS,
        "FundingPayment": _PAYMENT,
    },
    "2026": {
        "TradeFill": f"{_FILL}, {_MORE}, trade_fee_in_quote BIGINT, {_KEY}".format(price="BIGINT", amount="BIGINT"),
        "Order": _ORDER,
        "OrderStatus": _STATUS,
        "FundingPayment": _PAYMENT,
        "Executors": _EXECUTOR,
        "Controllers": "id TEXT, controller_id INTEGER PRIMARY KEY, timestamp FLOAT, type TEXT, config JSON",
    },
}
"""The tables of Hummingbot's database as its versions made them."""
_EXPORTED = (
    "exchange_trade_id", "config_file_path", "strategy", "market", "symbol", "base_asset", "quote_asset", "timestamp",
    "order_id", "trade_type", "order_type", "price", "amount", "leverage", "trade_fee", "trade_fee_in_quote",
    "position", "age",
)  # fmt: skip


class Bot:
    """A Hummingbot that writes what the test says, into a database of one era."""

    def __init__(self, file: Path, era: str = "2026", mode: str = "delete") -> None:
        self.file = file
        self.tables = ERAS[era]
        self.scale = 1 if era == "2019" else 1_000_000
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute(f"PRAGMA journal_mode={mode}")
        for name, columns in self.tables.items():
            self.db.execute(f'CREATE TABLE IF NOT EXISTS "{name}"({columns})')

    def put(self, table: str, **values: Any) -> None:
        """Insert a row, or change that of its key; what the era has no column or table for is left out."""
        if table not in self.tables:
            return
        known = {name: value for name, value in values.items() if f"{name} " in f", {self.tables[table]}"}
        marks = ", ".join("?" * len(known))
        sql = f'INSERT OR REPLACE INTO "{table}"({", ".join(known)}) VALUES({marks})'
        self.db.execute(sql, tuple(known.values()))

    def fill(self, number: int, side: str, amount: str, price: str, at: str, **more: Any) -> None:
        """Fill an order, whose fee is a tenth of a percent of its value."""
        row = fill(number, side, amount, price, at, **more)
        kept = {name: float(row[name]) if self.scale == 1 else int(row[name] * self.scale) for name in _SCALED}
        self.put("TradeFill", **row | kept | {"trade_fee": json.dumps(row["trade_fee"])})

    def fail(self, number: int, at: str, pair: str = "ETH-USDT", status: str = "OrderFailure") -> None:
        """An order that comes to nothing."""
        order = f"order-{number}"
        self.put("Order", id=order, market="binance", symbol=pair, last_status=status)
        self.put("OrderStatus", order_id=order, timestamp=instant(at) // 1000, status=status)

    def executor(self, number: int, side: int, close_type: int, result: float, orders: list[int]) -> None:
        """An executor that is done."""
        self.put(
            "Executors", id=f"executor-{number}", timestamp=1.0, type="position_executor", close_type=close_type,
            status=4, config=json.dumps({"side": side}), net_pnl_quote=result, filled_amount_quote=100.0,
            is_active=False, custom_info=json.dumps({"order_ids": [f"order-{each}" for each in orders]}),
        )  # fmt: skip


_SCALED = ("price", "amount", "trade_fee_in_quote")


def fill(number: int, side: str, amount: str, price: str, at: str, **more: Any) -> dict[str, Any]:
    """A fill as Hummingbot has it in memory."""
    market, pair = more.pop("market", "binance"), more.pop("pair", "ETH-USDT")
    base, _, quote = pair.partition("-")
    fee: dict[str, Any] = {"fee_type": "AddedToCost", "percent": "0.001", "percent_token": None, "flat_fees": []}
    return {
        "config_file_path": "conf_pmm.yml", "strategy": "pure_market_making", "market": market, "symbol": pair,
        "base_asset": base, "quote_asset": quote, "timestamp": instant(at) // 1000, "order_id": f"order-{number}",
        "trade_type": side, "order_type": "LIMIT", "price": Decimal(price), "amount": Decimal(amount), "leverage": 1,
        "trade_fee": fee, "trade_fee_in_quote": Decimal(price) * Decimal(amount) / 1000,
        "exchange_trade_id": f"{number}", "position": "NIL", **more,
    }  # fmt: skip


def append(file: Path, *fills: dict[str, Any]) -> None:
    """Write fills into a CSV, as Hummingbot did until 2024."""
    is_new = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        if is_new:
            writer.writerow(_EXPORTED)
        writer.writerows([row.get(name, "00:00:01") for name in _EXPORTED] for row in fills)
