"""Which host may stand in the place of an exchange's own: no testnet run ever reaches real money."""

from __future__ import annotations

import pytest
from msgspec import structs

from livestory.cli.mode import account
from livestory.clock import ManualClock
from livestory.config import Configuration
from livestory.credentials import Secret
from livestory.errors import ConfigError
from livestory.trading.exchange.access import ExchangeSettings, Keys
from livestory.trading.exchange.ccxt_client import CcxtClient

pytest.importorskip("ccxt")
KEYS = Keys(Secret("k"), Secret("s"))
REAL = [
    "https://api.binance.com",
    "https://API.Binance.com:443/",
    "https://api.binance.com.",
    "http://api.binance.com",
    "https://api1.binance.com",
    "https://api-gcp.binance.com",
    "https://binance.com",
]


@pytest.mark.parametrize("base_url", REAL)
def test_a_testnet_is_never_where_real_money_is(base_url: str) -> None:
    """Whichever of the exchange's own hosts it is, however it is written."""
    with pytest.raises(ConfigError, match="where real money is traded"):
        CcxtClient("binance", keys=KEYS, sandbox=True, base_url=base_url)


def test_names_that_ccxt_fills_in_are_known_too() -> None:
    """Its tables say "api.{hostname}"; a testnet of the same domain is one all the same."""
    with pytest.raises(ConfigError, match="where real money is traded"):
        CcxtClient("bybit", keys=KEYS, sandbox=True, base_url="https://api.bybit.com")
    assert CcxtClient("bybit", keys=KEYS, sandbox=True, base_url="https://api-testnet.bybit.com").id


def test_the_command_refuses_it_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `livestory run --mode testnet` and `livestory check` open the account."""
    monkeypatch.setenv("A_KEY", "k")
    monkeypatch.setenv("B_KEY", "s")
    there = ExchangeSettings(key_env="A_KEY", secret_env="B_KEY", base_url=REAL[0])  # noqa: S106 - a variable's name
    settings = structs.replace(Configuration(), exchange=there)
    with pytest.raises(ConfigError, match="--mode testnet"):
        account("testnet", settings, ManualClock())
    assert account("live", settings, ManualClock()).outside


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.0.0.9"])
@pytest.mark.parametrize("sandbox", [True, False])
def test_this_machine_is_always_fine(*, sandbox: bool, host: str) -> None:
    """A test server, a proxy."""
    assert CcxtClient("binance", keys=KEYS, sandbox=sandbox, base_url=f"http://{host}:8899").id


def test_real_orders_go_out_encrypted() -> None:
    """Candles may be read however one likes."""
    with pytest.raises(ConfigError, match="unencrypted"):
        CcxtClient("binance", keys=KEYS, base_url="http://proxy.example")
    assert CcxtClient("binance", keys=KEYS, base_url="https://proxy.example").id
    assert CcxtClient("binance", base_url="http://proxy.example").id
    assert CcxtClient("binance", keys=KEYS, sandbox=True, base_url="https://testnet.binance.vision").id
