"""Why freqtrade did not enter: each candle that it analysed, held against what it made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from livestory.clock import SECOND
from livestory.story.reason import Reason, in_own_words
from livestory.story.wording.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.follow.freqtrade.messages import Candle, Message
    from livestory.follow.freqtrade.rest import Config, Health, LogLine, OpenLock, OpenTrade

_DENIED = "User denied entry for "
_FAILED = "Unable to create trade for "
_THIN = "Bids to asks delta for "
_ALL = "*"
_MOST = 1000  # pairs

BOTH_SIGNALS = in_own_words("entry and exit signal on one candle")
NO_SIGNAL = in_own_words("no entry signal")
NO_SLOT = in_own_words("signal but no open slot")
LOCKED = in_own_words("signal but entries locked")
NO_ENTRY = in_own_words("signal but no entry")
_ORDER = (NO_ENTRY, LOCKED, NO_SLOT, BOTH_SIGNALS, NO_SIGNAL)
"""What weighs most first: of one candle in many pairs one reason is counted."""


class Refused(NamedTuple):
    """An entry that was about to be made, and was not."""

    pair: str
    short: bool
    reason: Reason


class Explained(NamedTuple):
    """What became of the candles that were decided since the last look."""

    reason: Reason | None = None  # that weighs most; None: no candle, or all pairs are held
    refused: tuple[Refused, ...] = ()


class _Pending(NamedTuple):
    candle: Candle
    heard: int


class Signals:
    """The candles that are not explained yet. A candle is explained once the loop that it was analysed in is over."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._explained: dict[str, int] = {}  # pair -> the candle
        self._entered: dict[str, int] = {}  # pair -> when

    def hear(self, time: int, message: Message) -> None:
        """Take what freqtrade said."""
        candle = message.candle
        if candle is not None:
            if self._explained.get(candle.pair) != candle.opened and len(self._pending) < _MOST:
                self._pending[candle.pair] = _Pending(candle, time)
        elif message.type.startswith("entry") and message.pair is not None:
            self._entered[message.pair] = time

    def explain(
        self,
        config: Config,
        health: Health,
        trades: Sequence[OpenTrade],
        locks: Callable[[], Sequence[OpenLock]],
        logs: Callable[[], Sequence[LogLine]],
    ) -> Explained:
        """What became of the candles whose loop is over; ``locks`` and ``logs`` are asked where only they can tell."""
        over = (health.last_process_ts or 0) * SECOND
        held = {trade.pair for trade in trades}
        slots = config.max_open_trades
        reasons: list[Reason] = []
        asked: list[_Pending] = []
        for pair, each in [(pair, each) for pair, each in self._pending.items() if each.heard <= over]:
            del self._pending[pair]
            self._explained[pair] = each.candle.opened
            if config.state != "running" or pair in held or self._entered.get(pair, 0) >= each.heard:
                continue
            if (reason := _without_signal(each.candle, config)) is not None:
                reasons.append(reason)
            elif slots is not None and 0 <= slots <= len(trades):
                reasons.append(NO_SLOT)
            else:
                asked.append(each)
        refused = self._ask(asked, config, locks, logs, reasons) if asked else ()
        return Explained(min(reasons, key=_ORDER.index, default=None), refused)

    @staticmethod
    def _ask(
        asked: Sequence[_Pending],
        config: Config,
        locks: Callable[[], Sequence[OpenLock]],
        logs: Callable[[], Sequence[LogLine]],
        reasons: list[Reason],
    ) -> tuple[Refused, ...]:
        locked, said, refused = {lock.pair for lock in locks()}, logs(), []
        for candle, heard in asked:
            if locked & {candle.pair, _ALL}:
                reasons.append(LOCKED)
                continue
            reasons.append(NO_ENTRY)
            why = next(filter(None, (_why(candle, line) for line in said if line.time >= heard - SECOND)), None)
            if why is not None:
                refused.append(Refused(candle.pair, config.short_allowed and candle.enter_short, in_own_words(why)))
        return tuple(refused)


def _without_signal(candle: Candle, config: Config) -> Reason | None:
    """Why freqtrade takes the candle for none to enter on; None where it does. Its own rule, `get_entry_signal`."""
    long = candle.enter_long and not candle.exit_long and not candle.enter_short
    short = candle.enter_short and not candle.exit_short and not candle.enter_long
    if long or (short and config.short_allowed):
        return None
    return BOTH_SIGNALS if candle.enter_long or (candle.enter_short and config.short_allowed) else NO_SIGNAL


def _why(candle: Candle, line: LogLine) -> str | None:
    """What a line of the log says about an entry in the candle's pair that was not made."""
    tag = f" ({candle.enter_tag})" if candle.enter_tag else ""
    if line.text.startswith(f"{_DENIED}{candle.pair}."):
        return f"the strategy denied the entry{tag}"
    if line.text.startswith(f"{_FAILED}{candle.pair}: "):
        said, _, _ = line.text.removeprefix(f"{_FAILED}{candle.pair}: ").partition("\n")
        return f"{shortened(said)}{tag}"
    if line.text.startswith(f"{_THIN}{candle.pair} does not"):
        return f"too little depth in the market{tag}"
    return None
