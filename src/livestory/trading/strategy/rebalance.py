"""From what a strategy wishes to what is proposed: small changes and hasty ones are kept back, here alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from livestory.story.reason import Reason

if TYPE_CHECKING:
    from livestory.trading.strategy.signal import Signal


class RebalanceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large and how frequent trades are."""

    step_allocation: Annotated[
        float, Meta(ge=0.05, le=1, description="How much one step of a staged entry buys. Share of wealth, 0 to 1.")
    ] = 0.33
    threshold: Annotated[
        float,
        Meta(ge=0, le=0.5, description="The least change of the position worth a trade. Share of wealth, 0 to 1."),
    ] = 0.05
    cooldown: Annotated[int, Meta(ge=0, le=10_000, description="Least number of bars from one trade to the next.")] = 4


class Proposal(Struct, frozen=True, gc=False):
    """A trade that the strategy wants and the rebalance rules let pass; risk has yet to judge it."""

    target_weight: float  # wanted share of wealth in the base asset, 0 to 1
    side: Literal["buy", "sell"]
    reason: Reason
    step: int  # which step of a staged entry this is, 0 = none


def rebalance(
    signal: Signal, weight: float, bars_since_trade: int | None, settings: RebalanceSettings
) -> Proposal | Reason:
    """The trade that brings ``weight`` to the signal's target, or the reason why there is none.

    ``bars_since_trade`` counts bars from the one that decided the last trade (the next bar is 1); None = no trade yet.
    No change wished: the signal's own reason. Changes under the threshold: ``small_change``. Too soon: ``cooldown``.
    """
    change = signal.target_weight - weight
    if change == 0.0:
        return signal.reason
    if abs(change) < settings.threshold:
        return Reason("small_change", change, settings.threshold, signal.target_weight, signal.reason.key)
    if bars_since_trade is not None and bars_since_trade < settings.cooldown:
        return Reason("cooldown", bars_since_trade, settings.cooldown, signal.target_weight, signal.reason.key)
    return Proposal(signal.target_weight, "buy" if change > 0.0 else "sell", signal.reason, signal.step)
