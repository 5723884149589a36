"""`livestory completion` and `livestory man`: what a shell and `man` know of the commands."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import get_completion_class

from livestory.cli.options import PATH

_SHELLS = ("bash", "zsh", "fish")
_MAN = Path("~/.local/share/man/man1")


@click.command(short_help="Print what lets a shell complete commands.")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script with which SHELL completes commands and options of livestory with the Tab key.

    \b
    livestory completion bash > ~/.local/share/bash-completion/completions/livestory
    livestory completion zsh > ~/.zfunc/_livestory     with fpath+=~/.zfunc before compinit in ~/.zshrc
    livestory completion fish > ~/.config/fish/completions/livestory.fish
    """
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - click knows all three
        raise click.UsageError(shell)
    root = context.find_root().command
    script = kind(root, {}, "livestory", "_LIVESTORY_COMPLETE")
    click.echo(script.source_template % script.source_vars())


@click.command(short_help="Write the manual pages.")
@click.argument("folder", type=PATH, default=_MAN)
@click.pass_context
def man(context: click.Context, folder: Path) -> None:
    """Write a manual page for each command into FOLDER, by default ~/.local/share/man/man1.

    \b
    livestory man && man livestory-serve
    livestory man man1
    """
    from livestory.cli.manual import pages

    folder = folder.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for name, text in pages(context.find_root().command):
        (folder / f"{name}.1").write_text(text, encoding="utf-8")
        written += 1
    click.echo(f"{folder}: {written} pages written")
