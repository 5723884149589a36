"""Bars and a finished story, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.program import livestory, slice_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory, real_bars_file: Path) -> Path:
    """2,000 real bars of January 2022."""
    return slice_of(real_bars_file, tmp_path_factory.mktemp("bars") / "bars.csv.gz", 0, 2000)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, bars: Path) -> Path:
    """The folder of a finished replay of `bars`; to be read only."""
    folder = tmp_path_factory.mktemp("told")
    assert livestory("run", "--bars", bars, "--dir", folder, cwd=folder).returncode == 0
    return folder
