"""All ways by which the story of a bot that is not ours is told: what the bot does, and a process that tells it."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from livestory.cli.stdin_lines import StdinLines, relay
from livestory.clock import SECOND, instant
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.public import PublicWriter
from tests.follow.a_nautilus import Node
from tests.follow.processes import follow
from tests.follow.sources import HOSTILE, SOURCES, Followed
from tests.listen.posting import listening
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livestory.clock import Clock


class Way(NamedTuple):
    """A bot that acts, one step after the other, and how all that it did so far is told in a process of its own."""

    steps: tuple[Callable[[], object], ...]
    tell: Callable[[Path, Clock], object]
    gives_times: bool = False  # which are printed as they are
    tells_each_start: bool = False


def tell(_folder: Path) -> Way:
    """A bot that writes lines into `livestory tell`; each process is sent all of them again, with the same ids."""
    sent: list[str] = []

    def told(folder: Path, clock: Clock) -> None:
        read, write = os.pipe()
        with os.fdopen(write, "w", encoding="utf-8") as bot:
            bot.writelines(f"{line}\n" for line in sent)
        story = PublicWriter(folder / "live_story.txt", _WHO, StorySettings(), clock=clock)
        with os.fdopen(read), story:
            relay(StdinLines(read), story, lambda _reply: None)

    return Way(_steps(sent), told, gives_times=True)


def listen(_folder: Path) -> Way:
    """A bot that posts to `livestory listen`, in the same way."""
    sent: list[str] = []

    def told(folder: Path, clock: Clock) -> None:
        with listening(folder / "live_story.txt", clock=clock) as server:
            server.post("\n".join(sent))

    return Way(_steps(sent), told, gives_times=True)


def nautilus(_folder: Path) -> Way:
    """A node of NautilusTrader's whose venue reports at each start what it had filled."""
    node = Node()

    def fill(number: int, *, minutes: int = 0, tag: str = "tide") -> Callable[[], None]:
        return lambda: node.fill(number, at=_START + 1000 * SECOND * number - 60 * SECOND * minutes, tag=tag)

    def told(folder: Path, clock: Clock) -> None:
        with node.run(folder / "live_story.txt", clock) as actor:
            assert actor.flush(LONG)

    return Way(
        (fill(1), fill(2, tag=HOSTILE), fill(3, minutes=60), fill(4)), told, gives_times=True, tells_each_start=True
    )


_START = instant("2026-11-26 10:00:00")
_WHO = Identity(symbol="ETH/BTC", unit="BTC")


def _steps(sent: list[str]) -> tuple[Callable[[], object], ...]:
    """What a bot sends: out of order too, the same again, what is none, and texts that would forge lines."""

    def says(*inputs: dict[str, Any] | str) -> Callable[[], object]:
        return lambda: sent.extend(each if isinstance(each, str) else json.dumps(each) for each in inputs)

    first = {"input": "fill", "side": "buy", "quantity": "2", "price": "0.05", "time": "2026-11-26 10:00", "id": "f-1"}
    second = {**first, "side": "sell", "price": "0.06", "time": "2026-11-26 12:00", "id": "f-2", "reason": HOSTILE}
    seen = {"input": "observation", "wealth": 1.5, "price": 0.05, "time": "2026-11-26 10:15", "id": "o-1"}
    return (
        says({"input": "started", "wealth": 1.5, "time": "2026-11-26 09:00", "id": "s-1"}, first),
        says(seen, {**seen, "wealth": 1.7, "time": "2026-11-26 12:15", "id": HOSTILE}, first),
        says(second, {**first, "price": "0.055", "time": "2026-11-26 11:00", "id": "f-3", "trade_id": 7}),
        says({**second, "id": "f-1"}, "nothing", {"input": "note", "text": HOSTILE, "id": "n-1"}),
        says({**first, "price": "0.055", "time": "2026-11-26 11:00", "id": "f-4", "trade_id": 7}),
        says({"input": "stopped", "time": "2026-11-26 15:00", "id": "e-1"}),
    )


def _followed(source: Callable[[Path], Followed]) -> Callable[[Path], Way]:
    def way(folder: Path) -> Way:
        followed = source(folder)
        return Way(followed.steps, partial(follow, followed))

    way.__name__ = source.__name__
    return way


WAYS = (*map(_followed, SOURCES), tell, listen, nautilus)
