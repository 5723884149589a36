"""`livestory demo`: the simulated market, as a time-lapse."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option
from livestory.cli.output import print_summary
from livestory.cli.story_folder import delete, story_in
from livestory.cli.streams import is_terminal

if TYPE_CHECKING:
    from pathlib import Path

_START = "2024-11-01"  # of the simulated market; any day would do
_DAYS = 45
_MODE = "simulated"
_LASTS = 60.0  # seconds, on a terminal


@click.command(short_help="Watch a simulated market's story.")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", default=1, show_default=True, help="Which market is drawn."
)
@dir_option("results/demo")
def demo(seed: int, folder: Path) -> None:
    """Watch the bot trade a simulated market, as a time-lapse of about a minute.

    Needs no network, no configuration and no money: prices are drawn at random, and the bot trades them with its
    default settings. Each line of its story is printed as it happens, and shown on a live page in the browser; Ctrl-C
    ends both. Where standard input is no terminal, all of it is told at once, without the page. The story of an earlier
    demo in the folder is replaced.

    \b
    livestory demo
    livestory demo --seed 7 < /dev/null
    livestory tail --dir results/demo --kind breaker,phoenix
    """
    from livestory.cli.page import can_serve, free_port, served
    from livestory.cli.play import Play, play
    from livestory.cli.stopping import stop_on_signals
    from livestory.clock import DAY, instant
    from livestory.config import BotSettings, Configuration
    from livestory.trading.bar_loop import Ending
    from livestory.trading.market.bar import BAR
    from livestory.trading.market.simulated import SimulatedBars

    layout = story_in(folder)
    delete(layout, _MODE)
    market = SimulatedBars(seed, _DAYS * DAY // BAR, instant(_START))
    watched = is_terminal(sys.stdin)
    pace = market.count / _LASTS if watched else None
    shown = watched and can_serve()
    with stop_on_signals() as stop, served(layout.db, free_port()) if shown else nullcontext():
        ending, summary = play(
            Play(
                layout=layout,
                settings=Configuration(bot=BotSettings(name="demo")),
                market=market,
                mode=_MODE,
                origin=f"seed {seed}",
                bars_per_second=pace,
                stop_when_output_closed=True,
            ),
            stop,
        )
        click.echo()
        print_summary(summary, layout, market.symbol)
        if shown and ending is Ending.BARS:
            click.echo("\nthe page stays until Ctrl-C", err=True)
            stop.wait()
