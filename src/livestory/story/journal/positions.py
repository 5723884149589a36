"""Positions as a journal keeps them.

Quantity and entry change seldom: a row of the table ``positions`` stands for each change. What moves with every
observation stands in the observation's own row, with the symbols that it reported. Together they are the reading.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from livestory.story.inputs import PositionReading
from livestory.story.journal import queries
from livestory.story.journal.checksum import checksum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import apsw

_Amount = Decimal | None
_decode = msgspec.json.Decoder(dict[str, tuple[_Amount, _Amount, _Amount, _Amount]]).decode
_CLOSED = PositionReading(quantity=Decimal())
_NONE: Mapping[str, PositionReading] = {}


class Held(NamedTuple):
    """The positions that an observation reported."""

    time: int
    positions: Mapping[str, PositionReading]

    @classmethod
    def last(cls, db: apsw.Connection) -> Held:
        """Those that were reported last. Raises ValueError and msgspec.DecodeError for damaged rows."""
        found = queries.last_moving(db)
        return cls(0, _NONE) if found is None else cls(found[0], KeptPositions(db).of(*found))

    def changes(self, time: int, now: Mapping[str, PositionReading]) -> Iterator[tuple[object, ...]]:
        """A row for each position whose quantity or entry is another now; of one that is gone its quantity is 0."""
        for symbol, reading in now.items():
            before = self.positions.get(symbol)
            if before is None or _rare(before) != _rare(reading):
                yield _row(time, symbol, reading)
        for symbol in self.positions.keys() - now.keys():
            yield _row(time, symbol, _CLOSED)


def moving(positions: Mapping[str, PositionReading]) -> str:
    """The part that changes with every bar and is kept in the observation's row, as JSON by symbol."""
    each = {name: (p.price, p.unrealised, p.leverage, p.liquidation) for name, p in positions.items()}
    return msgspec.json.encode(each).decode()


class KeptPositions:
    """The positions of observations, as they were reported. Made anew where a writer may have gone on meanwhile."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._found: dict[str, _Change] = {}

    def of(self, time: int, moving: str) -> dict[str, PositionReading]:
        """Those of the observation of that time. Raises ValueError and msgspec.DecodeError for damaged rows."""
        found = {}
        for symbol, (price, unrealised, leverage, liquidation) in _decode(moving).items():
            change = self._found.get(symbol)
            if change is None or not change.time <= time < change.until:
                change = self._found[symbol] = self._change(symbol, time)
            found[symbol] = PositionReading(
                quantity=change.quantity,
                price=price,
                entry=change.entry,
                unrealised=unrealised,
                leverage=leverage,
                liquidation=liquidation,
            )
        return found

    def _change(self, symbol: str, time: int) -> _Change:
        row = queries.position(self._db, symbol, time)
        if row is None:
            message = f"the position in {symbol} is missing"
            raise ValueError(message)
        *values, kept, until = row
        if kept != checksum(*values):
            message = f"the position in {symbol} of {values[0]} was altered"
            raise ValueError(message)
        at, _, quantity, _, entry, *_ = values
        return msgspec.convert((at, queries.END if until is None else until, quantity, entry), _Change)


class _Change(NamedTuple):
    """From when until when a position had this quantity and entry."""

    time: int
    until: int
    quantity: Decimal
    entry: Decimal | None


def _rare(reading: PositionReading) -> tuple[str, str]:
    """What is kept once a change, to the last zero: 1.0 and 1.00 are read back as they were given."""
    return str(reading.quantity), str(reading.entry)


def _row(time: int, symbol: str, reading: PositionReading) -> tuple[object, ...]:
    amounts = msgspec.structs.astuple(reading)
    return time, symbol, *(None if amount is None else str(amount) for amount in amounts)
