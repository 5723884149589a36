"""`livestory serve`: the story in a browser."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestory.cli.beside import when_parent_ends
from livestory.cli.commands.alert import delivered
from livestory.cli.fleet import Copies, pulled, sent
from livestory.cli.options import PATH, config_option, configuration
from livestory.cli.page import PORT
from livestory.cli.serving import end_on_hangup, open_many_files, require_token, token_of, url_of
from livestory.cli.story_folder import stories_in
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from socket import socket

    from livestory.outlets.web.app import Web
    from livestory.story.files.layout import Layout

_NICE = 5  # a bot on the same machine goes first
_TOKEN = "LIVESTORY_TOKEN"  # noqa: S105 - the name of a variable


@click.command(short_help="Show the live story in a browser.")
@click.option(
    "--dir",
    "folders",
    type=PATH,
    multiple=True,
    show_default="results; with --fleet: fleet",
    help="Folder of a story, the story's own file, or a folder of such folders; several times for several.",
)
@click.option(
    "--fleet",
    "url",
    metavar="URL",
    help="Keep the stories of a fleet in --dir, and show all of its bots: postgresql://USER@HOST:5432/DATABASE.",
)
@click.option(
    "--password-file", type=PATH, metavar="FILE", help="Of the fleet's database; or set LIVESTORY_FLEET_PASSWORD."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; others need a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any free one.")
@click.option(
    "--token-file",
    type=PATH,
    metavar="FILE",
    help=f"File with the token that opens the page; or set {_TOKEN}.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Another name the page is called by, such as a reverse proxy's; with :PORT if that is not --port.",
)
@click.option(
    "--root-path", default="", metavar="/PATH", help="Where a reverse proxy puts the page; it strips the path."
)
@click.option(
    "--clients", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="Most listeners at once."
)
@click.option("--alerts", is_flag=True, help="Deliver the alerts of livestory.toml as well; see livestory alert.")
@config_option()
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input is closed.")
def serve(
    folders: tuple[Path, ...],
    url: str | None,
    password_file: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    names: tuple[str, ...],
    root_path: str,
    clients: int,
    configured: Path | None,
    *,
    alerts: bool,
    with_parent: bool,
) -> None:
    """Show the story in a browser, live, from a process of its own that only reads.

    It listens to this machine alone unless there is a token. From the phone: docs/web.md.

    \b
    livestory serve
    livestory serve --dir results --dir results/demo --port 9000
    livestory serve --dir bots
    livestory serve --fleet postgresql://livestory_hub@db.example.net/fleet --alerts
    LIVESTORY_TOKEN=$(openssl rand -hex 16) livestory serve --host 192.0.2.7
    """
    from livestory.clock import SystemClock
    from livestory.extras import missing

    try:
        from livestory.http_server.address import address_of, bind
        from livestory.http_server.gate import allowed_hosts, is_loopback
        from livestory.outlets.web.app import Web, WebOptions
    except ImportError as error:
        raise missing(error, "the page", "web") from error
    host = address_of(host)
    token = token_of(token_file, _TOKEN)
    require_token(host, token, _TOKEN)
    if root_path and (not root_path.startswith("/") or root_path.endswith("/")):
        message = f"--root-path {root_path}: begins with a slash and doesn't end with one, such as /story"
        raise InputError(message)
    find, beside, hub = _stories(folders, url, password_file, configured, sends=not with_parent)
    listening = bind(host, port)
    port = listening.getsockname()[1]
    options = WebOptions(
        hosts=allowed_hosts(host, port, names),
        token=token,
        cookie=f"livestory_{port}",
        root_path=root_path,
        most_listeners=clients,
    )
    more = None if url is None else lambda: [layout.db for layout in find()]
    web = Web([layout.db for layout in find()], options, SystemClock(), more)
    if not is_loopback(host):
        click.echo("the token travels over plain HTTP here: anyone on the way can read it (docs/web.md)", err=True)
    os.nice(_NICE)
    with listening, beside, delivered(find, configured, hub) if alerts else nullcontext():
        _run(web, listening, url_of(host, port), root_path, with_parent=with_parent)


def _stories(
    folders: Sequence[Path], url: str | None, password_file: Path | None, configured: Path | None, *, sends: bool
) -> tuple[Callable[[], list[Layout]], AbstractContextManager[None], Path | None]:
    """What finds the stories to show, what keeps a fleet in step with them or them with it, and a hub's folder."""
    if url is not None:
        open_many_files()
        if len(folders) > 1:
            message = "--fleet keeps its stories in one --dir"
            raise click.UsageError(message)
        folder = folders[0] if folders else Path("fleet")
        return Copies(folder), pulled(url, password_file, folder), folder
    found = list(dict.fromkeys(each for folder in folders or (Path("results"),) for each in stories_in(folder)))
    if len(found) > 1:
        open_many_files()
    one = sends and len(found) == 1  # a bot's access to its fleet is for no other's story
    return lambda: found, sent(found[0], configuration(configured)) if one else nullcontext(), None


def _run(web: Web, listening: socket, address: str, root_path: str, *, with_parent: bool) -> None:
    """Serve until a signal, or the parent's end, and let the supervisor know."""
    from livestory.cli.supervisor import Supervisor
    from livestory.http_server.server import Server

    supervisor = Supervisor.of()

    def ready() -> None:
        click.echo(f"the story is at {address}")
        supervisor.ready(f"shows the story at {address}")

    server = Server(web, root_path, ready, supervisor.alive)
    end_on_hangup(server)
    if with_parent:
        when_parent_ends(server.stop)
    server.run(sockets=[listening])
    supervisor.stopping()
