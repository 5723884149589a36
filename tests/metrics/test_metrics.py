"""The metrics that a bot's process exposes."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from livestory.errors import InputError
from livestory.outlets.metrics import GAUGES, NAMES, StoryMetrics, expose_metrics
from livestory.story.inputs import Observation, PositionReading
from livestory.story.journal.writer import Journal
from livestory.story.kinds import KINDS
from livestory.story.story_writer import StoryWriter
from livestory.story.writing.thread import Health
from tests.export.prometheus_process import program

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NOON = 1_733_227_200_000_000  # 2024-12-03 12:00:00
BAR = 900_000_000
BOT = {"bot": "scout", "symbol": "ETH/BTC"}

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def observation(bar: int, **known: object) -> Observation:
    """What the bot looks like at the end of a bar."""
    return Observation(time=NOON + bar * BAR, **known)  # type: ignore[arg-type]


FULL = observation(
    0,
    wealth=1.0234,
    price=0.0329,
    position=12.5,
    weight=0.4,
    target_weight=0.5,
    regime="TREND",
    score=32.5,
    threshold=25.0,
    drawdown=-0.031,
    halted=True,
    halt_reason="breaker",
    resume_at=NOON + 7 * BAR,
    resume_score=30.0,
    daily_loss_hit=False,
    day_return=-0.01,
    next_due=NOON + BAR,
)
_HELD = PositionReading(quantity=Decimal("-2.5"), unrealised=Decimal("-398.75"))
WITH_POSITIONS = replace(FULL, positions={"ETH/BTC": _HELD})


def text(metrics: StoryMetrics) -> str:
    """What a scrape reads."""
    registry = CollectorRegistry()
    registry.register(metrics)
    return generate_latest(registry).decode()


def values_of(exposed: str) -> Values:
    """The samples of a scrape by name and labels, without those of the bot itself."""
    return {
        (sample.name, tuple(sorted(set(sample.labels.items()) - set(BOT.items())))): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
    }


def scrape(metrics: StoryMetrics) -> Values:
    """The samples of a scrape."""
    return values_of(text(metrics))


@contextmanager
def exposed(story: StoryWriter) -> Iterator[StoryMetrics]:
    """A story's metrics, as `expose_metrics` serves them."""
    metrics = StoryMetrics(story.filepath, lambda: story.health)
    yield metrics
    metrics.close()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[StoryWriter]:
    """A story with a name, as durable as can be."""
    with opened(tmp_path) as writer:
        yield writer


def opened(folder: Path) -> StoryWriter:
    """That story."""
    return StoryWriter(folder / "live_story.txt", name="scout", strict=True, max_wait=10.0)


def test_an_observation_is_exposed_field_by_field(story: StoryWriter) -> None:
    """Instants in seconds, flags as 1 and 0, texts as a label beside 1, amounts with their asset."""
    story.observe(FULL)
    with exposed(story) as metrics:
        values = scrape(metrics)
    btc, eth = (("asset", "BTC"),), (("asset", "ETH"),)
    assert (
        values
        | {
            ("livestory_observation_time_seconds", ()): NOON / 1e6,
            ("livestory_next_observation_time_seconds", ()): (NOON + BAR) / 1e6,
            ("livestory_wealth", btc): 1.0234,
            ("livestory_price", btc): 0.0329,
            ("livestory_position", eth): 12.5,
            ("livestory_weight_ratio", ()): 0.4,
            ("livestory_target_weight_ratio", ()): 0.5,
            ("livestory_regime_info", (("regime", "TREND"),)): 1.0,
            ("livestory_regime_score", ()): 32.5,
            ("livestory_regime_threshold", ()): 25.0,
            ("livestory_drawdown_ratio", ()): -0.031,
            ("livestory_day_return_ratio", ()): -0.01,
            ("livestory_halted", ()): 1.0,
            ("livestory_halt_info", (("reason", "breaker"),)): 1.0,
            ("livestory_resume_time_seconds", ()): (NOON + 7 * BAR) / 1e6,
            ("livestory_resume_score", ()): 30.0,
            ("livestory_daily_loss_hit", ()): 0.0,
        }
        == values
    )


