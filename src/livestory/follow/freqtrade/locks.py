"""What locks freqtrade's entries, as arcs: told when it begins and, once nothing locks a pair any more, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.inputs import Statement
from livestory.story.kinds.followed import EntriesLocked, LockOver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from livestory.follow.freqtrade.records import Lock


def arcs(locks: Iterable[Lock]) -> Iterator[tuple[Lock, int]]:
    """The first lock of each arc, and the arc's end; what freqtrade does after each exit is no protection."""
    current: dict[str | None, tuple[Lock, int]] = {}
    for lock in sorted(locks, key=lambda each: each.begin):
        if lock.is_routine:
            continue
        first, end = current.get(lock.pair, (lock, lock.begin))
        if lock.begin > end:
            yield first, end
            first = lock
        current[lock.pair] = first, max(end, lock.end)
    yield from current.values()


def begun(lock: Lock) -> Statement:
    """The statement that a lock holds."""
    locked = EntriesLocked(
        pair=lock.pair,
        side=None if lock.side == "*" else lock.side,
        reason=lock.reason or None,
        until=lock.end,
    )
    return Statement(lock.begin, (locked,))


def over(pair: str | None, time: int, *, by_hand: bool = False) -> Statement:
    """The statement that nothing locks ``pair`` any more."""
    return Statement(time, (LockOver(pair=pair, by_hand=by_hand),))
