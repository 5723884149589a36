"""What every part of the executor is handed: one bot's exchange, state, settings, clock and story."""

from __future__ import annotations

from msgspec import Struct, msgpack

from livestory.clock import MINUTE, SECOND, Clock
from livestory.errors import JournalError
from livestory.story import commands
from livestory.trading.exchange.protocol import Exchange
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.state import ExecutorState
from livestory.trading.story_port import OrderedStory, Story


class RunInfo(Struct, frozen=True, kw_only=True):
    """Where and how the bot trades, for the story."""

    mode: str = "paper"  # "simulated", "replay", "paper", "testnet" or "live"
    market: str | None = None  # where the bars come from, in a few words
    base: str | None = None  # the base asset's name
    unit: str = "BTC"  # the story's unit, the quote asset's name
    symbol: str | None = None
    exchange: str | None = None  # the name of the exchange that orders go to
    ath_min_gain: float | None = None  # the story's own rule for records
    clock: Clock | None = None  # the present; None: the bars', as in a replay
    patience: int = 10 * SECOND  # how long an exchange may be silent before that is told


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


STATE = "executor"
"""The name under which the executor's state is kept with the story."""


class Session:
    """A bot's state, its account and its story, for as long as the process lives."""

    def __init__(  # noqa: PLR0913, PLR0917 - the bot, its account, its story, and how it trades
        self,
        state: ExecutorState,
        exchange: Exchange,
        story: Story,
        info: RunInfo,
        settings: OrderSettings,
        saved: bytes | None,
    ) -> None:
        """``saved`` is the state that ``story`` had kept; None: there was none."""
        self.state = state
        self.exchange = exchange
        self.outside = exchange.outside
        self.story = OrderedStory(story)
        self.info = info
        self.settings = settings  # of orders at an exchange outside
        self.filters = exchange.filters()
        self.clock = ExchangeClock(exchange, info.clock)
        self.begun = False  # the start was told
        self.due = 0  # the end of the next bar
        self.ledger_trouble: str | None = None  # why the ledger can't be kept now
        self._saved = saved

    @property
    def resumed(self) -> bool:
        """Whether an earlier run has kept something, or this one."""
        return self._saved is not None

    @property
    def has_operator(self) -> bool:
        """Whether somebody may say something meanwhile: not in a replay."""
        return self.outside or self.info.clock is not None

    @property
    def halt_waits(self) -> bool:
        """Whether the operator has said "halt" since the commands were taken last: nothing is sent after that."""
        return self.outside and any(isinstance(posted.command, commands.Halt) for posted in self.story.commands())

    @property
    def orders_open(self) -> int | None:
        """How many orders may stand open at an exchange outside; None on paper."""
        return sum(1 for _ in self.state.orders.living()) if self.outside else None

    def refresh_filters(self, now: int) -> None:
        """Read the exchange's rules for orders anew, where they are old."""
        self.exchange.refresh(now)
        self.filters = self.exchange.filters()

    def commit(self) -> bool:
        """Keep what was told and the state, in one transaction.

        False, with the reason in `ledger_trouble`, where the journal can't be written now and orders go outside: then
        nothing is lost, and the next commit keeps it. Else raises JournalError.
        """
        saved = msgpack.encode(self.state)
        try:
            self.story.commit({STATE: saved})
        except JournalError as error:
            if not self.outside or type(error) is not JournalError:  # another kind doesn't pass
                raise
            self.ledger_trouble = str(error)
            return False
        self.ledger_trouble, self._saved = None, saved
        return True

    def commit_news(self) -> None:
        """Commit, if anything was told or has changed since the last time."""
        if self.story.has_news or self.ledger_trouble is not None or msgpack.encode(self.state) != self._saved:
            self.commit()
