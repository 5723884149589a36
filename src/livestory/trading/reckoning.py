"""The account compared with the books, and what that shows told: deposits, withdrawals, what nothing explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.clock import MINUTE
from livestory.story.inputs import Flow, Statement
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.telling import Note
from livestory.story.wording import numbers
from livestory.trading.books import worth

if TYPE_CHECKING:
    from livestory.story import commands
    from livestory.trading.books import Books, Difference
    from livestory.trading.exchange import AccountFlow, Balances, Exchange
    from livestory.trading.risk import Risk
    from livestory.trading.scene import Scene
    from livestory.trading.story_port import Story

_HISTORY_EVERY = 5 * MINUTE
_NEAR = 0.01  # how much a difference may differ from the amount that the owner names for it, as a share


class Accountant:
    """Keeps the books of one account with what the exchange and the owner say of it."""

    def __init__(self, exchange: Exchange, books: Books, risk: Risk, story: Story, scene: Scene) -> None:
        """Nothing is asked until `reckon`."""
        self._exchange = exchange
        self._books = books
        self._risk = risk
        self._story = story
        self._scene = scene
        self._history_read = 0

    def reckon(self, balances: Balances, now: int, price: float) -> None:
        """Bring the books up to ``balances``, and tell what came, went, or can't be explained."""
        flows = self._history(now) if self._due(balances, now) else []
        seen = self._books.reckon(balances, price)
        self._tell(flows, now, price, counted=seen.explained is not None, moves_risk=not seen.swap)
        if seen.explained is not None:
            if not flows and seen.explained > 0 and not seen.swap:
                self._risk.flow(-seen.explained)
            by = "history" if flows else "gone"
            self._story.take(
                Statement(now, (BalanceExplained(difference=seen.explained, unit=self._scene.unit, by=by),))
            )
        if seen.found is not None:
            self._found(seen.found, now, price, balances.wealth(price), swap=seen.swap)

    def read_history(self, now: int, price: float) -> None:
        """Bring the books up to the account's history of deposits and withdrawals, and tell what is new in it."""
        self._tell(self._history(now), now, price, counted=False)

    def flow(self, word: commands.Flow, now: int, price: float) -> None:
        """Take the owner's word for a deposit or withdrawal: one that was found already, or one that is to be seen."""
        books = self._books
        unexplained = books.unexplained.worth(price)
        if not _near(unexplained, word.amount):
            books.announced += word.amount
            self._story.take(Statement(now, (Note(topic="Flow", text=self._uncounted(word.amount), by="the bot"),)))
            return
        self._take(word.amount, counted=True)
        self._story.take(Flow(time=now, amount=word.amount, came=word.came, source="you", counted=True))
        self._story.take(Statement(now, (BalanceExplained(difference=unexplained, unit=self._scene.unit, by="you"),)))
        books.absorb()

    def accept(self, balances: Balances, now: int, price: float) -> None:
        """The owner takes the account as it is now."""
        unexplained = self._books.unexplained
        if unexplained:
            told = BalanceExplained(difference=unexplained.worth(price), unit=self._scene.unit, by="you")
            self._story.take(Statement(now, (told,)))
        self._books.open(balances, now)

    def _uncounted(self, amount: float) -> str:
        said = f"{numbers.signed_wealth(amount, self._scene.unit)} {self._scene.unit}".rstrip()
        differs = (
            "the balance differs, but not by that" if self._books.unexplained else "nothing in the balance differs"
        )
        return f"{said}: {differs}: not counted until the balance shows it"

    def _due(self, balances: Balances, now: int) -> bool:
        return now - self._history_read >= _HISTORY_EVERY or not self._books.agree(balances)

    def _history(self, now: int) -> list[AccountFlow]:
        """What is new in it, counted; nothing where it can't be read."""
        flows = self._exchange.flows(self._books.flows_from(now)) if self._exchange.has_flows else None
        if flows is None:
            return []
        self._history_read = now
        return self._books.count_flows(flows, now)

    def _tell(
        self, flows: list[AccountFlow], now: int, price: float, *, counted: bool, moves_risk: bool = True
    ) -> None:
        for flow in flows:
            amount = worth((flow,), price)
            if moves_risk or not counted:
                self._take(amount, counted=counted)
            came = flow.time if flow.time < now else None
            self._story.take(Flow(time=now, amount=amount, came=came, source="history", counted=counted))

    def _found(self, found: Difference, now: int, price: float, wealth: float, *, swap: bool) -> None:
        books, difference = self._books, found.worth(price)
        if books.announced and _near(difference, books.announced):
            books.announced = 0.0
            books.absorb()
            self._risk.flow(difference)
            self._story.take(Flow(time=now, amount=difference, source="you"))
            return
        if not swap and difference > 0:
            self._risk.flow(difference)
        elif not swap:
            books.short_at = wealth
        told = BalanceDiffers(
            difference=difference,
            wealth=wealth,
            expected=wealth - difference,
            unit=self._scene.unit,
            base_difference=found.base or None,
            base=self._scene.base,
            swap=swap,
        )
        self._story.take(Statement(now, (told,)))

    def _take(self, amount: float, *, counted: bool) -> None:
        if not counted:
            self._risk.flow(amount)
        elif amount < 0:
            self._risk.explain(amount, self._books.short_at)


def _near(difference: float, amount: float) -> bool:
    return difference * amount > 0 and abs(difference - amount) <= _NEAR * abs(amount)
