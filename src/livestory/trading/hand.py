"""The owner's hand: what each word does to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.clock import HOUR
from livestory.story import commands
from livestory.story.commands import as_input
from livestory.story.inputs import Statement
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note
from livestory.story.wording import numbers
from livestory.trading.orders import OrderState
from livestory.trading.risk import Hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.trading.dealing import Dealer
    from livestory.trading.exchange import Exchange
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.reckoning import Accountant
    from livestory.trading.scene import Scene
    from livestory.trading.story_port import Story

_WATCHED = HOUR  # after an order was taken as absent at the owner's word, it is still looked for


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

    def hear(self, word: commands.Command, now: int) -> None:
        """Do it."""
        paper = self._state.paper
        match word:
            case commands.Halt():
                self._halt(now, sell=word.sell)
            case commands.Resume():
                self._resume(now)
            case commands.Flow() if paper is None:
                self._accountant.flow(word, now, self._state.summary.price)
            case commands.Flow() if paper is not None:
                paper.flow(word.amount)
                self._state.risk.flow(word.amount)
                self._story.take(as_input(now, word))
            case _:
                self._story.take(as_input(now, word))

    @property
    def halt_waits(self) -> bool:
        """Whether the owner has said "halt" since the words were taken last; nothing is sent after that."""
        return any(isinstance(posted.command, commands.Halt) for posted in self._story.commands())

    def look(self, now: int) -> bool:
        """Take the account as the truth, where the owner wants that and it can be done by now; whether it was."""
        state, price = self._state, self._state.summary.price
        before = self._exchange.balances() if state.resuming else None
        if before is None:
            return False
        self._follow_up(now)
        unknown = self._dealer.in_doubt
        if unknown and not self._dealer.accept_as_absent(now):
            return False
        self._follow_up(now)
        if self._exchange.balances() != before:  # something has traded meanwhile
            return False
        state.resuming = False
        if unknown:
            state.watched_until = now + _WATCHED
            self._dealer.look_around()
        self._accountant.accept(before, now, price)
        return True

    def _halt(self, now: int, *, sell: bool) -> None:
        """Cancel what is open and send nothing more, but for the sale of everything where that is asked for."""
        state = self._state
        state.resuming = False
        living = [entry for _, entry in state.orders.living()]
        for pursuit in state.orders.pursuits:
            pursuit.withdrawn = True
        before, sold = state.risk.hold, state.risk.hold is not None and state.risk.hold.sell
        hold = state.risk.hold = before or Hold("owner", now)
        hold.sell = hold.sell or sell
        self._follow_up(now)
        if before is not None:
            self._note(now, "Halt", _already(before, now, sells=sell and not sold))
            return
        held = state.held()
        told = Halted(
            reason=hold.reason,
            position=None if held is None else float(held.base),
            base=self._scene.base,
            cancelled=sum(1 for entry in living if entry.state is OrderState.CANCELLED),
            orders_open=sum(1 for _ in state.orders.living()) or None,
            selling=hold.sell,
        )
        self._story.take(Statement(now, (told,)))

    def _resume(self, now: int) -> None:
        """Go on; what the account holds is taken as the truth about orders that nobody knows of, once it can be."""
        state, risk = self._state, self._state.risk
        state.resuming = doubt = self._dealer.in_doubt or bool(state.books.unexplained)
        self.look(now)
        if state.resuming:
            self._note(now, "Resume Waits", _WAITS)
        if risk.hold is None and not doubt:
            self._note(now, "Resume", _ONLY_PHOENIX if risk.halted else _NOT_HALTED)
        if risk.hold is not None:
            hold, risk.hold = risk.hold, None
            still = "breaker" if risk.halted else None
            self._story.take(Statement(now, (Unhalted(reason=hold.reason, bars=hold.bars, still=still),)))

    def _note(self, now: int, topic: str, text: str) -> None:
        self._story.take(Statement(now, (Note(topic=topic, text=text, by="the bot"),)))


def _already(hold: Hold, now: int, *, sells: bool) -> str:
    whose = "halted by you" if hold.reason == "owner" else "halted for a new journal"
    then = "now sells everything" if sells else "goes on with: livestory resume"
    return f"already {whose} since {numbers.moment(hold.since, now)}; {then}"


_NOT_HALTED = "not halted: nothing to resume"
_ONLY_PHOENIX = "not halted by you; the breaker's halt ends by its own rule, Phoenix"
_WAITS = "an order may still come, or the account is not answered; no order until that is clear"
