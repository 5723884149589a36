"""An export of ten series, scraped every 15 s, from a real Prometheus; against the raw answers to its questions."""

from __future__ import annotations

import os
import tempfile
import urllib.parse
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Result, fresh_process, interleaved, seconds
from livestory.retell import metric_names
from livestory.retell.export_prometheus import export_prometheus
from livestory.retell.prometheus_api import Credentials, Prometheus, PrometheusSettings
from tests.export.prometheus_process import PrometheusProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS = int(os.environ.get("LIVESTORY_BENCH_DAYS", "30"))  # a year has 365; preparing it takes minutes
SCRAPE = 15
START = 1_704_067_200  # 2024-01-01
_STRETCH = 8 * 86_400  # about what the export asks for at once
_ROUNDS = 5
_PEAK = """
import sys
from pathlib import Path
from livestory.retell import metric_names
from livestory.retell.export_prometheus import export_prometheus
from livestory.retell.prometheus_api import Credentials, Prometheus, PrometheusSettings
with Prometheus(PrometheusSettings(url=sys.argv[1]), Credentials()) as server:
    export_prometheus(server, Path(sys.argv[2]), metric_names.load(sys.argv[3]), now=int(sys.argv[4]))
"""


def measure() -> Iterator[Result]:
    """Time of an export, of which every scrape is a row and of which every bar is one, and its memory."""
    end = START + DAYS * 86_400
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder), end) as url:
        for name, title in (("every_scrape", "each scrape a row"), ("livestory", "each 15-minute bar a row")):
            metrics = str(Path(folder) / f"{name}.toml") if name == "every_scrape" else name
            ours, raw = interleaved(
                partial(seconds, partial(_export, url, Path(folder) / "export.csv", metrics, end)),
                partial(seconds, partial(_ask, url, end)),
                rounds=_ROUNDS,
            )
            yield Result(
                name=f"export of {DAYS} days, {title}",
                unit="s",
                ours=ours,
                baseline=raw,
                baseline_name="the raw answers",
                target="report the ratio",
            )
        child = fresh_process(_PEAK, url, str(Path(folder) / "export.csv"), metrics, str(end * 1_000_000))
        yield Result(name=f"export of {DAYS} days, peak memory", unit="MB", ours=[child.peak_mb], target="flat")


def _export(url: str, out: Path, metrics: str, end: int) -> None:
    with Prometheus(PrometheusSettings(url=url), Credentials()) as prometheus:
        export_prometheus(prometheus, out, metric_names.load(metrics), now=end * 1_000_000)


def _ask(url: str, end: int) -> None:
    for begin in range(START, end, _STRETCH):
        upto = min(begin + _STRETCH, end)
        asked = urllib.parse.urlencode({"query": f'{{__name__=~"livestory_.*"}}[{upto - begin}s]', "time": upto})
        request = urllib.request.Request(f"{url}/api/v1/query?{asked}", headers={"Accept-Encoding": "gzip"})  # noqa: S310 - on loopback
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            while answer.read(1 << 20):
                pass


@contextmanager
def _served(folder: Path, end: int) -> Iterator[str]:
    """A server of ten series; another of the table's mappings has no time of observations."""
    names = metric_names.load("livestory")
    sources = {column: source.metric for column, (source,) in names.columns.items() if not source.label}
    chosen = {column: sources[column] for column in list(sources)[:10]}
    lines = [f"{column} = '{metric}'" for column, metric in chosen.items() if column != "time"]
    (folder / "every_scrape.toml").write_text("[columns]\n" + "\n".join(lines) + "\n", "utf-8")
    samples = folder / "openmetrics.txt"
    with samples.open("w", encoding="utf-8") as text:
        for number, (column, metric) in enumerate(chosen.items()):
            text.write(f"# TYPE {metric} unknown\n")
            labels = 'job="bots",instance="127.0.0.1:8731",bot="scout",symbol="ETH/BTC"'
            for at in range(START, end, SCRAPE):
                bar = at // 900 * 900
                value = bar if column == "time" else 1 + (bar * (number + 7)) % 10_007 / 10_007
                text.write(f"{metric}{{{labels}}} {value} {at}\n")
        text.write("# EOF\n")
    with PrometheusProcess(folder / "prometheus", blocks=samples) as server:
        yield server.url
