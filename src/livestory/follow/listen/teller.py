"""The one thread that writes the story, and what waits for it: many requests become durable in one commit."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from livestory.errors import JournalError
from livestory.story.public.reading import BadInput, read
from livestory.story.writing.public import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livestory.story.writing.public import Outcome, PublicWriter

_TOGETHER = 1_000  # inputs in one commit, about
_LOOK = 1.0  # seconds between two looks into the inbox
_log = logging.getLogger("livestory.web")


class _Job(NamedTuple):
    raws: Sequence[bytes]
    answered: asyncio.Future[list[Reply]]


class Teller:
    """Takes inputs on the event loop, and tells them on a thread of its own."""

    def __init__(self, story: PublicWriter) -> None:
        """Tell ``story``, which nobody else may touch until `work` has ended."""
        self._story = story
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1, "story")
        self._in_trouble = False

    async def tell(self, raws: Sequence[bytes]) -> list[Reply]:
        """Tell these inputs; what became of each, durable. Raises JournalError where it can't be kept."""
        job = _Job(raws, asyncio.get_running_loop().create_future())
        self._jobs.put_nowait(job)
        return await job.answered

    async def work(self) -> None:
        """Tell what comes, until this is cancelled; meanwhile see to the inbox."""
        try:
            while True:
                jobs = []
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK):
                        jobs.append(await self._jobs.get())
                while not self._jobs.empty() and sum(len(job.raws) for job in jobs) < _TOGETHER:
                    jobs.append(self._jobs.get_nowait())
                await asyncio.shield(self._work(jobs))
        finally:
            self._thread.shutdown()

    async def _work(self, jobs: list[_Job]) -> None:
        loop = asyncio.get_running_loop()
        try:
            replies = await loop.run_in_executor(self._thread, self._told, [job.raws for job in jobs])
        except Exception as error:  # noqa: BLE001 - whatever it is, the next ones may be told
            self._note(error)
            for job in jobs:
                if not job.answered.done():
                    job.answered.set_exception(error)
            return
        self._note(None)
        for job, reply in zip(jobs, replies, strict=True):
            if not job.answered.done():  # as where its sender has gone
                job.answered.set_result(reply)

    def _told(self, requests: list[Sequence[bytes]]) -> list[list[Reply]]:
        if self._story.behind:  # no more is taken than can be kept
            self._story.keep()
        outcomes = [[self._taken(raw) for raw in raws] for raws in requests]
        self._story.keep()
        return [[one if isinstance(one, Reply) else one.reply() for one in each] for each in outcomes]

    def _taken(self, raw: bytes) -> Outcome | Reply:
        try:
            return self._story.tell(read(raw))
        except BadInput as error:
            place = "" if error.column is None else f"column {error.column}: "
            return Reply(error=f"{place}{error}")

    def _note(self, error: Exception | None) -> None:
        """Log a trouble, and its end."""
        if error is not None and not self._in_trouble:
            _log.error("the story waits: %s", error, exc_info=None if isinstance(error, JournalError) else error)
        elif error is None and self._in_trouble:
            _log.warning("the story goes on")
        self._in_trouble = error is not None
