"""`livestory digest`: a period of a story in one paragraph."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option, time_or_ago
from livestory.cli.story_folder import stories_in

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.digest.period import Span

_TIME, _DEFAULT = time_or_ago("3d"), "week"
_WHOLE = re.compile(r"\d{4}(?P<month>-(0[1-9]|1[0-2]))?")  # a month or a year, which names its period itself


def _named(text: str) -> tuple[str | None, int | timedelta]:
    """The period that a month or year names, None of a date, and an instant in it. Raises click.BadParameter."""
    if (whole := _WHOLE.fullmatch(text)) is None:
        return None, _TIME(text)
    return ("month", _TIME(f"{text}-01")) if whole["month"] else ("year", _TIME(f"{text}-01-01"))


@click.command(short_help="A day, week, month or year in one paragraph.")
@click.option("--day", "period", flag_value="day", help="The last day that ended (UTC).")
@click.option("--week", "period", flag_value="week", help="The last week that ended.  [default]")
@click.option("--month", "period", flag_value="month", help="The last month that ended.")
@click.option("--year", "period", flag_value="year", help="The last year that ended.")
@click.option(
    "--of", "of", type=_named, metavar="DATE", help="The one that holds it, ended or not; or 2024-12, or 2024."
)
@click.option("--since", type=_TIME, metavar="3d|TIME", help="Any span: from then on, or so long before its end.")
@click.option("--until", type=_TIME, metavar="TIME", help="End of the span of --since.  [default: the last line]")
@click.option("--format", "form", type=click.Choice(["text", "md", "html"]), default="text", show_default=True)
@dir_option()
def digest(
    period: str | None, of: tuple[str | None, int | timedelta] | None, since: int | timedelta | None,
    until: int | timedelta | None, form: str, folder: Path,
) -> None:  # fmt: skip
    """Tell a period in one paragraph: the verdict first, then what happened, where it stands, what is asked of you.

    It is made of the journal's facts alone; nothing in it is guessed. Where no period of the kind has ended yet, the
    one that goes on is told. A folder with several stories, such as a fleet's, is told in one paragraph.

    \b
    livestory digest
    livestory digest --week --of 2024-12-03
    livestory digest --of 2024-12
    livestory digest --since 3d --format md
    livestory digest --day --dir fleet
    """
    from livestory.outlets.terminal import width_of, wrapped
    from livestory.story.digest import several
    from livestory.story.digest.prose import digest as told
    from livestory.story.digest.source import ends_of, read
    from livestory.story.journal.reader import JournalReader

    layouts, choose = stories_in(folder), partial(_span, period, of, since, until)
    if len(layouts) > 1:
        journals = {layout.db.parent.name: partial(JournalReader.open, layout.db) for layout in layouts}
        _, paragraph = several.read(journals, choose)
    else:
        with JournalReader.open(layouts[0].db) as reader:
            paragraph = told(read(reader, choose(*ends_of(reader))))
    told_as = {"text": paragraph.text, "md": paragraph.markdown, "html": paragraph.html}[form]()
    width = width_of(sys.stdout) if form == "text" else 0
    click.echo(wrapped(told_as, width, hanging=0) if width else told_as)


def _span(
    period: str | None,
    of: tuple[str | None, int | timedelta] | None,
    since: int | timedelta | None,
    until: int | timedelta | None,
    first: int,
    last: int,
) -> Span:
    """The period that was asked for, of what was told from ``first`` to ``last``; one that goes on, up to that."""
    from livestory.story.digest.period import Span
    from livestory.story.digest.source import last_between, span_of
    from livestory.story.wording.numbers import minute

    if since is not None:
        end = _instant(until, "--until") if until is not None else last
        start = max(end - since // timedelta(microseconds=1), 0) if isinstance(since, timedelta) else since
        if start >= end:
            message = "--since is not before the end of the span"
            raise click.UsageError(message)
        return Span("", start, end)
    if until is not None:
        message = "--until ends the span of --since: name both, or a period with --of"
        raise click.UsageError(message)
    if of is None:
        return last_between(period or _DEFAULT, first, last)
    whole, within = of
    if whole is not None and period not in {None, whole}:
        message = f"--of names a {whole}, and --{period} a {period}: give a date, or drop --{period}"
        raise click.UsageError(message)
    span = span_of(whole or period or _DEFAULT, _instant(within, "--of") + 1)
    if span.end < first or span.start > last:
        message = f"--of: nothing was told in it; the story goes from {minute(first)} to {minute(last)}"
        raise click.UsageError(message)
    return span


def _instant(given: int | timedelta, option: str) -> int:
    if isinstance(given, timedelta):
        message = f"{option} is a time such as 2024-12-03"
        raise click.UsageError(message)
    return given
