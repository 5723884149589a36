"""`livestory backup` and `livestory restore`: a story as one file, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import PATH, dir_option
from livestory.cli.output import size
from livestory.cli.story_folder import move_aside, story_in

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Copy a story to one file while its bot runs.")
@click.argument("file", type=PATH)
@dir_option()
def backup(file: Path, folder: Path) -> None:
    """Copy a story to FILE (.tar.gz): journal, story file and archive as they are at one instant.

    The bot may run meanwhile. A backup of that name is replaced once the new one is whole; only its owner can read it.
    FILE may be a pipe, and - is standard output.

    \b
    livestory backup story-2024-12-03.tar.gz
    livestory backup - | ssh vault 'cat > story.tar.gz'
    livestory backup backups/scout.tar.gz --dir results/scout
    """
    from livestory.story.files.backup import backup as save
    from livestory.story.files.output_file import Target
    from livestory.story.wording import numbers

    saved = save(story_in(folder).db, file)
    told = f"{file}: {numbers.count(saved.last_seq, 'event')}, {size(saved.size)}"
    click.echo(told, err=Target.of(file).is_stdout)


@click.command(short_help="Put a backup back.")
@click.argument("file", type=PATH)
@dir_option()
@click.option("--fresh", is_flag=True, help="Move a story that is there aside first.")
def restore(file: Path, folder: Path, *, fresh: bool) -> None:
    """Put the story of FILE, which livestory backup wrote, into a folder where there is none.

    It is checked from end to end first, chain and all; what is damaged takes no place. The bot then goes on from where
    the story stood: never let two bots go on from the same one.

    \b
    livestory restore story-2024-12-03.tar.gz
    livestory restore story-2024-12-03.tar.gz --dir results/look
    """
    from livestory.story.files.backup import install, unpacked
    from livestory.story.wording import numbers

    target = story_in(folder)
    with unpacked(file, target) as (story, report):
        if fresh and (aside := move_aside(target)) is not None:
            click.echo(f"the former story lies in {aside}", err=True)
        install(story, target)
    told = f"{numbers.count(report.events, 'event')}, {numbers.count(report.observations, 'observation')}"
    click.echo(f"{target.text}: restored and sound: {told}")
