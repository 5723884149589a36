"""The narrator's methods of the first release, each now an input for `Narrator.take`; they go with the next release."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Protocol

from livestory.story.commands import Halt, Resume, as_input
from livestory.story.inputs import Head, RecordCheck, RegimeCheck, Statement

if TYPE_CHECKING:
    from livestory.story.commands import Command
    from livestory.story.event import Event
    from livestory.story.inputs import Begin, End, Fill, Flow, Input, Observation, Skip
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lifecycle import Rules
    from livestory.story.kinds.retold import Retold


class _Taking(Protocol):
    @property
    def last_observed(self) -> int: ...

    def take(self, given: Input, /) -> tuple[Event, ...]: ...


class FormerVerbs:
    """What `take` does, by its former names."""

    def observe(self: _Taking, observation: Observation) -> tuple[Event, ...] | None:
        """Use ``take(observation)``; None where it is not newer than the last."""
        is_new = observation.time > self.last_observed
        events = _took(self, "observe", observation)
        return events if is_new else None

    def fill(self: _Taking, fill: Fill) -> tuple[Event, ...]:
        """Deprecated: use ``take(fill)`` instead."""
        return _took(self, "fill", fill)

    def flow(self: _Taking, flow: Flow) -> tuple[Event, ...]:
        """Deprecated: use ``take(flow)`` instead."""
        return _took(self, "flow", flow)

    def skip(self: _Taking, skip: Skip) -> tuple[Event, ...]:
        """Deprecated: use ``take(skip)`` instead."""
        return _took(self, "skip", skip)

    def begin(self: _Taking, begin: Begin) -> tuple[Event, ...]:
        """Deprecated: use ``take(begin)`` instead."""
        return _took(self, "begin", begin)

    def end(self: _Taking, end: End) -> tuple[Event, ...]:
        """Deprecated: use ``take(end)`` instead."""
        return _took(self, "end", end)

    def rules(self: _Taking, time: int, rules: Rules) -> tuple[Event, ...]:
        """Deprecated: use ``take(Statement(time, (rules,)))`` instead."""
        return _took(self, "rules", Statement(time, (rules,)))

    def tell(self: _Taking, time: int, *facts: Facts) -> tuple[Event, ...]:
        """Deprecated: use ``take(Statement(time, facts))`` instead."""
        return _took(self, "tell", Statement(time, facts))

    def check_ath(self: _Taking, time: int, wealth: float, peak: float) -> tuple[Event, ...]:
        """Use ``take(RecordCheck(time, wealth, peak))``."""
        return _took(self, "check_ath", RecordCheck(time, wealth, peak))

    def check_regime_switch(self: _Taking, time: int, score: float, threshold: float) -> tuple[Event, ...]:
        """Use ``take(RegimeCheck(time, score, threshold))``."""
        return _took(self, "check_regime_switch", RegimeCheck(time, score, threshold))

    def word(self: _Taking, time: int, word: Command) -> tuple[Event, ...]:
        """Use ``take(as_input(time, command))``; nothing is told of a command to halt or resume."""
        return () if isinstance(word, Halt | Resume) else _took(self, "word", as_input(time, word))

    def retell(self: _Taking, time: int, head: Retold, never: frozenset[str] = frozenset()) -> tuple[Event, ...]:
        """Use ``take(Head(time, head, never))``."""
        return _took(self, "retell", Head(time, head, never))


def _took(narrator: _Taking, name: str, given: Input) -> tuple[Event, ...]:
    message = f"Narrator.{name} is Narrator.take({type(given).__name__}(…)) from 0.2 on"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    return narrator.take(given)
