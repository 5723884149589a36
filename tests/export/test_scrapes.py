"""Scrapes become rows: whatever is scraped, in whatever stretches it is read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.clock import instant
from livestory.errors import InputError
from livestory.outlets.metrics import DEPOSITS, GAUGES, WITHDRAWALS
from livestory.retell import metric_names
from livestory.retell.export_prometheus import Scrapes
from livestory.retell.prometheus_api import Series

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOON = 1_733_227_200.0
NAMES = metric_names.load("livestory")
COLUMNS = ["time", "wealth", "regime", "score", "halted", "flow"]

Scrape = tuple[int, str, str, str | None]  # 1 for a new observation, wealth, regime, deposits
Shown = tuple[float, int, str, str, str | None]  # time of the scrape, number of the observation, and as above

VALUES = st.one_of(st.just("NaN"), st.just("+Inf"), st.integers(1, 9).map(str))
SCRAPES = st.lists(
    st.tuples(
        st.integers(0, 1), VALUES, st.sampled_from(["TREND", "MEAN_REV"]), st.none() | st.integers(0, 9).map(str)
    ),
    max_size=40,
)


def series(scrapes: Sequence[Shown]) -> list[Series]:
    """What Prometheus answers for these scrapes, each with its time."""
    found = {
        "livestory_observation_time_seconds": [(at, f"{NOON + bar * 900:.0f}") for at, bar, *_ in scrapes],
        "livestory_wealth": [(at, wealth) for at, _, wealth, *_ in scrapes],
        "livestory_deposits_total": [(at, paid) for at, *_, paid in scrapes if paid is not None],
    }
    regimes = {
        regime: [(at, "1") for at, _, _, this, _ in scrapes if this == regime] for regime in ("TREND", "MEAN_REV")
    }
    return [Series({"__name__": name}, samples) for name, samples in found.items()] + [
        Series({"__name__": "livestory_regime_info", "regime": regime}, samples) for regime, samples in regimes.items()
    ]


@given(SCRAPES, st.lists(st.integers(0, 40), max_size=3))
def test_the_stretches_do_not_matter(steps: list[Scrape], cuts: list[int]) -> None:
    """The rows are one a new observation, with what its first scrape knew, wherever the answers are cut."""
    bar = 0
    scrapes: list[Shown] = []
    for number, (step, wealth, regime, deposits) in enumerate(steps):
        bar += step
        scrapes.append((NOON + number * 15.0, bar, wealth, regime, deposits))
    first = {scrape[1]: scrape for scrape in reversed(scrapes)}
    expected = [
        (int(NOON + bar * 900), "" if wealth in {"NaN", "+Inf"} else wealth, regime)
        for _, bar, wealth, regime, _ in reversed(first.values())
    ]
    whole = list(Scrapes(NAMES, COLUMNS).take(series(scrapes)))
    assert [(instant(row[0]) // 1_000_000, row[1], row[2]) for row in whole] == expected
    parts = Scrapes(NAMES, COLUMNS)
    rows: list[list[str]] = []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(scrapes)], strict=True):
        rows += parts.take(series(scrapes[begin:end]))
    assert rows == whole
    assert parts.rows == len(whole)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_a_counter_never_makes_a_withdrawal(counts: list[int]) -> None:
    """Read as Prometheus' own `increase` reads it: a fall is a beginning from 0."""
    scrapes = [(NOON + bar * 900.0, bar, "1", "TREND", str(count)) for bar, count in enumerate(counts)]
    flows = [row[-1] for row in Scrapes(NAMES, COLUMNS).take(series(scrapes))]
    assert flows[0] == ""
    increases = [now - before if now >= before else now for before, now in pairwise(counts)]
    assert [float(flow) for flow in flows[1:]] == increases


