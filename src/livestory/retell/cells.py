"""What people write into a cell for a number: ``$1,234.50``, ``1.234,50``, ``0.1BTC``, ``(12.3)``, ``5 %``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = frozenset({
    "", "nan", "na", "n/a", "#n/a", "<na>", "nat", "null", "nil", "none", "undefined", "unknown", "-", "--", "–", "—",
})  # fmt: skip
"""As tables write an empty cell."""


def is_unknown(cell: str) -> bool:
    """Whether a cell says that there is no value in it."""
    return cell.strip().casefold() in UNKNOWN


_UNITS = {
    "$": "USD",
    "US$": "USD",
    "R$": "BRL",
    "A$": "AUD",
    "C$": "CAD",
    "HK$": "HKD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₿": "BTC",
    "Ξ": "ETH",
    "₮": "USDT",
}
_UNIT = r"[^\W\d_][\w.]{0,11}|[A-Z]{1,2}\$|[$€£¥₿Ξ₮]|%"
_NUMBER = r"[0-9][0-9.,'’_\u00a0\u202f ]*|[.,][0-9]+"
_CELL = re.compile(
    rf"(?P<outside>[$€£](?=\())?(?P<open>\()?(?P<sign>[-+−]?)\s*(?P<before>{_UNIT})?\s*(?P<inner>[-+−]?)(?P<number>{_NUMBER})"
    rf"(?P<power>[eE][-+]?[0-9]+)?\s*(?P<after>{_UNIT})?\s*(?P<close>\))?(?P<trailing>-)?"  # SAP's minus is last
)
_GROUPS = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_LAKHS = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}")
_SPACES = re.compile(r"['’_\u00a0\u202f ]")
CURRENCY = re.compile(r"[A-Z]{3,5}").fullmatch
"""Whether a text may be the name of a currency."""
_LONGEST = 80  # characters of a number


class Written(NamedTuple):
    """A number as it was meant: plain digits with a point, what it counts, and whether it counts hundredths."""

    text: str
    unit: str | None = None
    percent: bool = False


def written(cell: str, mark: str = ".") -> Written:
    """The number in a cell, where ``mark`` stands before its decimals. Raises ValueError where there is none."""
    found = _CELL.fullmatch(cell.strip()) if len(cell) <= _LONGEST else None
    signs = found and [each for each in (found["sign"], found["inner"], found["open"], found["trailing"]) if each]
    if found is None or bool(found["open"]) != bool(found["close"]) or len(signs or ()) > 1:
        raise ValueError(cell)
    units = [each for each in (found["outside"], found["before"], found["after"]) if each]
    if len(units) > 1 and "%" not in units:
        raise ValueError(cell)
    sign = "-" if signs and signs[0] != "+" else ""
    name = next((each for each in units if each != "%"), None)
    number = _plain(found["number"], mark) + (found["power"] or "")
    return Written(sign + number, name and _UNITS.get(name, name), "%" in units)


def _plain(number: str, mark: str) -> str:
    whole, point, decimals = _SPACES.sub("", number).partition(mark)
    other = "," if mark == "." else "."
    if mark in decimals or other in decimals:
        raise ValueError(number)
    if other in whole:
        if not _GROUPS.fullmatch(whole) and not (other == "," and _LAKHS.fullmatch(whole)):
            raise ValueError(number)
        whole = whole.replace(other, "")
    return f"{whole}{'.' if point else ''}{decimals}"


def decimal_mark(cells: Iterable[str]) -> str | None:
    """What stands before the decimals in these cells; None where nothing decides, as in ``1,234``."""
    maybe = False
    marks = set()
    for cell in cells:
        found = _CELL.fullmatch(cell.strip()) if len(cell) <= _LONGEST else None
        if found is None:
            continue
        number = _SPACES.sub("", found["number"])
        used = [each for each in number if each in ".,"]
        if not used:
            continue
        if len(set(used)) > 1:
            marks.add(used[-1])
        elif not _GROUPS.fullmatch(number) or (number.startswith("0") and len(used) == 1):
            marks.add(used[0] if len(used) == 1 else "")
        elif len(used) > 1:
            marks.add("," if used[0] == "." else ".")
        else:
            maybe = maybe or used[0] == ","
    if len(marks) == 1:
        return marks.pop() or "."
    return "." if marks or not maybe else None
