"""The owner's hand: what each word does to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story import words
from livestory.story.events import Halted, Unhalted
from livestory.trading.risk import Hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.trading.dealing import Dealer
    from livestory.trading.exchange import Exchange
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.reckoning import Accountant
    from livestory.trading.scene import Scene
    from livestory.trading.story_port import Story


class Hand:
    """Does what the owner says, and tells it."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that a word may move, and the story
        self,
        state: ExecutorState,
        exchange: Exchange,
        dealer: Dealer,
        accountant: Accountant,
        follow_up: Callable[[int], object],
        story: Story,
        scene: Scene,
    ) -> None:
        """``follow_up`` asks what became of the orders that live, does what is due about them, and tells it."""
        self._state = state
        self._exchange = exchange
        self._dealer = dealer
        self._accountant = accountant
        self._follow_up = follow_up
        self._story = story
        self._scene = scene

    def hear(self, word: words.AnyWord, now: int) -> None:
        """Do it."""
        paper = self._state.paper
        match word:
            case words.Halt():
                self._halt(now, sell=word.sell)
            case words.Resume():
                self._resume(now)
            case words.Flow() if paper is None:
                self._accountant.flow(word, now, self._state.summary.price)
            case words.Flow() if paper is not None:
                paper.flow(word.amount)
                self._state.risk.flow(word.amount)
                self._story.word(now, word)
            case _:
                self._story.word(now, word)

    def _halt(self, now: int, *, sell: bool) -> None:
        """Cancel what is open and send nothing more, but for the sale of everything where that is asked for."""
        state = self._state
        cancelled = sum(1 for pursuit in state.orders.pursuits if not pursuit.withdrawn)
        for pursuit in state.orders.pursuits:
            pursuit.withdrawn = True
        hold = state.risk.hold = state.risk.hold or Hold("owner", now)
        hold.sell = hold.sell or sell
        self._follow_up(now)
        held = state.held()
        told = Halted(
            reason=hold.reason,
            position=None if held is None else float(held.base),
            base=self._scene.base,
            cancelled=cancelled,
            selling=hold.sell,
        )
        self._story.tell(now, told)

    def _resume(self, now: int) -> None:
        """Go on; what the account holds now is taken as the truth about orders that nobody knows of."""
        risk, price = self._state.risk, self._state.summary.price
        doubt = self._dealer.in_doubt or bool(self._state.books.unexplained)
        balances = self._exchange.balances() if doubt else None
        if balances is not None:
            self._dealer.accept_as_absent()
            self._follow_up(now)
            self._accountant.accept(balances, now, price)
        if risk.hold is not None:
            hold, risk.hold = risk.hold, None
            still = "breaker" if risk.halted else None
            self._story.tell(now, Unhalted(reason=hold.reason, bars=hold.bars, still=still))
