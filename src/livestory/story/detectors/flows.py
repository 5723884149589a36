"""Deposits and withdrawals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.kinds.money import FlowTold

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Flow, Observation


class Flows(Struct):
    """Tells money that came or went, and the record to beat that moves with it."""

    def flow(self, flow: Flow, account: Account) -> tuple[FlowTold, ...]:
        """The flow; ``account`` has taken it already."""
        after = account.wealth
        before = after - flow.amount if after is not None else None
        told = self._told(flow.amount, before, after, flow.came, account)
        return (replace(told, source=flow.source, counted=flow.counted, claimed=flow.claimed),)

    def observe(self, observation: Observation, account: Account) -> tuple[FlowTold, ...]:
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
    ) -> FlowTold:  # fmt: skip
        record_after = record_before = None
        if account.record is not None and before and after:
            record_after = account.as_wealth(account.record)
            record_before = record_after * before / after
        drawdown = account.value / account.record - 1.0 if account.value and account.record else None
        return FlowTold(
            amount=amount,
            unit=account.unit,
            came=came,
            wealth_before=before,
            wealth_after=after,
            record_before=record_before,
            record_after=record_after,
            drawdown=drawdown if drawdown is not None and drawdown < 0 else None,
        )
