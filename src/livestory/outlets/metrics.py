"""Metrics for Prometheus from the bot's own process: `expose_metrics`. See docs/metrics.md for each of them."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Self

from msgspec import MsgspecError
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from livestory.clock import SECOND, SystemClock
from livestory.errors import InputError, LivestoryError
from livestory.outlets.alerts.outbox import Outbox, outbox_path
from livestory.story.event import from_record
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Identity
from livestory.story.journal.follower import Change, StoryFollower
from livestory.story.kinds import KINDS
from livestory.story.kinds.money import CashFlow
from livestory.story.kinds.trades import Trade
from livestory.story.positions import add
from livestory.story.results import TradeTally
from livestory.story.snapshot import OpenPosition, Snapshot
from livestory.story.story_writer import StoryWriter
from livestory.story.symbol import assets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.metrics_core import Metric

    from livestory.story.inputs import Observation
    from livestory.story.journal.entry import Kept
    from livestory.story.writing.thread import Health


class Gauge(NamedTuple):
    """A field of the last observation as a metric. An instant becomes seconds since the epoch."""

    name: str
    field: str
    meaning: str
    asset: str = ""  # what an amount is counted in: the story's "unit", the symbol's "base" or its "quote"
    label: str = ""  # of a field that is a text: the label that holds it, beside the value 1


GAUGES = (
    Gauge("livestory_observation_time_seconds", "time", "When the last observation was made, the end of its bar."),
    Gauge("livestory_next_observation_time_seconds", "next_due", "When the next observation should come."),
    Gauge("livestory_wealth", "wealth", "Everything the bot has.", "unit"),
    Gauge("livestory_price", "price", "Price of the base asset at the bar's close.", "quote"),
    Gauge("livestory_position", "position", "Amount of the base asset held.", "base"),
    Gauge("livestory_weight_ratio", "weight", "Share of wealth held in the base asset."),
    Gauge("livestory_target_weight_ratio", "target_weight", "Share of wealth the strategy wants in the base asset."),
    Gauge("livestory_regime_info", "regime", "The market's regime as the bot sees it.", label="regime"),
    Gauge("livestory_regime_score", "score", "Regime score, 0 to 100."),
    Gauge("livestory_regime_threshold", "threshold", "The score's threshold between the regimes."),
    Gauge("livestory_drawdown_ratio", "drawdown", "Drawdown as the bot's own risk rule measures it, 0 or negative."),
    Gauge("livestory_day_return_ratio", "day_return", "Return since the last midnight UTC."),
    Gauge("livestory_halted", "halted", "1 while the safety breaker or the owner keeps the bot from buying, else 0."),
    Gauge("livestory_halt_info", "halt_reason", "Why the bot is halted.", label="reason"),
    Gauge("livestory_resume_time_seconds", "resume_at", "The instant before which a halted bot does not resume."),
    Gauge("livestory_resume_score", "resume_score", "The regime score that a halted bot then waits for."),
    Gauge("livestory_daily_loss_hit", "daily_loss_hit", "1 while the daily loss limit blocks buys, else 0."),
)
"""The last observation; a field that is unknown is absent."""

OPEN = "livestory_open_position", "Quantity of an open position, by its own symbol; negative is short."
OPEN_RESULT = "livestory_open_position_result", "Result of an open position so far, by its own symbol, as reported."
"""Of each position that is open."""

EVENTS = "livestory_events_total", "Events told, by kind."
FILLS = "livestory_fills_total", "Fills told, by side."
FEES = "livestory_fees_total", "Fees paid, as far as they are known."
DEPOSITS = "livestory_deposits_total", "Deposits that the last observation's wealth contains."
WITHDRAWALS = "livestory_withdrawals_total", "Withdrawals already taken from the last observation's wealth."
"""What was told since the story began."""

STORY_OK = "livestory_story_ok", "1 while the story is durable or on its way without trouble, else 0."
STORY_WAITING = "livestory_story_waiting", "Calls of the bot that are told and not durable yet."
STORY_LOST = "livestory_story_lost_total", "Events given up since the bot's process started, for want of memory."
STORY_LAST_SEQ = "livestory_story_last_seq", "Number of the last durable event."
"""The story's own condition."""

NAMES = frozenset(
    {gauge.name for gauge in GAUGES}
    | {name for name, _ in (OPEN, OPEN_RESULT)}
    | {name for name, _ in (EVENTS, FILLS, FEES, DEPOSITS, WITHDRAWALS)}
    | {name for name, _ in (STORY_OK, STORY_WAITING, STORY_LOST, STORY_LAST_SEQ)}
)


