"""What callers hand over, as the story takes it: plain numbers, whole instants, text that a file can hold.

A bot has numpy and Decimal numbers, datetimes, enums and exchange texts at hand; none of them may reach the journal as
it is. Each function raises ValueError, in words for the bot's author, where the value is not what it should be.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import Enum
from math import isnan
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from msgspec.structs import asdict, replace

from livestory.clock import SECOND, instant
from livestory.plain import missing, plain, shown
from livestory.story import ccxt_records
from livestory.story.absurd import LARGEST, MOST_DIGITS, absurd, is_amount
from livestory.story.inputs import Observation, PositionReading
from livestory.story.kinds.lifecycle import Rules
from livestory.story.reason import Reason, in_own_words
from livestory.story.symbol import Symbol
from livestory.story.wording.text import MOST, encodable, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    Number = Decimal | float | str

_CENTURY = 100 * 365 * 86_400.0  # seconds: for ever, and less than any lock can wait
MOST_OF_A_NAME = 200  # characters of a label, a key or an id
_EFFECTS = {"open", "add", "reduce", "close"}


def finite(value: object, name: str) -> float:
    """A caller's number as a float. Raises ValueError where it is none, NaN, infinite or larger than any amount."""
    number = _float(value, name)
    if not is_amount(number):
        raise _wrong(name, value, f"a finite number, smaller than {LARGEST:g}")
    return number


def positive(value: object, name: str) -> float:
    """A finite number above zero."""
    number = finite(value, name)
    if number <= 0:
        raise _wrong(name, value, "a positive number")
    return number


def decimal(value: Number | None, name: str, *, signed: bool = False) -> Decimal:
    """An amount, exact; a float counts twelve digits. Above zero, unless ``signed``."""
    try:
        given = plain(value)
        exact = isinstance(given, Decimal | int | str) and not isinstance(given, bool)
        number = Decimal(given if exact else format(_float(given, name), ".12g"))
    except (ArithmeticError, TypeError, ValueError):
        number = Decimal("NaN")
    if (
        not number.is_finite()
        or (number <= 0 and not signed)
        or abs(number.adjusted()) > MOST_DIGITS
        or int(number.as_tuple().exponent) < -2 * MOST_DIGITS
    ):
        raise _wrong(name, value, f"a {'' if signed else 'positive '}number")
    return number


def text(value: object, name: str, most: int = MOST) -> str:
    """Somebody's words, of a size that a line can have."""
    if value is None:
        raise _wrong(name, value, "a text")
    return shortened(_words(value, name), most)


def label(value: object, name: str) -> str:
    """A short text that things are known and counted by; of an enum its text, or else its name."""
    if isinstance(value, Enum):
        value = value.value if isinstance(value.value, str) else value.name
    return shortened(_words(value, name), MOST_OF_A_NAME)


def name(value: object, argument: str) -> str | None:
    """A short text, where it is told."""
    return None if missing(value) else label(value, argument)


def mode(value: object, argument: str) -> str | None:
    """Where a bot trades, however it is capitalised: of one mode there is one sum."""
    told = name(value, argument)
    return None if told is None else told.lower()


def count(value: Any, name: str) -> int | None:
    """A whole number of things, where it is told."""
    if missing(value):
        return None
    number = finite(value, name)
    if number < 0 or not number.is_integer() or absurd(int(number)):
        raise _wrong(name, value, "a whole number, from 0")
    return int(number)


def trade_id(value: Any, name: str = "trade_id") -> str | None:
    """The exchange's id of a trade. An empty one is none, and neither is what pandas has for a missing one."""
    if missing(value):
        return None
    given = plain(value)
    if isinstance(given, bool):
        raise _wrong(name, value, "an id")
    if isinstance(given, float) and given.is_integer():
        given = int(given)  # a column of ints with one missing is a column of floats
    told = _words(given, name)
    if len(told) > MOST_OF_A_NAME:
        raise _wrong(name, value, f"at most {MOST_OF_A_NAME} characters")
    return told if told.strip() else None


def time(value: Any, name: str = "timestamp") -> int:
    """A caller's timestamp as an instant. Raises ValueError where it is none."""
    try:
        return instant(value)
    except ValueError as error:
        message = f"{name}: {error}"
        raise ValueError(message) from error


def timeout(value: object) -> float:
    """Seconds to wait for at most: None for as long as it takes, none below 0."""
    name = "timeout"
    seconds = _CENTURY if value is None else _float(value, name)
    if isnan(seconds):
        raise _wrong(name, value, "seconds, or None to wait as long as it takes")
    return min(max(seconds, 0.0), _CENTURY)


