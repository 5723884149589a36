"""Real Prometheus servers for the tests of the export."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.export.prometheus_process import PrometheusProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class StartPrometheus(Protocol):
    """Starts a server for one test."""

    def __call__(self, *, blocks: str = "", targets: Sequence[str] = (), interval: str = "1s") -> PrometheusProcess: ...


@pytest.fixture
def prometheus_server(tmp_path: Path) -> Iterator[StartPrometheus]:
    """Starts real Prometheus servers, each with a folder of its own, and ends them after the test."""
    with ExitStack() as servers:

        def start(*, blocks: str = "", targets: Sequence[str] = (), interval: str = "1s") -> PrometheusProcess:
            folder = tmp_path / f"prometheus-{len(list(tmp_path.iterdir()))}"
            return servers.enter_context(PrometheusProcess(folder, blocks=blocks, targets=targets, interval=interval))

        yield start
