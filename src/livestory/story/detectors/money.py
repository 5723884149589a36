"""Money that came or went, bars that never came, and readings that are not believed or not given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.absurd import LARGEST, is_amount
from livestory.story.kinds.money import CashFlow, DataGap, MissingFields, ReadingBack, ReadingRefused
from livestory.story.unit_value import fall_from
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Flow, Observation
    from livestory.story.kinds.base import Facts
    from livestory.story.rows import Rows


class FlowDetector(Struct):
    """Tells money that came or went, and the record to beat that moves with it."""

    def flow(self, flow: Flow, account: Account) -> tuple[CashFlow, ...]:
        """The flow; ``account`` has taken it already."""
        after = account.wealth
        before = after - flow.amount if after is not None else None
        told = self._told(flow.amount, before, after, flow.came, account)
        return (replace(told, source=flow.source, counted=flow.counted, claimed=flow.claimed),)

    def observe(self, observation: Observation, account: Account) -> tuple[CashFlow, ...]:
        """The flow that an observation reports; ``account`` has taken it already."""
        amount = observation.flow
        if not amount:
            return ()
        after = observation.wealth
        before = after - amount if after is not None else None
        return (self._told(amount, before, after, None, account),)

    @staticmethod
    def _told(
        amount: float, before: float | None, after: float | None, came: int | None, account: Account
    ) -> CashFlow:  # fmt: skip
        record_after = record_before = None
        record, drawdown = account.to_record(), None
        if record is not None and record.wealth and before and after:
            record_after = record.wealth
            record_before = record_after * (before / after)
            drawdown = fall_from(record_after, after)
        return CashFlow(
            amount=amount,
            unit=account.unit,
            came=came,
            wealth_before=before,
            wealth_after=after,
            record_before=record_before,
            record_after=record_after,
            drawdown=drawdown if drawdown is not None and drawdown < 0 else None,
        )


class GapDetector(Struct):
    """Tells one line for a hole between two observations, where the bot says when the next one is due."""

    due: int | None = None
    spacing: int = 0
    price: float | None = None

    def forgive(self) -> None:
        """Expect nothing: the bot was away, which is told with its return."""
        self.due = None

    def observe(self, observation: Observation, account: Account) -> tuple[DataGap, ...]:
        """The gap that this observation ends."""
        del account
        time, due, price = observation.time, self.due, self.price
        following = observation.next_due
        if following is not None and following <= time:  # no date that anything could come too late for
            following = None
        if following is not None:
            self.spacing = following - time
        self.due, self.price = following, observation.price
        if due is None or time <= due or following is None:
            return ()
        bars = round((time - due) / self.spacing)
        if not bars:
            return ()
        last = due + (bars - 1) * self.spacing
        return (DataGap(bars=bars, first=due, last=last, price_before=price, price_after=observation.price),)


_BELIEVED_AFTER = 3  # as many implausible readings in a row that agree are believed: the world did change
_ALL_BUT = 0.01  # of the wealth: how little may have been won or lost on the day on which all of it is withdrawn
_OTHERS = ("drawdown", "position", "weight", "target_weight", "threshold", "day_return", "resume_score")
_ALL = ("flow", "wealth", "price", "score", *_OTHERS)


class _Refusal(Struct):
    """A reading that is not believed, until it is back."""

    observations: int = 0
    alike: int = 0  # how many of the last ones were possible, and agreed with one another
    last: float | None = None  # the last possible one


class ReadingDetector(Struct):
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
        # An infinite or NaN summand makes an infinite or NaN sum, one that is too large mostly one that is.
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
        return is_amount(summed)

    def passes(self, rows: Rows, account: Account) -> bool:
        """Whether all of the rows are plausible, each after the one before it."""
        if self.refused or not rows.are_known:
            return False
        factor = account.settings.implausible
        for name, last in (("wealth", account.wealth), ("price", account.price)):
            column = rows.columns.get(name)
            if column is None:
                continue
            if not last:
                return False
            if not _alike(column.extremes, last, factor) and not _alike(rows.extremes(name), last, factor):
                return False
        return True

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
                amount = f"{reading:g} {unit or ''}".rstrip() if what in {"wealth", "flow"} else f"{reading:g}"
                text = numbers.reading(what, reading, unit) if 0.0 < reading < LARGEST else amount
                expected = account.wealth if what == "wealth" else None
                told.append(ReadingRefused(what=what, reading=text, expected=expected, unit=unit))
        return o, tuple(told)

    def _believed(self, what: str, reading: float, o: Observation, account: Account) -> bool:
        if what not in {"wealth", "price"}:
            return is_amount(reading)
        net, last = reading, account.price
        if what == "wealth":
            net, last = reading - (o.flow or 0.0), account.wealth
            if reading == 0.0 and last is not None and (not last or (o.flow and _is_all(-o.flow, last))):
                return True  # all is withdrawn
        refusal, factor = self.refused.get(what), account.settings.implausible
        if not (0.0 < reading < LARGEST and (net > 0.0 or not last)):  # the first wealth may all be deposited just now
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


def _is_all(withdrawn: float, last: float) -> bool:
    return abs(withdrawn - last) <= _ALL_BUT * last


def _plausible(reading: float, last: float, factor: float) -> bool:
    return last < reading * factor and reading < last * factor  # false for NaN, infinity, zero and negatives


class MissingFieldsDetector(Struct):
    """Tells once, at the first observation, which parts of the story stay untold for want of a field."""

    told: bool = False

    def observe(self, observation: Observation, account: Account) -> tuple[MissingFields, ...]:
        """What is lacking, at the first observation."""
        del account
        if self.told:
            return ()
        self.told = True
        o = observation
        given = {
            "wealth": o.wealth is not None,
            "price": o.price is not None or o.positions is not None,
            "regime": o.regime is not None or o.threshold is not None,
            "halted": o.halted is not None,
        }
        lacking = tuple(name for name, there in given.items() if not there)
        return (MissingFields(lacking=lacking),) if lacking else ()

    def until(self, rows: Rows, account: Account) -> int | None:
        """All of the rows, once it was told; else None."""
        del account
        return rows.count if self.told else None


def _alike(known: tuple[float, float] | None, last: float, factor: float) -> bool:
    """Whether numbers between two that are known are plausible after ``last``, and after one another."""
    if known is None:
        return False
    low, high = min(known[0], last), max(known[1], last)
    return low > 0.0 and high < low * factor