def function(value: Any) -> Callable[[Any], object]:
    """A function of one argument, as far as can be seen before it is called."""
    if not callable(value):
        message = f"expected a function that takes an event, not {shown(value)}"
        raise ValueError(message)
    return value  # type: ignore[no-any-return]  # it was looked at


def effect(value: object) -> str | None:
    """What a fill does to the position, where that is told."""
    if value is None:
        return None
    name = label(value, "effect").strip().lower()
    if name not in _EFFECTS:
        message = f"effect {shown(value)}: expected open, add, reduce or close"
        raise ValueError(message)
    return name


def side(name: object, effect: str | None = None) -> str:
    """Buy or sell, for those words and for "long" or "short" with the ``effect`` on the position."""
    lower = "" if name is None else label(name, "side").strip().lower()
    if lower in {"buy", "sell"}:
        return lower
    if lower in {"long", "short"} and effect is not None:
        return "buy" if (lower == "long") == (effect in {"open", "add"}) else "sell"
    message = f"side {shown(name)}: expected buy or sell, or long or short with an effect"
    raise ValueError(message)


def pair(symbol: object) -> str:
    """A symbol of two assets, in any of its usual spellings, as a story writes it."""
    try:
        return str(Symbol.read(label(symbol, "symbol")))
    except ValueError as error:
        message = f"symbol {shown(symbol)}: {error}"
        raise ValueError(message) from None


def asset(value: object, name: str) -> str | None:
    """The name of an asset, where it is told."""
    return None if missing(value) else label(value, name).strip() or None


def positions(given: Any, name: str = "positions") -> dict[str, PositionReading]:
    """What is held, by symbol: readings, dicts of their fields, plain quantities, or ccxt's records, also in a list."""
    if isinstance(given, list | tuple) and all(hasattr(record, "get") for record in given):
        records = [(record.get("symbol"), record) for record in given]
    elif hasattr(given, "keys"):
        records = [(symbol, given[symbol]) for symbol in given]
    else:
        raise _wrong(name, given, "a dict with a symbol's reading each, or what ccxt's fetch_positions gives")
    read: dict[str, PositionReading] = {}
    for symbol, record in records:
        known, reading = read.get(pair(symbol)), _position(record, f"{name}[{symbol!r}]")
        read[pair(symbol)] = reading if known is None else _together(known, reading)
    return read


def _together(one: PositionReading, other: PositionReading) -> PositionReading:
    """Two positions in one symbol, such as both sides of a hedge, as what they come to: no entry is that of both."""
    less, more = sorted((one, other), key=lambda each: abs(each.quantity))
    if not less.quantity:
        return more
    unrealised = None if one.unrealised is None or other.unrealised is None else one.unrealised + other.unrealised
    return replace(more, quantity=one.quantity + other.quantity, entry=None, unrealised=unrealised)


def _position(given: Any, name: str) -> PositionReading:
    if isinstance(given, PositionReading):
        fields: dict[str, Any] = asdict(given)
    elif hasattr(given, "keys"):
        fields = dict(given)
        if ccxt_records.is_position(fields):
            fields = ccxt_records.position(fields)
    else:
        fields = {"quantity": given}
    unknown = fields.keys() - set(PositionReading.__struct_fields__)
    if unknown:
        message = f"{name}: no field {min(unknown)!r}; there are {', '.join(PositionReading.__struct_fields__)}"
        raise ValueError(message)
    amounts = {field: decimal(value, f"{name}.{field}", signed=True)
               for field, value in fields.items() if not missing(value)}  # fmt: skip
    if "quantity" not in amounts:
        message = f"{name}: its quantity is not known; leave the symbol out, or give 0 where nothing is held"
        raise ValueError(message)
    return PositionReading(**amounts)


def reason(given: Reason | str | None) -> Reason | None:
    """A reason; a text is one in the caller's own words."""
    if missing(given):
        return None
    if not isinstance(given, Reason):
        return in_own_words(text(given, "reason"))
    value, limit, against = _known(given.value), _known(given.limit), _known(given.against)
    return Reason(label(given.key, "key"), value, limit, against, text(given.text, "text"))


def observation(given: Observation | object) -> Observation:
    """The observation, each field of its declared type. Numbers may be infinite or NaN: the story refuses those."""
    if not isinstance(given, Observation):
        fields = ", ".join(f"{name}=…" for name in Observation.__struct_fields__)
        message = f"observe takes an Observation({fields}), all but the time optional; not {shown(given)}"
        raise ValueError(message)
    changed = {}
    for name, taken, convert in _OBSERVED:
        value = getattr(given, name)
        if value is None or value.__class__ is taken:
            continue
        converted = convert(value, name)
        if converted is not value:
            changed[name] = converted
    return replace(given, **changed) if changed else given


