"""`livestory explain`: the story of a table or of a journal, after the fact; and the glossary."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from livestory.cli.options import config_file, config_option, event_kinds
from livestory.cli.output import progress
from livestory.cli.story_folder import is_journal, is_sqlite, journal_in
from livestory.clock import instant
from livestory.errors import InputError

if TYPE_CHECKING:
    from livestory.config import Configuration
    from livestory.retell.explain_story import InputSource, RetellingSettings, StoryListener
    from livestory.retell.report import Report
    from livestory.retell.story_output import StoryOutput

_STDIN = Path("-")
_OWN = {"halted", "resume_score"}  # columns that tell livestory's own bot, whose rules are the configuration's


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


class _Asked(NamedTuple):
    """How a story is to be told."""

    settings: Configuration
    configured: bool  # by a file, and not by defaults alone
    symbol: str
    unit: str
    given_unit: str | None  # by the caller or the configuration
    breaker: float | None
    columns: str
    strategy: str | None
    chosen: bool  # the symbol, by the caller
    shape: str | None
    zone: str | None
    start: float | None


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
    from livestory.retell.explain_story import explain as retell
    from livestory.retell.report import Report
    from livestory.retell.story_output import EventFilter, StoryOutput, check_place

    if out is not None and html is not None and _same(out, html):
        message = f"{out}: --out and --html name the same file; give each its own"
        raise InputError(message)
    for place in filter(None, (out, html)):
        check_place(place, None if file == _STDIN else file)
    path = config_file(configured)
    settings = config.load(path, {**os.environ, **dict(changes)})
    pair = symbol or settings.bot.symbol
    asked = _Asked(
        settings,
        path is not None,
        pair,
        unit or settings.bot.unit or pair.partition("/")[2],
        unit or settings.bot.unit,
        breaker,
        columns,
        strategy,
        symbol is not None,
        shape,
        zone,
        start,
    )
    with ExitStack() as stack:
        source, retelling = _source(stack, file, asked, chosen=symbol is not None)
        wanted = EventFilter(since=since, until=until, kinds=kinds, everything=everything or form != "text")
        story = StoryOutput(form, wanted)
        report = Report(retelling.symbol) if html is not None else None
        listeners: list[StoryListener] = [story] if report is None else [story, report]
        for listener in (story, report):
            if listener is not None:
                stack.callback(listener.close)
        shown = stack.enter_context(progress("explain"))
        summary = retell(source, retelling, listeners, shown)
        from livestory.story.line import tell

        _write(story, report, out, html, tell(summary.end, summary))


def _write(story: StoryOutput, report: Report | None, out: Path | None, html: Path | None, summary: str) -> None:
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
        for block in story.blocks():
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


def _source(stack: ExitStack, file: Path, asked: _Asked, *, chosen: bool) -> tuple[InputSource, RetellingSettings]:
    """What is told, and how."""
    from livestory.clock import SystemClock
    from livestory.retell.explain_story import RetellingSettings
    from livestory.retell.shapes.recognised import given_columns
    from livestory.retell.table_source import Asked, TableSource
    from livestory.retell.times import zone_of
    from livestory.story.files.layout import Layout
    from livestory.story.symbol import assets
    from livestory.tables import tables

    given = given_columns(asked.columns)
    name = None
    if file == _STDIN:
        file, name = _copied(stack, sys.stdin.buffer), "standard input"
    elif file.is_fifo() or file.is_char_device():
        with file.open("rb") as pipe:
            file, name = _copied(stack, pipe), str(file)
    if file.is_file() and not is_journal(file) and (found := _of_a_bot(file, name, asked, chosen=chosen)) is not None:
        return found
    if is_sqlite(file) or (file.suffix == ".txt" and Layout.of(file).db.exists()):
        return _journal(stack, journal_in(file, name), asked, chosen=chosen)
    settings = asked.settings
    threshold = settings.strategy.regime.threshold
    reading = Asked(
        shape=asked.shape,
        zone=zone_of(asked.zone) if asked.zone else None,
        start=asked.start,
        now=SystemClock().now(),
    )
    table = TableSource(name or file.name, tables(file, name), given, threshold, reading)
    own = table.knows is not None and table.knows >= _OWN
    symbol = asked.symbol if asked.chosen or asked.configured or table.is_export else table.symbol
    unit = asked.given_unit or table.unit or assets(symbol)[1] or table.quote
    return table, RetellingSettings(
        symbol=symbol,
        unit=unit,
        story=settings.story,
        rules=_rules(asked, own=own),
        breaker=asked.breaker,
        threshold=threshold,
    )


def _of_a_bot(
    file: Path, name: str | None, asked: _Asked, *, chosen: bool
) -> tuple[InputSource, RetellingSettings] | None:
    """What another bot or its backtest wrote; None where the file is none of theirs."""
    from livestory.clock import SystemClock
    from livestory.follow.recognition import recognised
    from livestory.retell.explain_story import RetellingSettings

    found = recognised(file, name or str(file), SystemClock().now(), asked.strategy)
    if found is None:
        return None
    symbol = asked.symbol if chosen else found.symbol
    return found, RetellingSettings(symbol=symbol, unit=asked.given_unit or found.unit, story=asked.settings.story)


def _rules(asked: _Asked, *, own: bool) -> Any:
    """The rules, where they are known: of a bot that was configured here, or at least the breaker that was named."""
    from msgspec.structs import replace

    from livestory.story.kinds.lifecycle import Rules
    from livestory.trading.rules import rules_in_force

    settings = asked.settings
    rules = None
    if own or asked.configured:
        base = asked.symbol.partition("/")[0]
        rules = rules_in_force(
            settings.risk, settings.strategy, settings.paper, base=base, ath_min_gain=settings.story.ath_min_gain
        )
    return rules if asked.breaker is None else replace(rules or Rules(), breaker=asked.breaker)


def _journal(stack: ExitStack, file: Path, asked: _Asked, *, chosen: bool) -> tuple[InputSource, RetellingSettings]:
    from livestory.retell.explain_story import RetellingSettings
    from livestory.retell.journal_source import JournalSource
    from livestory.story.journal.reader import JournalReader
    from livestory.story.symbol import assets

    reader = stack.enter_context(JournalReader.open(file))
    identity = reader.identity
    symbol = asked.symbol if chosen else identity.symbol
    unit = identity.unit or assets(symbol)[1]
    return JournalSource(reader), RetellingSettings(symbol=symbol, unit=unit, story=asked.settings.story)


def _copied(stack: ExitStack, pipe: IO[bytes]) -> Path:
    """What a pipe holds, as a file, since a table may have to be read twice."""
    copy = stack.enter_context(NamedTemporaryFile(prefix="livestory-", suffix=".db"))  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(pipe, copy)
    copy.flush()
    return Path(copy.name)


def _print_glossary() -> None:
    from livestory.story.wording.glossary import GLOSSARY

    formatter = click.HelpFormatter(max_width=100)
    formatter.indent_increment = 0
    formatter.write_dl([(term.word, term.meaning) for term in GLOSSARY])
    click.echo(formatter.getvalue(), nl=False)
