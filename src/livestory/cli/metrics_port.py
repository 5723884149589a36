"""Metrics for Prometheus from the process that tells a story, while it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.outlets.metrics_settings import MetricsSettings
    from livestory.story.files.layout import Layout


def at_port(settings: MetricsSettings, port: int | None) -> MetricsSettings:
    """The settings with the port that the option --metrics-port gives; None where it is not given."""
    return settings if port is None else replace(settings, port=port)


@contextmanager
def exposed(layout: Layout, settings: MetricsSettings) -> Iterator[None]:
    """Expose the story's metrics meanwhile, if that is asked for. Raises InputError where they can't be."""
    if settings.port is None:
        yield
        return
    from livestory.outlets.metrics import expose_metrics

    with expose_metrics(layout.text, port=settings.port, host=settings.host) as server:
        click.echo(f"metrics at {server.url}", err=True)
        yield
