"""StoryWriter: the story of somebody else's bot, told without ever getting in its way."""

from __future__ import annotations

import functools
import logging
import signal
import sys
import time as time_
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar

from livestory.clock import SystemClock
from livestory.plain import missing
from livestory.story import arguments, ccxt_records
from livestory.story.details import facts_of
from livestory.story.inputs import (
    Begin,
    End,
    Fill,
    Flow,
    Funding,
    Observation,
    RecordCheck,
    RegimeCheck,
    Skip,
    Statement,
)
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note
from livestory.story.reason import Reason, in_own_words
from livestory.story.writing.options import Options, flag, path_of, seconds
from livestory.story.writing.process import Use, in_event_loop, joined

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from datetime import date, datetime, timedelta

    from livestory.clock import Clock
    from livestory.story.arguments import Number
    from livestory.story.event import Event
    from livestory.story.inputs import Input
    from livestory.story.kinds.lifecycle import Rules
    from livestory.story.settings import StorySettings
    from livestory.story.writing.thread import Health

    Timestamp = datetime | date | float | str
    Told = tuple[Event, ...] | None

_OPEN_WAIT = 5.0  # seconds that a constructor waits for the story to open
_CLOSE_WAIT = 5.0  # seconds that `close` waits, unless told otherwise
_log = logging.getLogger("livestory")

P = ParamSpec("P")
T = TypeVar("T")


def _harmless(method: Callable[Concatenate[StoryWriter, P], T]) -> Callable[Concatenate[StoryWriter, P], T | None]:
    """Keep every error from the caller's loop, unless the writer is strict: it is logged and shown in `health`."""

    @functools.wraps(method)
    def guarded(self: StoryWriter, *args: P.args, **kwargs: P.kwargs) -> T | None:
        handled = sys.exception()  # by the caller, who may be told of one thing while he handles another
        try:
            told = method(self, *args, **kwargs)
        except Exception as error:
            alarm = _alarm(error, handled)
            if alarm is not None:
                raise alarm from None
            if self.strict:
                raise
            if self._thread.refused(f"{method.__name__}: {_said(error)}"):
                _log.exception("%s was not told", method.__name__)
            return None
        self._thread.refused(None)
        return told

    return guarded  # type: ignore[return-value]  # mypy: the wrapped self has lost its position-only mark


