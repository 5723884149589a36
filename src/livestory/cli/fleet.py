"""A fleet beside a command that tells or shows a story: what it needs, and the processes that send to it and pull."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from livestory.cli.beside import beside
from livestory.cli.story_folder import story_in

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from livestory.config import Configuration
    from livestory.outlets.fleet.address import FleetAddress
    from livestory.story.files.layout import Layout


_PATIENCE = 10.0  # seconds that the goodbye may take to arrive


def address_of(url: str, password_file: str | Path | None) -> FleetAddress:
    """A fleet's database. Raises InputError where the package for it is missing, and ConfigError."""
    from livestory.extras import missing

    try:
        from livestory.outlets.fleet.address import FleetAddress
    except ImportError as error:
        raise missing(error, "a fleet", "fleet") from error
    return FleetAddress.read(url, password_file)


def sent(layout: Layout, settings: Configuration) -> AbstractContextManager[None]:
    """Send the story to the fleet of ``[fleet]`` meanwhile, if one is named, from a process of its own.

    Raises InputError and ConfigError for what can't be meant; what goes wrong later is told, and changes nothing else.
    """
    fleet = settings.fleet
    if fleet.url is None:
        return nullcontext()
    return _beside("the push to the fleet", "push", "--to", fleet.url, fleet.password_file, layout.db)


def pulled(url: str, password_file: str | Path | None, folder: Path) -> AbstractContextManager[None]:
    """Keep a folder in step with a fleet meanwhile, from a process of its own. Raises InputError and ConfigError."""
    return _beside("the pull from the fleet", "pull", "--from", url, password_file, folder)


def copies_in(folder: Path) -> list[Layout]:
    """The stories that were pulled into a folder until now, by name."""
    found = (story_in(each) for each in sorted(folder.glob("*/")))
    return [layout for layout in found if layout.db.exists()]


def _beside(  # noqa: PLR0913, PLR0917 - the words of one command
    what: str, verb: str, option: str, url: str, password_file: str | Path | None, folder: Path
) -> AbstractContextManager[None]:
    address_of(url, password_file)  # it holds no password, and so may stand in the list of processes
    secret = () if password_file is None else ("--password-file", str(password_file))
    return beside(what, "fleet", verb, option, url, *secret, "--dir", str(folder), patience=_PATIENCE)
