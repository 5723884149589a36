"""`livestory compact`: old observations become hourly extremes."""

# ruff: noqa: D301, PLC0415 - \b is click's mark of a paragraph to leave as it is; imports wait until they are used
from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestory.cli.place import dir_option, story_in
from livestory.cli.sizes import size
from livestory.clock import DAY
from livestory.settings import duration, duration_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CONFIGURATION = Path("livestory.toml")


class _Age(click.ParamType[int]):
    """A duration of a day or more."""

    name = "400d"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Microseconds."""
        try:
            age = duration(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a duration such as 400d", param, ctx)
        if age < DAY:
            self.fail("at least 1d", param, ctx)
        return age


@click.command(short_help="Thin a journal's old observations.")
@dir_option()
@click.option(
    "--keep",
    type=_Age(),
    metavar="400d",
    help="Age, counted from the last observation.  [default: keep_observations of [story] in the configuration]",
)
@click.option(
    "--config",
    "configured",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Configuration of the bot; without it ./{_CONFIGURATION}, if it is there.",
)
def compact(folder: Path, keep: int | None, configured: Path | None) -> None:
    """Thin the observations older than 400 days to hourly extremes, and give the room back.

    Every event stays, with its line. Of each hour stay the first and the last observation and the lowest and highest
    wealth, price and score, so that charts keep their peaks and troughs. The bot must not run meanwhile.

    \b
    livestory compact
    livestory compact --keep 90d --dir results/scout
    """
    from livestory import config
    from livestory.retell.compact_journal import compact_journal
    from livestory.story.wording import numbers

    settings = config.load(configured or (_CONFIGURATION if _CONFIGURATION.exists() else None)).story
    age = settings.keep_observations if keep is None else keep
    journal = story_in(folder).db
    with _progress() as progress:
        thinned = compact_journal(journal, age, settings, progress)
    if thinned is None:
        click.echo(f"{journal}: no observation is older than {duration_text(age)}; nothing to do")
        return
    freed = thinned.freed
    gone = numbers.count(freed.observations, "observation")
    click.echo(f"before {numbers.minute(thinned.until)} UTC hourly extremes are left: {gone} taken away")
    click.echo(f"{journal}: {size(freed.before)} → {size(freed.after)}")


@contextmanager
def _progress() -> Iterator[Callable[[str, float | None], None]]:
    """What is being done and the share of it that is, on standard error; nothing where that is no terminal."""
    from livestory.cli.streams import is_terminal

    if not is_terminal(sys.stderr):
        yield lambda _what, _share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("reading", total=None)
        yield lambda what, share: shown.update(
            task, description=what, total=None if share is None else 1.0, completed=share or 0.0
        )