class StoryWriter:
    """Writes the live story of a bot into ``filepath``, one line an event, durable before the call returns.

    Every call may come from any thread. It waits at most ``max_wait`` seconds for the disk; in a running asyncio loop
    it does not wait at all (`flushed` does). It returns the events told, each with its ``seq`` once it is durable, or
    None where there was nothing to tell. A ``seq`` of None means that the event waits in memory: the story is in
    trouble, `health` says why, and the line is written as soon as it can be. Unless ``strict``, no call raises.

    When another process already holds the story: strict, the constructor raises `JournalHeld`, which names it;
    otherwise lines wait, `health` says so, and they are told once the other has let go.
    """

    def __init__(  # noqa: PLR0913 - each by keyword, each with a default
        self,
        filepath: str | os.PathLike[str],
        *,
        name: str | None = None,
        symbol: str | None = "ETH/BTC",
        unit: str | None = None,
        settings: StorySettings | None = None,
        keep_days: int | None = 7,
        strict: bool = False,
        max_wait: float = 0.05,
        clock: Clock | None = None,
    ) -> None:
        """Open the story or begin it.

        ``name`` is the bot's; ``symbol`` the pair it trades, None where it trades several or none is known; ``unit``
        is what wealth is counted in (by default the symbol's quote asset; without a symbol unknown, and amounts stand
        alone); ``settings`` are the detectors'; the file keeps ``keep_days`` days told (None: all) and archives older
        ones. Strict: raises ValueError for a symbol that is no ``BASE/QUOTE``, and the journal's errors.
        """
        options = Options.of(name=name, symbol=symbol, unit=unit, settings=settings, keep_days=keep_days, clock=clock)
        path = path_of(filepath)
        self.filepath = str(path)
        self.last_target = 0.0
        self.strict = flag(strict, "strict")
        self._max_wait = seconds(max_wait, "max_wait")
        self._symbol = options.symbol
        self._unit = options.unit
        self._clock = options.clock or SystemClock()
        self._closed = False
        self._use = Use()
        self._thread = joined(self._use, path, options, wait=_OPEN_WAIT)
        if strict and (trouble := self._thread.trouble) is not None:
            self.close(0.0)
            raise trouble

    # The plan's own calls.

    @_harmless
    def log_event(self, timestamp: Timestamp, event_type: str, details: object = "") -> Told:
        """Tell an event in the plan's words, at ``timestamp`` as given.

        ``event_type`` is START, REGIME, TRADE, ATH, BREAKER, PHOENIX or STOP; any other, and details that can't be
        read, are told as a note. ``log_event(now, "TRADE", "BUY 0.25 @ 0.0329")``.
        """
        facts = facts_of(event_type, details, self._symbol, self._unit)
        return self._take(Statement(arguments.time(timestamp), (facts,)))

    @_harmless
    def check_ath(self, wealth: float, peak: float, timestamp: Timestamp | None = None) -> Told:
        """Tell a wealth above the last announced all-time high; ``peak`` may have been raised to it already."""
        wealth, peak = arguments.positive(wealth, "wealth"), arguments.positive(peak, "peak")
        return self._take(RecordCheck(self._at(timestamp), wealth, peak))

    @_harmless
    def check_regime_switch(self, score: float, threshold: float, timestamp: Timestamp | None = None) -> Told:
        """Tell that the score crossed into TREND or MEAN_REV; the first reading is told as well."""
        score, threshold = arguments.finite(score, "score"), arguments.finite(threshold, "threshold")
        return self._take(RegimeCheck(self._at(timestamp), score, threshold))

    @property
    def last_regime(self) -> str | None:
        """The regime last told."""
        return self._thread.narrator.last_regime

    # The calls for new code.

    @_harmless
    def observe(self, observation: Observation) -> Told:
        """Tell what the bot looks like at the end of a bar: once a bar."""
        observation = arguments.observation(observation)
        if observation.target_weight is not None:
            self.last_target = observation.target_weight
        return self._take(observation)

    @_harmless
    def fill(  # noqa: PLR0913 - a fill has as many sides, and all but three have defaults
        self,
        side: str | Mapping[str, Any],
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        reason: Reason | str | None = None,
        fee: Number | None = None,
        fee_asset: str | None = None,
        order_id: str | int | None = None,
        trade_id: str | int | None = None,
        symbol: str | None = None,
        effect: str | None = None,
        position: str | int | None = None,
        result: Number | None = None,
        timestamp: Timestamp | None = None,
    ) -> Told:
        """Tell a trade that was filled: ``side`` is "buy" or "sell", or "long" or "short" with an ``effect``.

        Or give one of ccxt's trades, or a closed order, as it is, ``fill(trade)``, and by name what is to be told
        otherwise.

        ``quantity`` is in the base asset, ``price`` in the quote asset, and so is ``fee`` unless ``fee_asset`` names
        another; ``effect`` is "open", "add", "reduce" or "close" (a short in a spot market needs it); ``position``
        names which one it changes where a symbol has several, such as "long" and "short" of a hedge; ``result`` is what
        the fill earned by closing, where the bot knows that itself. A ``trade_id`` told before is not told again.
        """
        given: dict[str, Any] = {"quantity": quantity, "price": price, "symbol": symbol, "fee": fee,
            "fee_asset": fee_asset, "order_id": order_id, "trade_id": trade_id, "timestamp": timestamp,
            "position": position}  # fmt: skip
        if isinstance(side, Mapping):
            given = ccxt_records.trade(side) | {name: value for name, value in given.items() if value is not None}
        else:
            given["side"] = side
        effect = arguments.effect(effect)
        fill = Fill(
            time=self._at(given["timestamp"]),
            side=arguments.side(given["side"], effect),
            quantity=arguments.decimal(given["quantity"], "quantity"),
            price=arguments.decimal(given["price"], "price"),
            symbol=arguments.pair(given["symbol"]) if not missing(given["symbol"]) else None,
            effect=effect,
            fee=arguments.decimal(given["fee"], "fee", signed=True) if not missing(given["fee"]) else None,
            fee_asset=arguments.asset(given["fee_asset"], "fee_asset"),
            order_id=arguments.trade_id(given["order_id"], "order_id"),
            trade_id=arguments.trade_id(given["trade_id"]),
            position=arguments.trade_id(given["position"], "position"),
            result=arguments.decimal(result, "result", signed=True) if not missing(result) else None,
            reason=arguments.reason(reason),
        )
        return self._take(fill)

    @_harmless
    def funding(
        self,
        symbol: str,
        amount: Number,
        *,
        asset: str | None = None,
        funding_id: str | int | None = None,
        timestamp: Timestamp | None = None,
    ) -> Told:
        """Tell what holding a contract earned (positive) or cost (negative), in ``asset``: what it is settled in.

        A ``funding_id`` that was told before is not counted again.
        """
        funding = Funding(
            time=self._at(timestamp),
            symbol=arguments.pair(symbol),
            amount=arguments.decimal(amount, "amount", signed=True),
            asset=arguments.asset(asset, "asset"),
            funding_id=arguments.trade_id(funding_id, "funding_id"),
        )
        return self._take(funding)

    @_harmless
    def skip(
        self,
        reason: Reason | str,
        *,
        side: str | None = None,
        quantity: Number | None = None,
        symbol: str | None = None,
        timestamp: Timestamp | None = None,
    ) -> Told:
        """Tell a trade that was wanted and not made: once for its reason, until something is filled."""
        skip = Skip(
            time=self._at(timestamp),
            reason=arguments.reason(reason) or in_own_words(),
            side=arguments.side(side) if not missing(side) else None,
            quantity=arguments.decimal(quantity, "quantity") if not missing(quantity) else None,
            symbol=arguments.pair(symbol) if not missing(symbol) else None,
        )
        return self._take(skip)

    @_harmless
    def flow(self, amount: float, timestamp: Timestamp | None = None) -> Told:
        """Tell a deposit (positive) or withdrawal (negative), in the story's unit, before the wealth that has it."""
        return self._take(Flow(time=self._at(timestamp), amount=arguments.finite(amount, "amount")))

    @_harmless
    def started(  # noqa: PLR0913 - what a bot may know of itself, all by keyword
        self,
        *,
        wealth: Number | None = None,
        position: Number | None = None,
        cash: Number | None = None,
        price: Number | None = None,
        mode: str | None = None,
        market: str | None = None,
        interval: timedelta | int | None = None,
        timestamp: Timestamp | None = None,
    ) -> Told:
        """Tell that the bot runs: its first start, and afterwards that it is back and how long it was away.

        A bot that has called this and is killed need not say that it is back: its next process's first call tells it.
        """
        return self._take(
            Begin(
                time=self._at(timestamp),
                own=True,
                mode=arguments.mode(mode, "mode"),
                market=arguments.name(market, "market"),
                interval=arguments.interval(interval, "interval") if not missing(interval) else None,
                **_amounts(wealth=wealth, position=position, cash=cash, price=price),
            )
        )

    @_harmless
    def resumed(
        self,
        *,
        wealth: Number | None = None,
        missed_bars: int | None = None,
        fills_found: int | None = None,
        timestamp: Timestamp | None = None,
    ) -> Told:
        """Tell that the bot is back after an absence, and what it missed; ``started`` tells the same without that."""
        return self._take(
            Begin(
                time=self._at(timestamp),
                own=True,
                missed_bars=arguments.count(missed_bars, "missed_bars"),
                fills_found=arguments.count(fills_found, "fills_found"),
                **_amounts(wealth=wealth),
            )
        )

    @_harmless
    def halted(self, reason: str | None, until: Timestamp | None = None, *, timestamp: Timestamp | None = None) -> Told:
        """Tell that the bot halts, once, and until when, where it knows; "breaker" is told as the breaker's trip."""
        until = arguments.time(until, "until") if not missing(until) else None
        halt = Halted(reason=arguments.name(reason, "reason"), until=until, told=True)
        return self._take(Statement(self._at(timestamp), (halt,)))

    @_harmless
    def unhalted(self, reason: str | None = None, *, timestamp: Timestamp | None = None) -> Told:
        """Tell that the halt for that reason is over, or the last one; nothing where no halt was told."""
        over = Unhalted(reason=arguments.name(reason, "reason"), told=True)
        return self._take(Statement(self._at(timestamp), (over,)))

    @_harmless
    def stopped(
        self,
        reason: str = "you",
        *,
        wealth: Number | None = None,
        position: Number | None = None,
        orders_open: int | None = None,
        timestamp: Timestamp | None = None,
    ) -> Told:
        """Tell the bot's goodbye: "you", "error", "system", or in your own words who or what ended it."""
        return self._take(
            End(
                time=self._at(timestamp),
                by=arguments.label(reason, "reason"),
                orders_open=arguments.count(orders_open, "orders_open"),
                **_amounts(wealth=wealth, position=position),
            )
        )

    @_harmless
    def rules(self, rules: Rules, timestamp: Timestamp | None = None) -> Told:
        """Tell the rules the bot trades by; told again, only what changed is."""
        return self._take(Statement(self._at(timestamp), (arguments.rules(rules),)))

    @_harmless
    def note(self, text: str, timestamp: Timestamp | None = None) -> Told:
        """Tell somebody's own words."""
        return self._take(Statement(self._at(timestamp), (Note(text=arguments.text(text, "text")),)))

    # The story's own condition.

    @property
    def health(self) -> Health:
        """Whether the story keeps up: what waits, what was lost, and what the trouble is."""
        return self._thread.health()

    @_harmless
    def subscribe(self, subscriber: Callable[[Event], object]) -> None:
        """Call ``subscriber`` with each event once it is durable, on a thread of the story's own."""
        self._refuse_closed()
        self._thread.subscribe(arguments.function(subscriber))

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was told is durable; False where that took more than ``timeout`` seconds."""
        return self._thread.flush(self._patience(timeout))

    async def flushed(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109 - the same meaning as flush's
        """`flush` for a coroutine: other tasks run meanwhile."""
        import asyncio  # noqa: PLC0415 - whoever awaits has it loaded

        return await asyncio.to_thread(self.flush, timeout)

    def close(self, timeout: float | None = _CLOSE_WAIT) -> bool:
        """Flush, for at most ``timeout`` seconds, and let another writer have the story. Tells nothing."""
        timeout = self._patience(timeout)
        deadline = time_.monotonic() + timeout
        flushed = self.flush(0.0 if self._closed else timeout)
        self._closed = True
        self._thread.users.discard(self._use)
        self._thread.leave(max(0.0, deadline - time_.monotonic()) + 0.1)
        return flushed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _patience(self, timeout: float | None) -> float:
        """The seconds of a timeout; what is none is refused, and the story is closed as ever."""
        try:
            return arguments.timeout(timeout)
        except ValueError as error:
            if self.strict:
                raise
            if self._thread.refused(str(error)):
                _log.error("%s", error)
            return _CLOSE_WAIT

    def _at(self, timestamp: Timestamp | None) -> int:
        return self._clock.now() if timestamp is None else arguments.time(timestamp)

    def __reduce_ex__(self, _: object) -> NoReturn:
        """Raises TypeError: a copy would be a second writer that nobody has opened."""
        message = (
            "a StoryWriter can't be copied or pickled: open another with StoryWriter(path), it tells the same story"
        )
        raise TypeError(message)

    def _take(self, given: Input) -> Told:
        self._refuse_closed()
        wait = 0.0 if in_event_loop() else self._max_wait
        return self._thread.take(given, wait, strict=self.strict) or None

    def _refuse_closed(self) -> None:
        if self._closed:
            message = "the story is closed"
            raise ValueError(message)


def _amounts(**given: Number | None) -> dict[str, Any]:
    """The amounts that are known, as floats."""
    return {name: arguments.finite(amount, name) for name, amount in given.items() if amount is not None}


def _alarm(error: BaseException, handled: BaseException | None) -> BaseException | None:
    """What a handler of a signal raised while the call ran: it is meant for the bot, not for the story.

    It may have been taken for the fault of an argument, and be what ``error`` was raised for; what came before it was
    ``handled`` before the call.
    """
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()} - {None}
    found: BaseException | None = error
    while found is not None and found is not handled:
        if any(frame.f_code in handlers for frame, _ in traceback.walk_tb(found.__traceback__)):
            return found
        found = found.__context__
    return None


def _code(handler: Any) -> object:
    if not callable(handler):
        return None
    handler = getattr(handler, "func", handler)  # a partial's
    return getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)


def _said(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an argument's own error may be unable to speak
        return type(error).__name__
