"""Records of the unit value that are worth a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.records import AllTimeHigh

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.rows import Rows

_ROUNDING = 1.0 - 1e-12  # a gain of just ath_min_gain is one, however the floats were rounded


class AllTimeHighDetector(Struct):
    """Tells a wealth that exceeds the last *announced* record by ``ath_min_gain`` or more.

    Measured against what was announced, not against the last bar, so that a slow climb is told and jitter is not.
    """

    highest: float = 0.0  # wealth that `check` has seen

    def observe(self, observation: Observation, account: Account) -> tuple[AllTimeHigh, ...]:
        """A record, where this observation makes one."""
        value, record = account.value, account.record
        if value is None or record is None or observation.wealth is None or value <= record:
            return ()
        gain = account.settings.ath_min_gain
        if value < record * (1.0 + gain) * _ROUNDING:
            return ()
        high = AllTimeHigh(
            wealth=observation.wealth,
            unit=account.unit,
            previous=account.as_wealth(record),
            price=observation.price,
            first=record == account.first,
            moved=account.record_units not in {None, account.units},
            next_told=account.as_wealth(value * (1.0 + gain)) if gain else None,
        )
        return (high,)

    def until(self, rows: Rows, account: Account) -> int:
        """The number of rows before the first that makes a record; wealth is known in all of them."""
        record = account.record
        if record is None:
            return rows.count
        least = record * (1.0 + account.settings.ath_min_gain) * _ROUNDING
        _, high = rows.span(account.units)
        if high <= record or high < least:
            return rows.count
        return next(n for n, value in enumerate(rows.values(account.units)) if value > record and value >= least)

    def check(self, wealth: float, peak: float, account: Account) -> tuple[AllTimeHigh, ...]:
        """The plan's own call: works whether or not the caller has already raised its ``peak`` to ``wealth``.

        The reference is the last announced record; at first ``peak`` if it is below ``wealth``, else ``wealth``. A
        ``peak`` above every wealth seen becomes the reference; one merely above today's wealth does not.
        """
        value = wealth / account.units
        self.highest = max(self.highest, value)
        if account.record is None:
            account.record = min(peak, value)
        if peak > self.highest:
            account.record = self.highest = peak
        if value <= account.record or value < account.record * (1.0 + account.settings.ath_min_gain) * _ROUNDING:
            return ()
        account.record = value
        return (AllTimeHigh(wealth=wealth, unit=account.unit),)
