"""The words of rules and of their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.story.events import Rules, RulesChanged


def _loss(share: float) -> str:
    return numbers.percent(-share) if share else "off"


# field, its name in a change, its value in words
_RULES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("breaker", "breaker:", _loss),
    ("cooldown", "wait", lambda micros: numbers.duration(int(micros))),
    ("resume_score", "resume at score", numbers.bound),
    ("daily_loss", "daily loss limit", _loss),
    ("max_weight", "at most", numbers.weight),
    ("threshold", "regime threshold", numbers.score),
    ("hysteresis", "regime hysteresis", numbers.score),
    ("ath_min_gain", "records told from", numbers.percent),
    ("step", "steps of", numbers.weight),
    ("fee", "fee", numbers.unsigned_percent),
)


def changes(facts: RulesChanged) -> list[str]:
    """Every rule that changed: ``wait 2h → 2d``."""
    pairs = ((name, text, getattr(facts.before, field), getattr(facts.after, field)) for field, name, text in _RULES)
    told = [f"{name} {_known(text, before)} → {_known(text, after)}" for name, text, before, after in pairs
            if before != after]  # fmt: skip
    if facts.before.strategy != facts.after.strategy:
        told.append(f"strategy {facts.before.strategy or 'not told'} → {facts.after.strategy or 'not told'}")
    before, after = facts.before.settings, facts.after.settings
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    told += [escape(f"{name} {before.get(name, 'not told')} → {after.get(name, 'not told')}") for name in names]
    return told


def near_breaker(drawdown: float | None, limit: float | None) -> str:
    """How near the breaker is: ``breaker: -19.7% of -20.0%``."""
    if drawdown is None or limit is None:
        return ""
    return f"breaker: {numbers.percent(drawdown)} of {numbers.percent(-limit)}"


def first_change(facts: RulesChanged) -> str:
    """The change that the third column shows; the others stand in the fourth."""
    return next(iter(changes(facts)), "nothing that is told here")


def _known(text: Callable[[float], str], value: float | None) -> str:
    return "not told" if value is None else text(value)


def in_force(rules: Rules) -> list[str]:
    """The rules, but for the breaker's limit, which the third column shows."""
    told = []
    if rules.breaker and rules.cooldown is not None:
        score = f" and for score ≥ {numbers.bound(rules.resume_score)}" if rules.resume_score is not None else ""
        told.append(f"then sells all, waits {numbers.duration(rules.cooldown)}{score}")
    if rules.daily_loss is not None:
        told.append(f"daily loss limit {_loss(rules.daily_loss)}")
    if rules.max_weight is not None:
        told.append(f"at most {numbers.weight(rules.max_weight)} {rules.base or 'invested'}")
    if rules.step is not None:
        told.append(f"in steps of {numbers.weight(rules.step)}")
    if rules.fee is not None:
        told.append(f"fee {numbers.unsigned_percent(rules.fee)}")
    if rules.threshold is not None and rules.hysteresis is not None:
        upper, lower = rules.threshold + rules.hysteresis, rules.threshold - rules.hysteresis
        told.append(f"TREND from score {numbers.bound(upper)}, MEAN_REV below {numbers.bound(lower)}")
    if rules.ath_min_gain is not None:
        told.append(f"records told from {numbers.percent(rules.ath_min_gain)}")
    told.append("times are UTC")
    return told
