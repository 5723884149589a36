"""The rules that a bot of given settings trades by, as its story tells them."""

from __future__ import annotations

from msgspec import to_builtins

from livestory.clock import SECOND
from livestory.durations import duration_text
from livestory.story.kinds.lifecycle import Rules
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.risk import RiskSettings
from livestory.trading.session import Session
from livestory.trading.strategy.choice import StrategySettings


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
    regime = strategy.regime_used
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


def rules_of(session: Session) -> Rules:
    """The rules that one executor trades by."""
    state, info = session.state, session.info
    return rules_in_force(
        state.risk.settings,
        state.settings,
        session.settings if state.paper is None else state.paper.settings,
        base=info.base,
        ath_min_gain=info.ath_min_gain,
        fee=float(session.filters.fee),
    )
