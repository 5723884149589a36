"""A real PostgreSQL for the tests of the fleet, and fleets in databases of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fleet.fleets import AFleet
from tests.fleet.postgres_process import PostgresProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresProcess]:
    """One server for all tests of the session. A test that stops it starts it again."""
    server = PostgresProcess()
    yield server
    server.close()


@pytest.fixture
def fleet(postgres: PostgresProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AFleet:
    """A fleet of two bots, scout and grid, in a database of its own; nobody's password is in the environment."""
    monkeypatch.delenv("LIVESTORY_FLEET_PASSWORD", raising=False)
    return AFleet.made(postgres, tmp_path, ("scout", "grid"))
