"""The commands as manual pages, in the language of man(7): made from what --help says, so that both say the same."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from livestory import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator


def pages(root: click.Command) -> Iterator[tuple[str, str]]:
    """The name of each command's page, and the page."""
    yield from _pages(click.Context(root, info_name="livestory"))


def _pages(context: click.Context) -> Iterator[tuple[str, str]]:
    command = context.command
    name = context.command_path.replace(" ", "-")
    yield name, "\n".join([*_head(context, name), *_options(context), *_subcommands(context)]) + "\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            if below is not None and not below.hidden:
                yield from _pages(click.Context(below, info_name=each, parent=context))


def _head(context: click.Context, name: str) -> Iterator[str]:
    command = context.command
    yield f'.TH "{name.upper()}" "1" "" "livestory {__version__}"'
    yield f".SH NAME\n{_text(name)} \\- {_text(command.get_short_help_str(100))}"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SH SYNOPSIS\n.B {_text(context.command_path)}\n{_text(usage)}"
    yield ".SH DESCRIPTION"
    for paragraph in cleandoc(command.help or "").split("\n\n"):
        as_is = paragraph.startswith("\b\n")
        text = _text(paragraph.removeprefix("\b\n"))
        yield f".PP\n.nf\n{text}\n.fi" if as_is else f".PP\n{text}"


def _options(context: click.Context) -> Iterator[str]:
    rows = [row for each in context.command.get_params(context) if (row := each.get_help_record(context)) is not None]
    if rows:
        yield ".SH OPTIONS"
    for option, help_ in rows:
        yield f".TP\n.B {_text(option)}\n{_text(help_)}"


def _subcommands(context: click.Context) -> Iterator[str]:
    command = context.command
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for each in command.list_commands(context):
        below = command.get_command(context, each)
        if below is not None and not below.hidden:
            path = f"{context.command_path} {each}".replace(" ", "-")
            yield f".TP\n.B {_text(path)}(1)\n{_text(below.get_short_help_str(100))}"


def _text(text: str) -> str:
    """What roff prints as that text: no word of it is a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.split("\n"))
