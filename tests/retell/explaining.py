"""`livestory explain` of a table that a test makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from livestory.cli import livestory

if TYPE_CHECKING:
    from pathlib import Path


def explained(folder: Path, content: str | bytes, *options: str) -> Result:
    """What the command says of a table; what it raises is a failure."""
    file = folder / "t.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    result = CliRunner().invoke(livestory, ["explain", str(file), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result