def test_what_is_unknown_is_absent(story: StoryWriter) -> None:
    """Before the first observation no gauge is there; then those that it knows; never a 0 for what it doesn't."""
    gauges = {gauge.name for gauge in GAUGES}
    with exposed(story) as metrics:
        assert not gauges & {name for name, _ in scrape(metrics)}
        story.observe(observation(0, wealth=1.0))
        assert gauges & {name for name, _ in scrape(metrics)} == {
            "livestory_observation_time_seconds",
            "livestory_wealth",
        }


def test_events_fills_and_fees_are_counted(story: StoryWriter) -> None:
    """Every kind of event is there from the beginning, so that its first one is an increase."""
    with exposed(story) as metrics:
        before = scrape(metrics)
        assert {dict(labels)["kind"] for name, labels in before if name == "livestory_events_total"} == set(KINDS)
        assert set(before.values()) - {0.0} == {1.0}  # livestory_story_ok alone
        story.fill("buy", "0.25", "0.0329", fee="0.00001", timestamp=NOON // 1_000_000)
        story.fill("buy", "0.25", "0.0329", timestamp=NOON // 1_000_000)
        story.fill("sell", "0.5", "0.033", fee="0.00002", timestamp=NOON // 1_000_000)
        story.fill("buy", "0.1", "0.033", fee="0.5", fee_asset="BNB", timestamp=NOON // 1_000_000)
        after = scrape(metrics)
    assert after["livestory_events_total", (("kind", "trade"),)] == 4
    assert after["livestory_fills_total", (("side", "buy"),)] == 3
    assert after["livestory_fills_total", (("side", "sell"),)] == 1
    assert after["livestory_fees_total", (("asset", "BTC"),)] == pytest.approx(0.00003)
    assert after["livestory_fees_total", (("asset", "BNB"),)] == 0.5  # in its own asset, never in the quote's
    assert after["livestory_story_last_seq", ()] == 5  # the sale is a record of the result, too


def test_a_flow_counts_with_the_wealth_that_contains_it(story: StoryWriter) -> None:
    """So that whoever reads both never takes a deposit for profit, nor a withdrawal for a drawdown."""
    btc = (("asset", "BTC"),)
    with exposed(story) as metrics:
        story.observe(observation(0, wealth=1.0))
        story.flow(0.5, timestamp=(NOON + 1) / 1e6)
        assert scrape(metrics)["livestory_deposits_total", btc] == 0
        story.observe(observation(1, wealth=1.5))
        assert scrape(metrics)["livestory_deposits_total", btc] == 0.5
        story.observe(observation(2, wealth=1.25, flow=-0.25))
        values = scrape(metrics)
    assert values["livestory_deposits_total", btc] == 0.5
    assert values["livestory_withdrawals_total", btc] == 0.25


def test_counters_survive_a_restart(tmp_path: Path) -> None:
    """They count the story, not the process."""
    for count in (1, 2):
        with opened(tmp_path) as story, exposed(story) as metrics:
            story.note("hello", timestamp=NOON // 1_000_000 + count)
            assert scrape(metrics)["livestory_events_total", (("kind", "note"),)] == count


def test_a_journal_that_cannot_be_read_is_no_story(tmp_path: Path) -> None:
    """Its values are absent and the story is not ok; a new journal in its place is counted anew."""
    metrics = StoryMetrics(str(tmp_path / "live_story.txt"))
    assert scrape(metrics) == {("livestory_story_ok", (("bot", ""), ("symbol", ""))): 0.0}
    with opened(tmp_path) as story:
        story.note("one")
        story.note("two")
    assert scrape(metrics)["livestory_story_last_seq", ()] == 2
    Journal.set_aside(tmp_path / "live_story.txt")
    assert scrape(metrics) == {("livestory_story_ok", ()): 0.0}
    with opened(tmp_path) as story:
        story.note("one")
    assert scrape(metrics)["livestory_events_total", (("kind", "note"),)] == 1
    metrics.close()


def test_the_writers_trouble_is_exposed(story: StoryWriter) -> None:
    """A story that waits for its disk says so, though what it has told before can be read."""
    health = Health(ok=False, trouble="disk full", waiting=3, last_seq=1, lost=2)
    metrics = StoryMetrics(story.filepath, lambda: health)
    values = scrape(metrics)
    metrics.close()
    assert values["livestory_story_ok", ()] == 0
    assert values["livestory_story_waiting", ()] == 3
    assert values["livestory_story_lost_total", ()] == 2


def test_one_scrape_is_one_look(story: StoryWriter) -> None:
    """Values scraped together belong to one observation, whatever is told meanwhile and however many scrape."""
    story.observe(observation(0, wealth=1.0, price=1.0))
    with exposed(story) as metrics, ThreadPoolExecutor(4) as pool:
        scrapes = [pool.submit(scrape, metrics) for _ in range(40)]
        for bar in range(1, 40):
            story.observe(observation(bar, wealth=1.0 + bar, price=1.0 + bar))
        for each in scrapes:
            values = each.result()
            shown = (values["livestory_observation_time_seconds", ()] * 1e6 - NOON) / BAR
            assert values["livestory_wealth", (("asset", "BTC"),)] == 1.0 + shown
            assert values["livestory_price", (("asset", "BTC"),)] == 1.0 + shown


def test_promtool_finds_nothing_to_say(story: StoryWriter) -> None:
    """Prometheus' own check of names, types and help."""
    story.observe(WITH_POSITIONS)
    with exposed(story) as metrics:
        scraped = text(metrics)
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=scraped, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    names = {line.split()[2].removesuffix("_total") for line in scraped.split("\n") if line.startswith("# TYPE")}
    assert names == {name.removesuffix("_total") for name in NAMES}


def test_every_metric_is_documented(story: StoryWriter) -> None:
    """docs/metrics.md has each with its type, labels and meaning, and no other."""
    story.observe(WITH_POSITIONS)
    with exposed(story) as metrics:
        families = list(text_string_to_metric_families(text(metrics)))
    told = set()
    for family in families:
        labels = ", ".join(f"`{name}`" for name in family.samples[0].labels if name not in BOT)
        name = family.samples[0].name
        told.add(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    rows = {line for line in page.split("\n") if line.startswith("| `livestory_")}
    assert {row for row in rows if not row.startswith("| `livestory_alerts_")} == told


def test_they_are_served_on_loopback_over_http(story: StoryWriter) -> None:
    """To whoever asks this machine; a port that is taken is told in one line."""
    story.observe(FULL)
    with expose_metrics(story, port=0) as server:
        with urllib.request.urlopen(server.url) as answer:  # noqa: S310 - our own server
            served = answer.read().decode()
        with pytest.raises(InputError, match=rf"127\.0\.0\.1:{server.port} \(Address already in use\)"):
            expose_metrics(story.filepath, port=server.port)
    with exposed(story) as metrics:
        assert values_of(served) == scrape(metrics)


def test_the_executor_exposes_its_own(real_bars_file: Path, tmp_path: Path) -> None:
    """`livestory run --metrics-port` says where; the metrics are the running bot's."""
    command = [sys.executable, "-m", "livestory", "run", "--bars", str(real_bars_file), "--dir", str(tmp_path)]
    paced = [*command, "--speed", "50", "--metrics-port", "0"]
    with subprocess.Popen(paced, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as bot:
        assert bot.stderr is not None
        try:
            where, url = bot.stderr.readline().strip().rsplit(" ", 1)
            assert where == "metrics at"
            values: Values = {}
            while ("livestory_wealth", (("asset", "BTC"), ("bot", "bot"))) not in values:
                with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own server
                    values = values_of(answer.read().decode())
        finally:
            bot.terminate()
    assert bot.returncode == 0
    assert values["livestory_story_ok", (("bot", "bot"),)] == 1.0
    assert values["livestory_price", (("asset", "BTC"), ("bot", "bot"))] == pytest.approx(0.08, rel=0.1)


def test_nobody_loads_what_nobody_asked_for() -> None:
    """The configuration knows the settings of metrics and of Prometheus without loading a client of either."""
    code = "import sys, livestory.config; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"prometheus_client", "httpx2", "ssl"} & set(loaded)
