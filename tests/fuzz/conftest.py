"""How much was tried, counted and printed at the end; and the corpus."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

import pytest

_TRIED = pytest.StashKey[dict[str, Counter[str]]]()


class Tried(Protocol):
    """Counts what came of the inputs that were tried: ``tried("tables", "refused")``."""

    def __call__(self, what: str, outcome: str, count: int = 1) -> None: ...


@pytest.fixture
def tried(pytestconfig: pytest.Config) -> Tried:
    """Count an input."""
    tally = pytestconfig.stash.setdefault(_TRIED, {})

    def count(what: str, outcome: str, count: int = 1) -> None:
        tally.setdefault(what, Counter())[outcome] += count

    return count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print it."""
    for what, outcomes in config.stash.get(_TRIED, {}).items():
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
        terminalreporter.write_line(f"fuzz: {what}: {told}")
