"""`livestory halt`, `resume`, `note` and `flow`: the owner's hand on a bot, told in its story."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING

import click

from livestory.cli.mode import MODES
from livestory.cli.options import dir_option
from livestory.cli.story_folder import story_in
from livestory.clock import instant
from livestory.errors import InputError, LivestoryError

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.commands import Command, Note
    from livestory.story.files.layout import Layout
    from livestory.story.journal.entry import Identity

_PATIENCE, _PAUSE = 5.0, 0.05  # seconds: a running bot looks once a second
_LONGEST = 500  # characters of a note


@click.command(short_help="Have the bot send no new orders.")
@click.argument("reason", nargs=-1)
@click.option("--sell", is_flag=True, help="Sell everything first. Without it the position is kept.")
@dir_option()
def halt(reason: tuple[str, ...], folder: Path, *, sell: bool) -> None:
    """Halt the bot: its open orders are cancelled and it sends no new ones, until `livestory resume`.

    A running bot obeys within two seconds; one that is not running starts halted. The halt survives restarts. A REASON
    is told in the story, as a note after the halt.

    \b
    livestory halt                         keep the position
    livestory halt --sell                  sell it all, then stay halted
    livestory halt "the exchange reports trouble"
    """
    from livestory.story.commands import Halt

    layout, why = story_in(folder), _reason(reason)
    _only_own(layout, "halt")
    later = "the bot will start halted; an order it has left open stays open until then"
    _leave(layout, [Halt(sell=sell), *why], later)


@click.command(short_help="Let a halted bot go on.")
@click.argument("reason", nargs=-1)
@dir_option()
def resume(reason: tuple[str, ...], folder: Path) -> None:
    """Let a bot go on that you have halted, or that started halted because its journal was new.

    It also ends the wait for an order whose fate can't be proven: the account's present balance then counts. It does
    not end the safety breaker's halt: that is the Phoenix rule's alone. A REASON is told in the story, as a note.

    \b
    livestory resume
    livestory resume "the exchange is well again"
    """
    from livestory.story.commands import Resume

    layout, why = story_in(folder), _reason(reason)
    _only_own(layout, "resume")
    _leave(layout, [Resume(), *why], "the bot will go on at its next start")


@click.command(short_help="Write a line of your own into the story.")
@click.argument("text", nargs=-1, required=True)
@dir_option()
def note(folder: Path, text: tuple[str, ...]) -> None:
    """Write TEXT into the story, as a line of its own.

    \b
    livestory note saw the trip, I leave it halted
    """
    _leave(story_in(folder), [_note(text, "a note")], "it will be told at the bot's next start")


@click.command(short_help="Explain a deposit or withdrawal.", context_settings={"ignore_unknown_options": True})
@click.argument("amount", type=float)
@click.option("--at", metavar="TIME", help="When it happened, such as 2024-12-05T09:42 (UTC).  [default: now]")
@dir_option()
def flow(folder: Path, amount: float, at: str | None) -> None:
    """Tell the bot of a deposit (AMOUNT above 0) or a withdrawal (below 0), in the unit that its wealth is counted in.

    It makes no record and no drawdown. Not needed where the exchange's own history tells it.

    \b
    livestory flow 0.1
    livestory flow -0.25 --at 2024-12-05T09:42
    """
    from livestory.story.commands import Flow

    if not math.isfinite(amount) or not amount:
        message = f"AMOUNT {amount}: a deposit is above 0, a withdrawal below 0"
        raise InputError(message)
    try:
        came = None if at is None else instant(at)
    except ValueError:
        message = f"--at {at}: not a time; write it like 2024-12-05T09:42"
        raise InputError(message) from None
    _leave(story_in(folder), [Flow(amount=amount, came=came)], "it will be told at the bot's next start")


def _note(text: tuple[str, ...], what: str) -> Note:
    from livestory.story.commands import Note

    words = " ".join(text).strip()
    if not 0 < len(words) <= _LONGEST:
        message = f"{what} has 1 to {_LONGEST} characters, not {len(words)}"
        raise InputError(message)
    return Note(text=words)


def _reason(text: tuple[str, ...]) -> list[Note]:
    """The note that tells why, if it is told. Raises InputError for what was meant as an option."""
    if text == ("sell",):
        message = "sell is taken for the reason; to sell everything first: livestory halt --sell"
        raise InputError(message)
    if len(text) == 1 and os.path.lexists(text[0]):
        message = f"{text[0]}: is taken for the reason; to name the folder of a story: --dir {text[0]}"
        raise InputError(message)
    return [_note(text, "a reason")] if text else []


def _identity(layout: Layout) -> Identity:
    from livestory.story.journal.reader import JournalReader

    with JournalReader.open(layout.db) as reader:
        return reader.identity


def _only_own(layout: Layout, command: str) -> None:
    who = _identity(layout)
    if who.mode not in MODES:
        whose = f"a bot in mode {who.mode}" if who.mode else "somebody else's bot"
        message = (
            f"{layout.db}: the story of {whose}, which livestory can't {command}\n"
            f"Only what `livestory run` trades in the present can be halted: {', '.join(sorted(MODES))}."
        )
        raise InputError(message)


def _leave(layout: Layout, said: list[Command], later: str) -> None:
    """Leave commands for the bot; wait for a running one to take them, and show what it told of them."""
    from livestory.story.files.inbox import Inbox
    from livestory.story.journal.lock import holder
    from livestory.story.journal.reader import JournalReader
    from livestory.story.journal.writer import refuse_replica
    from livestory.story.snapshot import on_bars_time

    who = _identity(layout)
    if on_bars_time(who):
        message = f"{layout.db}: the story of a {who.mode} run, which takes no words: its time is not the present"
        raise InputError(message)
    inbox = Inbox(layout)
    with JournalReader.open(layout.db) as reader:
        refuse_replica(reader.replica, layout.db)  # the bot would never hear of it
        before = reader.last_seq
        posted = [inbox.post(word) for word in said]
        running = holder(layout.lock)
        if running is None:
            click.echo(f"No bot is running: {later}.")
            return
        deadline = time.monotonic() + _PATIENCE
        while any(map(inbox.holds, posted)):
            if time.monotonic() > deadline:
                message = (
                    f"{running} has not taken it within {_PATIENCE:.0f} s; it will as soon as it can\n"
                    f"It waits in {layout.inbox}; see what the bot is doing with: livestory status"
                )
                raise LivestoryError(message)
            time.sleep(_PAUSE)
        for event in reader.events(after_seq=before):
            click.echo(event.line)