class _Totals:
    """What the events of one journal come to."""

    def __init__(self) -> None:
        self.kinds = Counter(dict.fromkeys(KINDS, 0))
        self.trades = TradeTally()
        self.deposits = 0.0
        self.withdrawals = 0.0
        self._coming: list[tuple[int, float]] = []  # flows told after the last observation: its wealth lacks them

    def count(self, kept: Kept) -> None:
        self.kinds[kept.kind] += 1
        if kept.kind not in {"trade", "flow"}:
            return
        try:
            facts = from_record(kept.record, kept.line, kept.id, kept.seq).facts
        except MsgspecError:  # a newer livestory's: that it was told is all that is known of it
            return
        if isinstance(facts, Trade):
            self.trades.hear(facts)
        elif isinstance(facts, CashFlow):
            self._coming.append((kept.time, facts.amount))

    def settle(self, observed: int) -> None:
        """Take the flows that the wealth observed at ``observed`` contains."""
        for time, amount in self._coming:
            if time <= observed:
                self.deposits += max(amount, 0.0)
                self.withdrawals += max(-amount, 0.0)
        self._coming = [flow for flow in self._coming if flow[0] > observed]


class _Labels:
    """The labels that every metric of one bot has."""

    def __init__(self, identity: Identity) -> None:
        symbol = identity.symbol or ""
        base, quote = (asset or "" for asset in assets(symbol))
        self._assets = {"unit": identity.unit or quote, "base": base, "quote": quote}
        self._own = {"bot": identity.bot or "", "symbol": symbol}

    def gauge(self, name: str, meaning: str, value: float, **more: str) -> Metric:
        labels = {**self._own, **more}
        family = GaugeMetricFamily(name, meaning, labels=list(labels))
        family.add_metric(list(labels.values()), value)
        return family

    def counter(self, of: tuple[str, str], label: str, values: Sequence[tuple[str, float]]) -> Metric:
        names = [*self._own, label] if label else list(self._own)
        family = CounterMetricFamily(*of, labels=names)
        for text, value in values:
            family.add_metric([*self._own.values(), text][: len(names)], value)
        return family

    def positions(self, positions: Sequence[OpenPosition]) -> Iterator[Metric]:
        held = GaugeMetricFamily(*OPEN, labels=["bot", "symbol"])
        results = GaugeMetricFamily(*OPEN_RESULT, labels=["bot", "symbol", "asset"])
        quantities: dict[str, Decimal] = {}
        for each in positions:  # of several in one symbol, what they come to: a sample has a name of its own
            add(quantities, each.symbol, each.quantity)
            if each.result is not None:
                results.add_metric([self._own["bot"], each.symbol, each.asset or ""], float(each.result))
        for symbol, quantity in quantities.items():
            held.add_metric([self._own["bot"], symbol], float(quantity))
        yield from (family for family in (held, results) if family.samples)

    def observed(self, gauge: Gauge, value: object) -> Metric:
        if isinstance(value, str):
            return self.gauge(gauge.name, gauge.meaning, 1.0, **{gauge.label: value})
        number = float(value)  # type: ignore[arg-type]  # every other field that a gauge names is a number or a flag
        if gauge.name.endswith("_seconds"):
            number /= SECOND
        asset = {"asset": self._assets[gauge.asset]} if gauge.asset else {}
        return self.gauge(gauge.name, gauge.meaning, number, **asset)

    def totals(self, totals: _Totals) -> Iterator[Metric]:
        yield self.counter(EVENTS, "kind", sorted(totals.kinds.items()))
        trades = totals.trades
        fees = {self._assets["quote"]: 0.0, **{asset: float(paid) for asset, paid in trades.results.fees.items()}}
        yield self.counter(FILLS, "side", [("buy", trades.buys), ("sell", trades.sells)])
        yield self.counter(FEES, "asset", sorted(fees.items()))
        yield self.counter(DEPOSITS, "asset", [(self._assets["unit"], totals.deposits)])
        yield self.counter(WITHDRAWALS, "asset", [(self._assets["unit"], totals.withdrawals)])


