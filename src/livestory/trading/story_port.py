"""What the executor asks of a story: to be told everything, and to keep its state beside what was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.story.inbox import Posted
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lifecycle import Rules
    from livestory.story.observation import Begin, End, Fill, Flow, Observation, Skip
    from livestory.story.words import AnyWord


class Story(Protocol):
    """A story that is told in turn and committed in groups. What its methods return is of no concern to the executor.

    Nothing told counts until `commit`, which keeps it and the named states in one transaction: after a crash both are
    as they were at the last one.
    """

    def begin(self, begin: Begin, /) -> object:
        """The bot starts, or is back; the story knows which."""
        ...

    def rules(self, time: int, rules: Rules, /) -> object:
        """The rules in force, at each start; the story knows whether they have changed."""
        ...

    def observe(self, observation: Observation, /) -> object:
        """What the bot looks like at the end of a bar."""
        ...

    def fill(self, fill: Fill, /) -> object:
        """What was filled of an order."""
        ...

    def skip(self, skip: Skip, /) -> object:
        """A trade that was wanted, and that something outside strategy and risk put off."""
        ...

    def flow(self, flow: Flow, /) -> object:
        """A deposit or withdrawal."""
        ...

    def tell(self, time: int, /, *facts: Facts) -> object:
        """What the bot has found itself; of a trouble that lasts the story knows what is news."""
        ...

    def words(self) -> Sequence[Posted]:
        """What the owner has said since, and was not taken yet."""
        ...

    def word(self, time: int, word: AnyWord, /) -> object:
        """A word that is only to be told."""
        ...

    def take(self, posted: Posted, /) -> object:
        """A word had its effect; it counts as taken with the next commit."""
        ...

    def end(self, end: End, /) -> object:
        """The bot stops: by "you", the "system", "bars" that ran out, or an "error"."""
        ...

    def state(self, name: str, /) -> bytes | None:
        """The state committed last under ``name``."""
        ...

    def commit(self, states: Mapping[str, bytes], /) -> object:
        """Keep everything told since the last commit, and the named states, in one transaction."""
        ...
