"""`livestory share`: links by which others may see a story in percent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option
from livestory.cli.output import print_rows
from livestory.cli.story_folder import story_in
from livestory.clock import DAY
from livestory.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_DAYS = 3650


@click.group(short_help="Links to a story in percent, for others.")
@dir_option()
@click.pass_context
def share(context: click.Context, folder: Path) -> None:
    """Let others see a story in percent of its start: a link that only reads, expires, and may be revoked.

    It shows the curve by day, figures, key moments, months and round trips, all in percent and to the bar: no amount,
    fee, flow, name or text of anybody's. livestory serve answers it (docs/sharing.md).

    \b
    livestory share make --days 30
    livestory share list
    livestory share revoke 1
    """
    context.obj = folder


@share.command(short_help="Make a link, and show it once.")
@click.option(
    "--days", type=click.IntRange(1, _MOST_DAYS), default=30, show_default=True, help="How long it leads there."
)
@click.option("--symbols", is_flag=True, help="Show which symbols are traded too, and what holding them did.")
@click.pass_obj
def make(folder: Path, days: int, *, symbols: bool) -> None:
    """Make a link, and print its path; it is shown this once, and kept nowhere.

    \b
    livestory share make
    livestory share --dir results/mine make --days 7 --symbols
    """
    from livestory.clock import SystemClock
    from livestory.outlets.web import shares
    from livestory.story.wording.numbers import stamp

    layout = story_in(folder)
    if not layout.db.exists():
        message = f"{layout.db}: no story has been written here yet, so there is nothing to share"
        raise InputError(message)
    secret, made = shares.make(layout.shares, SystemClock().now(), days * DAY, symbols=symbols)
    click.echo(f"{shares.PATH}{secret}")
    click.echo(
        f"link {made.number}: add it to the address of livestory serve, such as http://127.0.0.1:8730{shares.PATH}…\n"
        f"It leads there until {stamp(made.expires)} UTC, or until: livestory share revoke {made.number}",
        err=True,
    )


@share.command(name="list", short_help="The links.")
@click.pass_obj
def list_(folder: Path) -> None:
    """Tell which links there are, and until when they lead anywhere.

    \b
    livestory share list
    """
    from livestory.clock import SystemClock
    from livestory.outlets.web import shares
    from livestory.story.wording.numbers import stamp

    now = SystemClock().now()
    rows = [
        (
            str(each.number),
            f"{'expired' if each.expires <= now else 'until'} {stamp(each.expires)} UTC"
            + (", with symbols" if each.symbols else ""),
        )
        for each in shares.read(story_in(folder).shares)
    ]
    print_rows(rows or [("no link", "")])


@share.command(short_help="Take a link away.")
@click.argument("number", type=int)
@click.pass_obj
def revoke(folder: Path, number: int) -> None:
    """Take the link NUMBER away, at once.

    \b
    livestory share revoke 1
    """
    from livestory.outlets.web import shares

    shares.revoke(story_in(folder).shares, number)
    click.echo(f"link {number} leads nowhere any more")
