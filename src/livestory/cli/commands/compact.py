"""`livestory compact`: old observations become hourly extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import config_option, configuration, dir_option
from livestory.cli.output import progress, size
from livestory.cli.story_folder import story_in
from livestory.clock import DAY
from livestory.durations import duration, duration_text

if TYPE_CHECKING:
    from pathlib import Path


def _age(text: str) -> int:
    """A duration of a day or more, in microseconds."""
    try:
        age = duration(text)
    except ValueError:
        message = f"{text!r} is not a duration such as 400d"
        raise click.BadParameter(message) from None
    if age < DAY:
        message = "at least 1d"
        raise click.BadParameter(message)
    return age


@click.command(short_help="Thin a journal's old observations.")
@dir_option()
@click.option(
    "--keep",
    type=_age,
    metavar="400d",
    help="Age, counted from the last observation.  [default: keep_observations of [story] in the configuration]",
)
@config_option("Configuration of the bot")
def compact(folder: Path, keep: int | None, configured: Path | None) -> None:
    """Thin the observations older than 400 days to hourly extremes, and give the room back.

    Every event stays, with its line. Of each hour stay the first and the last observation and the lowest and highest
    wealth, price and score, so that charts keep their peaks and troughs. The bot must not run meanwhile.

    \b
    livestory compact
    livestory compact --keep 90d --dir results/scout
    """
    from livestory.retell.compact_journal import compact_journal
    from livestory.story.wording import numbers

    settings = configuration(configured).story
    age = settings.keep_observations if keep is None else keep
    journal = story_in(folder).db
    with progress("reading", 1.0) as shown:
        thinned = compact_journal(journal, age, settings, lambda what, share: shown(share, what))
    if thinned is None:
        click.echo(f"{journal}: no observation is older than {duration_text(age)}; nothing to do")
        return
    freed = thinned.freed
    gone = numbers.count(freed.observations, "observation")
    click.echo(f"before {numbers.minute(thinned.until)} UTC hourly extremes are left: {gone} taken away")
    click.echo(f"{journal}: {size(freed.before)} → {size(freed.after)}")
