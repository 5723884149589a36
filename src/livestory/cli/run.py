"""`livestory run`: the executor on recorded bars or on an exchange's candles."""

# ruff: noqa: D301, PLC0415 - \b is click's mark of a paragraph to leave as it is; imports wait until they are used
from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestory.cli.page import PORT, can_serve, served
from livestory.cli.place import dir_option, move_aside, story_in
from livestory.cli.stopping import stop_on_signals
from livestory.cli.streams import is_terminal
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from threading import Event

    from livestory.cli.play import Play
    from livestory.config import Configuration
    from livestory.story.layout import Layout

_CONFIGURATION = Path("livestory.toml")


class _Speed(click.ParamType[float | None]):
    """Bars per second, or max."""

    name = "N|max"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Bars per second; None for max."""
        if value == "max":
            return None
        try:
            number = float(str(value))
        except ValueError:
            number = 0.0
        if not isfinite(number) or number <= 0:
            self.fail(f"{value!r} is neither a number of bars per second nor max", param, ctx)
        return number


@click.command(short_help="Trade recorded bars or live candles on paper.")
@click.argument("more_bars", metavar="", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--bars",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE …",
    help="Recorded bars to replay: CSV, gz, Parquet, or Binance's kline archives (zip).",
)
@click.option(
    "--config",
    "configured",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Configuration; without it ./{_CONFIGURATION}, if it is there.",
)
@click.option("--mode", type=click.Choice(["paper", "testnet", "live"]), default="paper", show_default=True)
@click.option(
    "--speed",
    type=_Speed(),
    metavar="N|max",
    default="max",
    show_default=True,
    help="Bars per second of a replay; its lines are printed.",
)
@dir_option()
@click.option("--fresh", is_flag=True, help="Move a story that is there aside and begin a new one.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Expose metrics to Prometheus there while it runs.  [default: port of [metrics] in the configuration]",
)
@click.option(
    "--keep-days",
    type=click.IntRange(min=1),
    metavar="N",
    help="Days of a replay that stay in the story file; the older ones go to the archive.  [default: all]",
)
@click.option("--serve", "serves", is_flag=True, help="Show the live page while it runs; see livestory serve.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Of the live page.")
def run(  # noqa: PLR0913, PLR0917 - click hands over each option by name
    bars: tuple[Path, ...],
    more_bars: tuple[Path, ...],
    configured: Path | None,
    mode: str,
    speed: float | None,
    folder: Path,
    *,
    fresh: bool,
    metrics_port: int | None,
    keep_days: int | None,
    serves: bool,
    port: int,
) -> None:
    """Let the bot trade on paper, and tell its story into results/live_story.txt.

    With --bars it replays recorded bars; without, it trades an exchange's public candles as they close, until it is
    stopped (Ctrl-C or SIGTERM: after the bar). Stopped or killed, the same command goes on where the story stands.

    \b
    livestory run --bars ETHBTC-15m-2024-01.zip
    livestory run --bars data/*.csv.gz --speed 50 --dir results/slow
    livestory run                                  needs: pip install 'livestory[exchange]'
    """
    from msgspec.structs import replace

    from livestory import config
    from livestory.cli.closing import print_summary
    from livestory.cli.play import play
    from livestory.trading.run import Ending

    if mode != "paper":
        message = (
            f"--mode {mode}: orders at exchanges come with a later release; --mode paper trades with invented money"
        )
        raise InputError(message)
    if serves and not can_serve():
        message = "--serve needs packages that are not installed\nInstall them with: pip install 'livestory[web]'"
        raise InputError(message)
    files = _files(bars, more_bars)
    if not files and (speed is not None or keep_days is not None):
        message = "--speed and --keep-days are for a replay: name its bars with --bars FILE"
        raise click.UsageError(message)
    settings = config.load(configured or (_CONFIGURATION if _CONFIGURATION.exists() else None))
    if metrics_port is not None:
        settings = replace(settings, metrics=replace(settings.metrics, port=metrics_port))
    layout = story_in(folder)
    with stop_on_signals() as stop:
        told = (
            _replay(files, settings, layout, speed=speed, keep_days=keep_days)
            if files
            else _trade(settings, layout, stop)
        )
        if fresh and (aside := move_aside(layout)) is not None:
            click.echo(f"the former story lies in {aside}", err=True)
        page = served(layout.db, port) if serves else nullcontext()
        with page, _progress(told) as progress:
            ending, summary = play(told, stop, progress)
    if ending is Ending.NOTHING_NEW:
        click.echo("finished before: all of these bars are told, whatever is set now; begin anew with --fresh")
    elif ending is Ending.STOPPED:
        click.echo("stopped; the same command goes on from here")
    print_summary(summary, layout, told.market.symbol)


def _files(bars: Sequence[Path], more: Sequence[Path]) -> list[Path]:
    """The files of --bars: a shell makes several words of ``--bars data/*.csv``."""
    if more and not bars:
        message = f"unexpected argument {str(more[0])!r}; recorded bars are named with --bars FILE"
        raise click.UsageError(message)
    return [*bars, *more]


def _replay(
    files: Sequence[Path], settings: Configuration, layout: Layout, *, speed: float | None, keep_days: int | None
) -> Play:
    from livestory.cli.play import Play
    from livestory.trading.market.recorded import RecordedBars
    from livestory.trading.strategy.timeframe import BAR

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


def _trade(settings: Configuration, layout: Layout, stop: Event) -> Play:
    from livestory.cli.play import Play
    from livestory.clock import SystemClock
    from livestory.story.wording import numbers
    from livestory.trading.market.candles import ExchangeCandles
    from livestory.trading.strategy.timeframe import BAR

    exchange, symbol = settings.bot.exchange, settings.bot.symbol

    def down(since: int, error: str) -> None:
        click.echo(f"{exchange}: no answer since {numbers.stamp(since)} UTC, goes on trying: {error}", err=True)

    def back(since: int, until: int) -> None:
        click.echo(f"{exchange}: answers again after {numbers.duration(until - since)}", err=True)

    click.echo(f"{exchange}: asking for the candles of {symbol}", err=True)
    candles = ExchangeCandles(exchange, symbol, BAR, stop=stop, on_outage=down, on_back=back, settings=settings.market)
    return Play(
        layout=layout,
        settings=settings,
        market=candles,
        mode="paper",
        origin=exchange,
        clock=SystemClock(),
        keep_days=settings.story.keep_days,
    )


@contextmanager
def _progress(told: Play) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that shows how many bars were told; none where that is no terminal."""
    if told.aloud or not is_terminal(sys.stderr):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("bars"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("bars", total=told.market.count)
        yield lambda heard: shown.update(task, completed=heard)
