"""`livestory fleet`: many bots on many machines, in one place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from livestory.cli.beside import when_parent_ends
from livestory.cli.fleet import address_of
from livestory.cli.options import PATH, dir_option
from livestory.cli.output import print_rows
from livestory.cli.story_folder import story_in
from livestory.durations import duration
from livestory.errors import LivestoryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event
    from typing import Any

    from livestory.story.files.layout import Layout

_NICE = 5  # a bot on the same machine goes first
_NEXT = 2.0  # seconds between two looks whether the process has ended that sends this story


def _database(option: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options of the database: its address, called ``option``, and where its password stands."""
    url = click.option(
        option, "url", required=True, metavar="URL", help="The database: postgresql://USER@HOST:5432/DATABASE."
    )
    file = click.option(
        "--password-file",
        type=PATH,
        metavar="FILE",
        help="File of mode 0600 with the password; or set LIVESTORY_FLEET_PASSWORD, or have a ~/.pgpass.",
    )
    return lambda command: url(file(command))


_once = click.option("--once", is_flag=True, help="End when all is there that there is, as a timer wants it.")


_with_parent = click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input is closed.")


@click.group(short_help="Many bots on many machines, in one place.")
def fleet() -> None:
    """Bring the stories of many bots on many machines into one place, through a PostgreSQL database.

    Each bot's machine pushes its journal; whoever wants to read pulls them all, and has of each bot the same journal
    with the same lines. More: docs/fleet.md.

    \b
    livestory fleet init --to postgresql://postgres@db/fleet --bot scout --bot grid
    livestory fleet push --to postgresql://livestory_scout@db/fleet
    livestory fleet pull --from postgresql://livestory_hub@db/fleet
    livestory fleet status --from postgresql://livestory_hub@db/fleet
    """


@fleet.command(short_help="Make a fleet in a database, or add bots to it.")
@_database("--to")
@click.option("--bot", "bots", multiple=True, metavar="NAME", help="A bot that may push; several times for several.")
def init(url: str, password_file: Path | None, bots: tuple[str, ...]) -> None:
    """Make tables, functions and roles in a database of its own, or bring them up to date.

    To be done as a user who may make roles. Prints what to give to the hub and to each bot that is new. A bot may push
    its own journal, and see nothing.

    \b
    livestory fleet init --to postgresql://postgres@db.example.net/fleet --bot scout --bot grid
    """
    address = address_of(url, password_file)
    from livestory.outlets.fleet.address import PASSWORD
    from livestory.outlets.fleet.setup import make

    hub, given = make(address, bots)
    click.echo(f"{address.name}: the fleet is ready", err=True)
    for name, access, command in (
        ("the hub", hub, "serve --fleet"),
        *((f"the bot {bot}", access, "fleet push --to") for bot, access in given.items()),
    ):
        if access.password is None:
            click.echo(f"{name} has its password already ({access.role})", err=True)
        else:
            click.echo(f"# for {name}; the password is shown this once")
            click.echo(f"{PASSWORD}={access.password.reveal()}")
            click.echo(f"livestory {command} '{address.url_for(access.role)}'")


@fleet.command(short_help="Send a bot's journal to its fleet.")
@dir_option()
@_database("--to")
@_once
@_with_parent
def push(folder: Path, url: str, password_file: Path | None, *, once: bool, with_parent: bool) -> None:
    """Send the journal of a bot to its fleet's database, from a process of its own that only reads it.

    Goes on from where the database stands, whatever became of either. While the database is away the bot goes on, and
    what it tells is sent afterwards.

    \b
    livestory fleet push --dir results --to postgresql://livestory_scout@db.example.net/fleet
    livestory fleet push --to postgresql://livestory_scout@db.example.net/fleet --once
    """
    address = address_of(url, password_file)
    from livestory.cli.stopping import stop_on_signals
    from livestory.clock import SystemClock
    from livestory.outlets.fleet.push import Pusher
    from livestory.story.wording import numbers

    layout = story_in(folder)
    pusher = Pusher(layout.db, address, SystemClock(), _print)
    os.nice(_NICE)
    if once:
        pusher.once()
        click.echo(f"sent {numbers.count(pusher.sent, 'event')} of {layout.db} to {address.name}")
        return
    with stop_on_signals() as stop:
        if with_parent:
            when_parent_ends(stop.set)
            if not _is_first(layout, stop):
                return
        click.echo(f"sends {layout.db} to {address.name}", err=True)
        pusher.run(stop, patient=with_parent)


