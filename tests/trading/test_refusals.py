"""The list of reason keys is the one that the code gives."""

from __future__ import annotations

import re
from pathlib import Path

from livestory.trading import refusals

TRADING = Path(refusals.__file__).parent


def test_every_reason_given_after_the_strategy_is_listed_and_every_listed_one_is_given() -> None:
    """Read from the sources: a key that is only in one of the two places is a word that nobody wrote."""
    files = [*TRADING.glob("*.py"), *(TRADING / "exchange").glob("*.py"), *(TRADING / "execution").glob("*.py")]
    given = {key for file in files for key in re.findall(r'\bReason\(\s*"(\w+)"', file.read_text("utf-8"))}
    assert given == refusals.KEYS


def test_every_listed_reason_is_explained() -> None:
    """In the table of the module's own words."""
    assert all(re.search(rf"^    {key} ", refusals.__doc__ or "", re.MULTILINE) for key in refusals.KEYS)
