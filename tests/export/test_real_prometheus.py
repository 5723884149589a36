"""Exports from a real Prometheus: what was scraped, and nothing else."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from livestory.clock import instant
from livestory.errors import InputError
from livestory.retell import metric_names
from livestory.retell.export_prometheus import Exported, export_prometheus
from livestory.retell.prometheus_api import Credentials, Prometheus, PrometheusSettings
from livestory.tables import tables
from tests.export.prometheus_process import openmetrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.export.conftest import StartPrometheus
    from tests.export.prometheus_process import PrometheusProcess, Samples

BAR, SCRAPE = 900, 300
NOON = 1_733_227_200  # 2024-12-03 12:00:00
NOW = (NOON + 400 * 86_400) * 1_000_000
SCOUT = {"job": "bots", "instance": "10.0.0.1:8731", "bot": "scout", "symbol": "ETH/BTC"}


def export(server: PrometheusProcess, out: Path, metrics: str = "livestory", **options: object) -> Exported:
    """Export as the command does."""
    with Prometheus(PrometheusSettings(url=server.url), Credentials()) as prometheus:
        return export_prometheus(prometheus, out, metric_names.load(metrics), now=NOW, **options)  # type: ignore[arg-type]


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV table."""
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def column(file: Path, name: str) -> list[str]:
    """One column of it."""
    return [row[name] for row in rows(file)]


