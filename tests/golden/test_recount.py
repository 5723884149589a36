"""Every line of a replay against the recount of `oracle`: nothing missing, nothing extra, no number wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.golden.comparison import differences
from tests.golden.expected_lines import expected_lines
from tests.golden.oracle import Expected, Game, events, read
from tests.golden.replay import QUARTER, replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from livestory.story.files.layout import Layout
    from tests.golden.oracle import Recount


def _agrees(recount: Recount, layout: Layout) -> None:
    observed = recount.observed
    for ours, column in ((recount.wealth, "wealth"), (recount.score, "score"), (recount.drawdown, "drawdown")):
        np.testing.assert_allclose(observed[column].astype(float), ours, rtol=0, atol=1e-9, err_msg=column)
    assert (observed["price"] == recount.price).all()
    assert (observed["halted"] == recount.halted).all()
    told = [None if regime is None else str(regime) for regime in recount.regime]
    assert observed["regime"].astype(object).where(observed["regime"].notna(), None).tolist() == told
    assert not (wrong := differences(events(layout.db), expected_lines(recount))), "\n".join(wrong[:10])


def test_the_golden_quarter_agrees_with_the_recount(quarter_bars: Path, quarter: Layout) -> None:
    """From TA-Lib's regimes to the last fee, with what the bot reported about itself on the way."""
    _agrees(read(quarter_bars, quarter.db, Game(breaker=QUARTER.risk.breaker)), quarter)


def test_the_replay_of_all_real_bars_agrees_with_the_recount(real_bars_file: Path, tmp_path: Path) -> None:
    """With its data gap, its years and its one trip."""
    layout = replay(real_bars_file, tmp_path)
    recount = read(real_bars_file, layout.db, Game())
    assert len(recount.halts) == 1
    _agrees(recount, layout)


def _without_a_line(told: pd.DataFrame, kind: str) -> pd.DataFrame:
    return told.drop(told.index[told["kind"] == kind][0])


def _with_a_line_twice(told: pd.DataFrame, kind: str) -> pd.DataFrame:
    place = told.index[told["kind"] == kind][0]
    return told.loc[sorted([*told.index, place])]


def _a_bar_late(told: pd.DataFrame, kind: str) -> pd.DataFrame:
    told.loc[told.index[told["kind"] == kind][0], "time"] += 15 * 60 * 10**6
    return told


def _with_other_digits(told: pd.DataFrame, kind: str) -> pd.DataFrame:
    place = told.index[told["kind"] == kind][0]
    line = told.at[place, "line"]  # noqa: PD008  a cell that is text
    told.loc[place, "line"] = line[:19] + line[19:].translate(str.maketrans("0123456789", "1234567890"))
    return told


@pytest.mark.parametrize("change", [_without_a_line, _with_a_line_twice, _a_bar_late, _with_other_digits])
@pytest.mark.parametrize(
    "kind", ["started", "regime", "trade", "ath", "halfway", "breaker", "wait_over", "phoenix", "chapter", "quiet"]
)
def test_the_comparison_notices_a_line_that_is_wrong(
    change: Callable[[pd.DataFrame, str], pd.DataFrame], kind: str, quarter_expected: list[Expected], quarter: Layout
) -> None:
    """Missing, doubled, late, or with other digits."""
    assert differences(change(events(quarter.db), kind), quarter_expected)


@pytest.mark.parametrize("kind", ["regime", "trade", "ath", "breaker", "phoenix", "chapter", "quiet"])
def test_the_comparison_notices_any_number_of_a_record_that_is_wrong(
    kind: str, quarter_expected: list[Expected], quarter: Layout
) -> None:
    """By a millionth."""
    told = events(quarter.db)
    place = next(number for number, line in enumerate(quarter_expected) if line.kind == kind and line.time)
    for name, wanted in quarter_expected[place].numbers.items():
        if isinstance(wanted, str | bool | list) or not wanted:
            continue
        line = quarter_expected[place]
        other = line._replace(numbers=line.numbers | {name: float(wanted) * (1 + 1e-6)})
        wrong = [*quarter_expected[:place], other, *quarter_expected[place + 1 :]]
        assert any(name in fault for fault in differences(told, wrong)), name


@pytest.fixture(scope="module")
def quarter_expected(quarter_bars: Path, quarter: Layout) -> list[Expected]:
    """The lines that the golden quarter must have."""
    return expected_lines(read(quarter_bars, quarter.db, Game(breaker=QUARTER.risk.breaker)))
