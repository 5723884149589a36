"""Positions are read back as they were reported; a row of their own stands for each change of quantity or entry."""

from __future__ import annotations

import os
import random
import signal
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from livestory.clock import MINUTE
from livestory.errors import JournalCorrupt, JournalError
from livestory.story.files.verify import verify
from livestory.story.inputs import Observation, PositionReading
from livestory.story.journal.writer import Journal, JournalReader
from tests.journal.stories import DEMO, START, ended, entry, forked

if TYPE_CHECKING:
    from pathlib import Path

_SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")


def held(quantity: str, price: str = "100", entry: str | None = "99.50") -> PositionReading:
    """A position as an exchange reports it."""
    return PositionReading(
        quantity=Decimal(quantity),
        price=Decimal(price),
        entry=None if entry is None else Decimal(entry),
        unrealised=Decimal("-0.25"),
        leverage=Decimal(5),
        liquidation=Decimal("80.10"),
    )


def seen(n: int, positions: dict[str, PositionReading] | None) -> Observation:
    """The n-th observation."""
    return Observation(time=START + n * MINUTE, wealth=1.0, positions=positions)


def rows(path: Path) -> list[tuple[int, str, str, str | None]]:
    """The table: which bar, which symbol, quantity and entry."""
    db = apsw.Connection(str(path.with_suffix(".db")), flags=apsw.SQLITE_OPEN_READONLY)
    found: Any = db.execute("SELECT time, symbol, quantity, entry FROM positions ORDER BY time, symbol").fetchall()
    db.close()
    return [((time - START) // MINUTE, symbol, quantity, entry) for time, symbol, quantity, entry in found]


def damage_of(path: Path) -> list[str]:
    """What verify finds wrong in the journal; there is no text here."""
    return [each.what for each in verify(path).findings if each.where != str(path)]


def test_a_row_stands_for_each_change_of_quantity_or_entry(tmp_path: Path) -> None:
    """A price that moves makes none; a position that is closed makes one with quantity 0."""
    path = tmp_path / "live_story.txt"
    journal = Journal.open(path, DEMO)
    told = [
        {"BTC/USDT": held("0.5")},
        {"BTC/USDT": held("0.5", price="101")},
        {"BTC/USDT": held("0.7"), "ETH/USDT": held("-3", entry=None)},
        None,
        {"ETH/USDT": held("-3", entry=None)},
        {},
    ]
    for n, positions in enumerate(told):
        journal.append(observations=[seen(n, positions)])
    journal.close()
    assert rows(path) == [
        (0, "BTC/USDT", "0.5", "99.50"),
        (2, "BTC/USDT", "0.7", "99.50"),
        (2, "ETH/USDT", "-3", None),
        (4, "BTC/USDT", "0", None),
        (5, "ETH/USDT", "0", None),
    ]
    assert damage_of(path) == []


@pytest.mark.parametrize("seed", range(3))
def test_they_are_read_back_as_they_were_reported(tmp_path: Path, seed: int) -> None:
    """To the last zero, over restarts and from any time on; nothing reported is not the same as nothing held."""
    chance, path = random.Random(seed), tmp_path / "live_story.txt"  # noqa: S311 (a story, no secret)
    told: list[Observation] = []
    for _ in range(6):
        journal = Journal.open(path, DEMO)
        for _ in range(chance.randrange(1, 40)):
            batch = [seen(len(told) + n, _any(chance)) for n in range(chance.randrange(1, 3))]
            told += batch
            journal.append(observations=batch)
        journal.close()
    with JournalReader.open(path) as reader:
        assert list(map(repr, reader.observations())) == list(map(repr, told))
        assert list(reader.observations(told[30].time)) == told[30:]
        assert reader.last_observation() == told[-1]
    assert damage_of(path) == []


def _any(chance: random.Random) -> dict[str, PositionReading] | None:
    if chance.random() < 0.2:
        return None
    quantities = ("0.5", "0.50", "-2", "0", "1E+3")
    some = chance.sample(_SYMBOLS, chance.randrange(len(_SYMBOLS) + 1))
    return {
        symbol: held(chance.choice(quantities), str(chance.randrange(50, 60)), chance.choice((None, "1", "1.0")))
        for symbol in some
    }


def test_killed_while_it_writes_them_each_is_kept_once(tmp_path: Path) -> None:
    """With the observation and the events of its transaction, or not at all."""
    path = tmp_path / "live_story.txt"

    def write(answer: int) -> None:
        journal = Journal.open(path, DEMO)
        n = journal.last.seq if journal.last is not None else 0
        while True:
            n += 1
            positions = {symbol: held(str(n // 2), price=str(n)) for symbol in _SYMBOLS[: 1 + n % 3]}
            journal.append([entry(n)], [seen(n, positions)])
            os.write(answer, b".")

    chance = random.Random(2)  # noqa: S311 (where to kill, no secret)
    for _ in range(8):
        pid, read = forked(write)
        for _ in range(chance.randrange(1, 20)):
            os.read(read, 1)
        os.kill(pid, signal.SIGKILL)
        assert ended(pid, read)[0] == -signal.SIGKILL
    assert damage_of(path) == []
    with JournalReader.open(path) as reader:
        read_back = list(reader.observations())
        assert len(read_back) == reader.last_seq
    for observation in read_back:
        n = (observation.time - START) // MINUTE
        assert observation.positions == {name: held(str(n // 2), price=str(n)) for name in _SYMBOLS[: 1 + n % 3]}


def test_an_append_that_failed_and_is_made_again_keeps_them_once(tmp_path: Path) -> None:
    """Whether its transaction was made or not."""
    path = tmp_path / "live_story.txt"
    journal = Journal.open(path, DEMO)
    batch = [seen(1, {"BTC/USDT": held("1")}), seen(2, {"BTC/USDT": held("2")})]
    journal.append(observations=batch)
    with pytest.raises(JournalError):
        journal.append(observations=batch, states={"bot": None})  # type: ignore[dict-item]  # what SQLite refuses
    journal.append(observations=batch)
    journal.append(observations=[seen(3, {"BTC/USDT": held("2")})])
    journal.close()
    assert [(bar, quantity) for bar, _, quantity, _ in rows(path)] == [(1, "1"), (2, "2")]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE positions SET quantity='7' WHERE time=(SELECT max(time) FROM positions)", "was altered"),
        ("DELETE FROM positions", "is missing"),
        ("UPDATE observations SET positions=NULL", "was altered"),
        ("UPDATE observations SET positions='{}'", "was altered"),
    ],
)
def test_a_row_that_was_altered_is_found(tmp_path: Path, damage: str, told: str) -> None:
    """By who reads it, and by verify."""
    path = tmp_path / "live_story.txt"
    journal = Journal.open(path, DEMO)
    journal.append(observations=[seen(1, {"BTC/USDT": held("1")})])
    journal.close()
    db = apsw.Connection(str(path.with_suffix(".db")))
    db.execute(damage)
    db.close()
    with JournalReader.open(path) as reader, pytest.raises(JournalCorrupt, match=told):
        reader.last_observation()
    assert any(told in what for what in damage_of(path))
