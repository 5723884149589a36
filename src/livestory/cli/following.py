"""How a bot that is not ours is found, waited for and followed, whichever it is."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from livestory.cli.fleet import sent
from livestory.cli.options import configuration
from livestory.cli.page import need_page, served
from livestory.errors import InputError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event

    from livestory.config import Configuration
    from livestory.follow.source import Source
    from livestory.outlets.metrics_settings import MetricsSettings
    from livestory.story.files.layout import Layout
    from livestory.story.journal.entry import Identity

T = TypeVar("T")

_OWN_BOT = ("bot", "strategy", "risk", "paper", "exchange", "orders", "market")
_AGAIN = 1.0  # seconds between two looks for what is not there yet
_BEHIND = 10  # steps of nice: where both want the processor, the bot goes first


class Outlets(NamedTuple):
    """Where a followed bot's story is heard meanwhile."""

    settings: Configuration
    metrics: MetricsSettings
    fleet: AbstractContextManager[None]
    page: int | None  # its port; None: there is none

    @classmethod
    def of(cls, layout: Layout, metrics_port: int | None, page: int | None) -> Outlets:
        """As the options and livestory.toml say, before anything is waited for. Raises InputError and ConfigError."""
        from livestory.cli.metrics_port import at_port

        if page is not None:
            need_page()
        settings = configuration(None)
        _say_what_is_not_used(settings)
        return cls(settings, at_port(settings.metrics, metrics_port), sent(layout, settings), page)


def _say_what_is_not_used(settings: Configuration) -> None:
    unused = [f"[{name}]" for name in _OWN_BOT if getattr(settings, name) != getattr(type(settings)(), name)]
    if unused:
        words = f"{', '.join(unused)}: settings of livestory's own bot, which change nothing in another's story"
        click.echo(words, err=True)


def identity_so_far(layout: Layout) -> Identity | None:
    """Whose story was begun there; None where none was."""
    from livestory.story.journal.reader import JournalReader

    try:
        with JournalReader.open(layout.db) as reader:
            return reader.identity if reader.last_seq else None
    except JournalError:  # none there, or one that the writer will refuse or set aside
        return None


def found(look: Callable[[], T], stop: Event, *, waits: bool) -> T | None:
    """What is found once it can be read; None where it was asked to stop before.

    A database that its program just keeps is waited for in any case. Raises InputError where nothing else ``waits``.
    """
    from livestory.follow.database import DatabaseNotNow

    told = ""
    while True:
        try:
            return look()
        except (InputError, DatabaseNotNow) as error:
            if isinstance(error, InputError) and not waits:
                raise
            problem = str(error).splitlines()[0]
        if problem != told:
            click.echo(f"{problem}; it is waited for", err=True)
            told = problem
        if stop.wait(_AGAIN):
            return None


def follow(source: Source, identity: Identity, layout: Layout, stop: Event, outlets: Outlets) -> None:
    """Tell what there is, at its own time; then what comes, as it comes."""
    from livestory.cli.metrics_port import exposed
    from livestory.clock import SystemClock
    from livestory.follow.following import Following
    from livestory.outlets.terminal import TerminalPrinter
    from livestory.story.writing.synchronous import SynchronousWriter

    settings, clock = outlets.settings, SystemClock()
    with outlets.fleet, exposed(layout, outlets.metrics):
        shown = served(layout.db, outlets.page) if outlets.page is not None else nullcontext()
        with shown:
            with suppress(OSError):  # where a sandbox forbids it
                os.nice(_BEHIND)
            for told_at in (None, clock):  # the past at its own times, so that it goes to the archive by its days
                with SynchronousWriter(
                    layout.text, identity, settings.story, keep_days=settings.story.keep_days, clock=told_at
                ) as story:
                    if sys.stdout is not None:
                        story.subscribe(TerminalPrinter(sys.stdout))
                    following = Following(source, story, clock)
                    if told_at is None:
                        following.catch_up(stop)
                    else:
                        following.run(stop)
