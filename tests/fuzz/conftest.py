"""How much was tried, counted and printed at the end; and the corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


class Tried(Protocol):
    """Counts what came of the inputs that were tried: ``tried("tables", "refused")``."""

    def __call__(self, what: str, outcome: str, count: int = 1) -> None: ...


@pytest.fixture
def tried(counted: Callable[[str, str, int], None]) -> Tried:
    """Count an input."""
    return lambda what, outcome, count=1: counted(f"fuzz: {what}", outcome, count)
