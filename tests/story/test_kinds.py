"""Every kind of event, found by itself, goes all the ways that an event goes: declared, told, kept, retold, shown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import HOUR, MINUTE
from livestory.outlets.terminal import style
from livestory.outlets.web.history import mark_of
from livestory.retell.journal_source import JournalSource
from livestory.story.event import from_record
from livestory.story.inputs import Begin, End, Flow, Funding, Input, Observation, Skip, Statement
from livestory.story.journal.writer import Identity, JournalReader
from livestory.story.kinds import KINDS, groups, is_critical
from livestory.story.kinds.base import Facts, Group, Retelling, Tone
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.trades import Exposure, Trade
from livestory.story.settings import StorySettings
from livestory.story.troubles import ENDS
from livestory.story.writing.synchronous import SynchronousWriter
from tests.retell.listening import heard
from tests.story.inputs import START, fill
from tests.story.rich_facts import TOLD

if TYPE_CHECKING:
    from pathlib import Path

_first_told = sorted((facts for _, facts in reversed(TOLD)), key=lambda facts: facts.retelling is Retelling.AS_TOLD)
RICH = {str(facts.__struct_config__.tag): facts for facts in _first_told}
"""Facts of each kind; where there are several, such as the bot itself tells."""
BAR_END = START + 15 * MINUTE
RULES = Rules(breaker=0.2)
GIVEN: dict[str, tuple[Input, ...]] = {
    "started": (Begin(time=BAR_END, wealth=1.0),),
    "resumed": (Begin(time=START, wealth=1.0), Begin(time=BAR_END, wealth=1.0)),
    "stopped": (End(time=BAR_END, by="you", wealth=1.0, position=0.0),),
    "rules": (Statement(BAR_END, (RULES,)),),
    "rules_changed": (Statement(START, (RULES,)), Statement(BAR_END, (Rules(breaker=0.3),))),
    "trade": (fill("buy", 9, "0.05", time=BAR_END),),
    "put_off": (Skip(time=BAR_END, reason=RICH["put_off"].reason),),  # type: ignore[attr-defined]  # the kind's own
    "flow": (Flow(time=BAR_END, amount=0.1),),
    "funding": (Funding(time=BAR_END, symbol="ETH/USDT:USDT", amount=Decimal(1)),),
}
"""The inputs of which these kinds are the telling."""
BROUGHT_BY_NO_OBSERVATION = {"retold", "summary"}
"""The head and the end of a retold story are made anew for each."""


def live_and_retold(folder: Path, *given: Input) -> tuple[list[str], list[str]]:
    """The lines of a bot that is given these inputs after its first bar, the last at a bar's own end."""
    path = folder / "live_story.txt"
    with SynchronousWriter(path, Identity(bot="demo", symbol="ETH/BTC", unit="BTC"), StorySettings()) as story:
        story.take(Observation(time=START, wealth=1.0, price=0.05))
        *before, last = given
        for one in before:
            story.take(one)
        story.take(Observation(time=BAR_END, wealth=1.0, price=0.05))
        story.take(last)
        story.commit({})
    with JournalReader.open(path) as reader:
        return [kept.line for kept in reader.events()], heard(JournalSource(reader)).lines


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_declares_how_it_is_taken(kind: str) -> None:
    """Words that always fit, one group, a colour; what wakes the owner sounds like it."""
    declared = KINDS[kind].declared
    assert any(words.when(RICH[kind]) for words in declared.words)
    assert [name for name, kinds in groups().items() if kind in kinds] == [declared.group.value]
    assert isinstance(style(RICH[kind]), str)
    assert is_critical(kind) == declared.critical
    if declared.critical:
        assert declared.tone in {Tone.ALARM, Tone.GREAT}


def test_the_groups_hold_each_kind_once_in_the_order_declared() -> None:
    """Page and report offer no other filters."""
    assert list(groups()) == [group.value for group in Group]
    assert sorted(name for kinds in groups().values() for name in kinds) == sorted(KINDS)


def test_these_kinds_wake_their_owner_and_no_others() -> None:
    """What stops the bot, or may cost money while he sleeps, and its return."""
    assert {kind for kind in KINDS if is_critical(kind)} == {
        *("breaker", "daily_limit", "halted", "phoenix", "liquidation", "sell_stuck"),
        *("exchange_down", "order_unknown", "balance_differs", "set_aside", "alerts_given_up", "not_heard"),
    }


def test_these_kinds_are_shown_by_their_rule_also_where_a_caller_says_them() -> None:
    """Chapters, whole-market locks, and each record of a result."""
    assert {kind for kind, each in KINDS.items() if each.declared.ruled} == {
        *("chapter", "entries_locked", "lock_over", "result_record"),
    }


