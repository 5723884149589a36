"""`livestory check`: whether a bot could trade as it is configured, without placing an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.mode import MODES
from livestory.cli.options import config_option, configuration, dir_option
from livestory.cli.story_folder import story_in
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.cli.mode import Mode
    from livestory.clock import Clock
    from livestory.config import Configuration
    from livestory.story.files.layout import Layout
    from livestory.trading.exchange.ccxt_client import CcxtClient
    from livestory.trading.exchange.preflight import Finding

_MARKS = {True: "✓", False: "✗", None: "?"}


@click.command(short_help="A dry start: keys, clock, filters, balance; no order.")
@click.option("--mode", type=click.Choice(MODES), default="testnet", show_default=True, help="Of the run.")
@config_option()
@dir_option()
def check(mode: Mode, configured: Path | None, folder: Path) -> None:
    """Tell line by line whether the bot could trade, and place no order.

    It connects as livestory run would: the exchange, this machine's clock against it, the symbol, the rules for an
    order's numbers, the fee, the balance, what the keys may do, whether orders can be asked for, the histories. ✓ is
    fine, ? is what the exchange does not tell, ✗ stands against trading and makes the exit status 1.

    \b
    livestory check --mode testnet
    livestory check --mode live --config eth.toml && livestory run --mode live --config eth.toml
    """
    from livestory.clock import SystemClock

    settings = configuration(configured)
    good = True
    for finding in _findings(mode, settings, story_in(folder), SystemClock()):
        words = finding.words.replace("\n", " ")
        click.echo(f"{_MARKS[finding.good]} {finding.subject:<9} {words}")
        good = good and finding.good is not False
    click.echo("no order was placed" if mode != "paper" else "paper trading needs no account")
    if not good:
        click.get_current_context().exit(1)


def _findings(mode: Mode, settings: Configuration, layout: Layout, clock: Clock) -> Iterator[Finding]:
    from livestory.cli.mode import account, public_client
    from livestory.trading.exchange.preflight import Finding, preflight

    client: CcxtClient
    if mode == "paper":
        client = public_client(settings, clock)
    else:
        exchange = account(mode, settings, clock)
        client = exchange.client
    try:
        if mode != "paper":
            yield from preflight(exchange, post_only=settings.orders.kind == "limit")
        yield from _candles(client, settings, clock)
    except InputError as error:
        yield Finding("symbol", str(error), good=False)
    finally:
        client.close()
    yield from _story(mode, settings, layout)
    if mode == "live" and not settings.exchange.live:
        yield Finding("live", "not allowed yet: set live = true in [exchange] to trade with real money", good=False)


def _candles(client: CcxtClient, settings: Configuration, clock: Clock) -> Iterator[Finding]:
    from livestory.story.wording import numbers
    from livestory.trading.exchange.preflight import Finding
    from livestory.trading.market.bar import BAR
    from livestory.trading.market.candles import CandleClient, ExchangeDownError

    try:
        _, rows = CandleClient(client, settings.bot.symbol, BAR).page(clock.now() - 100 * BAR)
    except ExchangeDownError as error:
        yield Finding("candles", str(error), good=False, passing=True)
        return
    last = f"the last one opened {numbers.stamp(rows[-1][0])} UTC" if rows else "none"
    yield Finding("candles", f"{settings.bot.symbol} of {numbers.duration(BAR)}; {last}", good=bool(rows))


def _story(mode: Mode, settings: Configuration, layout: Layout) -> Iterator[Finding]:
    """Whether the story of that folder is this bot's in this mode."""
    from livestory.errors import JournalError
    from livestory.story.journal.reader import JournalReader
    from livestory.trading.exchange.preflight import Finding

    if not layout.db.exists():
        yield Finding("story", f"{layout.text}: begins anew")
        return
    try:
        with JournalReader.open(layout.db) as reader:
            found = reader.identity
    except JournalError as error:
        yield Finding("story", str(error), good=False)
        return
    elsewhere = mode != "paper" and found.exchange not in {None, settings.bot.exchange}
    if not elsewhere and (found.bot, found.mode, found.symbol) == (settings.bot.name, mode, settings.bot.symbol):
        yield Finding("story", f"{layout.text}: goes on")
    else:
        whose = ", ".join(str(each) for each in (found.bot, found.mode, found.symbol, found.exchange) if each)
        words = f"{layout.db} tells of {whose}: name another folder with --dir"
        yield Finding("story", words, good=False)
