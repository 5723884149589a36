"""Metrics for Prometheus from the bot's own process: `expose_metrics`. See docs/metrics.md for each of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Self

from msgspec import Meta, Struct

from livestory.errors import InputError

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from livestory.outlets.story_metrics import StoryMetrics
    from livestory.story.story_writer import StoryWriter

PORT = 8731
"""Where metrics are exposed unless another port is asked for."""


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metrics that the running bot exposes to Prometheus, at http://HOST:PORT/metrics."""

    port: (
        Annotated[
            int,
            Meta(ge=0, le=65535, description=f"The port; off: no metrics; 0: any free one. {PORT} is a good choice."),
        ]
        | None
    ) = None
    host: Annotated[
        str, Meta(min_length=1, description="The address; any but a loopback address lets other machines read them.")
    ] = "127.0.0.1"


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
    from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - only who asks for it loads it

    from livestory.outlets.story_metrics import OutboxMetrics, StoryMetrics  # noqa: PLC0415 - as above
    from livestory.story.files.layout import Layout  # noqa: PLC0415 - the configuration imports this module
    from livestory.story.story_writer import StoryWriter  # noqa: PLC0415 - the configuration imports this module

    if isinstance(story, StoryWriter):
        metrics = StoryMetrics(story.filepath, lambda: story.health)
    else:
        metrics = StoryMetrics(os.fspath(story))
    layout = Layout.of(story.filepath if isinstance(story, StoryWriter) else story)
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
