"""What each of the operator's commands does to the bot."""

from __future__ import annotations

from livestory.clock import HOUR
from livestory.story import commands
from livestory.story.commands import as_input
from livestory.story.halt_reasons import BREAKER, OWNER
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note
from livestory.story.wording import numbers
from livestory.trading.execution.order_manager import OrderManager
from livestory.trading.execution.working_order import OrderState
from livestory.trading.reconciliation.reconciler import Reconciler
from livestory.trading.risk import Hold
from livestory.trading.session import Session

_WATCHED = HOUR  # after an order was taken as absent at the owner's word, it is still looked for


class OperatorCommands:
    """Carries out what the operator says, and tells it."""

    def __init__(self, session: Session, manager: OrderManager, reconciler: Reconciler) -> None:
        self._session = session
        self._state = session.state
        self._story = session.story
        self._manager = manager
        self._reconciler = reconciler

    def take(self, now: int) -> None:
        """Carry out what was said since the last time."""
        for posted in self._story.commands():
            self.carry_out(posted.command, now)
            self._story.settle(posted)

    def carry_out(self, command: commands.Command, now: int) -> None:
        """Do what one command says; one that asks for nothing to be done is only told."""
        paper = self._state.paper
        match command:
            case commands.Halt():
                self._halt(now, sell=command.sell)
            case commands.Resume():
                self._resume(now)
            case commands.Flow() if paper is None:
                self._reconciler.take_flow(command, now, self._state.summary.price)
            case commands.Flow() if paper is not None:
                paper.flow(command.amount)
                self._state.risk.flow(command.amount)
                self._story.take(as_input(now, command))
            case _:
                self._story.take(as_input(now, command))

    def finish_resume(self, now: int) -> None:
        """Take the account as the truth, where the owner wants that and it can be done by now."""
        state, price = self._state, self._state.summary.price
        before = self._session.exchange.balances() if state.resuming else None
        if before is None:
            return
        self._manager.follow_up(now)
        unknown = self._manager.in_doubt
        if unknown and not self._manager.accept_as_absent(now):
            return
        self._manager.follow_up(now)
        if self._session.exchange.balances() != before:  # something has traded meanwhile
            return
        state.resuming = False
        if unknown:
            state.watched_until = now + _WATCHED
            self._manager.find_strays()
        self._reconciler.accept(before, now, price)

    def _halt(self, now: int, *, sell: bool) -> None:
        """Cancel what is open and send nothing more, but for the sale of everything where that is asked for."""
        state = self._state
        state.resuming = False
        living = [child for _, child in state.orders.living()]
        for working in state.orders.working:
            working.withdrawn = True
        before, sold = state.risk.hold, state.risk.hold is not None and state.risk.hold.sell
        hold = state.risk.hold = before or Hold(OWNER, now)
        hold.sell = hold.sell or sell
        self._manager.follow_up(now)
        if before is not None:
            self._note(now, "Halt", _already(before, now, sells=sell and not sold))
            return
        held = state.held()
        told = Halted(
            reason=hold.reason,
            position=None if held is None else float(held.base),
            base=self._session.info.base,
            cancelled=sum(1 for child in living if child.state is OrderState.CANCELLED),
            orders_open=sum(1 for _ in state.orders.living()) or None,
            selling=hold.sell,
        )
        self._story.report(now, told)

    def _resume(self, now: int) -> None:
        """Go on; what the account holds is taken as the truth about orders that nobody knows of, once it can be."""
        state, risk = self._state, self._state.risk
        state.resuming = doubt = self._manager.in_doubt or bool(state.expected.unexplained)
        self.finish_resume(now)
        if state.resuming:
            self._note(now, "Resume Waits", _WAITS)
        if risk.hold is None and not doubt:
            self._note(now, "Resume", _ONLY_PHOENIX if risk.halted else _NOT_HALTED)
        if risk.hold is not None:
            hold, risk.hold = risk.hold, None
            still = BREAKER if risk.halted else None
            self._story.report(now, Unhalted(reason=hold.reason, bars=hold.bars, still=still))

    def _note(self, now: int, topic: str, text: str) -> None:
        self._story.report(now, Note(topic=topic, text=text, by="the bot"))


def _already(hold: Hold, now: int, *, sells: bool) -> str:
    whose = "halted by you" if hold.reason == OWNER else "halted for a new journal"
    then = "now sells everything" if sells else "goes on with: livestory resume"
    return f"already {whose} since {numbers.moment(hold.since, now)}; {then}"


_NOT_HALTED = "not halted: nothing to resume"
_ONLY_PHOENIX = "not halted by you; the breaker's halt ends by its own rule, Phoenix"
_WAITS = "an order may still come, or the account is not answered; no order until that is clear"
