"""How the realised result stands, for a story that knows of no wealth: its record and its falls, in money.

A percentage is told only where the bot said what it began with.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from livestory.clock import DAY
from livestory.story.kinds.base import WEALTH, Facts, Group, Kind, Retelling, Tone
from livestory.story.positions import EXACT
from livestory.story.wording import numbers
from livestory.story.wording.columns import Words
from livestory.story.wording.text import of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings

_NEEDS = WEALTH | {"fill"}


class ResultRecord(Facts, frozen=True, kw_only=True, tag="result_record"):
    """The realised result of a bot without known wealth is higher than it ever was."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🚀", "Result Record", "{total:earned}{unit:asset}"),),
        group=Group.RECORDS,
        tone=Tone.GREAT,
        retelling=Retelling.ANEW,
        ruled=True,
        needs=_NEEDS,
    )

    total: Decimal  # realised since the story began
    unit: str | None = None  # the currency of the result
    previous: Decimal | None = None  # the record that was told before
    began: float | None = None  # what the bot said that it began with

    def shows(self, time: int, lately: Lately, settings: StorySettings, /) -> bool:
        """One a day, and a further one from a gain over it."""
        told, shown = lately.result_records.get(self.unit or "", (0, Decimal(0)))
        same_day = (told - 1) // DAY == (time - 1) // DAY
        began = self.began or 0.0
        return not same_day or began + float(self.total) >= (began + float(shown)) * (1.0 + settings.record_again)

    def why(self, _time: int, /) -> Iterable[str]:
        if self.previous is not None:
            gain = numbers.earned(EXACT.subtract(self.total, self.previous), self.unit).lstrip("+")
            yield f"{gain} over the last one told, {numbers.earned(self.previous, self.unit).lstrip('+')}"
        yield _of_what_it_began_with(self.total, self.began, self.unit)
        if self.previous is None:
            yield "closed trades alone, as no wealth is known"


class ResultDrawdown(Facts, frozen=True, kw_only=True, tag="result_drawdown"):
    """The realised result of a bot without known wealth has fallen deep under its record."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("⚠️", "Result Drawdown", "{fall:earned}{unit:asset}"),),
        group=Group.SAFETY,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=_NEEDS,
    )

    fall: Decimal  # under the record, negative
    unit: str | None = None
    record: Decimal  # 0 where it was never above nothing
    record_time: int | None = None
    total: Decimal
    lost: int  # closings that lost since the record
    deepest: Decimal | None = None  # of those that were told before, or of this one when it was told before
    began: float | None = None

    def why(self, time: int, /) -> Iterable[str]:
        record = numbers.earned(self.record, self.unit).lstrip("+")
        when = f" ({numbers.moment(self.record_time, time)})" if self.record_time is not None else ""
        peak = f"the result record {record}{when}" if self.record else "nothing"
        yield f"from {peak} to {numbers.earned(self.total, self.unit)}, by {numbers.count(self.lost, 'loss')}"
        if self.began:
            most = self.began + float(self.record)
            yield f"{numbers.percent(float(self.fall) / most)} of {of(numbers.wealth(most, self.unit), self.unit)}"
        elif self.deepest is not None:
            yield f"the deepest before: {numbers.earned(self.deepest, self.unit)}"


class ResultDrawdownOver(Facts, frozen=True, kw_only=True, tag="result_drawdown_over"):
    """The realised result is at its record again, after a fall that was told."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🟩", "Result Drawdown Over", "back at {total:earned}{unit:asset}"),),
        group=Group.SAFETY,
        tone=Tone.GOOD,
        retelling=Retelling.ANEW,
        needs=_NEEDS,
    )

    total: Decimal
    unit: str | None = None
    lasted: int
    deepest: Decimal

    def why(self, _time: int, /) -> Iterable[str]:
        lasted, deepest = numbers.duration(self.lasted), numbers.earned(self.deepest, self.unit)
        yield f"under its record for {lasted}, deepest {deepest}"


def _of_what_it_began_with(total: Decimal, began: float | None, unit: str | None) -> str:
    if not began:
        return ""
    return f"{numbers.percent(float(total) / began)} of the {of(numbers.wealth(began, unit), unit)} it began with"
