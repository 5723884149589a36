"""Values of other libraries as Python's own, without importing those libraries; and any value in a message.

numpy's numbers and times, pandas' Series, arrays and tensors of one element all answer to ``dtype`` and ``item()``.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import datetime
from math import isnan
from typing import Any

_OWN = frozenset({int, float, str, bool, datetime, type(None)})
_SHORT_FLOATS = {"float32": "f", "float16": "e"}  # their formats in `struct`
_MOST_DIGITS = 9  # that a float of 32 bits needs
_MOST_SHOWN = 80  # characters of a value in a message


def plain(value: Any) -> Any:
    """The value as a Python number, text or time, where it is another library's or a subclass of text; else itself.

    A float of 32 or 16 bits becomes the number that it is printed as. Bytes are read as UTF-8. Raises ValueError for an
    array of several elements, and for a time that is none (NaT).
    """
    if value.__class__ in _OWN:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "backslashreplace")
    dtype = str(getattr(value, "dtype", ""))
    if dtype and hasattr(value, "item"):
        return _item(value, dtype)
    return value


def _item(value: Any, dtype: str) -> Any:
    try:
        if dtype.startswith(("datetime64", "timedelta64")) and "," not in dtype:
            value = value.astype(dtype.partition("[")[0] + "[us]")  # of nanoseconds, item() makes a bare number
        item = value.item()
    except Exception:  # noqa: BLE001 - each library has errors of its own
        message = f"expected one value, not {shown(value)}"
        raise ValueError(message) from None
    if item is None:
        message = "not a time (NaT)"
        raise ValueError(message)
    form = _SHORT_FLOATS.get(dtype.rpartition(".")[2])
    if form is not None and isinstance(item, float):
        return _shortest(item, form)
    return float(item) if type(item) is type(value) else plain(item)


def _shortest(number: float, form: str) -> float:
    """The number of fewest digits that the short format takes for the same: 0.0329, not 0.032900001853704453."""
    for digits in range(1, _MOST_DIGITS + 1):
        candidate = float(f"{number:.{digits}g}")
        with suppress(OverflowError):
            if struct.unpack(form, struct.pack(form, candidate))[0] == number:
                return candidate
    return number  # NaN


def missing(value: Any) -> bool:
    """Whether it is what libraries have where nothing is: in pandas' row with gaps, a label or an amount may be NaN."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    if isinstance(value, str | bytes | bytearray):
        return False
    with suppress(ValueError):
        value = plain(value)
    return isinstance(value, float) and isnan(value)


def shown(value: object) -> str:
    """The value for a message: whatever it is, in a few words and without an error."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # noqa: BLE001 - a caller's object, or an int of too many digits
        return f"(a value of type {type(value).__name__})"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
