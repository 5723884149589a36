"""The exchange's troubles: noticed, told once they last, and told over with what was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from livestory.story.inputs import Statement
from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown
from livestory.trading.exchange import Trouble

if TYPE_CHECKING:
    from livestory.trading.exchange import Exchange
    from livestory.trading.scene import Scene
    from livestory.trading.story_port import Story


class Place(Struct, frozen=True):
    """Where the bot stands as the exchange goes silent or comes back."""

    price: float | None
    position: float | None
    weight: float | None
    orders_open: int | None  # at an exchange outside


class Outages:
    """Watches the account's side and the candles' side of one exchange; they are one trouble to the reader."""

    def __init__(self, exchange: Exchange, story: Story, scene: Scene) -> None:
        """Nothing is known to be wrong."""
        self._exchange = exchange
        self._story = story
        self._scene = scene
        self._candles: Trouble | None = None
        self._since: int | None = None
        self._told = False
        self._price: float | None = None
        self._missed = 0

    def candles_down(self, since: int, problem: str) -> None:
        """The candles have not come since the instant ``since``."""
        tries = 1 if self._candles is None else self._candles.tries + 1
        self._candles = Trouble(since=since, problem=problem, tries=tries)

    def candles_back(self) -> None:
        """The candles come again; the missed ones are heard next."""
        self._candles = None

    def missed(self) -> None:
        """Count a bar that went by without being decided at."""
        self._missed += 1

    def look(self, now: int, place: Place) -> bool:
        """Tell a trouble that lasts, and the end of one that was told; whether anything may have been told."""
        trouble = self._exchange.trouble or self._candles
        if trouble is not None:
            if self._since is None:
                # Whoever met the trouble has only the machine's clock; what is told is told by the exchange's.
                self._since, self._price = trouble.since - self._exchange.clock_ahead, place.price
            if self._told or not (trouble.lasting or now - self._since >= self._scene.patience):
                return False
            self._told = True
            self._tell_down(now, structs.replace(trouble, since=self._since), place)
            return True
        told, self._told, self._since = self._told, False, None
        missed, self._missed = self._missed, 0
        if told:
            self.tell_back(now, place, missed)
        return told

    def tell_back(self, now: int, place: Place, missed: int | None = None) -> None:
        """Tell that the exchange answers; the story knows whether it had told that it did not."""
        back = ExchangeBack(
            exchange=self._scene.exchange or self._scene.market,
            missed_bars=missed,
            price_before=self._price,
            price_after=place.price,
            unit=self._scene.unit,
        )
        self._story.take(Statement(now, (back,)))
        self._price = None

    def _tell_down(self, now: int, trouble: Trouble, place: Place) -> None:
        down = ExchangeDown(
            exchange=self._scene.exchange or self._scene.market,
            problem=trouble.problem,
            since=trouble.since,
            tries=trouble.tries,
            lasting=trouble.lasting,
            orders_open=place.orders_open,
            position=place.position,
            base=self._scene.base,
            weight=place.weight,
        )
        self._story.take(Statement(now, (down,)))
