"""How numbers, amounts and times are written in a line."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Context, Decimal
from functools import lru_cache

from livestory.clock import DAY, HOUR, MINUTE, SECOND, as_datetime

_REMEMBERED = 64  # days and minutes: lines that are told one after the other are of few

# Units worth about a dollar or less are shown in cents; everything else in four decimals.
_CENTS = ("USD", "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI", "EUR", "GBP", "CHF", "AUD", "CAD")
_WHOLE = ("JPY", "KRW", "SATS")
_DECIMALS: dict[str | None, int] = {**dict.fromkeys(_CENTS, 2), **dict.fromkeys(_WHOLE, 0)}

# Not strftime's names: those follow the locale that the bot around us may have set.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def decimals(unit: str | None) -> int:
    """How many decimals amounts of wealth in ``unit`` are shown with."""
    return _DECIMALS.get(unit, 4)


def whole(number: int) -> str:
    """``9600``, ``87,547``: a number of things."""
    return _grouped(str(number))


def wealth(amount: float | Decimal, unit: str | None, more: int = 0) -> str:
    """``1.0234``, ``12,345.60``: an amount of wealth, with the unit's own decimals, or so many more."""
    return _grouped(f"{amount:z.{decimals(unit) + more}f}")


def signed_wealth(amount: float | Decimal, unit: str | None) -> str:
    """``+0.1000``: a change of wealth."""
    text = f"{amount:+.{decimals(unit)}f}"
    return _grouped(text) if text.strip("+-0.") else text[1:]


def earned(amount: Decimal, unit: str | None) -> str:
    """``+1.98``: a result, with the unit's own decimals; one that is less than they show, by the digits that count."""
    told = signed_wealth(amount, unit)
    if not amount or told.strip("+-0."):
        return told
    return ("+" if amount > 0 else "") + average(float(amount))


_GROUPED = 5  # digits before the point, from which on they stand in groups of three


def _grouped(text: str) -> str:
    """A number in digits as a person reads it: large ones in groups."""
    if len(text) < _GROUPED or "." in text[:_GROUPED]:
        return text
    before, point, after = text.partition(".")
    digits = before.lstrip("+-")
    if len(digits) < _GROUPED or not digits.isdecimal():
        return text
    return f"{before[: len(before) - len(digits)]}{int(digits):,}{point}{after}"


_ROUNDS_TO_ONE = 0.995  # two decimals of it are no longer under 1 %


def percent(share: float | Decimal, more: int = 0) -> str:
    """``-21.2%``, ``+0.75%``: signed, one decimal, two under 1 %, or so many more; nothing is ``0.0%``."""
    number = float(share)
    places = (1 if abs(number) * 100 >= _ROUNDS_TO_ONE else 2) + more
    text = f"{_hundredths(number):+.{places}f}"
    return f"{_grouped(text)}%" if text.strip("+-0.") else "0.0%"


def unsigned_percent(share: float | Decimal, more: int = 0) -> str:
    """``2.6%``: the same without a sign, where words tell the direction."""
    return percent(share, more).lstrip("+-")


def weight(share: float, more: int = 0) -> str:
    """``67%``: a share of wealth, in whole percent or with so many decimals."""
    return _grouped(f"{abs(_hundredths(share)):.{more}f}") + "%"


def exposure(share: float, more: int = 0) -> str:
    """``32%``, ``32.5%``, ``-50%``: a weight that is wanted, and may be short."""
    return _grouped(f"{_hundredths(share):z.{1 + more}f}".rstrip("0").rstrip(".")) + "%"


def _hundredths(share: float) -> float | Decimal:
    number = share * 100
    return number if math.isfinite(number) else Decimal(share) * 100  # a share that was never sensible is still told


def score(value: float, more: int = 0) -> str:
    """``32.5``: a regime score."""
    return _grouped(f"{value:z.{1 + more}f}")


def bound(value: float, more: int = 0) -> str:
    """``30``: a limit as the owner would write it."""
    text = f"{value:z.{_BOUND + more}g}"
    return exact(value, more) if "e" in text else _grouped(text)


_BOUND, _EXACT = 6, 10  # digits
_FINEST = 8  # decimals in which exchanges count
_OF_A_FLOAT = 8  # digits: of 100,000 the last is a tenth of a cent
_NOTHING = 1e-15  # what is less is the dust that floats leave


def exact(value: Decimal | float, more: int = 0) -> str:
    """``0.0329``: every digit that counts, and no zero after them. A float counts ten digits, or so many more.

    What has more digits than that, some beyond any exchange's, was a float once, and is told in eight.
    """
    if isinstance(value, Decimal):
        text = str(value)
        if len(text) > _EXACT and _was_a_float(value):
            text = str(Context(prec=max(_OF_A_FLOAT, value.adjusted() + 1)).plus(value))
    else:
        text = str(Decimal(0) if abs(value) < _NOTHING else Decimal(format(value, f".{_EXACT + more}g")))
    if "E" in text:
        text = f"{Decimal(text):f}"
    if text[-1] == "0" and "." in text:
        text = text.rstrip("0").rstrip(".")
    if "." in text[:_GROUPED]:
        return text
    return _grouped(text) if text != "-0" else "0"


