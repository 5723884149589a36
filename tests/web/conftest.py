"""Servers and stories for the tests of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.serving import Served, served, settled
from tests.web.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where a test's story lies."""
    return tmp_path / "live_story.txt"


@pytest.fixture
def teller(journal: Path) -> Iterator[Teller]:
    """A bot that has told its start and forty bars, and can tell more."""
    with Teller(journal) as teller:
        yield teller.begin().bars(40)


@pytest.fixture
def server(teller: Teller, journal: Path) -> Iterator[Served]:  # noqa: ARG001  the story is there before it is served
    """The page of that bot's story."""
    with served(journal) as running:
        settled(running)
        yield running
