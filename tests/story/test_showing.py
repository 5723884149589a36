"""Which lines the text shows: what the bot itself says and what wakes its owner always, all else by its kind's rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory import StoryWriter
from livestory.clock import HOUR, ManualClock, as_datetime
from livestory.story.kinds import KINDS
from livestory.story.kinds.lately import Lately
from livestory.story.settings import StorySettings
from livestory.story.showing import show
from tests.story.inputs import START
from tests.story.rich_facts import TOLD

if TYPE_CHECKING:
    from pathlib import Path

_NORMAL = StorySettings()
_WAKES = sorted(kind for kind, each in KINDS.items() if each.declared.critical)


@pytest.mark.parametrize("kind", _WAKES)
def test_what_wakes_the_owner_is_shown(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a rule of its kind would say."""
    monkeypatch.setattr(KINDS[kind], "shows", lambda *_: False)
    found = [facts for _, facts in TOLD if type(facts) is KINDS[kind]]
    assert found
    assert all(show(Lately(), _NORMAL, START, facts, found=True) for facts in found)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"chapter"}))
def test_what_the_bot_itself_says_is_shown(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are for what the story finds."""
    monkeypatch.setattr(KINDS[kind], "shows", lambda *_: False)
    found = [facts for _, facts in TOLD if type(facts) is KINDS[kind]]
    assert all(show(Lately(), _NORMAL, START, facts, found=False) for facts in found)


def test_the_plans_own_calls_are_shown(tmp_path: Path) -> None:
    """Each record of a day, each switch in a halt, each note."""
    path, clock = tmp_path / "live_story.txt", ManualClock(START)
    with StoryWriter(path, strict=True, clock=clock) as story:
        story.log_event(as_datetime(START), "BREAKER", "DD: -21.2%")
        for hour in range(1, 7):
            clock.set(as_datetime(START + hour * HOUR))
            story.check_ath(1 + hour / 50, 1)
            story.check_regime_switch(20 if hour % 2 else 30, 25)
            story.note("still here")
    text = path.read_text("utf-8")
    assert [text.count(words) for words in ("BREAKER", "NEW ATH", "Regime Switch", "Note")] == [1, 6, 6, 6]
