"""`livestory listen`: the story of a bot in any language, told over HTTP."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestory.cli.fleet import sent
from livestory.cli.options import config_option, configuration, dir_option
from livestory.cli.output import print_rows
from livestory.cli.page import free_port, need_page, served
from livestory.cli.public_story import public_story, story_options
from livestory.cli.serving import end_on_hangup, token_of, url_of
from livestory.cli.story_folder import story_in
from livestory.errors import InputError

if TYPE_CHECKING:
    from socket import socket

    from livestory.follow.listen.app import Listen
    from livestory.story.writing.public import PublicWriter

PORT = 8731
_TOKEN = "LIVESTORY_LISTEN_TOKEN"  # noqa: S105 - the name of a variable
_LONGEST = 100  # characters of a source's name


@click.group(invoke_without_command=True, short_help="Tell a story from what is posted over HTTP.")
@dir_option()
@story_options
@config_option()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; others need a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any free one.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"File with the token that lets tell; or set {_TOKEN}.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Another name it is called by, such as a reverse proxy's; with :PORT if that is not --port.",
)
@click.option("--serve", "serves", is_flag=True, help="Show the live page meanwhile; see livestory serve.")
@click.pass_context
def listen(
    context: click.Context,
    folder: Path,
    symbol: str | None,
    unit: str | None,
    bot: str | None,
    configured: Path | None,
    host: str,
    port: int,
    token_file: Path | None,
    names: tuple[str, ...],
    *,
    serves: bool,
) -> None:
    """Tell what is posted to /tell: the inputs of `livestory tell`, one or many, as JSON or one a line.

    Each is answered once it is durable. On this machine alone no token is needed, until there is one or a source is
    added: a sender that can't set headers, such as TradingView, with a secret in its address instead.

    \b
    livestory listen --symbol BTC/USDT
    curl -d '{"input": "note", "text": "hello"}' http://127.0.0.1:8731/tell
    LIVESTORY_LISTEN_TOKEN=$(openssl rand -hex 16) livestory listen --serve
    livestory listen add tradingview    make a source, and show its secret once
    livestory listen list               the sources
    livestory listen revoke tradingview
    """
    context.obj = folder
    if context.invoked_subcommand is not None:
        return
    from livestory.extras import missing

    try:
        from livestory.http_server.address import address_of, bind
    except ImportError as error:
        raise missing(error, "listen", "web") from error
    if serves:
        need_page()
    host = address_of(host)
    token = token_of(token_file, _TOKEN)
    layout = story_in(folder)
    beside = sent(layout, configuration(configured))
    with beside, bind(host, port) as listening, public_story(folder, symbol, unit, bot, configured) as story:
        port = listening.getsockname()[1]
        application = _application(story, layout.sources, host, port, token, names)
        with served(layout.db, free_port()) if serves else nullcontext():
            _listen(application, listening, f"{url_of(host, port)}tell")


def _listen(application: Listen, listening: socket, address: str) -> None:
    """Tell what is posted to ``address``, until it is asked to stop."""
    from livestory.cli.supervisor import Supervisor
    from livestory.http_server.server import Server

    supervisor = Supervisor.of()

    def ready() -> None:
        click.echo(f"listens at {address}")
        if application.is_open:
            click.echo(f"Any program of this machine may post: to change that, set {_TOKEN} or add a source.", err=True)
        supervisor.ready(f"listens at {address}")

    server = Server(application, ready=ready, alive=supervisor.alive)
    end_on_hangup(server)
    server.run(sockets=[listening])
    supervisor.stopping()


def _application(
    story: PublicWriter,
    file: Path,
    host: str,
    port: int,
    token: str | None,
    names: tuple[str, ...],
) -> Listen:
    from livestory.follow.listen.app import Listen
    from livestory.follow.listen.sources import Bearers, SourceSecrets
    from livestory.http_server.gate import allowed_hosts, is_loopback

    sources = SourceSecrets(file)
    bearers = Bearers(token, sources)
    if not bearers.needed and (names or not is_loopback(host)):
        message = (
            "it can be reached from other machines, and there is neither a token nor a source\n"
            f"Set {_TOKEN} or --token-file, or make a source with: livestory listen add NAME"
        )
        raise InputError(message)
    return Listen(story, allowed_hosts(host, port, names), bearers, sources)


@listen.command(short_help="Make a source, and show its secret once.")
@click.argument("name")
@click.pass_obj
def add(folder: Path, name: str) -> None:
    """Make a source called NAME for a sender that can't set headers, and print the path that it posts to.

    The secret in it is shown this once, and kept nowhere: whoever has it may tell, and nothing else.

    \b
    livestory listen add tradingview
    livestory listen --dir results/mine add tradingview
    """
    from livestory.clock import SystemClock
    from livestory.follow.listen import sources

    if not name.isprintable() or not 0 < len(name.strip()) <= _LONGEST:
        message = f"NAME: 1 to {_LONGEST} printable characters are needed, such as tradingview"
        raise InputError(message)
    secret = sources.add(story_in(folder).sources, name, SystemClock().now())
    click.echo(f"/tell/{secret}")
    click.echo(
        f"{name} posts to this path of livestory listen, such as http://127.0.0.1:{PORT}/tell/…\n"
        f"It is not shown again; to take it away: livestory listen revoke {name}",
        err=True,
    )


@listen.command(name="list", short_help="The sources.")
@click.pass_obj
def list_(folder: Path) -> None:
    """Tell which sources there are, and since when.

    \b
    livestory listen list
    """
    from livestory.follow.listen import sources
    from livestory.story.wording.numbers import stamp

    found = sources.read(story_in(folder).sources)
    print_rows([(source.name, f"since {stamp(source.made)} UTC") for source in found] or [("no source", "")])


@listen.command(short_help="Take a source's secret away.")
@click.argument("name")
@click.pass_obj
def revoke(folder: Path, name: str) -> None:
    """Take the secret of the source NAME away, at once: what it posts from now on is refused.

    \b
    livestory listen revoke tradingview
    """
    from livestory.follow.listen import sources

    sources.revoke(story_in(folder).sources, name)
    click.echo(f"{name} may no longer tell")
