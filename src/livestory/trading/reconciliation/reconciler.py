"""When the account is compared, and what a difference becomes: a deposit, a withdrawal, or the line that it differs."""

from __future__ import annotations

from livestory.clock import MINUTE
from livestory.story import commands
from livestory.story.inputs import Flow
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.telling import Note
from livestory.story.wording import numbers
from livestory.trading.exchange.records import AccountFlow, Balances
from livestory.trading.reconciliation.expected_balances import Difference, worth
from livestory.trading.session import Session

_HISTORY_EVERY = 5 * MINUTE
_NEAR = 0.01  # how much a difference may differ from the amount that the owner names for it, as a share


class Reconciler:
    """Keeps the expected balances of one account with what the exchange and the owner say of it."""

    def __init__(self, session: Session) -> None:
        self._exchange = session.exchange
        self._expected = session.state.expected
        self._risk = session.state.risk
        self._story = session.story
        self._info = session.info
        self._history_read = 0

    def reconcile(self, balances: Balances, now: int, price: float) -> None:
        """Compare ``balances`` with what is expected, and tell what came, went, or can't be explained."""
        flows = self._history(now) if self._due(balances, now) else []
        seen = self._expected.compare(balances, price)
        self._report_flows(flows, now, price, counted=seen.explained is not None, moves_risk=not seen.swap)
        if seen.explained is not None:
            if not flows and seen.explained > 0 and not seen.swap:
                self._risk.flow(-seen.explained)
            by = "history" if flows else "gone"
            self._story.report(now, BalanceExplained(difference=seen.explained, unit=self._info.unit, by=by))
        if seen.found is not None:
            self._report_difference(seen.found, now, price, balances.wealth(price), swap=seen.swap)

    def read_history(self, now: int, price: float) -> None:
        """Count what is new in the account's history of deposits and withdrawals, and tell it."""
        self._report_flows(self._history(now), now, price, counted=False)

    def take_flow(self, command: commands.Flow, now: int, price: float) -> None:
        """Take what the owner says came or went: it was found already, or is still to be seen."""
        expected = self._expected
        unexplained = expected.unexplained.worth(price)
        if not _near(unexplained, command.amount):
            expected.announced += command.amount
            self._story.report(now, Note(topic="Flow", text=self._uncounted(command.amount), by="the bot"))
            return
        self._move_risk(command.amount, counted=True)
        self._story.take(Flow(time=now, amount=command.amount, came=command.came, source="you", counted=True))
        self._story.report(now, BalanceExplained(difference=unexplained, unit=self._info.unit, by="you"))
        expected.absorb()

    def accept(self, balances: Balances, now: int, price: float) -> None:
        """The owner takes the account as it is now."""
        unexplained = self._expected.unexplained
        if unexplained:
            told = BalanceExplained(difference=unexplained.worth(price), unit=self._info.unit, by="you")
            self._story.report(now, told)
        self._expected.open(balances, now)

    def _uncounted(self, amount: float) -> str:
        said = f"{numbers.signed_wealth(amount, self._info.unit)} {self._info.unit}".rstrip()
        differs = (
            "the balance differs, but not by that" if self._expected.unexplained else "nothing in the balance differs"
        )
        return f"{said}: {differs}: not counted until the balance shows it"

    def _due(self, balances: Balances, now: int) -> bool:
        return now - self._history_read >= _HISTORY_EVERY or not self._expected.agree(balances)

    def _history(self, now: int) -> list[AccountFlow]:
        """What is new in it, counted; nothing where it can't be read."""
        flows = self._exchange.flows(self._expected.flows_from(now)) if self._exchange.has_flows else None
        if flows is None:
            return []
        self._history_read = now
        return self._expected.count_flows(flows, now)

    def _report_flows(
        self, flows: list[AccountFlow], now: int, price: float, *, counted: bool, moves_risk: bool = True
    ) -> None:
        for flow in flows:
            amount = worth((flow,), price)
            if moves_risk or not counted:
                self._move_risk(amount, counted=counted)
            came = flow.time if flow.time < now else None
            self._story.take(Flow(time=now, amount=amount, came=came, source="history", counted=counted))

    def _report_difference(self, found: Difference, now: int, price: float, wealth: float, *, swap: bool) -> None:
        expected, difference = self._expected, found.worth(price)
        if expected.announced and _near(difference, expected.announced):
            expected.announced = 0.0
            expected.absorb()
            self._risk.flow(difference)
            self._story.take(Flow(time=now, amount=difference, source="you"))
            return
        if not swap and difference > 0:
            self._risk.flow(difference)
        elif not swap:
            expected.short_at = wealth
        told = BalanceDiffers(
            difference=difference,
            wealth=wealth,
            expected=wealth - difference,
            unit=self._info.unit,
            base_difference=found.base or None,
            base=self._info.base,
            swap=swap,
        )
        self._story.report(now, told)

    def _move_risk(self, amount: float, *, counted: bool) -> None:
        if not counted:
            self._risk.flow(amount)
        elif amount < 0:
            self._risk.explain(amount, self._expected.short_at)


def _near(difference: float, amount: float) -> bool:
    return difference * amount > 0 and abs(difference - amount) <= _NEAR * abs(amount)
