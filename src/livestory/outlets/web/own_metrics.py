"""What Prometheus may know of the server itself; the bot's own figures are told elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector

from livestory.outlets.alerts.outbox_metrics import OutboxMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric

    from livestory.outlets.web.listeners import Listeners
    from livestory.outlets.web.watched import Watched

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_STATES = ("waiting", "trouble", "loading", "unknown", "trading", "halted", "stopped", "overdue")


class _Collector:
    def __init__(self, stories: Mapping[str, Watched], listeners: Listeners) -> None:
        self._stories = stories
        self._listeners = listeners

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("livestory_serve_listeners", "Clients that listen now.", len(self._listeners))
        yield CounterMetricFamily(
            "livestory_serve_listeners_dropped", "Clients dropped because they took nothing.", self._listeners.dropped
        )
        seq = GaugeMetricFamily("livestory_serve_last_seq", "The last event read.", labels=["story"])
        state = GaugeMetricFamily(
            "livestory_serve_state", "1 for the state that the story is in.", labels=["story", "state"]
        )
        for name, story in self._stories.items():
            seq.add_metric([name], len(story.index))
            now = story.status().state
            for each in _STATES:
                state.add_metric([name, each], float(each == now))
        yield seq
        yield state


def exposition(stories: Mapping[str, Watched], listeners: Listeners) -> bytes:
    """The metrics in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(stories, listeners))
    registry.register(OutboxMetrics({name: story.path for name, story in stories.items()}))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
