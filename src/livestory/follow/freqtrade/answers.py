"""JSON as freqtrade sends it: what is read of it has its form, and no text of it can keep the rest from being read."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")

_HALVES = re.compile(
    rb"""(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"""
)
"""Of a surrogate pair one half alone, as Python writes it and no reader of JSON takes it."""


def read(content: bytes, kind: type[T]) -> T:
    """What stands in an answer; half a character in it is a \N{REPLACEMENT CHARACTER}.

    Raises ValueError where it is no JSON of that form.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        mended = _HALVES.sub(_whole, content.decode("utf-8", "replace").encode())
    except RecursionError:
        mended = content
    try:
        return msgspec.json.decode(mended, type=kind)
    except RecursionError:
        message = "nested too deep"
        raise ValueError(message) from None


def _whole(match: re.Match[bytes]) -> bytes:
    return match[1] or rb"\ufffd"
