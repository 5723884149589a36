"""`livestory tell`: the story of a bot in any language, told line by line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from livestory.cli.options import config_option, dir_option
from livestory.cli.public_story import story_options
from livestory.cli.streams import is_terminal
from livestory.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@click.command(short_help="Tell a story from JSON lines, in any language.")
@dir_option()
@story_options
@config_option()
@click.option("--schema", "shows_schema", is_flag=True, help="Print the JSON Schema of a line.")
def tell(
    folder: Path, symbol: str | None, unit: str | None, bot: str | None, configured: Path | None, *, shows_schema: bool
) -> None:
    """Tell what standard input says, one JSON object a line: what the bot sees, trades and decides.

    Each line is answered on standard output once it is durable, with the numbers (seqs) of the events that it brought
    or with what is wrong with it; the others are told all the same. Exit status 2 where any was wrong. A line that has
    an "id" is told once, however often it is sent: after a crash, send all of them again.

    \b
    livestory tell --symbol BTC/USDT < lines.jsonl
    my-bot | livestory tell --dir results/mine --symbol BTC/USDT --unit USDT > answers.jsonl
    echo '{"input": "note", "text": "hello"}' | livestory tell
    livestory tell --schema
    """
    from livestory.cli.public_story import public_story

    if shows_schema:
        import json

        from livestory.story.public.reading import schema

        click.echo(json.dumps(schema(), indent=2))
        return
    from livestory.cli.stdin_lines import Answers, StdinLines, relay

    with public_story(folder, symbol, unit, bot, configured) as story:
        if is_terminal(sys.stdin):
            click.echo("one JSON object a line, Ctrl-D ends; what it may say: livestory tell --schema", err=True)
        count = relay(StdinLines(), story, Answers())
    if count.refused:
        of = count.told + count.refused
        message = f"{count.refused:,} of {of:,} inputs were refused\nCorrect them and send them again."
        raise InputError(message)
