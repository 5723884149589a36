"""Records a journal of this schema for the tests of later ones: ``python -m tests.journal.record``.

To be done once a schema is released, and never again: it is what that release wrote.
"""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw.shell

from livestory.clock import MINUTE, instant
from livestory.story.inputs import Fill, Observation, PositionReading
from livestory.story.journal.schema import STEPS
from livestory.story.journal.writer import Entry, Identity, Journal
from livestory.story.narrator import NARRATOR, Narrator

_START = instant("2024-12-03 15:00:00")
_BARS = 60


def bar(n: int) -> Observation:
    """One of a book of two perpetuals: one is added to and closed, one short is held; of some bars nothing is known."""
    positions = {"ETH/USDT:USDT": _reading("-2.50", 3600 + n, "3650.5", str(4000 - n))}
    if 10 <= n < 40:
        positions["BTC/USDT:USDT"] = _reading("0.010" if n < 25 else "0.015", 96_000 + 10 * n, "96100", None)
    known = None if n % 13 == 5 else positions
    return Observation(time=_START + n * 15 * MINUTE, wealth=10_000.0 + n, halted=False, positions=known)


def _reading(quantity: str, price: int, entry: str, liquidation: str | None) -> PositionReading:
    return PositionReading(
        quantity=Decimal(quantity),
        price=Decimal(price),
        entry=Decimal(entry),
        unrealised=(Decimal(price) - Decimal(entry)) * Decimal(quantity),
        leverage=Decimal(3),
        liquidation=None if liquidation is None else Decimal(liquidation),
    )


def tell(path: Path) -> None:
    """A story with positions, and a line that is not shown."""
    narrator = Narrator("ETH/USDT:USDT", "USDT")
    journal = Journal.open(path, Identity(bot="book", symbol="ETH/USDT:USDT", unit="USDT"))
    for n in range(_BARS):
        observed = bar(n)
        bought = Fill(time=observed.time, side="buy", quantity=Decimal("0.5"), price=Decimal(3600), trade_id=f"t{n}")
        events = [*narrator.take(observed), *(narrator.take(bought) if n in {20, 30} else ())]
        entries = [
            Entry(each.id, each.time, each.time, each.kind, each.record(), each.line, shown=not (n == 30 and not place))
            for place, each in enumerate(events)
        ]
        journal.append(entries, [observed], {NARRATOR: narrator.save()})
    journal.close()


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        story = Path(scratch, "live_story.txt")
        tell(story)
        dump = io.StringIO()
        db = apsw.Connection(str(story.with_suffix(".db")))
        apsw.shell.Shell(stdout=dump, db=db).process_command(".dump")  # type: ignore[no-untyped-call]  # it comes without types
        lines = (line for line in dump.getvalue().splitlines() if not line.startswith("--"))
        Path(__file__).with_name(f"schema_{len(STEPS)}.sql").write_text("\n".join(lines) + "\n", "utf-8")
