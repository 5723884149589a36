"""The story may hang, die, be full or corrupt: the bot's orders are the same, and no call waits longer than it may."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING, Any

import pytest

from livestory import StoryWriter
from livestory.story.journal.writer import Identity, Journal, JournalReader
from livestory.story.writing.thread import WriterThread
from tests.reliability.amount import TORTURE, amount
from tests.reliability.isolated_bot import MENDED
from tests.reliability.keeping import kept
from tests.reliability.stage import CHANGES, Act, Call, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reliability.conftest import Did, Figure
    from tests.reliability.stage import Stage

MAX_WAIT = 0.0005 if TORTURE else 0.002  # seconds
_BY_CHANCE = 30  # calls: that more of them are longer than every turn of the loop is no chance
_THINKING = 0.001  # seconds that a call may think longer than the empty loop's, over a chapter's end for example
_ON_EVERYTHING = CHANGES | Call.READ
_FAULTS = {
    "hung": Fault(_ON_EVERYTHING, 0, Act.HANG, again=True),
    "full": Fault(Call.WRITE | Call.TRUNCATE, 0, Act.FAIL, errno.ENOSPC, again=True),
    "failing": Fault(_ON_EVERYTHING, 0, Act.FAIL, errno.EIO, again=True),
}


@pytest.mark.parametrize("trouble", ["none", "hung", "full", "failing", "dead", "corrupt", "deleted", "locked"])
def test_a_story_in_trouble_changes_no_order_and_holds_up_no_call(
    stage: Stage, tmp_path: Path, did: Did, figure: Figure, trouble: str
) -> None:
    """Orders byte for byte those of a run without a story.

    All but thirty calls are longer than `max_wait` by less than the longest stall of the empty loop between the calls:
    the machine may stall anywhere, and the longest of its stalls meet a call or the loop by chance.
    """
    calls = amount(600, 125_000)
    without = stage.play("isolated", tmp_path / "without", trouble=None, calls=calls, max_wait=MAX_WAIT)
    outcome = stage.play(
        "isolated", tmp_path / "story", _FAULTS.get(trouble), trouble=trouble, calls=calls, max_wait=MAX_WAIT
    )
    assert (without.code, outcome.code) == (0, 0)
    assert outcome.all("orders") == without.all("orders")
    assert outcome.all("ok") == [trouble in MENDED]
    (overruns,), (stalls,) = outcome.all("overruns"), outcome.all("stalls")
    figure(
        f"{trouble}: the longest of {calls:,} calls exceeded max_wait by {overruns[0] * 1e3:.1f} ms, "
        f"an empty loop's by {stalls[0] * 1e3:.1f} ms; "
        f"all but {_BY_CHANCE} by less than {overruns[_BY_CHANCE] * 1e3:.1f} ms"
    )
    assert overruns[_BY_CHANCE] <= stalls[0] + _THINKING
    did("calls of a story in trouble", calls)


@pytest.mark.parametrize("failpoint", ["the text raises", "a subscriber raises", "a subscriber hangs"])
def test_a_projection_that_fails_changes_no_order_of_the_executor(
    stage: Stage, memory: Path, did: Did, failpoint: str
) -> None:
    """Fills and state byte for byte those of a run in which all is well; the text is whole after the next start."""
    sound = stage.play("replay", memory / "sound", group=50)
    outcome = stage.play("replay", memory / "failing", group=50, failpoint=failpoint)
    assert (sound.code, outcome.code) == (0, 0)
    orders = [[line for commit in each.all("committed") for _, _, line in commit] for each in (sound, outcome)]
    assert sum("BUY" in line or "SELL" in line for line in orders[0]) > 4
    assert orders[0] == orders[1]
    states = []
    for folder in ("sound", "failing"):
        with JournalReader.open(memory / folder / "live_story.txt") as reader:
            states.append(reader.state("executor"))
    assert states[0] == states[1]
    assert stage.play("replay", memory / "failing", group=50).code == 0
    kept(memory / "failing" / "live_story.txt", [event for commit in outcome.all("committed") for event in commit])
    did("failpoints of the executor's projections")


def test_what_waited_is_told_again_without_holding_up_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of calls made while another held the story: of them only the last few are thought over under the lock.

    The bot waits for that lock at its next call, whatever its `max_wait`.
    """
    path = tmp_path / "live_story.txt"
    other = Journal.open(path, Identity(symbol="ETH/BTC", unit="BTC"))
    with monkeypatch.context() as owned:
        owned.setattr(threading, "Lock", threading.RLock)  # which knows its owner
        story = StoryWriter(path, max_wait=MAX_WAIT)
    thread = story._thread  # noqa: SLF001
    for n in range(3_000):
        story.fill("buy", 1, "0.03", trade_id=str(n), timestamp=1_733_184_000 + n)
    narrate, held_up = WriterThread._narrate, []  # noqa: SLF001

    def counted(self: WriterThread, *args: Any) -> None:
        held_up.append(thread._lock._is_owned())  # type: ignore[attr-defined]  # noqa: SLF001  an RLock's
        narrate(self, *args)

    monkeypatch.setattr(WriterThread, "_narrate", counted)
    other.close()
    assert story.flush(60)
    assert len(held_up) >= 3_000
    assert sum(held_up) <= 200
    assert story.health.lost == 0
    story.close()
