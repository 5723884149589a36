"""How the fields of a record are written in JSON, and what takes a sender's value: most follow from the declared type.

The values are taken as those of a `StoryWriter`'s calls are, by `story/arguments.py`.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from msgspec import Meta, Struct, defstruct
from msgspec.structs import asdict, fields

from livestory.clock import SECOND
from livestory.durations import duration
from livestory.story import arguments
from livestory.story.inputs import PositionReading
from livestory.story.reason import Reason
from livestory.story.wording.text import MOST

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_OF_A_NUMBER = 64  # characters
_MOST_NAMED = 1_000  # settings, or positions
_DIGITS_OF_A_FLOAT = 15  # that each has, whoever wrote it

Name = Annotated[str, Meta(max_length=arguments.MOST_OF_A_NAME)]
Text = Annotated[str, Meta(max_length=MOST)]
Id = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | Name
Moment = int | float | Annotated[str, Meta(max_length=_MOST_OF_A_NUMBER)]
Number = Moment


class Form(NamedTuple):
    """How a field is written, and what takes its value: called with the value and the field's name."""

    written: Any
    taken: Callable[[Any, str], Any]


Position: Any = defstruct(
    "Position",
    [(each.name, Number) if each.required else (each.name, Number | None, None) for each in fields(PositionReading)],
    namespace={"__doc__": PositionReading.__doc__},
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)


class NumberedReason(Struct, frozen=True, forbid_unknown_fields=True):
    """A reason that is counted by its key, with the numbers that decided."""

    key: Name
    value: Number | None = None
    limit: Number | None = None
    against: Number | None = None
    text: Name = ""


def form(tag: str, name: str, kind: Any) -> Form:
    """The form of the field ``name`` of the input ``tag``, which a record declares as a ``kind`` (or None)."""
    return _BY_NAME.get(f"{tag}.{name}") or _BY_NAME.get(name) or _BY_TYPE[kind]


def _as_it_is(value: Any, _name: str) -> Any:
    return value


def moment(value: Any, name: str) -> int:
    """A sender's time as an instant. Raises ValueError."""
    try:
        return arguments.time(value, name)
    except ValueError:
        if not isinstance(value, str):
            raise
        problem = f"{name} {value!r}: expected ISO 8601, such as 2024-12-03T15:00:00Z, or a number since the epoch"
        raise ValueError(problem) from None


def _exact(value: Any) -> Any:
    """A number as it was written; one of more digits than a float keeps is left as the float that it became."""
    if not isinstance(value, float):
        return value
    written = Decimal(repr(value))
    return written if len(written.as_tuple().digits) <= _DIGITS_OF_A_FLOAT else value


def _positive(value: Any, name: str) -> Decimal:
    return arguments.decimal(_exact(value), name)


def _signed(value: Any, name: str) -> Decimal:
    return arguments.decimal(_exact(value), name, signed=True)


def _symbol(value: Any, _name: str) -> str:
    return arguments.pair(value)


def _effect(value: Any, _name: str) -> str | None:
    return arguments.effect(value)


def _positions(value: dict[str, Any], name: str) -> dict[str, PositionReading]:
    return arguments.positions({symbol: _told(each) for symbol, each in value.items()}, name)


def _told(value: Struct) -> dict[str, Any]:
    return {name: _exact(each) for name, each in asdict(value).items() if each is not None}


def _reason(value: Any, name: str) -> Reason | None:
    if not isinstance(value, NumberedReason):
        return arguments.reason(value)
    measured, limit, against = (
        None if each is None else arguments.finite(each, name) for each in (value.value, value.limit, value.against)
    )
    return arguments.reason(Reason(value.key, measured, limit, against, value.text))


def _span(value: Any, name: str, taken: Callable[[Any, str], int] = arguments.duration) -> int:
    try:
        return taken(duration(value) if isinstance(value, str) else round(arguments.finite(value, name) * SECOND), name)
    except (ValueError, OverflowError):
        problem = f'{name} {value!r}: expected a duration, such as "7d" or "1d 12h", or a number of seconds'
        raise ValueError(problem) from None


_BY_TYPE: dict[Any, Form] = {
    Decimal: Form(Number, _positive),
    float: Form(Number, arguments.finite),
    int: Form(Moment, moment),
    bool: Form(bool, _as_it_is),
    str: Form(Name, arguments.label),
    Reason: Form(Text | NumberedReason, _reason),
    dict[str, PositionReading]: Form(Annotated[dict[Name, Position], Meta(max_length=_MOST_NAMED)], _positions),
    dict[str, str]: Form(Annotated[dict[Name, Name], Meta(max_length=_MOST_NAMED)], _as_it_is),
}
_BY_NAME = {
    "asset": Form(Name, arguments.asset),
    "cooldown": Form(Moment, _span),
    "interval": Form(Moment, partial(_span, taken=arguments.interval)),
    "mode": Form(Name, arguments.mode),
    "missed_bars": Form(int, arguments.count),
    "fills_found": Form(int, arguments.count),
    "orders_open": Form(int, arguments.count),
    "effect": Form(Name, _effect),
    "fee": Form(Number, _signed),
    "fee_asset": Form(Name, arguments.asset),
    "funding_id": Form(Id, arguments.trade_id),
    "fill.position": Form(Id, arguments.trade_id),
    "funding.amount": Form(Number, _signed),
    "order_id": Form(Id, arguments.trade_id),
    "result": Form(Number, _signed),
    "rules.fee": Form(Number, arguments.finite),
    "symbol": Form(Name, _symbol),
    "text": Form(Text, arguments.text),
    "trade_id": Form(Id, arguments.trade_id),
}
