"""What callers hand over, as the story takes it: plain numbers, whole instants, text that a file can hold.

A bot has numpy and Decimal numbers, datetimes, enums and exchange texts at hand; none of them may reach the journal as
it is. Each function raises ValueError, in words for the bot's author, where the value is not what it should be.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, InvalidOperation
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from msgspec.structs import replace

from livestory.clock import SECOND, instant
from livestory.story.inputs import Observation
from livestory.story.kinds.lifecycle import Rules
from livestory.story.reason import Reason
from livestory.story.wording.text import encodable

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = Decimal | float | str

_MOST_DIGITS = 30  # before or after the point; no market has amounts that need more
_EFFECTS = {None, "open", "add", "reduce", "close"}


def finite(value: object, name: str) -> float:
    """A finite number."""
    number = _float(value, name)
    if not -float("inf") < number < float("inf"):
        message = f"{name} {value}: expected a finite number"
        raise ValueError(message)
    return number


def positive(value: object, name: str) -> float:
    """A finite number above zero."""
    number = finite(value, name)
    if number <= 0:
        message = f"{name} {value}: expected a positive number"
        raise ValueError(message)
    return number


def decimal(value: Number, name: str, *, signed: bool = False) -> Decimal:
    """An amount, exact; a float counts twelve digits. Above zero, unless ``signed``."""
    try:
        number = Decimal(value if isinstance(value, Decimal | int | str) else format(float(value), ".12g"))
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite() or (number <= 0 and not signed) or abs(number.adjusted()) > _MOST_DIGITS:
        message = f"{name} {value!r}: expected a {'' if signed else 'positive '}number"
        raise ValueError(message)
    return number


def side(name: str, effect: str | None = None) -> str:
    """Buy or sell, for those words and for "long" or "short" with the ``effect`` on the position."""
    if effect not in _EFFECTS:
        message = f"effect {effect!r}: expected open, add, reduce or close"
        raise ValueError(message)
    lower = name.lower()
    if lower in {"buy", "sell"}:
        return lower
    if lower in {"long", "short"} and effect is not None:
        return "buy" if (lower == "long") == (effect in {"open", "add"}) else "sell"
    message = f"side {name!r}: expected buy or sell, or long or short with an effect"
    raise ValueError(message)


def pair(symbol: str) -> str:
    """A symbol of two assets."""
    base, _, quote = symbol.partition("/")
    if not (base and quote):
        message = f"symbol {symbol!r}: expected BASE/QUOTE, like ETH/BTC"
        raise ValueError(message)
    return encodable(symbol)


def reason(given: Reason | str | None) -> Reason | None:
    """A reason; a text is one in the caller's own words."""
    if given is None:
        return None
    if not isinstance(given, Reason):
        return Reason("", text=encodable(given))
    value, limit, against = _known(given.value), _known(given.limit), _known(given.against)
    return Reason(encodable(given.key), value, limit, against, encodable(given.text))


def observation(given: Observation) -> Observation:
    """The observation, each field of its declared type. Numbers may be infinite or NaN: the story refuses those."""
    changed = {}
    for name, taken, convert in _OBSERVED:
        value = getattr(given, name)
        if value is None or value.__class__ is taken:
            continue
        converted = convert(value, name)
        if converted is not value:
            changed[name] = converted
    return replace(given, **changed) if changed else given


def rules(given: Rules) -> Rules:
    """The rules, each of its declared type. A cooldown may be a timedelta; shares are shares, not percent."""
    values = {name: getattr(given, name) for name in given.__struct_fields__ if name != "settings"}
    checked = {name: _RULE[name](value, name) for name, value in values.items() if value is not None}
    for name in _SHARES & checked.keys():
        if not 0 <= checked[name] <= 1:
            message = f"{name} {checked[name]:g}: expected a share from 0 to 1, such as 0.2 for 20 %"
            raise ValueError(message)
    if 0 < checked.get("cooldown", 0) < SECOND:
        message = f"cooldown {checked['cooldown']}: expected a timedelta, or microseconds"
        raise ValueError(message)
    settings = {encodable(name): encodable(value) for name, value in given.settings.items()}
    return Rules(**checked, settings=settings)


_SHARES = {"breaker", "daily_loss", "max_weight", "ath_min_gain", "step", "fee"}


def _float(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        message = f"{name} {value!r}: expected a number"
        raise ValueError(message) from None


def _known(value: Any) -> float | None:
    """A reason's number; one that is none is unknown, and costs nothing but itself."""
    try:
        return None if value is None else finite(value, "number")
    except ValueError:
        return None


def _flag(value: Any, name: str) -> bool:
    if value in (True, False):  # numpy's too
        return bool(value)
    message = f"{name} {value!r}: expected True or False"
    raise ValueError(message)


def _instant(value: Any, name: str) -> int:
    try:
        return instant(value)
    except ValueError as error:
        message = f"{name}: {error}"
        raise ValueError(message) from error


def _text(value: Any, _name: str) -> str:
    return value if value.__class__ is str and value.isascii() else encodable(value)


def _reason(value: Any, _name: str) -> Reason | None:
    return reason(value)


def _duration(value: Any, name: str) -> int:
    return value // timedelta(microseconds=1) if isinstance(value, timedelta) else int(finite(value, name))


def _types(record: type) -> dict[str, type]:
    """The fields of a record that may be None, and what they are otherwise."""
    hints = get_type_hints(record).items()
    return {name: get_args(hint)[0] for name, hint in hints if NoneType in get_args(hint)}


# A field's type, the class of a value that needs no look, and what makes one of another.
_CONVERSIONS: dict[type, tuple[type, Callable[[Any, str], object]]] = {
    float: (float, _float),
    bool: (bool, _flag),
    int: (NoneType, _instant),  # an int may count seconds
    str: (NoneType, _text),
    Reason: (NoneType, _reason),
}
_OBSERVED = tuple((name, *_CONVERSIONS[kind]) for name, kind in _types(Observation).items())
_RULE: dict[str, Callable[[Any, str], Any]] = {
    name: {float: finite, int: _duration, str: _text}[kind] for name, kind in _types(Rules).items()
}
