"""A file of Hummingbot's, whichever it is: its database, or its CSV of trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from livestory.follow.database import Database
from livestory.follow.hummingbot.csv import HummingbotCsv
from livestory.follow.hummingbot.database import HummingbotDatabase
from livestory.follow.hummingbot.records import quote_of, symbol_of
from livestory.story.journal.entry import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livestory.follow.hummingbot.database import Page


class Pages(Protocol):
    """What is in such a file, page by page. All of it raises `DatabaseNotNow` and InputError."""

    @property
    def path(self) -> Path:
        """Where the file lies now."""
        ...

    tables: tuple[str, ...]  # from which inputs are read: each has its own place in a cursor

    def page(self, table: str, after: int, reasons: Mapping[str, tuple[str, str]] | None = None) -> Page:
        """What was written into ``table`` after the place ``after``; ``reasons`` are those of `reasons`."""
        ...

    def mark(self, place: int) -> str | None:
        """What tells the fill at a place from all others; None where there is none."""
        ...

    def reasons(self) -> dict[str, tuple[str, str]]:
        """By its order: the side on which a position was entered, and why it was closed, as far as that is known."""
        ...

    def kinds(self) -> set[tuple[str, str, str]]:
        """Of which configuration the fills are, in which market and pair."""
        ...

    def state(self) -> object:
        """Equal to another time's where nothing was written in between."""
        ...


def pages_of(file: Path) -> Pages:
    """The file as what it is, or will be where it is not there yet."""
    if file.suffix.lower() == ".csv" or HummingbotCsv.is_one(file):
        return HummingbotCsv(file)
    return HummingbotDatabase(Database(file))


def identity_of(pages: Pages) -> Identity:
    """Whose story it is: the configuration's, the pair and the currency, each where there is just one."""
    kinds = pages.kinds()
    symbols = {symbol_of(market, pair) for _, market, pair in kinds}
    return Identity(
        bot=_only({config.removesuffix(".yml").removesuffix(".py") for config, *_ in kinds}) or None,
        symbol=_only(symbols),
        unit=_only({quote_of(symbol) for symbol in symbols}) or None,
    )


def _only(found: set[str]) -> str | None:
    return next(iter(found)) if len(found) == 1 else None
