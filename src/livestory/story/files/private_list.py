"""A list that its owner alone may read, in a file of JSON that is replaced as a whole: of secrets, their hashes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from livestory.errors import InputError
from livestory.story.files.layout import make_folder, open_file
from livestory.story.files.output_file import replaced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LONGEST = 1_000_000  # bytes of the file
_OTHERS = 0o077

T = TypeVar("T", bound=Struct)


def read(path: Path, kind: type[T], anew: str) -> list[T]:
    """What is in it, nothing where there is no such file; ``anew`` says how another one is made.

    Raises InputError where it can't be trusted.
    """
    try:
        with open_file(path) as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unread(path, error.strerror or "it can't be read", anew) from None
    if mode & _OTHERS:
        message = f"{path}: others may read or write it (mode {mode & 0o777:04o})\nchmod 600 {path}"
        raise InputError(message)
    try:
        return msgspec.json.decode(content, type=list[kind])  # type: ignore[valid-type]  # mypy: a type that is a value
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _unread(path, str(error), anew) from None


def write(path: Path, items: Sequence[Struct]) -> None:
    """Put these in its place."""
    make_folder(path.parent)
    with replaced(path, private=True) as file:
        file.write(msgspec.json.format(msgspec.json.encode(items)) + b"\n")


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file does; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _unread(path: Path, problem: str, anew: str) -> InputError:
    return InputError(f"{path}: {problem}\nMake it anew: delete it, then {anew}.")
