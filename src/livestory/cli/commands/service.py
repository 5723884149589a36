"""`livestory service`: the bot, its page and its alerts as systemd services, which come back after a reboot."""

from __future__ import annotations

import os
import shlex
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livestory.cli.options import PATH, config_file, config_option
from livestory.cli.output import print_rows
from livestory.cli.systemd import WORDS
from livestory.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.cli.systemd import Systemd, Unit

_USUAL = ("run", "serve")
_BY_ITSELF = ("follow", "push")  # commands without an option --config for a configuration of livestory's


def _whose(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which services are meant."""
    whose = click.option(
        "--user/--system",
        "own",
        default=None,
        help="Of this user alone, or of the machine.  [default: --system for root]",
    )
    name = click.option("--name", default="livestory", show_default=True, metavar="NAME", help="Of the services.")
    return whose(name(command))


@click.group(short_help="Let systemd run it, also after a reboot.")
def service() -> None:
    """Install the bot, its page and its alerts as systemd services: started at boot, watched, restarted.

    \b
    livestory service install run serve --dir results --config livestory.toml
    livestory service status
    livestory service remove
    """


@service.command()
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[run|serve|alert|listen|follow|push]… [-- OPTIONS]")
@_whose
@click.option(
    "--dir",
    "folder",
    type=PATH,
    help="Folder of the story.  [default: results; with --system /var/lib/NAME]",
)
@config_option(otherwise="livestory.toml of the present folder")
@click.option(
    "--as", "user", default="livestory", show_default=True, metavar="USER", help="Whom the system runs it as."
)
@click.option("--print", "only_prints", is_flag=True, help="Print the units and change nothing.")
def install(
    words: tuple[str, ...],
    own: bool | None,  # noqa: FBT001 - as above
    name: str,
    folder: Path | None,
    configured: Path | None,
    user: str,
    *,
    only_prints: bool,
) -> None:
    """Write, enable and start the units; each path that is written is printed.

    What stands after -- is handed to the one command that is named. Secrets belong into the environment file that is
    printed too: it is made for its owner's eyes only, and never overwritten.

    \b
    livestory service install                     run and serve
    livestory service install run -- --mode live --metrics-port 9108
    livestory service install serve --name scout --dir results/scout -- --port 8731
    livestory service install listen serve --dir results/mine
    livestory service install follow -- freqtrade --config /srv/freqtrade/user_data/config.json
    livestory service install push --dir results -- --to postgresql://livestory_scout@db.example.net/fleet
    livestory service install serve --name hub -- --fleet postgresql://livestory_hub@db.example.net/fleet --alerts
    livestory service install run --print
    """
    from livestory.cli.systemd import Systemd

    systemd = Systemd.of(own=_is_own(own), name=name)
    units = _units(systemd, words, folder, configured, user)
    if only_prints:
        for unit in units:
            click.echo(f"# {systemd.folder / unit.file}\n{unit.text(systemd.version)}")
        return
    systemd.require()
    for path in systemd.install(units):
        click.echo(f"wrote {path}")
    for unit in units:
        click.echo(f"started {unit.file}; what it says: {systemd.log_command(unit.file)}")
    if systemd.own and not systemd.lingers():
        click.echo("to start them at boot, and not only when you log in: loginctl enable-linger", err=True)


@service.command()
@_whose
@click.pass_context
def status(ctx: click.Context, own: bool | None, name: str) -> None:  # noqa: FBT001 - click hands it over by name
    """Tell how the services are. Exit status: 0 all of them run, 1 one does not.

    \b
    livestory service status
    livestory service status --name scout
    """
    from livestory.cli.systemd import Systemd

    systemd = _installed(Systemd.of(own=_is_own(own), name=name))
    states = [systemd.state(file.name) for file in systemd.files()]
    print_rows([(state.name, state.words) for state in states])
    if not all(state.runs for state in states):
        ctx.exit(1)


@service.command()
@_whose
def remove(own: bool | None, name: str) -> None:  # noqa: FBT001 - click hands it over by name
    """Stop the services and take their units away. The story, the configuration and the secrets stay.

    \b
    livestory service remove
    """
    from livestory.cli.systemd import Systemd

    systemd = _installed(Systemd.of(own=_is_own(own), name=name))
    for path in systemd.remove():
        click.echo(f"removed {path}")


def _is_own(own: bool | None) -> bool:  # noqa: FBT001 - as above
    return os.geteuid() != 0 if own is None else own


def _installed(systemd: Systemd) -> Systemd:
    systemd.require()
    if not systemd.files():
        message = (
            f"{systemd.folder}: no services of {systemd.name} are installed\n"
            "Install them with: livestory service install"
        )
        raise InputError(message)
    return systemd


def _units(
    systemd: Systemd, words: Sequence[str], folder: Path | None, configured: Path | None, user: str
) -> list[Unit]:
    """What is to be installed. Raises InputError and ConfigError for what would not run."""
    from livestory.cli.systemd import STATES, Unit

    parts, options = _parts(words)
    if configured is not None and (alone := [part for part in parts if part in _BY_ITSELF]):
        message = f"{alone[0]} takes no --config here: it reads the livestory.toml of the story's folder"
        raise click.UsageError(message)
    place = (folder or (Path("results") if systemd.own else STATES / systemd.name)).absolute()
    if place.suffix in {".txt", ".db"}:
        message = f"{place}: name the story's folder; a service keeps its story in one of its own"
        raise InputError(message)
    given = _configuration(configured)
    interpreter = Path(sys.executable)
    reads = (interpreter, Path(sys.prefix), *((given,) if given else ()))
    units = []
    for part in parts:
        takes = ("--config", str(given)) if given is not None and part not in _BY_ITSELF else ()
        verb = {"push": ("fleet", "push"), "follow": ("follow", *options[:1])}.get(part, (part,))
        own = _absolute(verb, options[1:] if part == "follow" else options)
        waits = ("--wait",) if part == "follow" else ()
        command = (str(interpreter), "-m", "livestory", *verb, "--dir", str(place), *takes, *waits, *own)
        reads += tuple(Path(word) for word in own if word.startswith("/"))
        secrets = systemd.secrets(part)
        units.append(Unit(part, systemd.name, command, place, secrets, None if systemd.own else user, reads))
    return units


def _parts(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The commands, and the options of the one that is named."""
    count = next((place for place, word in enumerate(words) if word not in WORDS), len(words))
    parts, options = list(dict.fromkeys(words[:count])), list(words[count:])
    follows = parts == ["follow"]
    if follows and (not options or options[0].startswith("-")):
        message = "follow whom? livestory service install follow -- freqtrade --config /srv/freqtrade/config.json"
        raise click.UsageError(message)
    if parts == ["push"] and "--to" not in options:
        message = "push where? livestory service install push -- --to postgresql://livestory_scout@db.example.net/fleet"
        raise click.UsageError(message)
    if options and not follows and not options[0].startswith("-"):
        message = f"{options[0]!r} is no service; there are {', '.join(WORDS)}"
        raise click.UsageError(message)
    if options and len(parts) != 1:
        message = f"name the one command that {shlex.join(options)} is for: livestory service install run -- …"
        raise click.UsageError(message)
    return parts or list(_USUAL), options


def _absolute(verb: Sequence[str], words: Sequence[str]) -> list[str]:
    """The words of a command with its files named by whole paths: a service runs in another folder."""
    context = click.get_current_context().find_root()
    command: click.Command | None = context.command
    for word in verb:
        command = command.get_command(context, word) if isinstance(command, click.Group) else None
    params = command.params if command is not None else []
    named = {name for each in params if isinstance(each.type, click.Path) for name in each.opts}
    follows = any(isinstance(each, click.Argument) and isinstance(each.type, click.Path) for each in params)
    whole = []
    for before, word in pairwise(("", *words)):
        option, equals, value = word.partition("=")
        if before in named or (follows and before[:1] != "-" and word[:1] != "-" and Path(word).exists()):
            whole.append(str(Path(word).absolute()))
        else:
            whole.append(f"{option}={Path(value).absolute()}" if equals and option in named else word)
    return whole


def _configuration(given: Path | None) -> Path | None:
    """The configuration's file, which can be read. Raises ConfigError."""
    from livestory import config

    path = config_file(given)
    if path is None:
        return None
    config.load(path, {})
    return path.absolute()
