"""Readings that can't be true: refused before they move a peak, a drawdown or anything else."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.kinds.money import ReadingBack, ReadingRefused
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts

_BELIEVED_AFTER = 3  # as many implausible readings in a row that agree are believed: the world did change
_OTHERS = ("drawdown", "position", "weight", "target_weight", "threshold", "day_return", "resume_score")
_ALL = ("flow", "wealth", "price", "score", *_OTHERS)


class _Refusal(Struct):
    """A reading that is not believed, until it is back."""

    observations: int = 0
    alike: int = 0  # how many of the last ones were possible, and agreed with one another
    last: float | None = None  # the last possible one


class Readings(Struct):
    """Lets an observation through without the readings that are not finite, not positive, or wildly off the last ones.

    Wealth or price that is off by more than the ``implausible`` factor is believed the third time in a row, if the
    three agree.
    """

    refused: dict[str, _Refusal] = {}

    def plausible(self, o: Observation, account: Account) -> bool:
        """Whether nothing in the observation needs `admit`; so it is with nearly all of them, and this is quicker."""
        if self.refused:
            return False
        wealth, price, factor = o.wealth, o.price, account.settings.implausible
        if wealth is not None:
            last = account.wealth
            if o.flow:
                if wealth <= 0.0:  # a withdrawal does not make it plausible
                    return False
                wealth -= o.flow
            if not (last and last < wealth * factor and wealth < last * factor):
                return False
        if price is not None:
            last = account.price
            if not (last and last < price * factor and price < last * factor):
                return False
        # An infinite or NaN summand makes an infinite or NaN sum.
        summed = (
            (o.flow or 0.0)
            + (o.score or 0.0)
            + (o.drawdown or 0.0)
            + (o.position or 0.0)
            + (o.weight or 0.0)
            + (o.target_weight or 0.0)
            + (o.threshold or 0.0)
            + (o.day_return or 0.0)
            + (o.resume_score or 0.0)
        )
        return -inf < summed < inf

    def admit(self, o: Observation, account: Account) -> tuple[Observation, tuple[Facts, ...]]:
        """The observation without what is not believed, and what there is to tell about it."""
        told: list[Facts] = []
        unit = account.unit
        for what in _ALL:  # the flow first: wealth is judged without it
            reading = getattr(o, what)
            if reading is None:
                continue
            if self._believed(what, reading, o, account):
                before = self.refused.pop(what, None)
                if before is not None:
                    told.append(ReadingBack(what=what, value=reading, unit=unit, refused=before.observations))
                continue
            refusal = self.refused.setdefault(what, _Refusal())
            refusal.observations += 1
            o = replace(o, **{what: None})
            if refusal.observations == 1:
                amount = f"{reading:g} {unit}" if what in {"wealth", "flow"} else f"{reading:g}"
                text = numbers.reading(what, reading, unit) if 0.0 < reading < inf else amount
                expected = account.wealth if what == "wealth" else None
                told.append(ReadingRefused(what=what, reading=text, expected=expected, unit=unit))
        return o, tuple(told)

    def _believed(self, what: str, reading: float, o: Observation, account: Account) -> bool:
        if what not in {"wealth", "price"}:
            return -inf < reading < inf
        net, last = reading, account.price
        if what == "wealth":
            net, last = reading - (o.flow or 0.0), account.wealth
        refusal, factor = self.refused.get(what), account.settings.implausible
        if not (0.0 < reading < inf and (net > 0.0 or not last)):  # the first wealth may all be deposited just now
            if refusal is not None:
                refusal.alike, refusal.last = 0, None
            return False
        if not last or _plausible(net, last, factor):
            return True
        if refusal is None:
            refusal = self.refused[what] = _Refusal()
        agrees = refusal.last is not None and _plausible(net, refusal.last, factor)
        refusal.alike, refusal.last = refusal.alike + 1 if agrees else 1, reading
        return refusal.alike >= _BELIEVED_AFTER


def _plausible(reading: float, last: float | None, factor: float) -> bool:
    if not last:  # none yet, or all was withdrawn
        return 0.0 < reading < inf
    return last < reading * factor and reading < last * factor  # false for NaN, infinity, zero and negatives
