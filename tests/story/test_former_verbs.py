"""The narrator's methods of the first release tell what `take` tells, and warn that they will go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import HOUR
from livestory.story import commands
from livestory.story.former_verbs import FormerVerbs
from livestory.story.inputs import Begin, End, Flow, Head, Observation, RecordCheck, RegimeCheck, Skip, Statement
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.retold import Retold
from livestory.story.kinds.telling import Note
from livestory.story.narrator import Narrator
from livestory.story.reason import Reason
from tests.story.inputs import START, fill

if TYPE_CHECKING:
    from livestory.story.inputs import Input

NOTE = Note(text="mine")
CALLS: dict[str, tuple[tuple[Any, ...], Input]] = {
    "observe": ((Observation(time=START, wealth=1.0),), Observation(time=START, wealth=1.0)),
    "fill": ((fill("buy", 9, "0.05"),), fill("buy", 9, "0.05")),
    "flow": ((Flow(time=START, amount=0.5),), Flow(time=START, amount=0.5)),
    "skip": ((Skip(time=START, reason=Reason("owner")),), Skip(time=START, reason=Reason("owner"))),
    "begin": ((Begin(time=START, wealth=1.0),), Begin(time=START, wealth=1.0)),
    "end": ((End(time=START, by="you"),), End(time=START, by="you")),
    "rules": ((START, Rules(breaker=0.2)), Statement(START, (Rules(breaker=0.2),))),
    "tell": ((START, NOTE, NOTE), Statement(START, (NOTE, NOTE))),
    "check_ath": ((START, 2.0, 1.0), RecordCheck(START, 2.0, 1.0)),
    "check_regime_switch": ((START, 30.0, 25.0), RegimeCheck(START, 30.0, 25.0)),
    "word": ((START, commands.Note(text="mine")), Statement(START, (Note(text="mine", by="you"),))),
    "retell": ((START, Retold(source="bars.csv")), Head(START, Retold(source="bars.csv"))),
}


def test_every_former_verb_is_tried() -> None:
    """None is left out below."""
    assert set(CALLS) == {name for name in vars(FormerVerbs) if not name.startswith("_")}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_former_verb_tells_what_take_tells(name: str) -> None:
    """And says how it is called from now on."""
    arguments, given = CALLS[name]
    with pytest.warns(DeprecationWarning, match=rf"Narrator\.{name} is Narrator\.take\({type(given).__name__}"):
        told = getattr(Narrator(), name)(*arguments)
    assert told == Narrator().take(given)
    assert told


def test_an_observation_that_is_not_newer_gives_none_as_before() -> None:
    """So that a bot of the first release still sees that it was ignored."""
    narrator = Narrator()
    narrator.take(Observation(time=START + HOUR, wealth=1.0))
    with pytest.warns(DeprecationWarning, match="Narrator.observe is"):
        assert narrator.observe(Observation(time=START, wealth=1.0)) is None


def test_a_halt_is_not_told_by_the_narrator() -> None:
    """It is the bot's own affair."""
    assert Narrator().word(START, commands.Halt()) == ()