def test_a_scrape_that_knows_nothing_makes_no_row() -> None:
    """A time alone is no observation, and an unknown time no row."""
    found = [
        Series({"__name__": "livestory_observation_time_seconds"}, [(NOON, f"{NOON}"), (NOON + 15, "NaN")]),
        Series({"__name__": "livestory_wealth"}, [(NOON, "NaN"), (NOON + 15, "1")]),
    ]
    assert list(Scrapes(NAMES, COLUMNS).take(found)) == []


def test_a_time_may_be_in_milliseconds() -> None:
    """As `livestory.clock.instant` reads any number; what is none is told with its metric."""
    for value, time in ((f"{NOON * 1000:.0f}", "2024-12-03T12:00:00Z"), (f"{NOON}", "2024-12-03T12:00:00Z")):
        found = [
            Series({"__name__": "livestory_observation_time_seconds"}, [(NOON, value)]),
            Series({"__name__": "livestory_wealth"}, [(NOON, "1")]),
        ]
        assert [row[0] for row in Scrapes(NAMES, COLUMNS).take(found)] == [time]
    found[0].samples[0] = (NOON, "-7")
    with pytest.raises(InputError, match="livestory_observation_time_seconds: -7 is no time"):
        list(Scrapes(NAMES, COLUMNS).take(found))


def test_the_preset_finds_every_gauge_that_the_bot_exposes() -> None:
    """Its columns are the fields of the observation, its metrics the names on both sides of the wire."""
    named = {column: sources[0] for column, sources in NAMES.columns.items()}
    assert {column: (source.metric, source.label) for column, source in named.items()} == {
        gauge.field: (gauge.name, gauge.label) for gauge in GAUGES
    }
    assert NAMES.deposits is not None
    assert NAMES.withdrawals is not None
    assert (NAMES.deposits.metric, NAMES.withdrawals.metric) == (DEPOSITS[0], WITHDRAWALS[0])


def test_every_preset_can_be_read() -> None:
    """And is told where a name is neither a preset nor a file."""
    assert metric_names.presets() == ["livestory", "wealth_total"]
    for name in metric_names.presets():
        assert metric_names.load(name).metrics
    with pytest.raises(InputError, match="no such file, and no preset; presets: livestory, wealth_total"):
        metric_names.load("wealth")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing required field `columns`"),
        ("[columns", "Expected ']'"),
        ('[columns]\nwelth = "w"', r"\[columns\] welth: no column of this name; there are daily_loss_hit"),
        ('[columns]\ntime = "t"', "names no metric but the time's"),
        ("[columns]\nwealth = 7", r"\$\.columns"),
        ('[columns]\nwealth = "w{kind=target}"', r"'w\{kind=target\}' is no metric"),
        ('[columns]\nwealth = "rate(w[5m])"', "is no metric"),
        ('[columns]\nregime = { metric = "r" }', "expected a metric, or"),
        ('[columns]\nwealth = "w"\nflow = "f"', "expected counters"),
        ('[columns]\nno_trade_reason = "w"', "no column of this name"),
        ('[column]\nwealth = "w"', "unknown field `column`"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_told(text: str, message: str, tmp_path: Path) -> None:
    """With its file and what was expected."""
    file = tmp_path / "metrics.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message) as told:
        metric_names.load(str(file))
    assert str(told.value).startswith(f"{file}: ")


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    """A selector, several of them, a label's text, counters, and what tells bots apart."""
    file = tmp_path / "metrics.toml"
    file.write_text(
        'identity = ["pod"]\n[columns]\nwealth = \'w{a="x",b = "y\\"z"}\'\nhalted = ["one", "two"]\n'
        'regime = { metric = "r", label = "name" }\nflow = { increase = "paid_in" }\n',
        "utf-8",
    )
    names = metric_names.load(str(file))
    (wealth,) = names.columns["wealth"]
    assert (wealth.metric, wealth.labels) == ("w", {"a": "x", "b": 'y"z'})
    assert names.metrics == ["w", "one", "two", "r", "paid_in"]
    assert names.identity == ("pod",)
    assert names.present({"two", "paid_in"}) == ["time", "halted", "flow"]
