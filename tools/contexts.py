"""A plugin of pytest that tells coverage which test is running: for the map that tools/mutants.py makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage import Coverage

if TYPE_CHECKING:
    import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What runs from here on is this test's."""
    if (measured := Coverage.current()) is not None:
        measured.switch_context(item.nodeid)
