"""The executor on a simulated market, as the sessions that are made to fail play it."""

from __future__ import annotations

from threading import Event as Stop
from typing import TYPE_CHECKING

from livestory.clock import DAY
from livestory.config import Configuration
from livestory.story.journal.entry import Identity
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.bar_loop import run
from livestory.trading.executor import Executor
from livestory.trading.market.simulated import SimulatedBars
from livestory.trading.risk import RiskSettings
from livestory.trading.session import RunInfo
from livestory.trading.state import ExecutorState
from tests.reliability.told_bot import KEEP_DAYS, START

if TYPE_CHECKING:
    from livestory import Event
    from tests.reliability.told_bot import Scenery

BARS = 1_500
NERVOUS = Configuration(risk=RiskSettings(breaker=0.04, cooldown=DAY))


def replay(scene: Scenery, *, group: int, failpoint: str | None = None) -> None:
    """The executor on a simulated market, ``group`` bars a commit; it says what each commit has acknowledged."""
    market = SimulatedBars(7, BARS, START)
    identity = Identity(bot="demo", mode="replay", symbol="ETH/BTC", unit="BTC", bars=market.digest)
    fresh = ExecutorState.fresh("demo", NERVOUS.strategy, NERVOUS.risk, NERVOUS.paper)
    scene.arm()
    with SynchronousWriter(scene.path, identity, NERVOUS.story, keep_days=KEEP_DAYS) as told:
        commit = told.commit

        def commit_and_say(states: dict[str, bytes]) -> list[Event]:
            kept = commit(states)
            scene.say(committed=[[event.seq, event.id, event.line] for event in kept])
            return kept

        if failpoint is not None:
            FAILPOINTS[failpoint](told)
        told.commit = commit_and_say  # type: ignore[assignment,method-assign]
        executor = Executor(fresh, told, market.read, RunInfo(mode="replay", market="a simulated market"))
        scene.say(opened=executor.state.summary.bars)
        ending = run(executor, market.read(executor.state.summary.last_time), Stop(), commit_every=group)
        scene.say(ending=str(ending))
    scene.say(struck=scene.mend())


def _text_raises(told: SynchronousWriter) -> None:
    def broken(*_: object) -> None:
        message = "a bug in the story file"
        raise RuntimeError(message)

    told._store._text.append = broken  # type: ignore[assignment,method-assign]  # noqa: SLF001  a failpoint


def _subscriber_raises(told: SynchronousWriter) -> None:
    def broken(_: Event) -> None:
        raise RuntimeError

    told.subscribe(broken)


def _subscriber_hangs(told: SynchronousWriter) -> None:
    told.subscribe(lambda _: Stop().wait())


FAILPOINTS = {
    "the text raises": _text_raises,
    "a subscriber raises": _subscriber_raises,
    "a subscriber hangs": _subscriber_hangs,
}
