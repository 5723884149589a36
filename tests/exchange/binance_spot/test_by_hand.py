"""The exchange that a person starts to try a bot against."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import ccxt  # type: ignore[import-untyped]

from livestory.clock import MINUTE
from tests.exchange.binance_spot.__main__ import shifted
from tests.exchange.binance_spot.conftest import NOON, flat_bars

ROOT = Path(__file__).parents[3]


def test_the_bars_end_now_and_go_on() -> None:
    """As many as asked for are over, the next is open, each as long as asked for."""
    bars = shifted(flat_bars(10), MINUTE, 6, NOON + 1)
    assert [bar.open_time for bar in bars] == [NOON + number * MINUTE for number in range(-6, 4)]
    assert all(bar.end == bar.open_time + MINUTE for bar in bars)


def test_it_says_where_it_is_and_with_which_keys() -> None:
    """And trades, by the machine's own clock."""
    command = [sys.executable, "-m", "tests.exchange.binance_spot", "--port", "0", "--interval", "1m", "--quote", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = dict(re.split(" +", process.stdout.readline().strip(), maxsplit=1) for _ in range(3))
        try:
            client = ccxt.binance({"apiKey": told["key"], "secret": told["secret"], "enableRateLimit": False})
            client.options |= {"fetchMargins": False, "fetchCurrencies": False, "fetchMarkets": {"types": ["spot"]}}
            client.urls["api"] |= dict.fromkeys(("public", "private"), f"{told['url']}/api/v3")
            assert client.create_order("ETH/BTC", "market", "buy", 1)["status"] == "closed"
            assert client.fetch_balance()["ETH"]["total"] == 0.999
            assert len(client.fetch_ohlcv("ETH/BTC", "1m", limit=1000)) == 1000
            client.session.close()
        finally:
            process.kill()
