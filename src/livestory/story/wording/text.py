"""Anybody's text inside a line: it can't forge, hide or split one, and can be read back."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 4_096
"""Characters of a caller's text that a line has; what is beyond them is counted."""

# Zero width joiners belong to emoji and to several scripts, and move nothing on a screen.
_HARMLESS = frozenset("\u200c\u200d")
_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, bidi and other format marks, surrogates, separators
_ESCAPE = re.compile(r"\\(?:([\\|])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def escape(text: str) -> str:
    r"""The text with backslash, column bar and unprintable characters written as ``\\``, ``\|``, ``\x0a`` and so on."""
    if text.isprintable() and "\\" not in text and "|" not in text:
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in "\\|":
        return "\\" + character
    if unicodedata.category(character) not in _DANGEROUS or character in _HARMLESS:
        return character
    code = ord(character)
    if code < 0x100:  # noqa: PLR2004 - two hexadecimal digits
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - four digits


def visible(text: str) -> str:
    r"""The text, of however many lines, with what a terminal would act on written as ``\x1b`` and so on."""
    if all(line.isprintable() for line in text.split("\n")):
        return text
    return "".join(each if each in "\n\\|" else _escaped(each) for each in text)


def of(amount: str, asset: str | None) -> str:
    """``0.8929 BTC``: an amount and its asset; the amount alone where nobody said of what it is."""
    return f"{amount} {escape(asset)}" if asset else amount


def listed(parts: Sequence[str]) -> str:
    """``one, two and three``."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def none_of(asset: str | None) -> str:
    """``no ETH``: that nothing is held of it."""
    return f"no {escape(asset)}" if asset else "nothing"


def all_in(quote: str | None) -> str:
    """``all in BTC``: that nothing is held but the quote asset, which is named where it is known."""
    return f"all in {escape(quote)}" if quote else "nothing held"


def unescape(text: str) -> str:
    """The text that `escape` was given."""
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    plain, *codes = match.groups()
    return plain or chr(int(next(filter(None, codes)), 16))


def encodable(text: object) -> str:
    """The text without lone surrogates, which no file can hold: each becomes its escape."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def shortened(text: str, most: int = MOST) -> str:
    """The text, or its beginning and how much more there was."""
    more = len(text) - most
    return text if more <= 0 else f"{text[:most]}… ({more:,} more characters)"
