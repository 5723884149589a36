"""`livestory verify`: do journal, chain, story file and archive agree?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option
from livestory.cli.story_folder import story_in

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.journal.entry import Kept


@click.command(short_help="Check that nothing of a story is damaged.")
@dir_option()
@click.pass_context
def verify(ctx: click.Context, folder: Path) -> None:
    """Check that journal, chain, story file and archive agree, or tell what is wrong where.

    Changes nothing, and may be used while the bot runs. Exit status: 0 all is well, 1 something is wrong.

    \b
    livestory verify
    livestory verify --dir results/demo && echo sound
    """
    from livestory.story.files.verify import verify as inspect
    from livestory.story.wording import numbers
    from livestory.story.wording.text import visible

    report = inspect(story_in(folder).db, _disagreement)
    for finding in report.findings:
        what = finding.what.replace("\n", "\n  ")  # SQLite says many things at once
        click.echo(visible(f"{finding.where}: {what}\n  {finding.remedy}"))
    if report.findings:
        ctx.exit(1)
    counts = [numbers.count(report.events, "event"), numbers.count(report.observations, "observation")]
    if report.archives:
        counts.append(numbers.count(report.archives, "archived day"))
    click.echo(f"journal, chain, story file and archive agree: {', '.join(counts)}")


def _disagreement(kept: Kept) -> str | None:
    """What is wrong between an event's record and its line. Not its wording, which a later release may change."""
    from msgspec import MsgspecError

    from livestory.story.event import from_record
    from livestory.story.wording import numbers

    try:
        event = from_record(kept.record, kept.line, kept.id, kept.seq)
    except MsgspecError as error:
        return f"its record can't be read ({error})"
    if (event.kind, event.time) != (kept.kind, kept.time):
        return f"its record is of another event: {event.kind} at {numbers.stamp(event.time)}"
    if not kept.line.startswith(numbers.stamp(event.time)):
        return "its line begins with another time than its record's"
    return None
