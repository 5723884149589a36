"""`livestory follow`: the story of a bot that is not ours, read from what it writes, without touching it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from livestory.cli.options import dir_option, metrics_option, serve_options, time_or_before_now
from livestory.cli.story_folder import story_in
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from livestory.follow.freqtrade.configuration import FreqtradeConfiguration
    from livestory.follow.freqtrade.rest import Config


_FILE = click.Path(path_type=Path, readable=False)  # who reads it says what is wrong with it, and what to do


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every kind of bot is followed with."""
    waits = click.option(
        "--wait", "waits", is_flag=True, help="Wait for what the bot has not written yet, as at boot, and say so."
    )
    since = click.option(
        "--since",
        type=time_or_before_now,
        default="1973-03-04",
        metavar="TIME|30d",
        help="At the first start, leave out the trades that were closed before.  [default: tell all]",
    )
    return since(waits(dir_option()(metrics_option()(serve_options(command)))))


@click.group(short_help="Tell the story of a bot that is not ours: freqtrade, Hummingbot.")
def follow() -> None:
    """Tell the story of the bot that you already run, from outside: what it writes is read, and never touched.

    Its history is told at the first start, then what is new within two seconds. Stopped or killed, the same command
    goes on where the story stands, and tells what came meanwhile.

    \b
    livestory follow freqtrade --config user_data/config.json
    livestory follow freqtrade --db user_data/tradesv3.sqlite --serve
    livestory follow hummingbot data/conf_pmm.sqlite
    """


@follow.command(short_help="Follow a freqtrade by its database and its API.")
@click.option(
    "--config",
    "configured",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="freqtrade's own configuration; more than one as for freqtrade itself. The exchange's keys are never read.",
)
@click.option("--db", "database", type=_FILE, metavar="FILE", help="freqtrade's database itself.")
@click.option("--api", metavar="URL", help="Where its API is.  [default: as the configuration has it]")
@_shared
def freqtrade(
    configured: tuple[Path, ...],
    database: Path | None,
    api: str | None,
    since: int,
    folder: Path,
    metrics_port: int | None,
    *,
    waits: bool,
    serves: bool,
    port: int,
) -> None:
    """Tell the story of a freqtrade: its trades with tags, reasons and freqtrade's own results, locks, starts and ends.

    With its API also its wealth, records and drawdowns, your pauses and stops, and why it did not enter. The login is
    the configuration's, or FREQTRADE__API_SERVER__USERNAME and FREQTRADE__API_SERVER__PASSWORD of the environment.

    A database that is locked, replaced or gone for a while is waited for, and that is told. More: docs/follow.md.

    \b
    livestory follow freqtrade --config user_data/config.json
    livestory follow freqtrade --db user_data/tradesv3.sqlite --since 2026-11-01
    livestory follow freqtrade --db tradesv3.sqlite --api http://127.0.0.1:8080
    """
    from livestory.cli import following
    from livestory.cli.stopping import stop_on_signals
    from livestory.follow.database import Database
    from livestory.follow.freqtrade.configuration import FreqtradeConfiguration, api_access
    from livestory.follow.freqtrade.database import FreqtradeDatabase
    from livestory.follow.freqtrade.present import Teller
    from livestory.follow.freqtrade.source import FreqtradeSource
    from livestory.follow.freqtrade.watch import watched
    from livestory.story.journal.entry import Identity

    if not configured and database is None:
        message = "whose story?\nName freqtrade's configuration with --config, or its database with --db."
        raise InputError(message)
    layout = story_in(folder)
    outlets = following.Outlets.of(layout, metrics_port, port if serves else None)
    with stop_on_signals() as stop:
        known = None
        if configured:
            known = following.found(
                partial(FreqtradeConfiguration.read, configured, os.environ, api), stop, waits=waits
            )
            if known is None:
                return
        places = (database,) if database is not None else known.places if known is not None else ()
        read = FreqtradeDatabase(Database(*places), strict=False)
        begun = following.identity_so_far(layout)
        stakes = following.found(read.stake_currencies, stop, waits=waits) if begun is None else set()
        if stakes is None:
            return
        access = known.api if known is not None else api_access(api, None, os.environ)
        if access is None:
            click.echo("without its API: neither its wealth is told nor why it does not enter", err=True)
        with watched(access) as watch:
            is_of = _known_of(known, watch.config() if watch is not None else None)
            unit = (begun.unit if begun is not None else None) or (stakes.pop() if len(stakes) == 1 else is_of.unit)
            teller = None if watch is None else Teller(watch, unit, known.ratio if known is not None else None)
            source = FreqtradeSource(read, since=since, mode=is_of.mode, market=is_of.exchange, teller=teller)
            following.follow(source, Identity(bot=is_of.bot, unit=unit), layout, stop, outlets)


class _Known(NamedTuple):
    """What is known of a freqtrade beside its database."""

    bot: str | None = None
    unit: str | None = None
    mode: str | None = None
    exchange: str | None = None


def _known_of(configured: FreqtradeConfiguration | None, said: Config | None) -> _Known:
    """By its configuration, else by its API."""
    of = configured or said
    if of is None:
        return _Known()
    mode = None if of.dry_run is None else "paper" if of.dry_run else "live"
    unit = of.stake_currency or (said.stake_currency if said is not None else None)
    return _Known(of.bot_name, unit, mode, of.exchange)


@follow.command(short_help="Follow a Hummingbot by its database or its CSV of trades.")
@click.argument("file", type=_FILE)
@_shared
def hummingbot(
    file: Path, since: int, folder: Path, metrics_port: int | None, *, waits: bool, serves: bool, port: int
) -> None:
    """Tell the story of a Hummingbot: its fills with fees, its funding payments, and the orders that were refused.

    FILE is the database that it writes for a configuration, data/NAME.sqlite, or, until 2024, data/trades_NAME.csv. One
    that is locked, replaced or gone for a while is waited for, and that is told. More: docs/follow.md.

    \b
    livestory follow hummingbot data/conf_pmm.sqlite
    livestory follow hummingbot data/trades_conf_pmm.csv --dir results/pmm
    """
    from livestory.cli import following
    from livestory.cli.stopping import stop_on_signals
    from livestory.follow.hummingbot.files import identity_of, pages_of
    from livestory.follow.hummingbot.source import HummingbotSource
    from livestory.story.journal.entry import Identity

    layout = story_in(folder)
    outlets = following.Outlets.of(layout, metrics_port, port if serves else None)
    with stop_on_signals() as stop:
        pages = pages_of(file)
        if following.identity_so_far(layout) is not None:
            identity: Identity | None = Identity()
        else:
            identity = following.found(lambda: identity_of(pages), stop, waits=waits)
        if identity is not None:
            following.follow(HummingbotSource(pages, since=since), identity, layout, stop, outlets)