def rules(given: Rules | object) -> Rules:
    """The rules, each of its declared type. A cooldown may be a timedelta; shares are shares, not percent."""
    if not isinstance(given, Rules):
        message = f"rules takes Rules(breaker=…, cooldown=…, …), not {shown(given)}"
        raise ValueError(message)
    values = {name: getattr(given, name) for name in given.__struct_fields__ if name != "settings"}
    checked = {name: _RULE[name](value, name) for name, value in values.items() if value is not None}
    for name in _SHARES & checked.keys():
        if not 0 <= checked[name] <= 1:
            message = f"{name} {checked[name]:g}: expected a share from 0 to 1, such as 0.2 for 20 %"
            raise ValueError(message)
    if 0 < checked.get("cooldown", 0) < SECOND:
        message = f"cooldown {checked['cooldown']}: expected a timedelta, or microseconds"
        raise ValueError(message)
    settings = {
        label(name, "setting"): shortened(_words(value, "setting")) for name, value in (given.settings or {}).items()
    }
    return Rules(**checked, settings=settings)


_SHARES = {"breaker", "daily_loss", "max_weight", "ath_min_gain", "step", "fee"}


def _wrong(name: str, value: object, expected: str) -> ValueError:
    comma = isinstance(value, str) and "," in value
    hint = "; a comma may mean a point or thousands: write a point" if comma else ""
    return ValueError(f"{name} {shown(value)}: expected {expected}{hint}")


def _float(value: Any, name: str) -> float:
    try:
        given = plain(value)
        if not isinstance(given, bool):
            return float(given)
    except (ArithmeticError, TypeError, ValueError):
        pass
    raise _wrong(name, value, "a number")


def _words(value: object, name: str) -> str:
    try:
        return encodable(plain(value))
    except Exception as error:  # noqa: BLE001 - an object that can't say what it is may raise anything
        message = f"{name} of type {type(value).__name__}: expected a text; it has none ({type(error).__name__})"
        raise ValueError(message) from None


def _known(value: Any) -> float | None:
    """A reason's number; one that is none is unknown, and costs nothing but itself."""
    try:
        return None if value is None else finite(value, "number")
    except ValueError:
        return None


def _flag(value: Any, name: str) -> bool:
    try:
        given = plain(value)
    except ValueError:
        given = None
    if isinstance(given, bool) or (isinstance(given, int | float) and given in {0, 1}):
        return bool(given)
    raise _wrong(name, value, "True or False")


def _label(value: Any, name: str) -> str | None:
    if missing(value):
        return None
    return value if value.__class__ is str and value.isascii() and len(value) <= MOST_OF_A_NAME else label(value, name)


def _reason(value: Any, _name: str) -> Reason | None:
    return reason(value)


def duration(value: Any, name: str) -> int:
    """A timedelta, or whole microseconds: as long as there are years, and not below 0."""
    given = plain(value)
    taken = given // timedelta(microseconds=1) if isinstance(given, timedelta) else int(finite(given, name))
    if taken < 0 or absurd(taken):
        raise _wrong(name, value, "a duration: a timedelta, or microseconds")
    return taken


def interval(value: Any, name: str) -> int:
    """Of a bar: a duration above 0."""
    taken = duration(value, name)
    if not taken:
        raise _wrong(name, value, "the length of a bar, above 0")
    return taken


def _types(record: type) -> dict[str, type]:
    """The fields of a record that may be None, and what they are otherwise."""
    hints = get_type_hints(record).items()
    return {name: get_args(hint)[0] for name, hint in hints if NoneType in get_args(hint)}


# A field's type, the class of a value that needs no look, and what makes one of another.
_CONVERSIONS: dict[type, tuple[type, Callable[[Any, str], object]]] = {
    float: (float, _float),
    bool: (bool, _flag),
    int: (NoneType, time),  # an int may count seconds
    str: (NoneType, _label),
    Reason: (NoneType, _reason),
    dict[str, PositionReading]: (NoneType, positions),
}
_OBSERVED = tuple((name, *_CONVERSIONS[kind]) for name, kind in _types(Observation).items())
_RULE: dict[str, Callable[[Any, str], Any]] = {
    name: {float: finite, int: duration, str: _label}[kind] for name, kind in _types(Rules).items()
}
