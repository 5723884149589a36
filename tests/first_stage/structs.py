"""Names and defaults of all that is saved or recorded, each by where it stands and not by the class that holds it.

A line is ``states/executor.risk.peak = 0.0``; ``{breaker}`` is the variant that has this tag, ``[]`` an element.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Union

import msgspec
from msgspec import inspect

from livestory.config import Configuration
from livestory.outlets.alerts.outbox import Attempt, Waiting
from livestory.outlets.alerts.policy import Pace
from livestory.story.commands import Command
from livestory.story.inputs import Observation
from livestory.story.journal.entry import Identity
from livestory.story.kinds import KINDS
from livestory.story.narrator import _Memory
from livestory.trading.state import ExecutorState

if TYPE_CHECKING:
    from collections.abc import Iterator

SAVED: dict[str, Any] = {
    "states/executor": ExecutorState,
    "states/narrator": _Memory,
    "meta/identity": Identity,
    "events/record": Union[tuple(KINDS.values())],  # noqa: UP007 - of all kinds that there are
    "observations": Observation,
    "inbox": Command,
    "outbox/pace": Pace,
    "outbox/waiting": Waiting,
    "outbox/attempt": Attempt,
    "settings": Configuration,
}
"""Where each is kept; the class on the right may be called anything."""


def lines() -> list[str]:
    """All of them, in order."""
    return sorted({line for where, kept in SAVED.items() for line in _walk(where, inspect.type_info(kept), ())})


def _walk(where: str, kept: inspect.Type, above: tuple[type, ...]) -> Iterator[str]:
    if isinstance(kept, inspect.StructType):
        place = where if kept.tag is None else f"{where}{{{kept.tag_field}={kept.tag}}}"
        yield place + (" array" if kept.array_like else "")
        for field in kept.fields if kept.cls not in above else ():
            yield f"{place}.{field.encode_name} = {_default(field)}"
            yield from _walk(f"{place}.{field.encode_name}", field.type, (*above, kept.cls))
    elif isinstance(kept, inspect.EnumType):
        yield f"{where} of {' '.join(str(member.value) for member in kept.cls)}"
    elif isinstance(kept, inspect.LiteralType):
        yield f"{where} of {' '.join(map(str, kept.values))}"
    for inside, one in _inside(kept):
        yield from _walk(where + inside, one, above)


def _inside(kept: inspect.Type) -> list[tuple[str, inspect.Type]]:
    """What it is made of, and whether that is one element of several."""
    if isinstance(kept, inspect.Metadata):
        return [("", kept.type)]
    if isinstance(kept, inspect.UnionType):
        return [("", one) for one in kept.types]
    if isinstance(kept, inspect.DictType):
        return [("[]", kept.value_type)]
    if isinstance(kept, inspect.TupleType):
        return [("[]", one) for one in kept.item_types]
    return [("[]", kept.item_type)] if isinstance(kept, inspect.CollectionType) else []


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, msgspec.Struct):
        return "fresh"  # its fields and their defaults stand in lines of their own
    return str(value.value if isinstance(value, Enum) else msgspec.to_builtins(value))
