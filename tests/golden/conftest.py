"""The replays that the golden tests look at, each made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.replay import QUARTER, quarter_of, replay

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.story.files.layout import Layout


@pytest.fixture(scope="session")
def quarter_bars(real_bars_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bars of the golden quarter."""
    return quarter_of(real_bars_file, tmp_path_factory.mktemp("bars"))


@pytest.fixture(scope="session")
def quarter(quarter_bars: Path, tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The story of the golden quarter."""
    return replay(quarter_bars, tmp_path_factory.mktemp("quarter"), QUARTER)
