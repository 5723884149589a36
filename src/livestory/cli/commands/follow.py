"""`livestory follow`: the story of a bot that is not ours, read from what it writes, without touching it."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from livestory.cli.fleet import sent
from livestory.cli.options import PATH, configuration, dir_option, metrics_option, serve_options
from livestory.cli.page import need_page, served
from livestory.cli.story_folder import story_in
from livestory.clock import instant
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from livestory.follow.source import Source
    from livestory.story.journal.entry import Identity


def _time(text: str) -> int:
    """The instant of a timestamp."""
    try:
        return instant(text)
    except ValueError:
        message = f"{text!r} is not a time such as 2024-12-03T15:00"
        raise click.BadParameter(message) from None


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every kind of bot is followed with."""
    since = click.option(
        "--since",
        type=_time,
        default="1973-03-04",
        metavar="TIME",
        help="At the first start, leave out the trades that were closed before.  [default: tell all]",
    )
    return since(dir_option()(metrics_option()(serve_options(command))))


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
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="freqtrade's own configuration; more than one as for freqtrade itself. The exchange's keys are never read.",
)
@click.option("--db", "database", type=PATH, metavar="FILE", help="freqtrade's database itself.")
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
    from livestory.follow.database import Database
    from livestory.follow.freqtrade.configuration import RATIO, FreqtradeConfiguration, api_access
    from livestory.follow.freqtrade.database import FreqtradeDatabase
    from livestory.follow.freqtrade.present import Teller
    from livestory.follow.freqtrade.source import FreqtradeSource
    from livestory.follow.freqtrade.watch import watched
    from livestory.story.journal.entry import Identity

    known = FreqtradeConfiguration.read(configured, os.environ, api) if configured else None
    file = database or (known.database if known is not None else None)
    if file is None:
        message = "whose story?\nName freqtrade's configuration with --config, or its database with --db."
        raise InputError(message)
    read = FreqtradeDatabase(Database(file))
    access = known.api if known is not None else api_access(api, None, os.environ)
    if access is None:
        click.echo("without its API: neither its wealth is told nor why it does not enter", err=True)
    with watched(access) as watch:
        said = watch.config() if watch is not None else None
        stakes = read.stake_currencies()
        stake = (known.stake_currency if known is not None else None) or (said.stake_currency if said else None)
        unit = stakes.pop() if len(stakes) == 1 else stake
        dry_run = known.dry_run if known is not None else said.dry_run if said is not None else None
        source = FreqtradeSource(
            read,
            since=since,
            mode=None if dry_run is None else "paper" if dry_run else "live",
            market=known.exchange if known is not None else said.exchange if said is not None else None,
            teller=None if watch is None else Teller(watch, unit, known.ratio if known is not None else RATIO),
        )
        bot = known.bot_name if known is not None else said.bot_name if said is not None else None
        _follow(source, Identity(bot=bot, unit=unit), folder, metrics_port, port if serves else None)


@follow.command(short_help="Follow a Hummingbot by its database or its CSV of trades.")
@click.argument("file", type=PATH)
@_shared
def hummingbot(file: Path, since: int, folder: Path, metrics_port: int | None, *, serves: bool, port: int) -> None:
    """Tell the story of a Hummingbot: its fills with fees, its funding payments, and the orders that were refused.

    FILE is the database that it writes for a configuration, data/NAME.sqlite, or, until 2024, data/trades_NAME.csv. One
    that is locked, replaced or gone for a while is waited for, and that is told. More: docs/follow.md.

    \b
    livestory follow hummingbot data/conf_pmm.sqlite
    livestory follow hummingbot data/trades_conf_pmm.csv --dir results/pmm
    """
    from livestory.follow.hummingbot.files import identity_of, pages_of
    from livestory.follow.hummingbot.source import HummingbotSource

    pages = pages_of(file)
    _follow(HummingbotSource(pages, since=since), identity_of(pages), folder, metrics_port, port if serves else None)


def _follow(source: Source, identity: Identity, folder: Path, metrics_port: int | None, page: int | None) -> None:
    """Tell what there is, at its own time; then what comes, as it comes."""
    from msgspec.structs import replace

    from livestory.cli.metrics_port import exposed
    from livestory.cli.stopping import stop_on_signals
    from livestory.clock import SystemClock
    from livestory.follow.following import Following
    from livestory.outlets.terminal import TerminalPrinter
    from livestory.story.writing.synchronous import SynchronousWriter

    if page is not None:
        need_page()
    settings, layout, clock = configuration(None), story_in(folder), SystemClock()
    metrics = settings.metrics if metrics_port is None else replace(settings.metrics, port=metrics_port)
    with sent(layout, settings), stop_on_signals() as stop, exposed(layout, metrics):
        shown = served(layout.db, page) if page is not None else nullcontext()
        with shown:
            for told_at in (None, clock):  # the past at its own times, so that it goes to the archive by its days
                with SynchronousWriter(
                    layout.text, identity, settings.story, keep_days=settings.story.keep_days, clock=told_at
                ) as story:
                    if sys.stdout is not None:
                        story.subscribe(TerminalPrinter(sys.stdout))
                    following = Following(source, story, clock)
                    if told_at is None:
                        following.catch_up(stop)
                    else:
                        following.run(stop)
