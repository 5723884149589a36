"""The outbox as Prometheus metrics, read when somebody asks; whoever delivers is not disturbed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from livestory.clock import SECOND, SystemClock
from livestory.errors import LivestoryError
from livestory.outlets.alerts.outbox import Outbox, outbox_path
from livestory.story.files.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from livestory.clock import Clock

_LABELS = ("story", "channel")


class OutboxMetrics:
    """A collector for prometheus_client. A story without alerts, or whose outbox can't be read, is absent."""

    def __init__(self, stories: Mapping[str, Path], clock: Clock | None = None) -> None:
        """Of these stories, by the name that their label has."""
        self._stories = stories
        self._clock = clock or SystemClock()

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
