"""What every test may ask for."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# A shell has what it starts with & ignore Ctrl-C, and every program that a test starts would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Derandomised everywhere, so that the build says the same twice and one failure is the same on each machine;
# HYPOTHESIS_PROFILE=search looks further, with new examples at each run. A slow machine is no fault of the code.
_PATIENT = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", _PATIENT, derandomize=True)
settings.register_profile("search", _PATIENT, max_examples=2_000)
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


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[str, str, int], None]:
    """Count what was done: so many of a thing, in a group that has a line of its own at the end of the run."""
    entries: dict[tuple[str, str], list[Any]] = {}

    def count(group: str, what: str, number: int) -> None:
        if (group, what) not in entries:
            entries[group, what] = [group, what, 0]
            request.node.user_properties.append(("did", entries[group, what]))
        entries[group, what][2] += number

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how much was done by the tests that count it, whichever process ran them.

    They leave it in their user properties: ("did", [group, what, count]) and ("figure", [group, line]).
    """
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    left = [one for report in reports if getattr(report, "when", "") == "call" for one in report.user_properties]
    tally: dict[str, Counter[str]] = {}
    for group, what, count in (value for name, value in left if name == "did"):
        tally.setdefault(group, Counter())[what] += count
    for group, counts in tally.items():
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        terminalreporter.write_line(f"{group}: {told}")
    for group, line in (value for name, value in left if name == "figure"):
        terminalreporter.write_line(f"{group}: {line}")
