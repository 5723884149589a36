"""What the executor asks of a story: to be told everything, and to keep its state beside what was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.story.files.inbox import Posted
    from livestory.story.inputs import Input


class Story(Protocol):
    """A story that is told in turn and committed in groups. What its methods return is of no concern to the executor.

    Nothing told counts until `commit`, which keeps it and the named states in one transaction: after a crash both are
    as they were at the last one.
    """

    def take(self, given: Input, /) -> object:
        """Tell what the bot does and finds; the story knows what of it is news."""
        ...

    def commands(self) -> Sequence[Posted]:
        """What the owner has asked since, and was not taken yet."""
        ...

    def settle(self, posted: Posted, /) -> object:
        """A command had its effect; it counts as taken with the next commit."""
        ...

    def state(self, name: str, /) -> bytes | None:
        """The state committed last under ``name``."""
        ...

    def commit(self, states: Mapping[str, bytes], /) -> object:
        """Keep everything told since the last commit, and the named states, in one transaction."""
        ...
