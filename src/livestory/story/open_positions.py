"""What is held now of each symbol, as a reader is shown it: by the bot's last readings, and by its fills."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from livestory.story.account import PART
from livestory.story.inputs import PositionReading
from livestory.story.positions import EXACT
from livestory.story.results import OpenPosition
from livestory.story.symbol import traded

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from livestory.story.account import Account
    from livestory.story.positions import Holding


def open_positions(account: Account) -> tuple[OpenPosition, ...]:
    """All that are open, by symbol; without any word of positions from the bot, what its fills have left open.

    What fills have changed since its last word is there by them.
    """
    readings = account.last.positions if account.last is not None else None
    if account.last is None or readings is None:
        return by_fills(account)
    read = [_read(symbol, each, account.positions.get(symbol)) for symbol, each in by_now(account, readings)]
    read += opened_since(account, account.last.time, readings)
    return tuple(sorted(read, key=lambda each: each.symbol or ""))


def by_now(account: Account | None, readings: Mapping[str, PositionReading]) -> Iterator[tuple[str, PositionReading]]:
    """The bot's last word of its positions, with what its fills have changed since, and without what they closed."""
    for symbol, reading in readings.items():
        moved = account.moved.get(symbol) if account is not None else None
        now = reading if account is None or not moved else _moved(reading, moved, account.positions.get(symbol))
        if now.quantity:
            yield symbol, now


def _moved(reading: PositionReading, moved: Decimal, holding: Holding | None) -> PositionReading:
    """What fills have made of a reading: its result and its price of liquidation are others now."""
    quantity, entry = EXACT.add(reading.quantity, moved), None
    if holding is not None and holding.dust:
        quantity = Decimal(0)
    elif holding is not None and holding.quantity == quantity:
        entry = holding.entry
    elif reading.quantity * moved < 0 and reading.quantity * quantity > 0:  # a part was closed
        entry = reading.entry
    return PositionReading(quantity=quantity, price=reading.price, entry=entry)


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
