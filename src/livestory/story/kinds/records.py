"""Records: the highest that a unit was ever worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from livestory.clock import DAY
from livestory.story.kinds.base import WEALTH, Group, Kind, Mark, OfACaller, Retelling, Tone
from livestory.story.wording import numbers
from livestory.story.wording.beside import beside
from livestory.story.wording.columns import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings


class AllTimeHigh(OfACaller, frozen=True, kw_only=True, tag="ath"):
    """An all-time high of the unit value; the balance is shown."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🚀", "NEW ATH", "{wealth:wealth}{unit:asset}"),),
        group=Group.RECORDS,
        tone=Tone.GREAT,
        retelling=Retelling.ANEW,
        mark=Mark.ATH,
        needs=WEALTH | {"price"},
    )

    wealth: float
    unit: str | None = None
    previous: float | None = None
    price: float | None = None
    first: bool = False  # `previous` is the wealth at the start, else the last record that was told
    moved: bool = False  # by deposits or withdrawals: in today's size it stands in no line
    next_told: float | None = None
    next_today: float | None = None  # the wealth from which another is shown on the same day, where that is higher

    def shows(self, time: int, lately: Lately, settings: StorySettings, /) -> bool:
        """One a day, and a further one from a gain over it."""
        same_day = (lately.record_told - 1) // DAY == (time - 1) // DAY
        return not same_day or self.wealth >= lately.record * (1.0 + settings.record_again)

    def why(self, _time: int, /) -> Iterable[str]:
        if self.previous:
            price = f", price {numbers.exact(self.price)}" if self.price is not None else ""
            gain, _ = beside(self.wealth / self.previous - 1, 0.0, numbers.percent)
            yield f"{gain} over {self._before(self.previous)}{price}"
        if self.next_told is not None:
            today = f", today from {numbers.wealth(self.next_today, self.unit)}" if self.next_today is not None else ""
            yield f"next one told from {numbers.wealth(self.next_told, self.unit)}{today}"

    def _before(self, previous: float) -> str:
        """``1.0234`` at first, ``the one before, 1.0567``, ``the one before, deposits and withdrawals left out``."""
        what = "the start" if self.first else "the one before"
        if self.moved:
            return f"{what}, deposits and withdrawals left out"
        told = numbers.wealth(previous, self.unit)
        return told if self.first else f"{what}, {told}"
