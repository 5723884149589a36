"""observe() with every detector and no event, against a plain loop that keeps the same peaks in local variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import Result, interleaved, seconds
from livestory import Narrator, Observation, Reason, Rules
from livestory.clock import MINUTE, instant
from livestory.story.inputs import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 100_000
START = instant("2024-12-03 15:00:00")
STEP = MINUTE // 1000  # so that no midnight and no twelve hours' quiet falls into the run: nothing is told
STILL = Reason("small_change", value=0.02, limit=0.05)


def _observations() -> list[Observation]:
    return [
        Observation(
            time=START + number * STEP,
            wealth=1.0 + number % 7 * 1e-5,
            price=0.0329,
            position=10.0,
            weight=0.32,
            target_weight=0.33,
            regime="MEAN_REV",
            score=20.0,
            threshold=25.0,
            drawdown=-0.001,
            halted=False,
            daily_loss_hit=False,
            no_trade_reason=STILL,
        )
        for number in range(1, COUNT + 1)
    ]


def measure() -> Iterator[Result]:
    """Observations a second."""
    observations = _observations()

    def ours() -> float:
        narrator = Narrator("ETH/BTC", "BTC")
        narrator.take(Statement(START, (Rules(breaker=0.2, daily_loss=0.0),)))
        narrator.take(Observation(time=START, wealth=1.0, price=0.0329, regime="MEAN_REV", halted=False))

        def run() -> None:
            observe = narrator.take
            for observation in observations:
                observe(observation)

        return COUNT / seconds(run)

    def plain() -> float:
        def run() -> None:
            peak, record, regime, halted, reasons = 0.0, 1.0, "", False, {"": 0}
            for o in observations:
                wealth = o.wealth or 0.0
                peak = max(peak, wealth)
                if wealth > record * 1.01 or o.regime != regime or o.halted is not halted:
                    record, regime, halted = max(record, wealth), o.regime or "", bool(o.halted)
                if wealth / peak < 0.9:  # noqa: PLR2004 - half-way to a breaker
                    record = wealth
                key = o.no_trade_reason.key if o.no_trade_reason else ""
                reasons[key] = reasons.get(key, 0) + 1

        return COUNT / seconds(run)

    mine, baseline = interleaved(ours, plain)
    yield Result(
        name="observe(), all detectors, no event, no journal",
        unit="/s",
        ours=mine,
        baseline=baseline,
        baseline_name="plain loop, in-memory state, tells nothing",
        target="≥ 150,000/s",
        more_is_better=True,
    )
