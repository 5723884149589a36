"""What a source has to say of itself at the story's head: what was left out, inferred, and is doubted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from livestory.story.wording import numbers

if TYPE_CHECKING:
    from livestory.story.kinds.retold import Retold


class Remarks(Struct):
    """Gathered while a table is read, and told at the head of its story."""

    read_as: str | None = None  # "round trips, backtesting.py"
    unused: tuple[str, ...] = ()  # columns
    inferred: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)  # left out, by why
    told: int = 0  # rows, where one is more than one input

    def infer(self, words: str) -> None:
        """Say once what was taken for true."""
        if words and words not in self.inferred:
            self.inferred.append(words)

    def doubt(self, words: str) -> None:
        """Say once what can hardly be."""
        if words not in self.doubts:
            self.doubts.append(words)

    def leave_out(self, why: str) -> None:
        """Count a row that is not told."""
        self.rows[why] += 1

    @property
    def nothing(self) -> str:
        """The message of the error that is raised if no row could be told."""
        rows = f"every row is left out ({', '.join(self.rows)})" if self.rows else "no rows below the header"
        return f"{rows}; there is nothing to tell"

    def said(self, head: Retold) -> Retold:
        """The story's head with all of it."""
        left_out = tuple(f"{numbers.count(count, 'row')} left out: {why}" for why, count in self.rows.items())
        return replace(
            head,
            rows=self.told or head.rows,
            read_as=self.read_as,
            left_out=left_out,
            assumed=tuple(self.inferred),
            doubts=tuple(self.doubts),
            unused=self.unused,
        )
