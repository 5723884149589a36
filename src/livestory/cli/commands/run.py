"""`livestory run`: the executor on recorded bars or on an exchange's candles."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from math import isfinite
from typing import TYPE_CHECKING

import click

from livestory.cli.fleet import sent
from livestory.cli.mode import MODES, Mode, allow
from livestory.cli.options import PATH, config_option, configuration, dir_option, metrics_option, serve_options
from livestory.cli.output import print_summary, progress
from livestory.cli.page import need_page, served
from livestory.cli.story_folder import move_aside, story_in
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livestory.cli.play import Play
    from livestory.config import Configuration
    from livestory.story.files.layout import Layout


def _speed(text: str) -> float | None:
    """Bars per second; None for max."""
    if text == "max":
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not isfinite(number) or number <= 0:
        message = f"{text!r} is neither a number of bars per second nor max"
        raise click.BadParameter(message)
    return number


@click.command(short_help="Trade on paper, on a testnet, or with real money.")
@click.argument("more_bars", metavar="", nargs=-1, type=PATH)
@click.option(
    "--bars",
    type=PATH,
    multiple=True,
    metavar="FILE …",
    help="Recorded bars to replay: CSV, gz, Parquet, or Binance's kline archives (zip).",
)
@config_option()
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="paper",
    show_default=True,
    help="Invented money, an exchange's testnet, or real money: that only with live = true in the configuration.",
)
@click.option(
    "--speed",
    type=_speed,
    metavar="N|max",
    default="max",
    show_default=True,
    help="Bars per second of a replay; its lines are printed.",
)
@dir_option()
@click.option("--fresh", is_flag=True, help="Move a story that is there aside and begin a new one.")
@metrics_option()
@click.option(
    "--keep-days",
    type=click.IntRange(min=1),
    metavar="N",
    help="Days of a replay that stay in the story file; the older ones go to the archive.  [default: all]",
)
@serve_options
def run(
    bars: tuple[Path, ...],
    more_bars: tuple[Path, ...],
    configured: Path | None,
    mode: Mode,
    speed: float | None,
    folder: Path,
    *,
    fresh: bool,
    metrics_port: int | None,
    keep_days: int | None,
    serves: bool,
    port: int,
) -> None:
    """Let the bot trade, and tell its story into results/live_story.txt.

    With --bars it replays recorded bars on paper; without, it trades an exchange's candles as they close, until it is
    stopped (Ctrl-C or SIGTERM: after the bar). Stopped or killed, the same command goes on where the story stands.
    Orders go to the exchange in the modes testnet and live; livestory check tells beforehand whether all is fine.

    \b
    livestory run --bars ETHBTC-15m-2024-01.zip
    livestory run --bars data/*.csv.gz --speed 50 --dir results/slow
    livestory run                                  needs the extra exchange
    livestory run --mode testnet --config eth.toml --dir results/testnet
    """
    from msgspec.structs import replace

    from livestory.cli.exchange_run import trading
    from livestory.cli.metrics_port import at_port
    from livestory.cli.play import hysteresis_kept, play
    from livestory.cli.stopping import stop_on_signals
    from livestory.trading.bar_loop import Ending

    if serves:
        need_page()
    files = _files(bars, more_bars, mode, replayed=speed is not None or keep_days is not None)
    layout = story_in(folder)
    settings = configuration(configured, None if fresh else hysteresis_kept(layout))
    allow(mode, settings)
    settings = replace(settings, metrics=at_port(settings.metrics, metrics_port))
    beside = sent(layout, settings)
    with stop_on_signals() as stop, ExitStack() as closed_after:
        told = (
            _replay(files, settings, layout, speed=speed, keep_days=keep_days)
            if files
            else closed_after.enter_context(trading(mode, settings, layout, stop))
        )
        if fresh and (aside := move_aside(layout)) is not None:
            click.echo(f"the former story lies in {aside}", err=True)
        page = served(layout.db, port) if serves else nullcontext()
        with beside, page, progress("bars", told.market.count, wanted=not told.aloud) as shown:
            ending, summary = play(told, stop, shown)
    if ending is Ending.NOTHING_NEW:
        click.echo("finished before: all of these bars are told, whatever is set now; begin anew with --fresh")
    elif ending is Ending.STOPPED:
        click.echo("stopped; the same command goes on from here")
    print_summary(summary, layout, told.market.symbol)


def _files(bars: Sequence[Path], more: Sequence[Path], mode: Mode, *, replayed: bool) -> list[Path]:
    """The files of --bars: a shell makes several words of ``--bars data/*.csv``; ``replayed``: with a replay's options.

    Raises UsageError where the options don't go together.
    """
    if more and not bars:
        message = f"unexpected argument {str(more[0])!r}; recorded bars are named with --bars FILE"
    elif not bars and replayed:
        message = "--speed and --keep-days are for a replay: name its bars with --bars FILE"
    elif bars and mode != "paper":
        message = f"--mode {mode} trades at an exchange; recorded bars (--bars) are replayed on paper"
    else:
        return [*bars, *more]
    raise click.UsageError(message)


def _replay(
    files: Sequence[Path], settings: Configuration, layout: Layout, *, speed: float | None, keep_days: int | None
) -> Play:
    from livestory.cli.play import Play
    from livestory.story.files.layout import real_path
    from livestory.trading.market.bar import BAR
    from livestory.trading.market.recorded import RecordedBars

    if real_path(layout.bars) in map(real_path, files):
        message = f"{layout.bars}: the bars that the story itself writes down\nReplay them into another --dir."
        raise InputError(message)
    return Play(
        layout=layout,
        settings=settings,
        market=RecordedBars(files, BAR, settings.bot.symbol),
        mode="replay",
        origin="recorded bars",
        keep_days=keep_days,
        bars_per_second=speed,
        aloud=speed is not None,
    )
