"""What is held now of each symbol, as a reader is shown it: by the bot's last readings, else by its fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.results import OpenPosition
from livestory.story.symbol import traded

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import PositionReading
    from livestory.story.positions import Holding


def open_positions(account: Account) -> tuple[OpenPosition, ...]:
    """All that are open, by symbol; without any word of positions from the bot, what its fills have left open."""
    readings = account.last.positions if account.last is not None else None
    held = {symbol: each for symbol, each in account.positions.items() if each.quantity and not each.dust}
    if readings is None:
        return tuple(_filled(symbol, holding) for symbol, holding in sorted(held.items()))
    return tuple(
        _read(symbol, reading, held.get(symbol)) for symbol, reading in sorted(readings.items()) if reading.quantity
    )


def _filled(symbol: str, holding: Holding) -> OpenPosition:
    since = holding.trip.since if holding.trip is not None else None
    symbol = symbol.partition("\n")[0]  # of several in it, each is told
    return OpenPosition(symbol=symbol or None, quantity=holding.quantity, entry=holding.entry, since=since)


def _read(symbol: str, reading: PositionReading, holding: Holding | None) -> OpenPosition:
    known = _filled(symbol, holding) if holding is not None and holding.quantity == reading.quantity else None
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
