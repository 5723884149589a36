"""`livestory export`: what Prometheus or a journal knows of a bot, as a table."""

from __future__ import annotations

import os
from pathlib import Path

import click

from livestory.cli.options import PATH, config_option, configuration, time_or_before_now
from livestory.cli.output import progress
from livestory.cli.story_folder import journal_in
from livestory.clock import SystemClock

_OUT = Path("results/export.csv")


def _label(text: str) -> tuple[str, str]:
    """A label and its value."""
    label, equals, value = text.partition("=")
    if not equals or not label.isidentifier() or not label.isascii():
        message = f"{text!r} is no label with a value, such as bot=scout"
        raise click.BadParameter(message)
    return label, value


@click.command(short_help="Write a bot's metrics or journal as a table.")
@click.option(
    "--prometheus", "url", metavar="URL", help="The server.  [default: url of [prometheus] in the configuration]"
)
@click.option("--journal", type=PATH, metavar="FILE", help="A story's journal, instead of Prometheus.")
@click.option(
    "--annotations", "grafana", metavar="URL", help="Mark a story's events in this Grafana, instead of a table."
)
@click.option(
    "--start", type=time_or_before_now, metavar="TIME|7d", help="Leave out what was before.  [default: all there is]"
)
@click.option("--end", type=time_or_before_now, metavar="TIME|7d", help="Leave out what was later.  [default: now]")
@click.option(
    "--out",
    type=PATH,
    default=_OUT,
    show_default=True,
    metavar="FILE",
    help="The table, .csv or .parquet; one that is there is replaced once all of it is there. - is standard output.",
)
@click.option("--append", is_flag=True, help="Keep the rows of an earlier export and go on after them.")
@click.option(
    "--select",
    type=_label,
    metavar="LABEL=VALUE",
    multiple=True,
    help="Only series with this label; which bot, where there are several.",
)
@click.option(
    "--metrics",
    default="livestory",
    show_default=True,
    metavar="FILE|PRESET",
    help="Which metric fills which column: a preset (livestory, wealth_total) or a file, see docs/export.md.",
)
@click.option("--ca", type=PATH, metavar="FILE", help="Certificates (PEM) to check the server's https with.")
@config_option()
def export(
    url: str | None,
    journal: Path | None,
    grafana: str | None,
    start: int | None,
    end: int | None,
    out: Path,
    select: tuple[tuple[str, str], ...],
    metrics: str,
    ca: Path | None,
    configured: Path | None,
    *,
    append: bool,
) -> None:
    """Write what Prometheus has scraped of a bot, or what a journal has kept, as a table that explain reads.

    PROMETHEUS_TOKEN, or PROMETHEUS_USER and PROMETHEUS_PASSWORD, let it into a server that is locked.

    \b
    livestory export --prometheus http://127.0.0.1:9090
    livestory export --prometheus http://127.0.0.1:9090 --select bot=scout --start 30d --append
    livestory export --journal results/live_story.db --out results/export.parquet
    GRAFANA_TOKEN=… livestory export --journal results/live_story.db --annotations http://127.0.0.1:3000
    """
    from livestory.story.files.output_file import Target

    if grafana is not None and journal is None:
        message = "--annotations is of a story: name its journal with --journal"
        raise click.UsageError(message)
    if journal is not None:
        for option, given in {"--prometheus": url, "--append": append, "--select": select, "--ca": ca}.items():
            if given:
                message = f"{option} is for an export from Prometheus; leave it out with --journal"
                raise click.UsageError(message)
        if grafana is None:
            _from_journal(journal, out, start, end)
        else:
            _annotate(journal, grafana, start, end)
        return
    if append and Target.of(out).is_stream:
        message = f"--append goes on after the rows of a file, and {out} is none"
        raise click.UsageError(message)
    from msgspec.structs import replace

    from livestory.retell import metric_names
    from livestory.retell.export_prometheus import export_prometheus
    from livestory.retell.prometheus_api import Credentials, Prometheus

    settings = configuration(configured).prometheus
    settings = replace(settings, url=url or settings.url, ca_file=str(ca) if ca is not None else settings.ca_file)
    names = metric_names.load(metrics)
    with Prometheus(settings, Credentials.of(os.environ)) as prometheus, progress("export", 1.0) as shown:
        exported = export_prometheus(
            prometheus,
            out,
            names,
            now=SystemClock().now(),
            start=start,
            end=end,
            select=dict(select),
            append=append,
            progress=shown,
        )
    _report(out, exported.rows)
    if exported.older:
        click.echo(f"left out {exported.older:,} observations that were not newer than the one before them", err=True)


def _from_journal(journal: Path, out: Path, start: int | None, end: int | None) -> None:
    from livestory.retell.export_journal import export_journal

    with progress("export", 1.0) as shown:
        rows = export_journal(journal_in(journal), out, start=start, end=end, progress=shown)
    _report(out, rows)


def _annotate(journal: Path, url: str, start: int | None, end: int | None) -> None:
    from livestory.outlets import annotations
    from livestory.story.journal.reader import JournalReader

    token = annotations.token_in(os.environ)
    with JournalReader.open(journal_in(journal)) as reader, annotations.Grafana(url, token) as grafana:
        added = list(annotations.export(reader, grafana, start, end))
    there = f"; {len(added) - sum(added):,} were there" if sum(added) < len(added) else ""
    click.echo(f"{url}: {sum(added):,} {'annotation' if sum(added) == 1 else 'annotations'} added{there}", err=True)


def _report(out: Path, rows: int) -> None:
    click.echo(f"{out}: {rows:,} {'row' if rows == 1 else 'rows'} written", err=True)