class StoryMetrics:
    """A collector for prometheus_client: one scrape is one look at the journal, its values belong together."""

    def __init__(self, path: str, health: Callable[[], Health] | None = None) -> None:
        """Follow the story at ``path``; ``health`` gives its writer's view of it, where that runs in this process."""
        self._health = health
        self._lock = threading.Lock()
        self._follower = StoryFollower(path)
        self._labels = _Labels(Identity())
        self._totals = _Totals()
        self._snapshot: Snapshot | None = None

    def collect(self) -> list[Metric]:
        """All that is known now. While the journal can't be read, its part is absent and the story is not ok."""
        with self._lock:
            try:
                return [*self._from_journal(), *self._condition(readable=True)]
            except LivestoryError as error:
                self._follower.failed(error)
                return list(self._condition(readable=False))

    def close(self) -> None:
        """Close the journal; a later scrape would open it again."""
        with self._lock:
            self._follower.close()

    def _from_journal(self) -> Iterator[Metric]:
        follower = self._follower
        if follower.look() in {Change.REPLACED, Change.REWOUND}:
            self._labels, self._totals, self._snapshot = _Labels(follower.reader.identity), _Totals(), None
            follower.go_to(0)
        # Before the events: a flow is told no later than the observation whose wealth contains it.
        self._snapshot = Snapshot.read(follower.reader, self._snapshot)
        while page := follower.page():
            for kept in page:
                self._totals.count(kept)
        last = self._snapshot.observation
        if last is not None:
            self._totals.settle(last.time)
            yield from _observed(self._labels, last)
        yield from self._labels.positions(self._snapshot.positions or ())
        yield from self._labels.totals(self._totals)

    def _condition(self, *, readable: bool) -> Iterator[Metric]:
        labels = self._labels
        health = self._health() if self._health is not None else None
        yield labels.gauge(*STORY_OK, float(readable and (health is None or health.ok)))
        if health is not None:
            yield labels.gauge(*STORY_WAITING, health.waiting)
            yield labels.counter(STORY_LOST, "", [("", health.lost)])
        if readable:
            yield labels.gauge(*STORY_LAST_SEQ, self._follower.seq)


def _observed(labels: _Labels, observation: Observation) -> Iterator[Metric]:
    for gauge in GAUGES:
        value = getattr(observation, gauge.field)
        if value is not None:
            yield labels.observed(gauge, value)


_LABELS = ("story", "channel")


class OutboxMetrics:
    """A collector for prometheus_client. A story without alerts, or whose outbox can't be read, is absent."""

    def __init__(self, stories: Mapping[str, Path]) -> None:
        self._stories = stories
        self._clock = SystemClock()

    def collect(self) -> list[Metric]:
        """What every channel's lines came to."""
        pending = GaugeMetricFamily("livestory_alerts_pending", "Lines that wait for the channel.", labels=_LABELS)
        age = GaugeMetricFamily(
            "livestory_alerts_oldest_pending_age_seconds",
            "How long the first of them has waited; 0 while none does.",
            labels=_LABELS,
        )
        delivered = CounterMetricFamily(
            "livestory_alerts_delivered_total", "Lines that the channel's service has accepted.", labels=_LABELS
        )
        failed = CounterMetricFamily(
            "livestory_alerts_failed_total", "Lines given up because the service took none of them.", labels=_LABELS
        )
        now = self._clock.now()
        for story, path in self._stories.items():
            try:
                outbox = Outbox.read(outbox_path(Layout.of(path)))
                if outbox is None:
                    continue
                with outbox:
                    found = [(state, outbox.backlog(state.name)) for state in outbox.states()]
            except LivestoryError:
                continue
            for state, backlog in found:
                labels = story, state.name
                pending.add_metric(labels, backlog.lines)
                age.add_metric(labels, 0.0 if backlog.oldest is None else max(now - backlog.oldest, 0) / SECOND)
                delivered.add_metric(labels, state.delivered)
                failed.add_metric(labels, state.failed)
        return [family for family in (pending, age, delivered, failed) if family.samples]


PORT = 8731
"""Where metrics are exposed unless another port is asked for."""


class MetricsServer:
    """Serves a story's metrics until it is closed, on daemon threads of its own."""

    def __init__(self, metrics: StoryMetrics, server: WSGIServer, host: str) -> None:
        self._metrics = metrics
        self._server = server
        self._host = f"[{host}]" if ":" in host else host

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """Where Prometheus finds them."""
        return f"http://{self._host}:{self.port}/metrics"

    def close(self) -> None:
        """Stop listening and close the story's journal."""
        self._server.shutdown()
        self._server.server_close()
        self._metrics.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def expose_metrics(
    story: StoryWriter | str | os.PathLike[str], *, port: int = PORT, host: str = "127.0.0.1"
) -> MetricsServer:
    """Expose the metrics of a story told in this process: a StoryWriter, or the path of a story that another tells.

    The story may not be there yet; its metrics appear with it. Raises InputError where ``host`` and ``port`` can't be
    listened at.
    """
    if isinstance(story, StoryWriter):
        path, metrics = story.filepath, StoryMetrics(story.filepath, lambda: story.health)
    else:
        path, metrics = os.fspath(story), StoryMetrics(os.fspath(story))
    layout = Layout.of(path)
    registry = CollectorRegistry()
    registry.register(metrics)
    registry.register(OutboxMetrics({layout.name: layout.db}))
    try:
        server, _ = start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"metrics can't be exposed at {host}:{port} ({reason}); choose another host or port"
        raise InputError(message) from None
    return MetricsServer(metrics, server, host)
