"""The present at an exchange outside: this machine's clock, less what it is ahead of the exchange's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.clock import MINUTE

if TYPE_CHECKING:
    from livestory.clock import Clock
    from livestory.trading.exchange.protocol import Exchange

_STEP = MINUTE  # by more than this the present doesn't move on between two looks, unless the clock was set


class ExchangeClock:
    """The exchange's time, as far as it is known."""

    def __init__(self, exchange: Exchange, clock: Clock | None) -> None:
        """Without a ``clock``, as in a replay, the bars say what time it is."""
        self._exchange = exchange
        self._clock = clock if exchange.outside else None
        self._confirmed = 0

    def now(self, default: int) -> int:
        """The present; ``default`` where there is no clock."""
        return default if self._clock is None else self._clock.now() - self._exchange.clock_ahead

    def confirm(self, now: int) -> int:
        """``now``, set right by the exchange where it does not follow on the last one, as after a clock was set."""
        if self._exchange.outside and not 0 <= now - self._confirmed < _STEP:
            ahead = self._exchange.clock_ahead
            self._exchange.balances()  # signed: a clock that is off is found out, and allowed for
            now += ahead - self._exchange.clock_ahead
        self._confirmed = now
        return now
