"""The loop around an executor, in a replay as live: bars in, commits, a pace, a clean stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from threading import Event
from time import monotonic

from livestory.errors import JournalError
from livestory.trading.executor import Executor
from livestory.trading.market.bar import Bar

GROUP = 512  # bars committed together in a replay at full speed


class Stop(Event):
    """A request to end a run: set once somebody asks for it; it knows who, for the story's last line."""

    by: str = "you"
    """As `livestory.story.inputs.End.by` has it: "you", or "system" for whoever ends processes."""


class Ending(StrEnum):
    """How a run ended."""

    BARS = "bars"  # they ran out
    STOPPED = "stopped"  # somebody asked it to stop
    NOTHING_NEW = "nothing new"  # every bar had been heard in an earlier run


def run(  # noqa: PLR0913  one loop, its knobs by keyword
    executor: Executor,
    bars: Iterable[Bar],
    stop: Event,
    *,
    commit_every: int = GROUP,
    bars_per_second: float | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Ending:
    """Tell ``bars`` until they run out or ``stop`` is set; what was told is committed when this returns.

    Bars heard in an earlier run are passed over. ``commit_every`` bars are committed together: 1 when live. At a pace
    of ``bars_per_second`` each is committed by itself. ``progress`` is called after a commit with the number of bars
    heard so far, earlier runs included. A `Stop` says who asked for the end; else it was "you".

    Raises JournalError where the end can't be kept, orders outside or not.

    An error in the bars is told as the end, committed with everything before it, and raised again. An error in the
    executor or the story is raised at once: what was done in part, at a bar or while waiting for one, isn't committed.
    """
    if bars_per_second is not None:
        commit_every = 1
    summary, source = executor.state.summary, iter(bars)
    committed = heard = summary.bars
    due = monotonic()
    while not stop.is_set():
        try:
            bar = next(source, None)
        except Exception:
            if executor.begun and not executor.in_between:
                _end(executor, "error")
            raise
        if bar is None:
            break
        executor.process(bar)
        if summary.bars == heard:
            continue
        heard = summary.bars
        if heard - committed >= commit_every:
            executor.commit()
            committed = heard
            progress(heard)
        if bars_per_second is not None:
            due += 1 / bars_per_second
            stop.wait(max(0.0, due - monotonic()))
    return _ending(executor, stop)


def _ending(executor: Executor, stop: Event) -> Ending:
    if stop.is_set():
        if executor.begun:
            _end(executor, stop.by if isinstance(stop, Stop) else "you")
        return Ending.STOPPED
    if executor.begun:
        _end(executor, "bars")
        return Ending.BARS
    if not executor.state.ended:  # killed between the last bar and its end
        _end(executor, "bars")
    return Ending.NOTHING_NEW


def _end(executor: Executor, by: str) -> None:
    executor.end(by)
    if not executor.commit():
        message = f"{executor.ledger_trouble}\nThe end is not kept; the next start finds out what became of orders."
        raise JournalError(message)
