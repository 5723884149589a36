"""What locks freqtrade's entries, as arcs: told when it begins and, once nothing locks a pair any more, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.follow.freqtrade.records import ALL, ROUTINE
from livestory.story.inputs import Statement
from livestory.story.kinds.followed import EntriesLocked, LockOver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from livestory.follow.freqtrade.records import Lock


def arcs(locks: Iterable[Lock]) -> Iterator[tuple[Lock, int]]:
    """The first lock of each arc, and the arc's end; what freqtrade does after each exit is no protection."""
    current: dict[str, tuple[Lock, int]] = {}
    for lock in sorted(locks, key=lambda each: each.begin):
        if lock.is_automatic:
            continue
        first, end = current.get(lock.name, (lock, lock.begin))
        if lock.begin > end:
            yield first, end
            first = lock
        current[lock.name] = first, max(end, lock.end)
    yield from current.values()


def begun(lock: Lock) -> Statement:
    """The statement that a lock holds."""
    locked = EntriesLocked(
        pair=lock.pair,
        side=None if lock.side == "*" else lock.side,
        reason=lock.reason.rstrip(".") or None,
        until=lock.end,
        routine=lock.is_routine,
    )
    return Statement(lock.begin, (locked,))


def over(name: str, time: int, *, by_hand: bool = False) -> Statement:
    """The statement that the arc of that name is over: nothing of it locks any more."""
    pair = name.removesuffix(ROUTINE)
    ended = LockOver(pair=None if pair == ALL else pair, by_hand=by_hand, routine=name.endswith(ROUTINE))
    return Statement(time, (ended,))
