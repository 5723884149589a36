"""What a strategy wishes, the steps of a staged position, and the rules that keep small or hasty changes back."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import Annotated, Literal, Self

from msgspec import Meta, Struct

from livestory.story.reason import Reason


class Signal(Struct, frozen=True, gc=False):
    """A wish, not an order: risk and the rebalance rules come after it."""

    target_weight: float  # wanted share of wealth in the base asset, 0 to 1
    reason: Reason  # why this target, or why none other
    step: int = 0  # which step of a staged entry the target is, 0 = none
    regime: str | None = None  # None while the indicators warm up
    score: float | None = None  # regime score, 0 to 100; None while it warms up


class Steps(Struct, frozen=True):
    """The rungs of a staged position. ``targets[n]`` is the share of wealth after step n; ``targets[0]`` is 0.

    Where a position stands is read from the weight that is really held, so an entry that was refused or filled in part
    is simply wanted again.
    """

    targets: tuple[float, ...]
    boundaries: tuple[float, ...]  # half-way between neighbouring targets
    least: float  # the least weight worth selling

    @classmethod
    def of(cls, allocation: float, max_weight: float, least: float) -> Self:
        """Steps of ``allocation`` each up to ``max_weight``; the last one takes what remains, if it is too little."""
        targets = [0.0]
        while targets[-1] < max_weight:
            target = len(targets) * allocation
            targets.append(target if target + least <= max_weight else max_weight)
        return cls(tuple(targets), tuple((low + high) / 2 for low, high in pairwise(targets)), least)

    @property
    def last(self) -> int:
        """The number of the last step."""
        return len(self.boundaries)

    def standing(self, weight: float) -> int:
        """The step that a weight stands on: the one with the nearest target."""
        return bisect_right(self.boundaries, weight)

    def worth_selling(self, weight: float) -> bool:
        """Whether a weight is more than what rounding and small fills leave behind."""
        return weight > 0.0 and weight >= self.least


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