def test_no_kind_is_critical_that_is_not_known() -> None:
    """A record of a newer livestory wakes nobody by mistake."""
    assert not is_critical("no such kind")


@pytest.mark.parametrize(
    "kind", sorted(name for name, each in KINDS.items() if each.declared.retelling is not Retelling.FROM_INPUT)
)
def test_what_is_told_at_a_bars_own_end_is_retold(kind: str, tmp_path: Path) -> None:
    """Also where an observation has that very time: no kind vanishes from a journal that is explained."""
    facts = RICH[kind]
    if facts.retelling is Retelling.ANEW:
        assert KINDS[kind].declared.needs is not None or kind in BROUGHT_BY_NO_OBSERVATION | {"told_in_part"}
        return
    before = [Statement(START + 1, (beginning,)) for beginning in beginnings(facts)]
    live, retold = live_and_retold(tmp_path, *before, Statement(BAR_END, (facts,)))
    line = next(line for line in live if line.startswith("2024-12-03 15:15:00"))
    assert f"| {KINDS[kind].declared.words[0].symbol} " in line or kind == "note"
    assert line in retold


def beginnings(facts: Facts) -> list[Facts]:
    """The trouble or halt whose end the facts tell."""
    if isinstance(facts, Unhalted):
        return [Halted(reason=facts.reason, cancelled=0)]
    pair = ENDS.get(type(facts))
    return [] if pair is None else [begun(pair.trouble, pair.subject, facts)]


def begun(trouble: type[Facts], subject: str | None, end: Facts) -> Facts:
    """The rich facts of a trouble, about the same subject as its end."""
    rich = RICH[str(trouble.__struct_config__.tag)]
    if subject is None:
        return rich
    about = {subject} & set(fields(rich)) or {"pair"}  # a lock's subject is made of its pair
    return type(rich)(**{**fields(rich), **{name: getattr(end, name) for name in about}})


def fields(facts: Facts) -> dict[str, object]:
    """Its fields by name."""
    return {name: getattr(facts, name) for name in facts.__struct_fields__}


@pytest.mark.parametrize("kind", sorted(GIVEN))
def test_what_is_the_telling_of_an_input_is_retold_from_it(kind: str, tmp_path: Path) -> None:
    """Given at a bar's own end."""
    live, retold = live_and_retold(tmp_path, *GIVEN[kind])
    assert [line for line in live if line.startswith("2024-12-03 15:15:00")][:1]
    assert [line for line in retold if line in live] == live


def test_each_kind_that_tells_an_input_is_tried_with_it() -> None:
    """A new one needs its input here, and in the retelling."""
    assert {name for name, each in KINDS.items() if each.declared.retelling is Retelling.FROM_INPUT} == set(GIVEN)


def test_the_chart_marks_what_is_declared(tmp_path: Path) -> None:
    """Trades by their side, all others by the mark of their kind."""
    path = tmp_path / "live_story.txt"
    with SynchronousWriter(path, Identity(bot="demo", symbol="ETH/BTC", unit="BTC"), StorySettings()) as story:
        story.take(Begin(time=START, wealth=1.0))
        story.take(fill("buy", 9, "0.05", time=BAR_END))
        story.take(Statement(BAR_END + HOUR, (Halted(reason="owner", cancelled=0),)))
        story.commit({})
    with JournalReader.open(path) as reader:
        marks = {kept.kind: mark_of(kept) for kept in reader.events()}
        facts = [from_record(kept.record, kept.line, kept.id, kept.seq).facts for kept in reader.events()]
    assert (marks["trade"], marks["halted"], marks["started"]) == ("buy", "halted", None)
    assert {each.mark for each in facts} == set(marks.values())


def test_a_change_of_exposure_is_marked_as_the_trade_that_would_make_it() -> None:
    """Up is a purchase, down a sale; the first reading of nothing is a sale of nothing."""
    assert Exposure(before=0.1, after=0.2, base="ETH").mark == "buy"
    assert Exposure(before=0.2, after=0.1, base="ETH").mark == "sell"
    assert isinstance(RICH["trade"], Trade)
    assert RICH["trade"].mark == RICH["trade"].side


@pytest.mark.parametrize(
    ("halted", "retelling"),
    [
        (Halted(), Retelling.ANEW),
        (Halted(told=True), Retelling.AS_TOLD),
        (Halted(cancelled=0), Retelling.AS_TOLD),
        (Halted(told=True, cancelled=0), Retelling.AS_TOLD),
    ],
)
def test_a_halt_that_the_bot_told_of_itself_is_retold_as_told(halted: Halted, retelling: Retelling) -> None:
    """One that observations brought is found in them again."""
    assert halted.retelling is retelling
