"""Real bots of others, each in an environment of its own: only `make peers` names these tests and installs them."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import ManualClock
from livestory.trading.market.recorded import RecordedBars
from tests.cli.program import LIMIT, environment
from tests.exchange.binance_spot.server import BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Iterator

_PEERS = os.environ.get("LIVESTORY_PEERS")  # the folder of their environments
_BARS = 20_000  # seven months
_MILLI = 1000  # microseconds

NAUTILUS = [name for name in ("nautilus", "nautilus_3.12") if _PEERS and Path(_PEERS, name, "installed").exists()]
"""NautilusTrader for this Python, and for a newer one where there is one."""
collect_ignore_glob = [] if _PEERS else ["test_*.py"]


def program(peer: str, name: str) -> Path:
    """A command of the environment of ``peer``."""
    assert _PEERS is not None
    return Path(_PEERS).resolve() / peer / "bin" / name


def spoke(*command: object, cwd: Path) -> str:
    """What a program that ends well has said, on both streams."""
    words = list(map(str, command))
    done = subprocess.run(
        words,
        cwd=cwd,
        env=environment(PYTHONWARNINGS="default"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def market(real_bars_file: Path) -> Iterator[BinanceSpot]:
    """The exchange on loopback, over real bars, after the last of them."""
    bars = list(islice(RecordedBars([real_bars_file]).read(), _BARS))
    with BinanceSpot(bars, ManualClock(bars[-1].end)) as server:
        yield server


@pytest.fixture
def user_data(tmp_path: Path, market: BinanceSpot) -> Path:
    """The folder of freqtrade: our strategy, a configuration whose exchange is the one on loopback, and its bars."""
    folder = tmp_path / "user_data"
    data = folder / "data" / "binance"
    data.mkdir(parents=True)
    (folder / "strategies").symlink_to(Path(__file__).parent / "freqtrade")
    rows = [
        (bar.open_time // _MILLI, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in market.exchange.bars
    ]
    (data / "ETH_BTC-15m.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(configuration(market.url)), encoding="utf-8")
    return folder


def configuration(url: str) -> dict[str, Any]:
    """What freqtrade reads, for a Binance whose REST interface is at ``url``."""
    spot, margin = f"{url}/api/v3", f"{url}/sapi/v1"
    return {
        "max_open_trades": 2,
        "stake_currency": "BTC",
        "stake_amount": 0.1,
        "dry_run": True,
        "dry_run_wallet": 1,
        "timeframe": "15m",
        "dataformat_ohlcv": "json",
        "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
        "exchange": {
            "name": "binance",
            "enable_ws": False,
            "pair_whitelist": ["ETH/BTC"],
            "ccxt_config": {
                "enableRateLimit": False,
                "options": {"fetchMargins": False, "fetchCurrencies": False, "fetchMarkets": {"types": ["spot"]}},
                "urls": {"api": {"public": spot, "private": spot, "sapi": margin, "v1": f"{url}/api/v1"}},
            },
        },
        "pairlists": [{"method": "StaticPairList"}],
        "bot_name": "ours",
        "initial_state": "running",
        "internals": {"process_throttle_secs": 1},
    }
