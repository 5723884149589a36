"""A running bot, scraped by a real Prometheus, and retold from its export: the story it told live."""

from __future__ import annotations

import csv
import threading
import urllib.request
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from livestory.clock import HOUR, SystemClock
from livestory.outlets.metrics import expose_metrics
from livestory.retell import metric_names
from livestory.retell.explain_story import RetellingSettings, explain
from livestory.retell.export_journal import export_journal
from livestory.retell.export_prometheus import export_prometheus
from livestory.retell.prometheus_api import Credentials, Prometheus, PrometheusSettings
from livestory.retell.table_source import TableSource
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.writer import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.tables import tables
from livestory.trading.bar_loop import run
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.executor import Executor
from livestory.trading.market.bar import BAR
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.risk import RiskSettings
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import StrategySettings
from tests.patience import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.story.account import Account
    from livestory.story.event import Event
    from livestory.trading.market.bar import Bar
    from tests.export.conftest import StartPrometheus
    from tests.export.prometheus_process import PrometheusProcess

# Lively days: records, regime switches, trips of a narrow breaker and resumes.
FIRST, WARM, BARS = 5420, 300, 100
RISK = RiskSettings(breaker=0.02, cooldown=2 * HOUR, resume_score=15.0)
STORY = StorySettings(ath_min_gain=0.002)
SAME = {"ath", "regime", "breaker", "phoenix"}


def paced(bars: list[Bar], server: PrometheusProcess) -> Iterator[Bar]:
    """The bars; each passes once the server has scraped its observation twice."""
    for bar in bars:
        yield bar
        await_scrapes(server, bar.end)


def await_scrapes(server: PrometheusProcess, time: int) -> None:
    """Return once two samples show the observation of the instant ``time``."""
    address = f"{server.url}/api/v1/query?query=livestory_observation_time_seconds[10s]"

    def shown() -> list[str]:
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            found = msgspec.json.decode(answer.read())["data"]["result"]
        return [value for series in found for _, value in series["values"] if float(value) * 1e6 == time]

    until(lambda: len(shown()) > 1)


class Lines:
    """Hears a story."""

    wants_observations = False

    def __init__(self) -> None:
        self.events: list[Event] = []

    def begin(self) -> None: ...

    def on_observation(self, account: Account, time: int) -> None: ...

    def on_event(self, event: Event) -> None:
        self.events.append(event)

    def end(self, head: Event, summary: Event) -> None: ...


def retold(table: Path) -> list[Event]:
    """The story of a table."""
    lines = Lines()
    explain(TableSource(table.name, tables(table), {}, None), RetellingSettings(story=STORY), [lines])
    return lines.events


def test_the_story_retold_from_prometheus_is_the_one_told_live(
    prometheus_server: StartPrometheus, real_bars_file: Path, tmp_path: Path
) -> None:
    """Every observation becomes one row with the values it had; peaks, regimes, trips and resumes have their times."""
    bars = list(islice(RecordedBars([real_bars_file], BAR, "ETH/BTC").read(), FIRST + BARS))
    path = tmp_path / "live_story.txt"
    identity = Identity(bot="scout", mode="replay", symbol="ETH/BTC", unit="BTC")
    with expose_metrics(path, port=0) as exposed, SynchronousWriter(path, identity, STORY) as story:
        server = prometheus_server(targets=[f"127.0.0.1:{exposed.port}"], interval="15ms")
        fresh = ExecutorState.fresh("scout", StrategySettings(), RISK, PaperSettings())
        fresh.warm_up(bars[FIRST - WARM : FIRST])
        run(Executor(fresh, story, lambda: bars), paced(bars[FIRST:], server), threading.Event(), commit_every=1)
        with Prometheus(PrometheusSettings(url=server.url), Credentials()) as prometheus:
            exported = export_prometheus(
                prometheus, tmp_path / "export.csv", metric_names.load("livestory"), now=SystemClock().now()
            )
    assert exported.rows == BARS
    export_journal(path, tmp_path / "journal.csv")
    assert rows(tmp_path / "export.csv") == rows(tmp_path / "journal.csv", like=tmp_path / "export.csv")

    with JournalReader.open(path) as reader:
        live = [(kept.kind, kept.time) for kept in reader.events() if kept.kind in SAME]
    found = retold(tmp_path / "export.csv")
    assert {kind for kind, _ in live} == SAME
    assert [(event.kind, event.time) for event in found if event.kind in SAME] == live
    without_fills(tmp_path / "journal.csv", tmp_path / "same.csv", like=tmp_path / "export.csv")
    assert [event.line for event in found] == [event.line for event in retold(tmp_path / "same.csv")]
    assert {event.kind for event in found} >= SAME | {"exposure"}


def without_fills(table: Path, out: Path, like: Path) -> None:
    """Write the observations of ``table`` with the columns that ``like`` has."""
    with like.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    with table.open(encoding="utf-8", newline="") as file, out.open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row for row in csv.DictReader(file) if not row.get("fill_side"))


def rows(table: Path, like: Path | None = None) -> list[dict[str, object]]:
    """The observations of a table, with the columns of ``like`` (its own): numbers as numbers, 0 flow as none."""
    with (like or table).open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    with table.open(encoding="utf-8", newline="") as file:
        return [
            {name: _number(row[name]) for name in columns if name != "flow"}
            for row in csv.DictReader(file)
            if not row.get("fill_side")
        ]


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
