"""The golden quarter under the first stage's settings: what happens, when, and with which facts is as it was then."""

from __future__ import annotations

import lzma
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import json
from msgspec.structs import replace

from livestory.trading.risk import RiskSettings
from livestory.trading.strategy.choice import StrategySettings
from livestory.trading.strategy.regime_score import RegimeSettings
from tests.first_stage.packed import HERE
from tests.golden.oracle import events
from tests.golden.replay import QUARTER, quarter_of, replay

if TYPE_CHECKING:
    from pathlib import Path

THEN = replace(
    QUARTER, risk=RiskSettings(breaker=0.10), strategy=StrategySettings(regime=RegimeSettings(hysteresis=2.0))
)


def test_the_quarter_has_the_kinds_times_and_facts_of_then(real_bars_file: Path, tmp_path: Path) -> None:
    """``quarter.json.xz`` was told by commit 45faecd with a breaker of 10 %; a fact that is new is no difference."""
    then = json.decode(lzma.decompress((HERE / "quarter.json.xz").read_bytes()))
    told = events(replay(quarter_of(real_bars_file, tmp_path), tmp_path, THEN).db)
    now = list(told[["time", "kind", "facts"]].itertuples(index=False))
    assert [[row.time, row.kind] for row in now] == [row[:2] for row in then]
    differ = [
        (row.time, row.kind, name)
        for row, (_, _, facts) in zip(now, then, strict=True)
        for name, value in facts.items()
        if not _same(row.facts.get(name), value)
    ]
    assert differ == []


def _same(now: Any, then: Any) -> bool:
    """Decimals are texts in a record, and zero has many."""
    return bool(now == then) or (then == "0.0000" and now is not None and Decimal(now) == 0)
