"""Questions to a journal, on a thread of their own: the longest of them holds up no line that is told."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from livestory.errors import JournalError
from livestory.story.journal.reader import JournalReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.outlets.web.watched import Watched

T = TypeVar("T")


class Queries:
    """One thread, with one reader for each story; no transaction is held between two questions."""

    def __init__(self) -> None:
        """Nothing is opened before the first question."""
        self._pool = ThreadPoolExecutor(1, "queries")
        self._readers: dict[str, JournalReader] = {}

    async def ask(self, story: Watched, question: Callable[[JournalReader], T]) -> T:
        """The answer to a question about that story. Raises JournalError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, story, question)

    async def compute(self, work: Callable[[], T]) -> T:
        """The result of work that needs no journal and takes a while."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let go of the journals."""
        self._pool.submit(self._close)
        self._pool.shutdown()

    def _answer(self, story: Watched, question: Callable[[JournalReader], T]) -> T:
        reader = self._readers.get(story.name)
        try:
            if reader is None or reader.id != story.journal:
                if reader is not None:
                    reader.close()
                reader = self._readers[story.name] = JournalReader.open(story.path)
            return question(reader)
        except JournalError:
            broken = self._readers.pop(story.name, None)
            if broken is not None:
                broken.close()
            raise

    def _close(self) -> None:
        for reader in self._readers.values():
            reader.close()
