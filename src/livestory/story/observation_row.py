"""An observation as a row: one column per field, a reason as JSON text."""

from __future__ import annotations

from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from msgspec import Struct, json

from livestory.story.inputs import Observation

if TYPE_CHECKING:
    from collections.abc import Sequence


def _column_types() -> dict[str, type]:
    hints = get_type_hints(Observation)
    return {name: next((t for t in get_args(hint) if t is not NoneType), hint) for name, hint in hints.items()}


_FIELDS = _column_types()
_NESTED = tuple(name for name, kind in _FIELDS.items() if issubclass(kind, Struct))
_FLAGS = tuple(name for name, kind in _FIELDS.items() if kind is bool)
_PLAIN = tuple(name for name in _FIELDS if name not in _NESTED)
_plain = attrgetter(*_PLAIN)
_nested = tuple(attrgetter(name) for name in _NESTED)

COLUMNS = _PLAIN + _NESTED
"""The columns in the order of `as_row`; ``time`` is the key."""


def as_row(observation: Observation) -> tuple[Any, ...]:
    """The values of `COLUMNS`."""
    reasons = (get(observation) for get in _nested)
    return (*_plain(observation), *[None if reason is None else json.encode(reason).decode() for reason in reasons])


def from_row(row: Sequence[Any]) -> Observation:
    """The observation whose `COLUMNS` are ``row``. Raises msgspec.DecodeError for a damaged reason."""
    fields = {name: value for name, value in zip(COLUMNS, row, strict=True) if value is not None}
    for name in _FLAGS:
        if name in fields:
            fields[name] = bool(fields[name])
    for name in _NESTED:
        if name in fields:
            fields[name] = json.decode(fields[name], type=_FIELDS[name])
    return Observation(**fields)
