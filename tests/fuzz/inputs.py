"""What mutations begin with: good and bad inputs, and each that once broke something."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent / "corpus"


def corpus(kind: str) -> dict[str, bytes]:
    """The files of one kind, by name."""
    return {file.name: file.read_bytes() for file in sorted((_FOLDER / kind).iterdir())}
