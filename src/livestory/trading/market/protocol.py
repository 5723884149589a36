"""Where bars come from: recorded files, the simulated market, an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.trading.market.bar import Bar


class Market(Protocol):
    """The bars of one market, oldest first.

    Every bar is complete when it is given and is never given differently later; open times ascend strictly and lie
    on a grid of ``interval``; ``bar.end == bar.open_time + interval``; a bar the source lacks is left out, never
    invented. Whatever is read, two readings agree on every bar that both give.
    """

    @property
    def symbol(self) -> str:
        """What is traded, base before quote: "ETH/BTC"."""
        ...

    @property
    def interval(self) -> int:
        """Length of a bar, microseconds."""
        ...

    @property
    def count(self) -> int | None:
        """How many bars ``read(None)`` gives; None where they have no end."""
        ...

    @property
    def digest(self) -> str | None:
        """What tells these bars from any others (`digest.BarsDigest`), 64 hex digits; None where they have no end."""
        ...

    def read(self, after: int | None = None) -> Iterator[Bar]:
        """The bars that end after the instant ``after``, or all of them: how a run starts, and how it resumes.

        Where bars have no end it waits for the next one. Raises InputError (TableError for a file) for a source that
        can't give bars.
        """
        ...