@fleet.command(short_help="Keep the journals of all bots in a folder.")
@_database("--from")
@click.option("--dir", "folder", type=PATH, default="fleet", show_default=True, help="Folder for a story of each bot.")
@_once
@_with_parent
@click.pass_context
def pull(
    ctx: click.Context, url: str, password_file: Path | None, folder: Path, *, once: bool, with_parent: bool
) -> None:
    """Keep a folder with a story for each bot of a fleet: fleet/scout/live_story.txt, its journal and archive.

    Each journal is equal to its bot's. A bot whose rows can't be true is quarantined, and the others go on. Exit status
    with --once: 0 all is there, 1 something is wrong with a bot.

    \b
    livestory fleet pull --from postgresql://livestory_hub@db.example.net/fleet
    livestory serve --dir fleet/scout --dir fleet/grid
    """
    address = address_of(url, password_file)
    from livestory.cli.stopping import stop_on_signals
    from livestory.clock import SystemClock
    from livestory.outlets.fleet.pull import Puller
    from livestory.story.wording import numbers

    puller = Puller(address, folder, SystemClock(), _print)
    os.nice(_NICE)
    if once:
        puller.once()
        click.echo(f"pulled {numbers.count(puller.pulled, 'event')} from {address.name} into {folder}")
        if puller.troubles:
            ctx.exit(1)
        return
    click.echo(f"pulls {address.name} into {folder}", err=True)
    with stop_on_signals() as stop:
        if with_parent:
            when_parent_ends(stop.set)
        puller.run(stop, patient=with_parent)


@fleet.command(short_help="Which bots were heard, and how far they are.")
@_database("--from")
@click.option(
    "--limit",
    type=duration,
    default="5m",
    show_default=True,
    metavar="TIME",
    help="How long a bot may not be heard, or lag behind, before that is a failure.",
)
def status(url: str, password_file: Path | None, limit: int) -> None:
    """Tell for each bot of a fleet what the database has: last event, when it was heard, how far behind, which epoch.

    Exit status: 0 all is well, 1 a bot lags beyond the limit, was never heard, or is quarantined.

    \b
    livestory fleet status --from postgresql://livestory_hub@db.example.net/fleet
    livestory fleet status --from postgresql://livestory_hub@db.example.net/fleet --limit 15m || page-me
    """
    address = address_of(url, password_file)
    from livestory.clock import SystemClock
    from livestory.outlets.fleet.status import read

    found = read(address, SystemClock())
    print_rows((each.bot, each.words(limit)) for each in found)
    behind = [each.bot for each in found if each.wrong(limit)]
    if behind:
        message = f"not well: {', '.join(behind)}"
        raise LivestoryError(message)


def _is_first(layout: Layout, stop: Event) -> bool:
    """Wait until no other process sends this story for its parent, such as its page; whether to begin then."""
    from livestory.errors import JournalError, JournalHeld
    from livestory.story.journal.lock import WriterLock

    while True:
        try:
            WriterLock.acquire(layout.db.with_suffix(".fleet.lock"), "livestory fleet push")  # for as long as it runs
        except JournalHeld:
            if stop.wait(_NEXT):
                return False
        except JournalError:  # a folder that is not ours to write in, or is not there yet
            return True
        else:
            return True


def _print(words: str) -> None:
    click.echo(words, err=True)