def observed(
    wealth: Mapping[int, float | str], labels: Mapping[str, str] = SCOUT, start: int = NOON, **more: Mapping[int, float]
) -> list[tuple[str, Mapping[str, str], Samples]]:
    """Scrapes of a bot, three a bar: of its wealth, and of other metrics by name, at the times that ``wealth`` has."""
    scrapes = list(wealth)
    times: Samples = [(start + at * SCRAPE, start + at * SCRAPE // BAR * BAR) for at in scrapes]
    series: list[tuple[str, Mapping[str, str], Samples]] = [
        ("livestory_observation_time_seconds", labels, times),
        ("livestory_wealth", {**labels, "asset": "BTC"}, [(start + at * SCRAPE, wealth[at]) for at in scrapes]),
    ]
    for name, values in more.items():
        series.append((f"livestory_{name}", labels, [(start + at * SCRAPE, value) for at, value in values.items()]))
    return series


def test_one_observation_is_one_row(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """However often it was scraped; its time is the observation's, to the microsecond."""
    seen = {at: 1.0 + at // 3 for at in range(30)}
    server = prometheus_server(blocks=openmetrics(observed(seen)))
    out = tmp_path / "results" / "export.csv"
    assert export(server, out) == Exported(rows=10, older=0)
    assert column(out, "time")[:2] == ["2024-12-03T12:00:00Z", "2024-12-03T12:15:00Z"]
    assert [float(value) for value in column(out, "wealth")] == [1.0 + bar for bar in range(10)]


def test_a_stretch_begins_after_its_beginning(prometheus_server: StartPrometheus) -> None:
    """And ends with its end, whatever the server's version says of ranges: no sample twice, none left out."""
    server = prometheus_server(blocks=openmetrics(observed(dict.fromkeys(range(5), 1.0))))
    with Prometheus(PrometheusSettings(url=server.url), Credentials()) as prometheus:
        begin, end = (NOON + SCRAPE) * 1000, (NOON + 3 * SCRAPE) * 1000
        (found,) = prometheus.samples("livestory_wealth", begin, end)
    assert [at for at, _ in found.samples] == [NOON + 2 * SCRAPE, NOON + 3 * SCRAPE]


def test_a_gap_is_a_gap(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """Where nothing was scraped no row is made: not a 0, and not the last value for five minutes more."""
    seen = {at: 1.0 for at in range(60) if not 12 <= at < 36}
    server = prometheus_server(blocks=openmetrics(observed(seen)))
    export(server, tmp_path / "export.csv")
    times = [instant(text) // 1_000_000 for text in column(tmp_path / "export.csv", "time")]
    assert times == [NOON + bar * BAR for bar in range(20) if not 4 <= bar < 12]


def test_nan_and_infinity_are_unknown(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """An empty cell; the row stays where it knows something else."""
    seen: dict[int, float | str] = {0: 1.0, 3: "NaN", 6: "+Inf", 9: "-Inf", 12: 1.5}
    server = prometheus_server(blocks=openmetrics(observed(seen, regime_score={0: 20, 3: 21, 12: 22})))
    export(server, tmp_path / "export.csv")
    assert [(row["wealth"], row["score"]) for row in rows(tmp_path / "export.csv")] == [
        ("1", "20"),
        ("", "21"),
        ("1.5", "22"),
    ]


def test_flows_are_the_increase_of_counters_that_may_begin_anew(
    prometheus_server: StartPrometheus, tmp_path: Path
) -> None:
    """A counter that falls has been reset: what it shows came since. Before the first look a flow is unknown."""
    bars = dict.fromkeys(range(0, 24, 3), 1.0)
    deposits = {0: 5.0, 3: 5.0, 6: 5.5, 9: 0.25, 12: 0.25, 15: 0.25, 18: 0.25, 21: 0.25}
    withdrawals = {at: 2.0 if at >= 15 else 0.0 for at in bars}
    series = observed(bars, deposits_total=deposits, withdrawals_total=withdrawals)
    export(prometheus_server(blocks=openmetrics(series)), tmp_path / "export.csv")
    assert column(tmp_path / "export.csv", "flow") == ["", "0", "0.5", "0.25", "0", "-2", "0", "0"]


def test_a_bot_that_moves_stays_one_bot(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """It comes back at another address, with another regime: its rows go on."""
    moved = {**SCOUT, "instance": "10.0.0.2:8731"}
    before, after = dict.fromkeys(range(12), 1.0), dict.fromkeys(range(18, 30), 1.1)
    series = observed(before) + observed(after, moved)
    for labels, span, regime in ((SCOUT, before, "TREND"), (moved, after, "MEAN_REV")):
        samples: Samples = [(NOON + at * SCRAPE, 1.0) for at in span]
        series.append(("livestory_regime_info", {**labels, "regime": regime}, samples))
    export(prometheus_server(blocks=openmetrics(series)), tmp_path / "export.csv")
    assert column(tmp_path / "export.csv", "regime") == ["TREND"] * 4 + ["MEAN_REV"] * 4


def test_two_at_once_are_not_mixed(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """Two machines that both say they are scout: which one is meant has to be chosen."""
    seen = dict.fromkeys(range(12), 1.0)
    twin = {**SCOUT, "instance": "10.0.0.2:8731"}
    server = prometheus_server(blocks=openmetrics(observed(seen) + observed(seen, twin)))
    with pytest.raises(InputError, match=r"two series at the same time .*10\.0\.0\.2.*\nChoose one with --select"):
        export(server, tmp_path / "export.csv")
    assert not (tmp_path / "export.csv").exists()
    assert export(server, tmp_path / "export.csv", select={"instance": "10.0.0.2:8731"}).rows == 4


def test_several_bots_are_told_apart(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """By name and symbol; without a choice they are named, and nothing is written."""
    other = {**SCOUT, "bot": 'the "other"', "instance": "10.0.0.2:8731"}
    series = observed({0: 1.0, 3: 1.1}) + observed({0: 7.0, 3: 7.1}, other)
    server = prometheus_server(blocks=openmetrics(series).replace('the "other"', r"the \"other\""))
    with pytest.raises(InputError, match=r"2 bots .*--select bot=scout"):
        export(server, tmp_path / "export.csv")
    assert list(tmp_path.glob("*.csv")) == []
    export(server, tmp_path / "export.csv", select={"bot": 'the "other"'})
    assert column(tmp_path / "export.csv", "wealth") == ["7", "7.1"]


def test_an_observation_told_again_is_left_out(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """A bot that replays its bars anew shows older times: they are counted and left out."""
    seen = dict.fromkeys(range(0, 12, 3), 1.0)
    times: Samples = [(NOON + at * SCRAPE, NOON + bar * BAR) for at, bar in zip(seen, (0, 1, 0, 2), strict=True)]
    (_, labels, _), *rest = observed(seen)
    series = [("livestory_observation_time_seconds", labels, times), *rest]
    server = prometheus_server(blocks=openmetrics(series))
    assert export(server, tmp_path / "export.csv") == Exported(rows=3, older=1)


def test_a_bot_without_observation_times_gets_a_row_a_scrape(
    prometheus_server: StartPrometheus, tmp_path: Path
) -> None:
    """The preset wealth_total: exposure by its kind, halted by whichever flag there is."""
    at = [NOON + SCRAPE * n for n in range(4)]
    bot = {"job": "bot", "instance": "b:9109"}

    def series(name: str, values: list[float], **labels: str) -> tuple[str, Mapping[str, str], Samples]:
        return name, {**bot, **labels}, list(zip(at, values, strict=True))

    blocks = openmetrics(
        [
            series("wealth_total", [1.0, 1.1, 1.2, 0.9]),
            series("price_mid", [0.03, 0.031, 0.032, 0.033]),
            series("regime_score", [20, 24, 28, 32]),
            series("regime_threshold", [25, 25, 25, 25]),
            series("exposure_base_weight", [0.1, 0.2, 0.3, 0.0], kind="target"),
            series("exposure_base_weight", [0.9, 0.9, 0.9, 0.9], kind="actual"),
            series("phoenix_active", [0, 0, 0, 1]),
            series("risk_flags", [0, 0, 0, 1], kind="maxdd_hit"),
            series("risk_flags", [1, 1, 1, 1], kind="daily_limit_hit"),
        ]
    )
    export(prometheus_server(blocks=blocks), tmp_path / "export.csv", "wealth_total")
    assert (tmp_path / "export.csv").read_text("utf-8") == (
        "time,wealth,price,target_weight,score,threshold,halted\n"
        "2024-12-03T12:00:00Z,1,0.03,0.1,20,25,0\n"
        "2024-12-03T12:05:00Z,1.1,0.031,0.2,24,25,0\n"
        "2024-12-03T12:10:00Z,1.2,0.032,0.3,28,25,0\n"
        "2024-12-03T12:15:00Z,0.9,0.033,0,32,25,1\n"
    )


def test_two_meanings_of_one_metric_are_not_mixed(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """A mapping that forgets the label which tells them apart is told so."""
    samples: Samples = [(NOON, 0.5), (NOON + SCRAPE, 0.6)]
    bot = {"job": "bot", "instance": "b:9109"}
    blocks = openmetrics([("exposure", {**bot, "kind": kind}, samples) for kind in ("actual", "target")])
    mapping = tmp_path / "metrics.toml"
    mapping.write_text('[columns]\nweight = "exposure"\n', "utf-8")
    with pytest.raises(InputError, match="kind=actual, kind=target"):
        export(prometheus_server(blocks=blocks), tmp_path / "export.csv", str(mapping))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_export_is_continued(prometheus_server: StartPrometheus, tmp_path: Path, ending: str) -> None:
    """In any number of parts it is the export in one; a column that comes later is empty before."""
    seen = {at: 1.0 + at / 100 for at in range(60)}
    later = {at: float(at % 7) / 10 for at in range(30, 60)}
    server = prometheus_server(blocks=openmetrics(observed(seen, weight_ratio=later, deposits_total=later)))
    whole, parts = tmp_path / f"whole.{ending}", tmp_path / f"parts.{ending}"
    export(server, whole)
    for at in (7, 8, 21, 21, 40, 60):
        export(server, parts, end=(NOON + at * SCRAPE) * 1_000_000, append=True)
    assert list(tables(parts)[0].rows()) == list(tables(whole)[0].rows())


def test_years_are_exported_in_stretches(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """A long range with a year of silence in it; more points than one query_range may have."""
    spells = dict.fromkeys(range(0, 36000, 3), 1.0)
    late = NOON + 390 * 86_400
    server = prometheus_server(blocks=openmetrics(observed(spells) + observed({0: 2.0}, start=late)))
    shares: list[float] = []
    assert export(server, tmp_path / "export.csv", progress=shares.append).rows == 12_001
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert export(server, tmp_path / "late.csv", start=(late - 60) * 1_000_000).rows == 1


def test_what_is_not_there_is_told(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """With what was looked for; an earlier table stays as it is."""
    server = prometheus_server(blocks=openmetrics(observed({0: 1.0})))
    out = tmp_path / "export.csv"
    export(server, out)
    kept = out.read_bytes()
    with pytest.raises(InputError, match=r"no samples of .*livestory_wealth"):
        export(server, out, select={"bot": "nobody"})
    with pytest.raises(InputError, match=r"no samples of .*wealth_total"):
        export(server, out, "wealth_total")
    with pytest.raises(InputError, match="ends before it begins"):
        export(server, out, start=NOW, end=NOW - 1)
    with pytest.raises(InputError, match=r"export\.txt: the name of a table ends in \.csv or \.parquet"):
        export(server, tmp_path / "export.txt")
    out.write_text("date,my_wealth\n2024-01-01,1\n", "utf-8")
    with pytest.raises(InputError, match="not an earlier export"):
        export(server, out, append=True)
    out.write_bytes(kept)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["export.csv"]
