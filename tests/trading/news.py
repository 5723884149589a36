"""What a story says of troubles that are reported to it again and again: each once, as its own detector does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown, ForeignOrders

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts


class News:
    """Knows which reports were told already."""

    def __init__(self, *, down: bool | None = False) -> None:
        """Nothing was told; ``down`` None: whether the exchange was down before is not known."""
        self._down = down
        self._foreign: int | None = None

    def among(self, reported: tuple[Facts, ...]) -> tuple[Facts, ...]:
        """Those that are told."""
        return tuple(fact for fact in reported if self._is_new(fact))

    def _is_new(self, fact: Facts) -> bool:
        if isinstance(fact, ForeignOrders):
            before, self._foreign = self._foreign, fact.count
            return fact.count != before
        if isinstance(fact, ExchangeDown | ExchangeBack):
            before, self._down = self._down, isinstance(fact, ExchangeDown)
            return before is not self._down
        return True
