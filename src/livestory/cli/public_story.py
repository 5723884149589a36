"""The story that `livestory tell` and `livestory listen` write, and the options that say whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import configuration
from livestory.cli.story_folder import story_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from livestory.story.writing.public import PublicWriter


def story_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options --symbol, --unit and --bot."""
    symbol = click.option(
        "--symbol", metavar="BASE/QUOTE", help="What the bot trades, such as BTC/USDT.  [default: unknown]"
    )
    unit = click.option("--unit", metavar="NAME", help="What wealth is counted in.  [default: the quote asset]")
    bot = click.option("--bot", metavar="NAME", help="The bot's name.")
    return symbol(unit(bot(command)))


def public_story(
    folder: Path, symbol: str | None, unit: str | None, bot: str | None, configured: Path | None
) -> PublicWriter:
    """Open the story in ``folder`` or begin it; what is not named is as the story has it, or unknown.

    Raises InputError, ConfigError and JournalError.
    """
    from livestory.errors import InputError
    from livestory.story import arguments
    from livestory.story.journal.entry import Identity
    from livestory.story.symbol import assets
    from livestory.story.writing.public import PublicWriter

    settings = configuration(configured).story
    try:
        pair = None if symbol is None else arguments.pair(symbol)
    except ValueError as error:
        message = f"--symbol: {error}"
        raise InputError(message) from None
    identity = Identity(bot=bot, symbol=pair, unit=unit or assets(pair)[1])
    return PublicWriter(story_in(folder).text, identity, settings, keep_days=settings.keep_days)
