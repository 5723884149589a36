"""The account that orders go to, by the mode: who may, where it is, and whether all is fine before the first order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import click

from livestory.clock import MINUTE, SECOND
from livestory.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event

    from livestory.clock import Clock
    from livestory.config import Configuration
    from livestory.trading.exchange.ccxt_client import CcxtClient
    from livestory.trading.exchange.ccxt_spot import CcxtSpot
    from livestory.trading.exchange.preflight import Finding

Mode = Literal["paper", "testnet", "live"]
"""How `livestory run` trades in the present."""
MODES: tuple[Mode, ...] = get_args(Mode)

_AGAIN = 10.0  # seconds between two tries to reach an exchange at the start


def allow(mode: Mode, settings: Configuration) -> None:
    """Raise ConfigError where the configuration does not say that real money may be traded."""
    if mode == "live" and not settings.exchange.live:
        message = (
            "--mode live trades with real money, and the configuration does not allow it\n"
            "Try it with --mode testnet first (docs/live.md); then set live = true in [exchange]."
        )
        raise ConfigError(message)


def public_client(settings: Configuration, clock: Clock) -> CcxtClient:
    """The exchange without an account, for its candles. Raises InputError."""
    from livestory.trading.exchange.ccxt_client import CcxtClient

    there = settings.exchange
    return CcxtClient(settings.bot.exchange, clock, base_url=there.base_url, timeout=there.timeout)


def account(mode: Mode, settings: Configuration, clock: Clock) -> CcxtSpot:
    """The account that the configuration's keys open; nothing is asked yet. Raises InputError and ConfigError."""
    from livestory.trading.exchange.access import keys_of
    from livestory.trading.exchange.ccxt_client import CcxtClient
    from livestory.trading.exchange.ccxt_spot import CcxtSpot

    there = settings.exchange
    client = CcxtClient(
        settings.bot.exchange,
        clock,
        keys=keys_of(there),
        sandbox=mode == "testnet",
        base_url=there.base_url,
        timeout=there.timeout,
    )
    missing = client.missing_keys()
    if missing:
        message = f"{client.id} needs {' and '.join(missing)} beside key and secret\nName it in [exchange]."
        raise ConfigError(message)
    return CcxtSpot(client, settings.bot.symbol)


def wait_until_fine(exchange: CcxtSpot, settings: Configuration, stop: Event) -> bool:
    """Check everything before the first order; wait for an exchange that can't be reached. False once ``stop`` is set.

    Raises InputError for what no patience helps.
    """
    from livestory.trading.exchange.preflight import preflight

    told = ""
    while not stop.is_set():
        findings = list(preflight(exchange, post_only=settings.orders.kind == "limit"))
        bad = worst(findings)
        if bad is None:
            return True
        if not bad.passing:
            message = f"{exchange.client.id}: {bad.subject}: {bad.words}"
            raise InputError(message)
        if bad.words != told:
            click.echo(f"{exchange.client.id}: {bad.words}, goes on trying", err=True)
            told = bad.words
        stop.wait(max(_AGAIN, min(exchange.client.silent_for, MINUTE) / SECOND))
    return False


def worst(findings: Iterable[Finding]) -> Finding | None:
    """The first finding that stands against trading; None if none does."""
    return next((each for each in findings if each.good is False), None)
