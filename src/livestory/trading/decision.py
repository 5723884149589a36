"""The decision at the end of a bar: what the strategy wishes, what risk approves, and what order comes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from livestory.story.halt_reasons import BREAKER
from livestory.story.inputs import Observation
from livestory.story.reason import Reason
from livestory.story.reasons import HALTED, MARKET_HALTED, ORDER_OPEN, UNKNOWN_ORDER
from livestory.trading.exchange.records import Balances, Book, Holding, Side, exact
from livestory.trading.execution.tactics import Send, first_step
from livestory.trading.execution.working_order import Order, client_order_id
from livestory.trading.market.bar import Bar
from livestory.trading.risk import Approved, Refused
from livestory.trading.session import Session
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.rebalance import Proposal, Signal, rebalance

_ORDER_OPEN: Final = ORDER_OPEN()
_UNKNOWN_ORDER: Final = UNKNOWN_ORDER()


class Placement(NamedTuple):
    """An order that risk has approved, and the first step of carrying it out."""

    approved: Approved
    step: Send


class PutOff(NamedTuple):
    """An order that was wanted and approved, and what stands against it now."""

    order: Order
    reason: Reason


Outcome = Placement | PutOff | Reason | None
"""What is done at the end of a bar: an order, or the reason for none. None: everything is being sold outside."""


def decide(session: Session, bar: Bar, balances: Balances) -> tuple[Observation, Outcome]:
    """Show ``bar`` to strategy and risk, and decide at its end; nothing is sent.

    ``balances`` are what the account holds there. What the bot looks like then, and what it does.
    """
    state, holding = session.state, balances.at(bar.close)
    signal = state.strategy.on_bar(bar, holding.weight)
    state.end_bar(bar, holding.wealth, signal.score)
    proposal = _proposal(session, signal, balances, holding)
    outcome = _placement(session, proposal, balances, holding) if isinstance(proposal, Proposal) else proposal
    reason = outcome.reason if isinstance(outcome, PutOff) else outcome if isinstance(outcome, Reason) else None
    return _observation(state, bar, signal, holding, reason), outcome


def _proposal(session: Session, signal: Signal, balances: Balances, holding: Holding) -> Proposal | Reason | None:
    """The trade that is wanted, or why there is none.

    None: everything is being sold at an exchange outside, which `Liquidation` does, at its own pace.
    """
    state, filters = session.state, session.filters
    risk, busy = state.risk, state.orders or state.orders.strays
    if risk.hold is not None or risk.resume_at is not None or busy:  # not so at nearly every bar
        if risk.sells_out and session.outside:
            left = filters.problem(filters.quantity(balances.base), holding.exact_price) is None
            return None if left or state.orders else risk.held or HALTED()
        if busy:
            return _UNKNOWN_ORDER if any(working.unknown for working in state.orders.working) else _ORDER_OPEN
        if risk.sells_out:
            return risk.sell_all() if filters.quantity(balances.base) else risk.held or HALTED()
        if risk.held is not None:
            return risk.held
    return rebalance(risk.cap(signal), holding.weight, state.bars_since_trade, state.settings.rebalance)


def _placement(session: Session, proposal: Proposal, balances: Balances, holding: Holding) -> Outcome:
    """The order for a proposal, approved; or what puts it off, or why risk refuses it."""
    exchange, filters = session.exchange, session.filters
    book = exchange.book() if session.outside else None
    order = _order(session, proposal, balances, holding.exact_price, book)
    verdict = session.state.risk.approve(order)
    if isinstance(verdict, Refused):
        return verdict.reason
    problem = filters.problem(order.quantity, order.reference)
    if problem is None and exchange.closed is not None:
        problem = MARKET_HALTED(text=exchange.closed)
    step = problem or first_step(order, filters, session.settings, book, outside=session.outside)
    return PutOff(order, step) if isinstance(step, Reason) else Placement(verdict, step)


def _order(session: Session, proposal: Proposal, balances: Balances, price: Decimal, book: Book | None) -> Order:
    """The order that brings the account to the proposal's weight at ``price``, the close of the last bar.

    Its quantity is on the exchange's step, rounded down, 0 if there is nothing to trade; a buy with its fee costs at
    most the free money there is, at the ``book``'s asking price where that is known. Whether an exchange would take it
    is for `Filters.problem` to say.
    """
    state = session.state
    time = state.summary.last_time or 0
    wealth = balances.quote + balances.base * price
    wanted = exact(proposal.target_weight) * wealth / price - balances.base
    return Order(
        client_order_id=client_order_id(state.bot, time, proposal.side),
        time=time,
        side=proposal.side,
        quantity=_quantity(session, proposal.side, wanted, price, balances, book),
        reference=price,
        target_weight=proposal.target_weight,
        weight_before=float(balances.base * price / wealth) if wealth else 0.0,
        reason=proposal.reason,
        step=proposal.step,
    )


def _quantity(  # noqa: PLR0913, PLR0917 - what is wanted, and all that bounds it
    session: Session, side: Side, wanted: Decimal, price: Decimal, balances: Balances, book: Book | None
) -> Decimal:
    """As much of ``wanted``, negative for a sale, as is free, and outside as one order may be worth."""
    filters, most = session.filters, session.settings.max_value
    if side == "buy":
        dearest = price if book is None else max(price, book.ask)
        quantity = min(wanted, balances.quote_free / (dearest * (1 + filters.fee)))
    else:
        quantity = min(-wanted, balances.base_free)
    if session.outside and most is not None:
        quantity = min(quantity, exact(most) / price)
    return filters.quantity(quantity)


def _observation(
    state: ExecutorState, bar: Bar, signal: Signal, holding: Holding, no_trade_reason: Reason | None
) -> Observation:
    """The state at the end of ``bar``, with what the strategy wants there and why nothing is traded, if so."""
    risk, regime = state.risk, state.settings.regime_used
    halted, held = risk.resume_at is not None, risk.hold
    return Observation(
        time=bar.end,
        wealth=holding.wealth,
        price=bar.close,
        position=holding.position,
        weight=holding.weight,
        target_weight=0.0 if halted or (held is not None and held.sell) else signal.target_weight,
        regime=signal.regime,
        score=signal.score,
        threshold=None if regime is None else regime.threshold,
        drawdown=risk.drawdown,
        halted=halted or held is not None,
        halt_reason=BREAKER if halted else None if held is None else held.reason,
        resume_at=risk.resume_at,
        resume_score=risk.settings.resume_score,
        daily_loss_hit=risk.daily_loss_hit,
        day_return=risk.day_return,
        no_trade_reason=no_trade_reason,
        next_due=bar.end + (bar.end - bar.open_time),
    )
