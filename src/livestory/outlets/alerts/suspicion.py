"""Finding out whether a service refuses a message for what it holds, or refuses whatever comes.

A message of several lines that is refused is split; one that is refused again and again is stepped over, and others are
tried before it. Once one of those was accepted and the first is refused anew, the message is at fault.
"""

from __future__ import annotations

from enum import Enum, auto

_ENOUGH, _MANY = 3, 15  # refusals of what a message holds, and of whatever else, until others are tried before it
_PROOF = 8  # messages behind it that are refused as well: then it is the channel, and not the message


class Verdict(Enum):
    """What is to be done with the first message once it was refused."""

    TRY_AGAIN = auto()
    SPLIT = auto()
    GIVE_UP = auto()


class Suspicion:
    """What the refusals in a row say of the first message that waits. Its lines are named by their numbers."""

    def __init__(self) -> None:
        self._refusals = 0  # in a row, of the first message
        self._enough = 0  # refusals after which the message may be the one at fault
        self._probes = 0  # messages that were tried before the first and refused
        self._suspect = 0  # some line up to here was refused, together with others
        self._on_trial = 0  # the lines up to here were refused, and one behind them was accepted

    def wants_another(self, upto: int) -> bool:
        """Return True if a message behind the first, which ends with the line ``upto``, is to be tried before it."""
        return self._refusals >= self._enough > 0 and upto > self._on_trial

    def refuse_another(self) -> bool:
        """Count the refusal of a message that was tried before the first. Return True if a further one may be tried."""
        self._probes += 1
        self._refusals = 0
        return self._probes < _PROOF

    def refuse(self, upto: int, *, alone: bool, of_the_message: bool) -> Verdict:
        """Count the refusal of the first message, which ends with the line ``upto``.

        ``alone``: it has this one line. ``of_the_message``: the service said that what it holds is wrong.
        """
        self._probes = 0
        self._refusals += 1
        self._enough = _ENOUGH if of_the_message else _MANY
        enough = self._refusals >= self._enough
        if alone:
            return Verdict.GIVE_UP if enough and upto <= self._on_trial else Verdict.TRY_AGAIN
        if of_the_message or enough or upto <= self._suspect:
            self._suspect, self._refusals = upto, 0
            return Verdict.SPLIT
        return Verdict.TRY_AGAIN

    def accept(self, before: int = 0) -> None:
        """Count a message that was accepted or given up; ``before``: it was tried before the first, ending there."""
        self._refusals = 0
        self._on_trial = before or self._on_trial
