"""How long regimes and halts lasted, as their events tell it. Instants are microseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from msgspec import Struct

from livestory.story.halt_reasons import BREAKER
from livestory.story.kinds.risk import BreakerTripped, Halted, Phoenix, Unhalted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.story.kinds.base import Facts


class RegimeSpan(NamedTuple):
    """A time in one regime."""

    start: int
    end: int
    regime: str


class RegimeSpans:
    """The regimes of a story, one after another."""

    def __init__(self) -> None:
        self._switches: list[tuple[int, str]] = []

    def switch(self, time: int, regime: str) -> None:
        """Take a switch to that regime."""
        self._switches.append((time, regime))

    def until(self, end: int) -> Iterator[RegimeSpan]:
        """The regimes from the first switch up to ``end``."""
        ends = [time for time, _ in self._switches[1:]] + [end]
        for (start, regime), over in zip(self._switches, ends, strict=False):
            yield RegimeSpan(start, over, regime)


HaltFacts = BreakerTripped | Halted | Phoenix | Unhalted


class HaltSpan(Struct, kw_only=True):
    """A halt from its beginning to its end."""

    began: int
    ended: int | None = None  # None: it goes on


SomeHalt = TypeVar("SomeHalt", bound=HaltSpan)


class HaltSpans(Generic[SomeHalt]):
    """The halts of a story in the order in which they began; several may go on at once, each for its own reason."""

    def __init__(self, kind: type[SomeHalt]) -> None:
        """Begin without a halt; each is a struct of that kind."""
        self._kind = kind
        self._going_on: dict[str, SomeHalt] = {}  # by reason
        self.spans: list[SomeHalt] = []

    def hear(self, time: int, facts: Facts) -> SomeHalt | None:
        """The halt that begins or ends with these facts; None where none does.

        A halt that begins again for the same reason has ended without a word. An end that gives no reason is that of
        the halt that began without one, or else of the last.
        """
        if not isinstance(facts, HaltFacts):
            return None
        reason = halt_reason(facts)
        if not begins(facts) and not reason and reason not in self._going_on:
            reason = next(reversed(self._going_on), "")
        ended = self._going_on.pop(reason, None)
        if ended is not None:
            ended.ended = time
        if not begins(facts):
            return ended
        begun = self._going_on[reason] = self._kind(began=time)
        self.spans.append(begun)
        return begun

    def until(self, end: int) -> list[tuple[int, int]]:
        """The times up to ``end`` in which the bot was halted for any reason, one after another."""
        halted: list[tuple[int, int]] = []
        for span in self.spans:
            over = end if span.ended is None else span.ended
            if halted and span.began <= halted[-1][1]:
                halted[-1] = halted[-1][0], max(halted[-1][1], over)
            else:
                halted.append((span.began, over))
        return halted


def begins(facts: Facts) -> bool:
    """Whether a halt begins with these facts."""
    return isinstance(facts, BreakerTripped | Halted)


def halt_reason(facts: HaltFacts) -> str:
    """The reason of the halt that begins or ends; empty where none is given."""
    return BREAKER if isinstance(facts, BreakerTripped | Phoenix) else facts.reason or ""
