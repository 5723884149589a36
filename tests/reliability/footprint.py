"""What a process takes, over its life."""

from __future__ import annotations

import os
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_GROWTH = 4 * 2**20  # bytes that the resident memory may seem to grow by: pages come and go


class Footprint:
    """What a process has taken, each time it was looked at."""

    def __init__(self, pid: int, memory: Sequence[int] = (), descriptors: Sequence[int] = ()) -> None:
        """Of that process; what was seen of it already, in bytes and in number."""
        self._pid = pid
        self.memory, self.descriptors = [*memory], [*descriptors]

    def look(self) -> None:
        """Once more."""
        with open(f"/proc/{self._pid}/statm") as statm:  # noqa: PTH123  no file in a folder
            self.memory.append(int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        self.descriptors.append(len(os.listdir(f"/proc/{self._pid}/fd")))  # noqa: PTH208  as above

    def assert_flat(self) -> str:
        """Over the last three quarters; returns the figures."""
        quarter = len(self.memory) // 4
        before, after = median(self.memory[quarter : 2 * quarter]), median(self.memory[-quarter:])
        assert after - before < max(_GROWTH, before / 20), self.memory
        first, last = self.descriptors[quarter : 2 * quarter], self.descriptors[-quarter:]
        assert min(last) <= max(first), self.descriptors  # some are open for an instant only
        return f"{before / 2**20:.1f} -> {after / 2**20:.1f} MB, {max(first)} -> {max(last)} descriptors"
