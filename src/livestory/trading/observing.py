"""What the executor looks like at its start and at the end of a bar, for its story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import to_builtins

from livestory.clock import SECOND
from livestory.settings import duration_text
from livestory.story.events import Rules
from livestory.story.observation import Begin, Observation, Reason
from livestory.trading.exchange.paper import PaperSettings

if TYPE_CHECKING:
    from livestory.trading.exchange.records import Balances
    from livestory.trading.execution.tactics import OrderSettings
    from livestory.trading.market.bar import Bar
    from livestory.trading.risk import RiskSettings
    from livestory.trading.run_info import RunInfo
    from livestory.trading.state import ExecutorState
    from livestory.trading.strategy.choice import StrategySettings
    from livestory.trading.strategy.rebalance import Signal


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


def beginning_of(scene: RunInfo, bar: Bar, time: int, balances: Balances | None, expected: Balances | None) -> Begin:
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


def rules_in_force(  # noqa: PLR0913 - the settings of each room, and the two that are others'
    risk: RiskSettings,
    strategy: StrategySettings,
    trading: PaperSettings | OrderSettings,
    *,
    base: str | None,
    ath_min_gain: float | None,
    fee: float | None = None,
) -> Rules:
    """The rules of risk, regime and trading, on paper or at an exchange.

    ``ath_min_gain`` is the story's own rule for records, ``fee`` what an exchange takes of a trade: a share.
    """
    regime = strategy.regime if strategy.kind == "meta" else None
    return Rules(
        breaker=risk.breaker,
        cooldown=risk.cooldown,
        resume_score=risk.resume_score,
        daily_loss=risk.daily_loss or 0.0,
        max_weight=risk.max_weight,
        threshold=None if regime is None else regime.threshold,
        hysteresis=None if regime is None else regime.hysteresis,
        ath_min_gain=ath_min_gain,
        base=base,
        strategy=strategy.kind,
        step=strategy.rebalance.step_allocation,
        fee=trading.fee if isinstance(trading, PaperSettings) else fee,
        settings={**_flat("strategy", to_builtins(strategy)), **_flat(_section(trading), to_builtins(trading))},
    )


def _section(trading: PaperSettings | OrderSettings) -> str:
    return "paper" if isinstance(trading, PaperSettings) else "orders"


_TOLD = {"strategy.kind", "strategy.regime.threshold", "strategy.regime.hysteresis", "paper.fee",
         "strategy.rebalance.step_allocation"}  # fmt: skip


def _flat(name: str, value: object) -> dict[str, str]:
    """Every setting by the name that the configuration gives it, but for those with words of their own."""
    if isinstance(value, dict):
        return {key: text for part, inner in value.items() for key, text in _flat(f"{name}.{part}", inner).items()}
    if name in _TOLD:
        return {}
    return {name: duration_text(value) if isinstance(value, int) and value >= SECOND else str(value)}


def rules_of(state: ExecutorState, scene: RunInfo, orders: OrderSettings, fee: float) -> Rules:
    """The rules that one executor trades by; ``orders`` are those of an exchange outside."""
    trading = orders if state.paper is None else state.paper.settings
    return rules_in_force(
        state.risk.settings, state.settings, trading, base=scene.base, ath_min_gain=scene.ath_min_gain, fee=fee
    )
