"""What holds for every strategy: saved and restored anywhere, blind to the future, and the same words throughout."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory.story.reasons import DECLARED
from livestory.story.regime_rule import regime_of
from livestory.trading.strategy.choice import Choice, Meta, Strategy, StrategySettings, strategy_of
from livestory.trading.strategy.mean_reversion import MeanReversionSettings
from livestory.trading.strategy.rebalance import Proposal, rebalance
from livestory.trading.strategy.regime_score import RegimeScore
from livestory.trading.strategy.trend import TrendSettings

if TYPE_CHECKING:
    from livestory.story.reason import Reason
    from livestory.trading.market.bar import Bar
    from livestory.trading.strategy.rebalance import Signal
    from tests.strategy.conftest import BentBar

CHOICES = {
    "meta": StrategySettings(),
    "mean_reversion": StrategySettings(kind="mean_reversion"),
    "rate_of_change": StrategySettings(
        kind="mean_reversion", mean_reversion=MeanReversionSettings(measure="rate_of_change")
    ),
    "trend": StrategySettings(kind="trend"),
    "sma": StrategySettings(kind="trend", trend=TrendSettings(average="sma")),
}
NAMES = st.sampled_from(sorted(CHOICES))


def test_every_strategy_that_can_be_chosen_is_tried() -> None:
    """All that this file says of strategies holds for a new one as well, once it is among its choices."""
    assert {choice.kind for choice in CHOICES.values()} == {*get_args(Choice)}


def _traded(
    strategy: Strategy, bars: list[Bar], choice: StrategySettings, weight: float = 0.0
) -> list[tuple[Signal, Proposal | Reason]]:
    """Signals and verdicts over bars, where each proposal is filled at once and exactly."""
    told: list[tuple[Signal, Proposal | Reason]] = []
    since: int | None = None
    for bar in bars:
        since = None if since is None else since + 1
        signal = strategy.on_bar(bar, weight)
        verdict = rebalance(signal, weight, since, choice.rebalance)
        if isinstance(verdict, Proposal):
            weight, since = verdict.target_weight, 0
        told.append((signal, verdict))
    return told


@settings(max_examples=60)
@given(name=NAMES, start=st.integers(0, 86_000), cut=st.integers(0, 500))
def test_saved_and_restored_at_any_bar_it_says_the_same_after(
    real_bars: list[Bar], name: str, start: int, cut: int
) -> None:
    """Settings, indicators and memory survive: the rest of the signals equal those of an unbroken run."""
    choice, bars = CHOICES[name], real_bars[start : start + 700]
    whole, first = strategy_of(choice, 0.97), strategy_of(choice, 0.97)
    weights = [0.0, 0.33, 0.66, 0.97]
    expected = [whole.on_bar(bar, weights[i // 7 % 4]) for i, bar in enumerate(bars)]
    for i, bar in enumerate(bars[:cut]):
        first.on_bar(bar, weights[i // 7 % 4])
    restored = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Strategy)
    rest = [restored.on_bar(bar, weights[i // 7 % 4]) for i, bar in enumerate(bars[cut:], start=cut)]
    assert rest == expected[cut:]
    assert restored == whole


@settings(max_examples=30)
@given(name=NAMES, at=st.tuples(st.integers(0, 86_000), st.integers(200, 400)), factor=st.floats(0.5, 2.0))
def test_another_future_changes_no_decision_of_the_past(
    real_bars: list[Bar], bent: BentBar, name: str, at: tuple[int, int], factor: float
) -> None:
    """Bars after ``now`` are bent; signals and verdicts up to ``now`` stay what they were."""
    start, now = at
    choice, bars = CHOICES[name], real_bars[start : start + now + 20]
    future = [bent(bar, factor) for bar in bars[now:]]
    told = _traded(strategy_of(choice, 0.97), bars, choice)
    other = _traded(strategy_of(choice, 0.97), bars[:now] + future, choice)
    assert told[:now] == other[:now]


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_over_the_real_bars_every_decision_has_a_declared_reason(real_bars: list[Bar], name: str) -> None:
    """Long only, never over the maximum, never twice within the cooldown, and not at every bar."""
    choice = CHOICES[name]
    told = _traded(strategy_of(choice, 0.97), real_bars, choice)
    reasons = {verdict.reason if isinstance(verdict, Proposal) else verdict for _, verdict in told}
    assert {reason.key for reason in reasons} <= DECLARED.keys()
    assert all(0.0 <= signal.target_weight <= 0.97 for signal, _ in told)
    trades = [i for i, (_, verdict) in enumerate(told) if isinstance(verdict, Proposal)]
    assert all(after - before >= 4 for before, after in pairwise(trades))
    assert 20 < len(trades) / 2.5 < 400
    if name != "meta":
        assert {(signal.regime, signal.score) for signal, _ in told} == {(None, None)}


def test_the_regime_decides_which_strategy_decides(real_bars: list[Bar]) -> None:
    """At each bar meta says what the strategy of that regime says, which has taken every bar until then."""
    meta = strategy_of(CHOICES["meta"], 0.97)
    assert isinstance(meta, Meta)
    dips, trend = strategy_of(CHOICES["mean_reversion"], 0.97), strategy_of(CHOICES["trend"], 0.97)
    score, regime = RegimeScore.of(CHOICES["meta"].regime), None
    seen = set()
    for bar in real_bars[:5_000]:
        signal, value = meta.on_bar(bar, 0.0), score.update(bar)
        by_regime = {"MEAN_REV": dips.on_bar(bar, 0.0), "TREND": trend.on_bar(bar, 0.0)}
        assert signal.score == value
        if value is None:
            assert (signal.reason.key, signal.reason.limit, signal.target_weight) == ("warm_up", 112, 0.0)
            continue
        regime = regime_of(value, regime, 25.0, CHOICES["meta"].regime.hysteresis)
        expected = by_regime[regime]
        assert signal == msgspec.structs.replace(expected, regime=regime, score=value)
        seen.add(regime)
    assert seen == {"MEAN_REV", "TREND"}
    assert meta.bars_needed == 200


def test_a_recovery_does_not_outlive_the_regime_it_began_in(real_bars: list[Bar]) -> None:
    """Once another regime has ruled in between, the first rise over the average sells a step again."""
    meta = strategy_of(CHOICES["meta"], 0.97)
    assert isinstance(meta, Meta)
    for bar in real_bars[:2_000]:
        before = meta.regime
        meta.mean_reversion.recovering_from = 3
        meta.on_bar(bar, 0.0)
        if meta.regime != before:
            assert meta.mean_reversion.recovering_from is None


def test_every_setting_has_a_sentence_for_a_person() -> None:
    """`livestory init` writes it above the setting."""
    schema = msgspec.json.schema(StrategySettings)["$defs"]
    for name, struct in schema.items():
        for field, meaning in struct["properties"].items():
            if "$ref" not in str(meaning):
                assert meaning.get("description", "").endswith("."), f"{name}.{field}"
