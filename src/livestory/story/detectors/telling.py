"""Times that callers give, and that can't be true: doubted before they move a chapter, or silence all that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import DAY
from livestory.story.kinds.telling import TimeBack, TimeDoubted

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts

_BELIEVED_AFTER = 3  # as many doubtful times in a row that agree are believed: it is the clock that is wrong
_AGREE = 31 * DAY  # each is later than the one before it, by at most this


class _Doubt(Struct):
    """One kind of call's run of times that are not believed yet."""

    calls: int = 0
    alike: int = 0  # how many of the last ones agreed with one another
    last: int = 0


class TimeDetector(Struct):
    """Doubts a time more than a day ahead of the clock, where the clock itself is plausible; each call on its own."""

    doubted: dict[str, _Doubt] = {}
    believed: int = 0  # times up to here are trusted: three in a row that agree reached it

    def judge(self, call: str, given: int, clock: int | None) -> tuple[bool, tuple[Facts, ...]]:
        """Whether the time ``given`` in a call is believed, and what there is to tell about that.

        ``clock`` is what the clock said then; None where it is not plausible, and so can't doubt anybody.
        """
        doubt = self.doubted.get(call)
        if clock is None or given <= max(clock + DAY, self.believed):
            if clock is not None and given > clock + DAY:
                self.believed = max(self.believed, given + _AGREE)
            if doubt is None:
                return True, ()
            del self.doubted[call]
            return True, (TimeBack(call=call, given=given, doubted=doubt.calls),)
        if doubt is None:
            doubt = self.doubted[call] = _Doubt()
        if given != doubt.last:  # the same once more says nothing new
            doubt.alike = doubt.alike + 1 if 0 < given - doubt.last <= _AGREE else 1
            doubt.last = given
        doubt.calls += 1
        if doubt.alike >= _BELIEVED_AFTER:
            del self.doubted[call]
            self.believed = given + _AGREE
            return True, (TimeBack(call=call, given=given, doubted=doubt.calls - 1, agree=True),)
        if doubt.calls > 1:
            return False, ()
        return False, (TimeDoubted(call=call, given=given, ahead=given - clock, aside=call == "observe"),)
