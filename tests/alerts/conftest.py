"""A story, a bot that tells it, and the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.alerts.service import Service, serving
from tests.web.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def story(tmp_path: Path) -> Path:
    """Where a test's story lies."""
    return tmp_path / "live_story.txt"


@pytest.fixture
def teller(story: Path) -> Iterator[Teller]:
    """A bot that has told its start and two bars, and can tell more; in a replay, where nothing is overdue."""
    with Teller(story, "replay") as teller:
        yield teller.begin().bars(2)


@pytest.fixture
def live(story: Path) -> Iterator[Teller]:
    """A bot whose time is the present's, so that it can be late."""
    with Teller(story, "paper") as teller:
        yield teller.begin().bars(2)


@pytest.fixture
def service() -> Iterator[Service]:
    """All services on loopback, without faults."""
    with serving() as service:
        yield service
