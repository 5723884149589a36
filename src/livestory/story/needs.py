"""Which columns of a table the line of each kind of event is made of.

A column is a field of `Observation`; ``fill`` and ``skip`` stand for rows of these. A kind whose columns a table has is
told from it as it was told live, byte for byte; a kind that is missing here comes from no table.
"""

from __future__ import annotations

_WEALTH = frozenset({"wealth", "flow"})
_DRAWDOWN = _WEALTH | {"drawdown", "halted", "halt_reason"}
_HALT = frozenset({"halted", "halt_reason", "position"})
_CHAPTER = _DRAWDOWN | {"price", "regime", "no_trade_reason", "fill"}
_QUIET = _CHAPTER | {
    *("position", "weight", "target_weight", "score", "threshold", "resume_at", "resume_score"),
    *("daily_loss_hit", "day_return", "next_due", "skip"),
}

NEEDS: dict[str, frozenset[str]] = {
    "ath": _WEALTH | {"price"},
    "breaker": _DRAWDOWN | _HALT | {"resume_at", "resume_score"},
    "chapter": _CHAPTER,
    "daily_limit": _DRAWDOWN | {"daily_loss_hit", "day_return", "position", "weight"},
    "daily_limit_over": _DRAWDOWN | {"daily_loss_hit", "weight"},
    "drawdown": _DRAWDOWN,
    "drawdown_over": _DRAWDOWN,
    "exposure": frozenset({"target_weight", "price", "no_trade_reason", "fill"}),  # told where there are no fills
    "flow": _WEALTH,
    "gap": frozenset({"next_due", "price"}),
    "halfway": _DRAWDOWN | {"price", "position"},
    "halted": _HALT,
    "phoenix": _HALT | {"wealth", "price", "score", "resume_score", "regime", "fill"},
    "put_off": frozenset({"skip", "fill"}),
    "quiet": _QUIET,  # any line ends a silence
    "reading_back": _QUIET,
    "reading_refused": _QUIET,
    "regime": frozenset({"regime", "score", "threshold", "halted"}),
    "trade": frozenset({"fill", "skip"}),
    "unhalted": frozenset({"halted", "halt_reason"}),
    "wait_over": frozenset({"halted", "halt_reason", "resume_at", "resume_score", "score"}),
}