def _was_a_float(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return len(digits) > _EXACT and isinstance(exponent, int) and exponent < -_FINEST


def signed(value: Decimal) -> str:
    """``+0.25``: a change, exact."""
    return ("+" if value >= 0 else "") + exact(value)


def mean_price(value: Decimal) -> str:
    """``0.08087``, ``3652.13``: a price that may be an average, exact in five digits or to the cent, else rounded so.

    What is less than one is rounded to four digits, as exchanges quote it.
    """
    if len(str(value)) <= _PRICE.prec or _PRICE.plus(value) == value:
        return exact(value)
    places = max(2, 3 - value.adjusted()) if value else 0
    return exact(rounded(value, places))


_PRICE, _ANY = Context(prec=5), Context(prec=1000)


def rounded(value: Decimal, places: int) -> Decimal:
    """The value to so many decimals: ``round``, whatever the context of whoever tells."""
    return value.quantize(Decimal((0, (1,), -places)), context=_ANY)


def average(value: float) -> str:
    """``0.0303``: a calculated price, four digits."""
    if not _NOTHING <= abs(value) < math.inf:
        return exact(value)
    text = f"{value:.4g}"
    if "e" in text:
        text = f"{Decimal(text):f}" if abs(value) < 1 else f"{value:.0f}"
    return _grouped(text)


def duration(micros: int) -> str:
    """``2d 15h 15m``: days, hours and minutes; below a minute, seconds."""
    if micros < MINUTE:
        return f"{micros // SECOND}s"
    days, rest = divmod(micros // MINUTE, DAY // MINUTE)
    hours, minutes = divmod(rest, HOUR // MINUTE)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count)


def stamp(micros: int) -> str:
    """``2024-12-03 15:00:00``: the first column; UTC."""
    minutes, rest = divmod(micros, MINUTE)
    return f"{_minute(minutes)}:{rest // SECOND:02}"


@lru_cache(_REMEMBERED)
def _minute(minutes: int) -> str:
    days, rest = divmod(minutes, DAY // MINUTE)
    return f"{_date(days)} {rest // 60:02}:{rest % 60:02}"


@lru_cache(_REMEMBERED)
def _date(days: int) -> str:
    return as_datetime(days * DAY).date().isoformat()


def minute(micros: int) -> str:
    """``2024-12-03 15:00``: a full date in the middle of a line."""
    return _minute(micros // MINUTE)


def moment(micros: int, told: int) -> str:
    """``20:00``, ``Sun 02:30``, ``Sun 8 Dec 02:30``: an instant beside the line's own time ``told``.

    A bare clock time is of the line's day, a weekday is the day before or after, anything further carries its date.
    """
    then, now = as_datetime(micros), as_datetime(told)
    clock = f"{then:%H:%M}"
    apart = abs(then.date() - now.date())
    if not apart:
        return clock
    if apart == timedelta(days=1):
        return f"{_DAYS[then.weekday()]} {clock}"
    return f"{day(micros)} {clock}" if then.year == now.year else minute(micros)


def to_the_second(micros: int, told: int) -> str:
    """``22:19:48``, ``Sun 02:30:00``: the same with its seconds, for what an exchange says."""
    return moment(micros, told) + stamp(micros)[16:]


def lag(micros: int) -> str:
    """``7s``, ``1.2s``, ``0.34s``: how far two clocks are apart; from a minute on as a duration."""
    return f"{exact(Decimal(micros // 10_000) / 100)}s" if micros < MINUTE else duration(micros)


def dated(micros: int, told: int) -> str:
    """``Tue 3 Dec 16:00``, with its year where that is another: an instant in a chapter longer than a week."""
    same_year = as_datetime(micros).year == as_datetime(told).year
    return f"{day(micros)} {stamp(micros)[11:16]}" if same_year else minute(micros)


def day_and_year(micros: int, told: int) -> str:
    """``19 Jul``, ``19 Jul 2022``: a day, with its year where that is another."""
    short = day(micros).partition(" ")[2]
    year_ = as_datetime(micros).year
    return short if year_ == as_datetime(told).year else f"{short} {year_}"


def day(micros: int) -> str:
    """The day of an instant: ``Tue 3 Dec``."""
    date = as_datetime(micros)
    return f"{_DAYS[date.weekday()]} {date.day} {_MONTHS[date.month - 1][:3]}"


def week(micros: int) -> str:
    """``49``: the week of the year, by ISO 8601."""
    return str(as_datetime(micros).isocalendar().week)


def month(micros: int) -> str:
    """The month of an instant: ``December 2024``."""
    date = as_datetime(micros)
    return f"{_MONTHS[date.month - 1]} {date.year}"


def year(micros: int) -> str:
    """The year of an instant: ``2024``."""
    return str(as_datetime(micros).year)


def count(number: int, thing: str) -> str:
    """``1 buy``, ``2 buys``, ``3 tries``, ``2 losses``, ``2 switches``."""
    plural = f"{thing[:-1]}ies" if thing.endswith("ry") else f"{thing}{'es' if thing.endswith(('s', 'ch')) else 's'}"
    return f"{number} {thing}" if number == 1 else f"{whole(number)} {plural}"


def reading(what: str, value: float, unit: str | None) -> str:
    """A reading of a bot as a person would write it: ``0.8929 BTC``, ``0.0302``, ``24.8``, ``-5.1%``."""
    if what in {"drawdown", "day_return"}:
        return percent(value)
    return f"{wealth(value, unit)} {unit or ''}".rstrip() if what == "wealth" else exact(value)


def found(fills: int | None) -> str:
    """``1 fill found, below``: fills that were heard of late, each told on a line of its own; empty for none."""
    return f"{count(fills, 'fill')} found, below" if fills else ""
