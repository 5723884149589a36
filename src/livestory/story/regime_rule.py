"""When a regime score means trend: one rule, shared by the bot that decides and the detector that infers."""

from __future__ import annotations

from typing import Literal

Regime = Literal["TREND", "MEAN_REV"]


def regime_of(score: float, previous: str | None, threshold: float, hysteresis: float) -> Regime:
    """The regime that a score (0 to 100) stands for, given the regime before it.

    TREND from ``threshold + hysteresis``, MEAN_REV below ``threshold - hysteresis``; between them it stays, so that a
    score that hovers at the threshold doesn't flip it at every bar. Without a regime before (None, or a label that is
    neither of the two) the threshold alone decides.
    """
    if score >= threshold + hysteresis:
        return "TREND"
    if score < threshold - hysteresis:
        return "MEAN_REV"
    if previous == "TREND":
        return "TREND"
    if previous == "MEAN_REV":
        return "MEAN_REV"
    return "TREND" if score >= threshold else "MEAN_REV"
