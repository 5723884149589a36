"""What the executor looks like at its start and at the end of a bar, for its story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.inputs import Begin, Observation

if TYPE_CHECKING:
    from livestory.story.reason import Reason
    from livestory.trading.exchange import Balances
    from livestory.trading.executor_state import ExecutorState
    from livestory.trading.market.bar import Bar
    from livestory.trading.scene import Scene
    from livestory.trading.strategy.signal import Signal


def observation_of(  # noqa: PLR0913, PLR0917 - what the bar brought
    state: ExecutorState, bar: Bar, signal: Signal, balances: Balances, weight: float, no_trade_reason: Reason | None
) -> Observation:
    """The state at the end of ``bar``, with what the strategy wants there and why nothing is traded, if so."""
    risk = state.risk
    halted, held = risk.resume_at is not None, risk.hold
    return Observation(
        time=bar.end,
        wealth=state.summary.wealth,
        price=bar.close,
        position=float(balances.base),
        weight=weight,
        target_weight=0.0 if halted or (held is not None and held.sell) else signal.target_weight,
        regime=signal.regime,
        score=signal.score,
        threshold=state.settings.regime.threshold,
        drawdown=risk.drawdown,
        halted=halted or held is not None,
        halt_reason="breaker" if halted else None if held is None else held.reason,
        resume_at=risk.resume_at,
        resume_score=risk.settings.resume_score,
        daily_loss_hit=risk.daily_loss_hit,
        day_return=risk.day_return,
        no_trade_reason=no_trade_reason,
        next_due=bar.end + (bar.end - bar.open_time),
    )


def beginning_of(scene: Scene, bar: Bar, time: int, balances: Balances | None, expected: Balances | None) -> Begin:
    """The start at ``time`` before ``bar``, with what the account holds and what it was expected to hold, if known."""
    return Begin(
        time=time,
        mode=scene.mode,
        market=scene.market,
        interval=bar.end - bar.open_time,
        wealth=None if balances is None else balances.wealth(bar.open),
        position=None if balances is None else float(balances.base),
        cash=None if balances is None else float(balances.quote),
        price=bar.open,
        expected=None if expected is None else expected.wealth(bar.open),
    )
