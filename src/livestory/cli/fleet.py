"""A fleet beside a command that tells or shows a story: what it needs, and the processes that send to it and pull."""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
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


class Copies:
    """The stories that were pulled into a folder: asked each second, it looks only into what is new."""

    def __init__(self, folder: Path) -> None:
        """Nothing is looked at yet."""
        self._folder = folder
        self._found: dict[str, Layout] = {}

    def __call__(self) -> list[Layout]:
        """Those that there are until now, by name."""
        with suppress(FileNotFoundError):
            for name in {entry.name for entry in os.scandir(self._folder)} - self._found.keys():
                layout = story_in(self._folder / name) if (self._folder / name).is_dir() else None
                if layout is not None and layout.db.exists():
                    self._found[name] = layout
        return [self._found[name] for name in sorted(self._found)]


def _beside(  # noqa: PLR0913, PLR0917 - the words of one command
    what: str, verb: str, option: str, url: str, password_file: str | Path | None, folder: Path
) -> AbstractContextManager[None]:
    address_of(url, password_file)  # it holds no password, and so may stand in the list of processes
    secret = () if password_file is None else ("--password-file", str(password_file))
    return beside(what, "fleet", verb, option, url, *secret, "--dir", str(folder), patience=_PATIENCE)
