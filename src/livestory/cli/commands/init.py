"""`livestory init`: a commented configuration file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click

from livestory.cli.options import PATH
from livestory.errors import InputError


@click.command(short_help="Write a commented configuration.")
@click.argument("file", type=PATH, default=Path("livestory.toml"))
def init(file: Path) -> None:
    """Write a configuration FILE (livestory.toml) with every setting, its unit and its default.

    All of it is commented out: remove a # to change a setting. `livestory run` reads livestory.toml from the folder
    it is started in. A file that is there is never overwritten; - is standard output.

    \b
    livestory init
    livestory init scout.toml && livestory run --config scout.toml
    """
    from livestory import config
    from livestory.story.files.output_file import Target, replaced

    stream = Target.of(file).is_stream
    if not stream and os.path.lexists(file):
        message = f"{file}: is there already, and is not overwritten\nName another file, or move this one away."
        raise InputError(message)
    if not stream and not file.parent.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
    with replaced(file) as written:
        written.write(config.template().encode())
    if not stream:
        click.echo(f"{file}: written; every setting stands in it at its default, commented out")
