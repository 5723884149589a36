"""`livestory explain`: the story of a table or of a journal, after the fact; and the glossary."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestory.cli.explained import STDIN, Request, source_of
from livestory.cli.options import config_file, config_option, event_kinds
from livestory.cli.output import progress
from livestory.clock import instant
from livestory.errors import InputError

if TYPE_CHECKING:
    from livestory.retell.explain_story import InputSource, StoryListener
    from livestory.retell.report import Report
    from livestory.retell.story_output import StoryOutput


def _time(text: str) -> int:
    """The instant of a timestamp."""
    try:
        return instant(text)
    except ValueError:
        message = f"{text!r} is not a time such as 2024-12-03T15:00"
        raise click.BadParameter(message) from None


def _setting(text: str) -> tuple[str, str]:
    """The environment variable of a setting given by its full name, and the value."""
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        message = f"{text!r} is not a setting such as story.quiet=24h"
        raise click.BadParameter(message)
    return "LIVESTORY_" + "__".join(name.strip().upper().split(".")), value.strip()


@click.command(short_help="Tell the story of a table or a journal; --glossary: its words.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the story there; - is the screen.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a report with charts there, on one page.",
)
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--since", type=_time, metavar="TIME", help="Only what was told from then on.")
@click.option("--until", type=_time, metavar="TIME", help="Only what was told before then.")
@click.option(
    "--kind", "kinds", type=event_kinds, metavar="KIND,…", help="Only these kinds, such as trade,breaker,ath."
)
@click.option("--all", "everything", is_flag=True, help="Also the lines that a story's text leaves out.")
@click.option(
    "--columns",
    default="",
    metavar="NAME=COLUMN,…",
    help="What unusual columns are, such as wealth=my_equity; position=- leaves one out.",
)
@click.option("--shape", metavar="NAME", help="What a row is, such as fills; --formats names them.  [default: found]")
@click.option("--tz", "zone", metavar="ZONE", help="Of times that name none, such as Europe/Berlin.  [default: UTC]")
@click.option("--start", type=float, metavar="AMOUNT", help="The wealth before the first row.")
@click.option(
    "--breaker",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Infer halts where no column tells of them: a target of 0 at this drawdown or deeper, such as 0.20.",
)
@click.option("--strategy", metavar="NAME", help="Which one of a backtest with several strategies.")
@click.option(
    "--symbol", metavar="BASE/QUOTE", help="The pair.  [default: what the file or --config names, else unknown]"
)
@click.option(
    "--unit",
    metavar="NAME",
    help="What wealth is counted in.  [default: what the file names, or the pair's quote asset]",
)
@config_option("Configuration of the bot")
@click.option(
    "--set",
    "changes",
    type=_setting,
    multiple=True,
    metavar="NAME=VALUE",
    help="One setting, such as story.quiet=24h.",
)
@click.option("--formats", is_flag=True, help="Name the tables that are known, with their columns.")
@click.option("--glossary", is_flag=True, help="Explain the words of a story's lines, in a sentence each.")
def explain(
    file: Path | None,
    out: Path | None,
    html: Path | None,
    form: str,
    since: int | None,
    until: int | None,
    kinds: frozenset[str] | None,
    columns: str,
    shape: str | None,
    zone: str | None,
    start: float | None,
    breaker: float | None,
    strategy: str | None,
    symbol: str | None,
    unit: str | None,
    configured: Path | None,
    changes: tuple[tuple[str, str], ...],
    *,
    everything: bool,
    formats: bool,
    glossary: bool,
) -> None:
    """Tell the story of FILE: a table of wealth or trades in any usual form, or a journal; - is standard input.

    What other bots write is known too: freqtrade's database and its backtests (zip, JSON, .last_result.json).

    Every row goes through the narrator that tells live stories too. A table needs a time and one column more: wealth,
    price, regime score, target weight, …; what it lacks stays untold, which the first line says.

    \b
    livestory explain backtest.csv
    livestory explain results/export.csv --out story.txt --html report.html
    livestory explain trades.csv --format json --kind trade
    livestory explain results/live_story.db
    livestory explain user_data/tradesv3.sqlite
    livestory explain --glossary
    """
    if glossary:
        _print_glossary()
        return
    if formats:
        from livestory.retell.shapes.listing import listing

        click.echo(listing(), nl=False)
        return
    if file is None:
        message = "nothing to explain; name a table or a journal, or ask for the words of a story with --glossary"
        raise InputError(message)
    from livestory import config
    from livestory.retell.story_output import EventFilter, StoryOutput

    _check_places(file, out, html)
    path = config_file(configured)
    request = Request(
        settings=config.load(path, {**os.environ, **dict(changes)}),
        configured=path is not None,
        symbol=symbol,
        unit=unit,
        breaker=breaker,
        columns=columns,
        strategy=strategy,
        shape=shape,
        zone=zone,
        start=start,
    )
    wanted = EventFilter(since=since, until=until, kinds=kinds, everything=everything or form != "text")
    _retell(file, request, StoryOutput(form, wanted), out, html)


def _check_places(file: Path, out: Path | None, html: Path | None) -> None:
    from livestory.retell.story_output import check_place

    if out is not None and html is not None and _same(out, html):
        message = f"{out}: --out and --html name the same file; give each its own"
        raise InputError(message)
    for place in filter(None, (out, html)):
        check_place(place, None if file == STDIN else file)


def _retell(file: Path, request: Request, story: StoryOutput, out: Path | None, html: Path | None) -> None:
    from livestory.retell.explain_story import explain as retell
    from livestory.story.line import tell

    with ExitStack() as stack:
        stack.callback(story.close)
        source, retelling = source_of(stack, file, request)
        report = _report(stack, source, retelling.symbol) if html is not None else None
        listeners: list[StoryListener] = [story] if report is None else [story, report]
        shown = stack.enter_context(progress("explain"))
        summary = retell(source, retelling, listeners, shown)
        _write(story, report, out, html, tell(summary.end, summary))


def _report(stack: ExitStack, source: InputSource, symbol: str | None) -> Report:
    from livestory.retell.journal_source import JournalSource
    from livestory.retell.report import Report

    report = Report(symbol, source.bars if isinstance(source, JournalSource) else None)
    stack.callback(report.close)
    return report


def _write(story: StoryOutput, report: Report | None, out: Path | None, html: Path | None, summary: str) -> None:
    from livestory.outlets.terminal import fitted
    from livestory.retell.story_output import write_whole
    from livestory.story.files.output_file import Target

    if report is not None and html is not None:
        write_whole(html, report.blocks())
        click.echo(f"{html}: written", err=True)
    if out is not None:
        write_whole(out, story.blocks())
        click.echo(f"{out}: written", err=True)
    if story.is_empty:
        click.echo("no line is of that kind and time", err=True)
    if out is None and html is None:
        blocks = fitted(story.blocks(), sys.stdout) if story.is_text else story.blocks()
        for block in blocks:
            sys.stdout.write(block)
        return
    click.echo(summary, err=any(place is not None and Target.of(place).is_stdout for place in (out, html)))


def _same(out: Path, html: Path) -> bool:
    """Whether both lead to one place; what takes anything, /dev/null, takes both."""
    from livestory.story.files.output_file import Target

    first, second = Target.of(out), Target.of(html)
    if first.is_stream or second.is_stream:
        return first.is_stdout and second.is_stdout
    return os.path.realpath(first.path) == os.path.realpath(second.path)


def _print_glossary() -> None:
    from livestory.story.wording.glossary import GLOSSARY

    formatter = click.HelpFormatter(max_width=100)
    formatter.indent_increment = 0
    formatter.write_dl([(term.word, term.meaning) for term in GLOSSARY])
    click.echo(formatter.getvalue(), nl=False)
