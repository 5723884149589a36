"""The build checks the prose: what the program has is documented, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from livestory.story import detectors
from livestory.story.kinds import KINDS

DOCS = Path(__file__).parents[2] / "docs"


def test_every_event_kind_has_its_row_and_every_row_its_kind() -> None:
    """docs/events.md lists exactly the kinds of the vocabulary."""
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "events.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(KINDS)


def test_every_detector_has_its_paragraph() -> None:
    """docs/events.md has a paragraph that begins with the detector's name."""
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    paragraphs = set(re.findall(r"^\*\*(\w+)\*\* ", text, re.MULTILINE))
    assert paragraphs == set(detectors.__all__)
