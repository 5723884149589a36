"""What is vendored is what was released, with its licence and version."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "livestory" / "chart" / "static"

# The files dist/* and LICENSE of the npm package uplot 1.6.32, as `npm pack uplot@1.6.32` gives them.
VERSION = "1.6.32"
RELEASED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uPlot.LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}


@pytest.mark.parametrize("name", RELEASED)
def test_a_vendored_file_is_the_released_one(name: str) -> None:
    """Byte for byte."""
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == RELEASED[name]


def test_the_library_names_its_version_and_its_licence_is_packaged() -> None:
    """The file says what it is, and pyproject.toml lists the licence."""
    assert f"(v{VERSION})" in (STATIC / "uPlot.iife.min.js").read_text("utf-8")[:100]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "src/livestory/chart/static/uPlot.LICENSE" in project["license-files"]
    assert "MIT" in (STATIC / "uPlot.LICENSE").read_text("utf-8")
