"""`livestory verify`: do journal, chain, story file and archive agree?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option
from livestory.cli.story_folder import story_in

if TYPE_CHECKING:
    from pathlib import Path


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
    from livestory.story.event import disagreement
    from livestory.story.files.verify import verify as inspect
    from livestory.story.wording import numbers
    from livestory.story.wording.text import visible

    report = inspect(story_in(folder).db, disagreement)
    for finding in report.findings:
        what = finding.what.replace("\n", "\n  ")  # SQLite says many things at once
        click.echo(visible(f"{finding.where}: {what}\n  {finding.remedy}"))
    if report.findings:
        ctx.exit(1)
    counts = [numbers.count(report.events, "event"), numbers.count(report.observations, "observation")]
    if report.archives:
        counts.append(numbers.count(report.archives, "archived day"))
    click.echo(f"journal, chain, story file and archive agree: {', '.join(counts)}")
    if report.replica is not None:
        click.echo(f"a copy of {report.replica}: the narrator's memory, cursors and compaction are not replicated")
