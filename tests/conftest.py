"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Derandomised everywhere, so that the build says the same twice and one failure is the same on each machine;
# HYPOTHESIS_PROFILE=search looks further, with new examples at each run.
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("search", max_examples=2_000, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def real_bars_file() -> Path:
    """87,547 real 15-minute bars of ETH/BTC, 2022-01 to 2024-06, with their flaws; not part of the repository."""
    file = _DATA / "ETHBTC_15m_binance_2022-01_2024-06.csv.gz"
    if not file.exists():
        reason = "needs the real bars of ../shared/data, which lie beside the project's own machines only"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return file
