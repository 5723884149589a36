"""What a report keeps of very many lines, so that its file stays small."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from livestory.story.kinds.base import Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.story.event import Event

MOST_BYTES = 5_000_000  # of lines as JSON
_LASTING = frozenset({Group.SAFETY, Group.RECORDS, Group.RUNNING})
_BLOCK = 2000  # lines


class Lines:
    """The lines of a story, numbered from 1; of too many bytes the oldest are left out, the grave ones last."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.left_out = 0
        self._last = 0
        self._most = most_bytes
        self._size = 0
        self._kept: tuple[deque[tuple[int, str]], deque[tuple[int, str]]] = deque(), deque()  # common and lasting

    def add(self, event: Event) -> int:
        """Take the next line; its number."""
        self._last += 1
        row = [self._last, event.time, event.kind, event.facts.mark or "", event.line]
        text = msgspec.json.encode(row if event.shown else [*row, 0]).decode()
        self._kept[event.facts.declared.group in _LASTING].append((self._last, text))
        self._size += len(text)
        while self._size > self._most:
            _, old = self._kept[not self._kept[0]].popleft()
            self._size -= len(old)
            self.left_out += 1
        return self._last

    def blocks(self) -> Iterator[str]:
        """The rows of a JSON array, in their order."""
        rows = sorted([*self._kept[0], *self._kept[1]])
        for start in range(0, len(rows), _BLOCK):
            yield (",\n" if start else "") + ",\n".join(text for _, text in rows[start : start + _BLOCK])
