"""Records and falls of the realised result, of a bot whose wealth nobody tells; each currency for itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.results import ResultDrawdown, ResultDrawdownOver, ResultRecord
from livestory.story.positions import EXACT

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.kinds.base import Facts

_NOTHING = Decimal(0)
_LEAST_LOSSES, _TIMES_AS_DEEP = 2, 2


class _Result(Struct, omit_defaults=True):
    """The realised result in one currency."""

    total: Decimal = _NOTHING
    high: Decimal = _NOTHING  # and nothing at first
    high_time: int | None = None  # of nothing: the first closing
    told: Decimal = _NOTHING  # the last record that was
    lost: int = 0  # closings that lost since the highest
    deepest: Decimal = _NOTHING  # under the highest, since it
    told_fall: Decimal = _NOTHING  # the deepest of those that were told
    falling: int | None = None  # the highest that a told fall counts from


class ResultDetector(Struct):
    """Tells a result above the last told record, a deep fall under the highest, and that fall's end.

    With a balance that the bot began with, the rules are those of wealth (`ath_min_gain`, `drawdown_told`). Without one
    there is nothing to take a share of: each new record is told, and a fall by two losses or more that is deeper than
    those that were told before; once told, again when it is twice as deep.
    """

    results: dict[str, _Result] = {}

    def hear(self, time: int, gain: Decimal, unit: str | None, account: Account) -> list[Facts]:
        """What a closing that earned ``gain`` has made of the result."""
        if account.record is not None:  # of wealth: then records and drawdowns are those
            return []
        result = self.results.get(unit or "")
        if result is None:
            result = self.results[unit or ""] = _Result(high_time=time)
        result.total = EXACT.add(result.total, gain)
        began = account.began if unit == account.unit else None
        if result.total <= result.high:
            result.lost += gain < 0
            result.deepest = min(result.deepest, EXACT.subtract(result.total, result.high))
            return self._fall(result, unit, began, account.settings.drawdown_told)
        over = self._over(time, result, unit)
        result.high, result.high_time, result.lost, result.deepest = result.total, time, 0, _NOTHING
        return over + self._record(result, unit, began, account.settings.ath_min_gain)

    @staticmethod
    def _record(result: _Result, unit: str | None, began: float | None, least: float) -> list[Facts]:
        if began and began + float(result.total) < (began + float(result.told)) * (1.0 + least):
            return []
        previous, result.told = result.told, result.total
        return [ResultRecord(total=result.total, unit=unit, previous=previous or None, began=began)]

    @staticmethod
    def _fall(result: _Result, unit: str | None, began: float | None, least: float) -> list[Facts]:
        fall, deepest = EXACT.subtract(result.total, result.high), result.told_fall
        if began:
            if result.falling is not None or float(fall) > -least * (began + float(result.high)):
                return []
        elif result.lost < _LEAST_LOSSES or fall >= deepest * (1 if result.falling is None else _TIMES_AS_DEEP):
            return []
        result.falling = result.falling if result.falling is not None else result.high_time
        result.told_fall = min(deepest, fall)
        drawdown = ResultDrawdown(
            fall=fall,
            unit=unit,
            record=result.high,
            record_time=result.high_time if result.high else None,
            total=result.total,
            lost=result.lost,
            deepest=deepest or None,
            began=began,
        )
        return [drawdown]

    @staticmethod
    def _over(time: int, result: _Result, unit: str | None) -> list[Facts]:
        since, result.falling = result.falling, None
        if since is None:
            return []
        result.told_fall = min(result.told_fall, result.deepest)
        return [ResultDrawdownOver(total=result.total, unit=unit, lasted=time - since, deepest=result.deepest)]
