"""`livestory report`: a story as one page, in percent for others, or as a year card."""

from __future__ import annotations

from pathlib import Path

import click

from livestory.cli.options import PATH, dir_option
from livestory.cli.story_folder import story_in


@click.command(short_help="Write a story as one page, for you or for others.")
@dir_option()
@click.option(
    "--out", type=PATH, metavar="FILE", help="Where the page or the card is written.  [default: report.html, card.svg]"
)
@click.option("--share", type=click.Choice(["percent"]), help="For others: everything in percent of the start.")
@click.option("--card", is_flag=True, help="A picture (SVG) of a year instead of a page, in percent.")
@click.option("--year", type=click.IntRange(1970, 9999), help="The year of the card.  [default: the last one]")
@click.option("--symbols", is_flag=True, help="With --share or --card: name the symbols, and what holding them did.")
@click.pass_context
def report(
    context: click.Context,
    folder: Path,
    out: Path | None,
    share: str | None,
    year: int | None,
    *,
    card: bool,
    symbols: bool,
) -> None:
    """Write the story as one page of HTML that carries all it shows: curve, key moments, trades, figures, every line.

    With --share percent it is for others: no amount, fee, flow, name or line is in it (docs/sharing.md). A table or
    backtest: livestory explain FILE --html.

    \b
    livestory report
    livestory report --share percent --out for-others.html
    livestory report --card --year 2024 --out 2024.svg
    """
    if symbols and not (share or card):
        message = "--symbols is for --share and --card; a report of your own has all"
        raise click.UsageError(message)
    if year is not None and not card:
        message = "--year is the year of a --card"
        raise click.UsageError(message)
    out = out or Path("card.svg" if card else "report.html")
    layout = story_in(folder)
    if not (share or card):
        from livestory.cli.commands.explain import explain

        context.invoke(explain, file=layout.db, html=out)
        return
    from livestory.retell.story_output import check_place, write_whole

    check_place(out, layout.db)
    write_whole(out, [_picture(layout.db, year, symbols=symbols) if card else _page(layout.db, symbols=symbols)])
    click.echo(f"{out}: written", err=True)


def _page(journal: Path, *, symbols: bool) -> str:
    from livestory.chart.components import static_text
    from livestory.story.journal.reader import JournalReader
    from livestory.story.review.journal import read_review
    from livestory.story.review.shared import shared
    from livestory.story.review.shared_page import page

    with JournalReader.open(journal) as reader:
        return page(shared(read_review(reader), symbols=symbols), f"<style>{static_text('shared.css')}</style>")


def _picture(journal: Path, year: int | None, *, symbols: bool) -> str:
    from livestory.clock import as_datetime
    from livestory.errors import InputError
    from livestory.story.journal.reader import JournalReader
    from livestory.story.review.journal import read_review
    from livestory.story.review.shared import of_year, shared
    from livestory.story.review.shared_page import card

    with JournalReader.open(journal) as reader:
        told = shared(read_review(reader), symbols=symbols)
    last = as_datetime(told.until - 1).year if told.until is not None else None
    year = year if year is not None else last
    of = told if year is None else of_year(told, year)
    if year is not None and of.change is None and not of.closed:
        message = f"{year}: the story tells of no wealth and no closed trade in that year"
        raise InputError(message)
    return card(of, year)
