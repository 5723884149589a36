"""The narrator's methods of the first release, each now an input for `Narrator.take`; they go with 0.3.0."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Protocol

from livestory.story.commands import Halt, Resume, as_input
from livestory.story.inputs import Head, RecordCheck, RegimeCheck, Statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.story.commands import Command
    from livestory.story.event import Event
    from livestory.story.inputs import Input, Observation


class _Taking(Protocol):
    @property
    def last_observed(self) -> int: ...

    def take(self, given: Input, /) -> tuple[Event, ...]: ...


def _took(narrator: _Taking, name: str, given: Input) -> tuple[Event, ...]:
    message = f"Narrator.{name} is Narrator.take({type(given).__name__}(…)) from 0.2 on"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
    return narrator.take(given)


def _former(name: str, made: Callable[..., Input]) -> Callable[..., tuple[Event, ...]]:
    """The method of that name: `take` of what is ``made`` of its arguments."""

    def verb(narrator: _Taking, *given: Any, **named: Any) -> tuple[Event, ...]:
        return _took(narrator, name, made(*given, **named))

    return verb


class FormerVerbs:
    """Deprecated methods of the Narrator; each calls `take`."""

    fill = _former("fill", lambda fill: fill)
    flow = _former("flow", lambda flow: flow)
    skip = _former("skip", lambda skip: skip)
    begin = _former("begin", lambda begin: begin)
    end = _former("end", lambda end: end)
    rules = _former("rules", lambda time, rules: Statement(time, (rules,)))
    tell = _former("tell", lambda time, *facts: Statement(time, facts))
    check_ath = _former("check_ath", RecordCheck)
    check_regime_switch = _former("check_regime_switch", RegimeCheck)
    retell = _former("retell", lambda time, head, never=frozenset(): Head(time, head, never))

    def observe(self: _Taking, observation: Observation) -> tuple[Event, ...] | None:
        """Use ``take(observation)``; None where it is not newer than the last."""
        is_new = observation.time > self.last_observed
        events = _took(self, "observe", observation)
        return events if is_new else None

    def word(self: _Taking, time: int, word: Command) -> tuple[Event, ...]:
        """Use ``take(as_input(time, command))``; nothing is told of a command to halt or resume."""
        return () if isinstance(word, Halt | Resume) else _took(self, "word", as_input(time, word))
