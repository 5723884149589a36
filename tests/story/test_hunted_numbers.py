"""Numbers that no person writes are hunted in every line of random lives: bad readings, portfolios, shorts, halts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hypothesis import given, settings

from livestory.story.narrator import Narrator
from livestory.story.settings import StorySettings
from tests.story.inputs import lives, told

if TYPE_CHECKING:
    from livestory.story.inputs import Input

_HUNTED = {
    "nothing with a sign": re.compile(r"(?<![\d.])[-+]0(?:\.0+)?(?![\d.])"),
    "an exponent": re.compile(r"\d[eE][-+]?\d"),
    "a raw float": re.compile(r"\d\.0*[1-9]\d{10,}"),
    "no number": re.compile(r"\b(?:nan|inf)\b"),
}
_SCORE = re.compile(r"Score: (-?[\d,.]+) \| (over|under|at) (-?[\d,.]+)")


@settings(max_examples=60)
@given(life=lives())
def test_no_line_has_a_number_that_nobody_would_write(life: list[Input]) -> None:
    """Nor a score that its rule contradicts, as both are printed. A reading that is refused is told as it came."""
    for event in told(Narrator(settings=StorySettings(quiet=0)), life):
        if event.kind == "reading_refused":
            continue
        found = {name: event.line for name, hunted in _HUNTED.items() if hunted.search(event.line)}
        assert found == {}
        for score, side, limit in _SCORE.findall(event.line):
            apart = float(score.replace(",", "")) - float(limit.replace(",", ""))
            assert (side == "over", side == "under") == (apart > 0, apart < 0), event.line
