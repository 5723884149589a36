"""What is held now of each symbol, as a reader is shown it: by the bot's last readings, and by its fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.account import PART
from livestory.story.results import OpenPosition
from livestory.story.symbol import traded

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from livestory.story.account import Account
    from livestory.story.inputs import PositionReading
    from livestory.story.positions import Holding


def open_positions(account: Account) -> tuple[OpenPosition, ...]:
    """All that are open, by symbol; without any word of positions from the bot, what its fills have left open.

    What was opened since its last word is there by its fills.
    """
    readings = account.last.positions if account.last is not None else None
    if account.last is None or readings is None:
        return by_fills(account)
    read = [_read(symbol, each, account.positions.get(symbol)) for symbol, each in readings.items() if each.quantity]
    read += opened_since(account, account.last.time, {each.symbol for each in read})
    return tuple(sorted(read, key=lambda each: each.symbol or ""))


def opened_since(account: Account, heard: int, known: Container[str | None]) -> Iterator[OpenPosition]:
    """What fills have opened since the bot's last word of its positions, in which these were ``known``."""
    for each in by_fills(account):
        if each.since is not None and each.since > heard and each.symbol and each.symbol not in known:
            yield each


def by_fills(account: Account) -> tuple[OpenPosition, ...]:
    """What fills have left open, but for dust; of several positions in a symbol each for itself."""
    held = sorted(account.positions.items())
    return tuple(_filled(symbol, each) for symbol, each in held if each.quantity and not each.dust)


def _filled(symbol: str, holding: Holding) -> OpenPosition:
    since = holding.trip.since if holding.trip is not None else None
    symbol = symbol.partition(PART)[0]
    return OpenPosition(symbol=symbol or None, quantity=holding.quantity, entry=holding.entry, since=since)


def _read(symbol: str, reading: PositionReading, holding: Holding | None) -> OpenPosition:
    agrees = holding is not None and holding.quantity == reading.quantity and not holding.dust
    known = _filled(symbol, holding) if holding is not None and agrees else None
    entry = reading.entry if reading.entry is not None or known is None else known.entry
    result, of = reading.unrealised, traded(symbol)
    if result is None and entry is not None and reading.price is not None and of.worked_out:
        result = (reading.price - entry) * reading.quantity
    return OpenPosition(
        symbol=symbol,
        quantity=reading.quantity,
        entry=entry,
        price=reading.price,
        result=result,
        asset=of.paid_in if result is not None else None,
        since=known.since if known is not None else None,
    )
