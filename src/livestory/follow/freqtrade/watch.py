"""A living freqtrade beside its database: its API is asked now and then, its messages are heard as they come."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.clock import SystemClock
from livestory.follow.freqtrade.messages import Messages
from livestory.follow.freqtrade.rest import ApiNotNow, Balance, Config, FreqtradeApi, Health, OpenTrade
from livestory.follow.freqtrade.signals import Explained, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal, Self

    from livestory.clock import Clock
    from livestory.follow.freqtrade.configuration import ApiAccess
    from livestory.follow.freqtrade.messages import Message

_EVERY, _AT_LEAST = 10.0, 0.5  # seconds between two looks; after a message
_KEPT = 1000  # looks and messages that were not taken
_STATE = "Changing state "


class Look(Struct, frozen=True):
    """The bot at one instant."""

    time: int
    config: Config
    health: Health
    trades: list[OpenTrade]
    balance: Balance
    explained: Explained = Explained()


class NoLook(Struct, frozen=True):
    """Its API did not answer."""

    time: int
    problem: str


@contextmanager
def watched(access: ApiAccess | None) -> Iterator[Watch | None]:
    """A watch meanwhile, where there is an API to ask. Raises as `Watch`."""
    if access is None:
        yield None
        return
    with Watch(access, SystemClock()) as watch:
        yield watch


class Watch:
    """Looks and messages since they were taken last. What it hears it hears on threads of its own."""

    def __init__(self, access: ApiAccess, clock: Clock) -> None:
        """Raises InputError where a package is missing, and ConfigError where no client can be made."""
        self.api = FreqtradeApi(access)
        self._clock = clock
        self._signals = Signals()
        self._heard: deque[tuple[int, Message]] = deque(maxlen=_KEPT)
        self._looks: deque[Look | NoLook] = deque(maxlen=_KEPT)
        self._woken, self._closed = Event(), Event()
        self.count = 0  # of what was found so far

    def __enter__(self) -> Self:
        Thread(target=self._run, name="freqtrade API", daemon=True).start()
        self._messages = Messages(self.api.messages_address, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._woken.set()
        self._messages.close()

    def config(self) -> Config | None:
        """The bot's settings, where it can be asked just now."""
        try:
            return self.api.config()
        except ApiNotNow:
            return None

    def now(self) -> Look | None:
        """How the bot is, where it can be asked just now."""
        try:
            return self._asked()
        except ApiNotNow:
            return None

    def take(self) -> list[Look | NoLook]:
        """What was found since the last time, oldest first."""
        return [self._looks.popleft() for _ in range(len(self._looks))]

    def wake(self) -> None:
        """Look soon: something has happened."""
        self._woken.set()

    def how_started(self) -> Literal["reload", "start"] | None:
        """Whether its last start was within a living process: by a reload of its configuration, or after a stop."""
        try:
            lines = [line.text for line in self.api.logs() if line.text.startswith(_STATE)]
        except ApiNotNow:
            return None
        last = lines[-1].removeprefix(_STATE) if lines else ""
        return (
            "reload" if last.startswith("from RELOAD_CONFIG") else "start" if last.startswith("from STOPPED") else None
        )

    def why_stopped(self) -> str:
        """Who has stopped its trader: "you", or "error"."""
        try:
            lines = [line.text for line in self.api.logs()]
        except ApiNotNow:
            return "you"
        last = next((at for at in reversed(range(len(lines))) if lines[at].startswith(_STATE)), len(lines))
        before = range(max(0, last - 3), last)
        return "error" if any(lines[at].startswith("OperationalException. Stopping") for at in before) else "you"

    def _hear(self, message: Message) -> None:
        self._heard.append((self._clock.now(), message))
        if message.candle is None:
            self._woken.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._woken.clear()
            self.looked()
            if not self._closed.wait(_AT_LEAST):
                self._woken.wait(_EVERY)
        self.api.close()

    def looked(self) -> Look | NoLook:
        """Look once, and keep what was found until it is taken."""
        try:
            look: Look | NoLook = self._look()
        except ApiNotNow as error:
            look = NoLook(self._clock.now(), str(error))
        self._looks.append(look)
        self.count += 1
        return look

    def _look(self) -> Look:
        for _ in range(len(self._heard)):
            self._signals.hear(*self._heard.popleft())
        look, api = self._asked(), self.api
        explained = self._signals.explain(look.config, look.health, look.trades, api.locks, api.logs)
        return replace(look, explained=explained)

    def _asked(self) -> Look:
        api = self.api
        config, health, trades, balance = api.config(), api.health(), api.open_trades(), api.balance()
        return Look(self._clock.now(), config, health, trades, balance)
