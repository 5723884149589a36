"""All alerts of one story: one reader of its journal, one outbox, and a loop for each channel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple, Protocol

from livestory import credentials
from livestory.clock import SECOND, Clock, monotonic
from livestory.credentials import Secret
from livestory.errors import ConfigError, InputError, JournalCorrupt, JournalHeld, LivestoryError
from livestory.outlets.alerts.delivery import Delivery, Patience
from livestory.outlets.alerts.dispatcher import Dispatcher
from livestory.outlets.alerts.http import Http, NotAccepted, checked, forms
from livestory.outlets.alerts.message import Message, trial
from livestory.outlets.alerts.outbox import Outbox, QueuedLine, outbox_path
from livestory.outlets.alerts.policy import Policy
from livestory.outlets.alerts.services import Channel, opened
from livestory.outlets.alerts.settings import AlertsSettings
from livestory.story.commands import AlertsLost
from livestory.story.files.inbox import Inbox
from livestory.story.files.layout import Layout, make_folder, unused
from livestory.story.journal.faults import faults
from livestory.story.journal.lock import WriterLock, holder

_GRACE = 1.0  # seconds that messages on their way may take to arrive when it is stopped; later ones come again


class Source(Protocol):
    """What puts lines into the outbox."""

    well: bool  # what it looks at can be read, and is heard

    def among(self, stories: int) -> None:
        """Look as often as one of so many may."""

    def stop(self) -> None:
        """Let `run` return after the present look."""

    async def run(self) -> None:
        """Look until `stop` is called."""


class Opened(NamedTuple):
    """The channels that can be used, and the secret address that is asked for while all is well."""

    channels: dict[str, Channel]
    ping: Secret | None


def open_channels(
    settings: AlertsSettings, report: Callable[[str], object], environ: Mapping[str, str] | None = None
) -> Opened:
    """The channels of the configuration; why one can't be used is told, and the others go on.

    Raises ConfigError where there is none, or none that can be used.
    """
    if not settings.channels:
        message = "no channel is configured\nAdd a section [alerts.channels.NAME] to livestory.toml (docs/alerts.md)."
        raise ConfigError(message)
    channels = {}
    for name, each in settings.channels.items():
        try:
            channels[name] = opened(name, each, environ)
        except InputError as error:
            report(str(error))
    if not channels:
        message = "alerts: no channel can be used"
        raise ConfigError(message)
    ping = None
    if settings.ping_env or settings.ping_file:
        ping = credentials.read("the address of [alerts] ping", settings.ping_env, settings.ping_file, environ)
        checked("the address of [alerts] ping", ping.reveal())
    return Opened(channels, ping)


class Alerts:
    """Delivers the alerts of one story until it is stopped; only one process at a time does."""

    def __init__(  # noqa: PLR0913 - all that it needs, handed in once
        self,
        layout: Layout,
        settings: AlertsSettings,
        use: Opened,
        clock: Clock,
        *,
        report: Callable[[str], object],
        patience: Patience | None = None,
        steady: Callable[[], int] = monotonic,
        known_until: Callable[[], int | None] | None = None,
        http: Http | None = None,
    ) -> None:
        """``report`` is called with each new trouble and its end; ``steady`` is what durations are measured by.

        Of a copy, ``known_until`` tells up to when it has all that its bot told. ``http`` is shared with others, and
        opened and closed by who hands it in.

        Raises JournalError, InputError where another process delivers this story's, and ConfigError where the
        environment names a proxy that can't be used.
        """
        self._settings = settings
        self._use = use
        self._clock = clock
        self._report = report
        self._patience = patience or Patience()
        self._steady = steady
        self._known_until = known_until
        self._shared = http
        self._http = http or Http(self._patience.answer / SECOND)
        self._inbox = Inbox(layout)
        self._layout = layout
        with faults(layout.db.parent, "make the folder"):
            make_folder(layout.db.parent)  # the bot may be started later
        self._lock = _only_one(layout)
        try:
            self._outbox = _outbox(layout, report)
        except BaseException:
            self._lock.release()
            raise
        self._stories = 1
        self._looking: Source | None = None
        self._losses = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def names(self) -> list[str]:
        """The channels that it delivers to."""
        return list(self._use.channels)

    def among(self, stories: int) -> None:
        """Look as often as one of so many may that one process delivers."""
        self._stories = stories
        if self._looking is not None:
            self._looking.among(stories)

    def stop(self) -> None:
        """Ask for the end, on the loop that runs it; what is on its way may still arrive."""
        self._stopped.set()

    async def run(self) -> None:
        """Follow, deliver and ping until `stop` is called."""
        try:
            async with nullcontext(self._http) if self._shared is not None else self._http as http:
                await self._work(http)
        finally:
            self._outbox.close()
            self._lock.release()

    async def _work(self, http: Http) -> None:
        deliveries = [self._delivery(name, channel, http) for name, channel in self._use.channels.items()]
        self._looking = source = self._source(deliveries)
        source.among(self._stories)
        loops: list[Source | Delivery] = [source, *deliveries]
        working = [asyncio.create_task(each.run()) for each in loops]
        beside = [asyncio.create_task(self._report_losses()), asyncio.create_task(self._ping(source, http))]
        stopped = asyncio.create_task(self._stopped.wait())
        self._losses.set()
        try:
            # A loop ends on its own only by a fault of ours, which must not go unseen.
            await asyncio.wait([*working, *beside, stopped], return_when=asyncio.FIRST_COMPLETED)
            for each in loops:
                each.stop()
            await asyncio.wait(working, timeout=_GRACE)
        finally:
            everything = [*working, *beside, stopped]
            for task in everything:
                task.cancel()
            ended = await asyncio.gather(*everything, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    def _source(self, deliveries: Sequence[Delivery]) -> Source:
        return Dispatcher(
            self._layout,
            self._outbox,
            deliveries,
            clock=self._clock,
            grace=self._settings.grace,
            link=self._settings.link,
            zones=self._zones(deliveries),
            patience=self._patience,
            report=self._report,
            steady=self._steady,
            known_until=self._known_until,
        )

    def _zones(self, deliveries: Sequence[Delivery]) -> list[str]:
        return [self._settings.channels[each.name].time_zone for each in deliveries]

    def _delivery(self, name: str, channel: Channel, http: Http) -> Delivery:
        return Delivery(
            name,
            channel,
            Policy(self._settings.channels[name]),
            self._outbox,
            http,
            clock=self._clock,
            give_up=self._settings.give_up,
            patience=self._patience,
            report=self._report,
            on_loss=self._losses.set,
            steady=self._steady,
        )

    async def _report_losses(self) -> None:
        """Tell the story what was given up."""
        while True:
            await self._losses.wait()
            try:
                for number, loss in self._outbox.losses():
                    self._lost(loss)
                    self._outbox.loss_reported(number)
                self._losses.clear()
            except LivestoryError as error:
                self._report(str(error))
                await asyncio.sleep(60 * self._patience.trouble / SECOND)

    def _lost(self, loss: AlertsLost) -> None:
        self._inbox.post(loss, self._clock)

    async def _ping(self, source: Source, http: Http) -> None:
        """Ask for the secret address while all is well, so that another machine notices when this one is dead."""
        if self._use.ping is None:
            await asyncio.Event().wait()
            return
        told = None
        while True:
            if source.well:
                problem = None
                try:
                    await http.get(self._use.ping.reveal(), forms(self._use.ping))
                except NotAccepted as error:
                    problem = f"alerts: ping: {error}"
                if problem is not None and problem != told:
                    self._report(problem)
                told = problem
            await asyncio.sleep((self._settings.ping_every if source.well else self._patience.trouble) / SECOND)


async def trials(
    settings: AlertsSettings, channels: Mapping[str, Channel], clock: Clock, patience: Patience
) -> dict[str, str | float]:
    """Send a test message to each channel at once: the seconds until it was accepted, or why it was not."""

    async def one(name: str, channel: Channel, http: Http) -> str | float:
        now = clock.now()
        line = trial(now, name)
        waiting = QueuedLine(0, f"test/{now}", None, now, "test", False, line, b"", now)  # noqa: FBT003 - not critical
        zone = settings.channels[name].time_zone
        message = Message(id=f"test-{now}", title="livestory", lines=(waiting,), link=settings.link, zone=zone)
        begun = time.perf_counter()
        try:
            await channel.send(message, http)
        except NotAccepted as error:
            return str(error)
        return time.perf_counter() - begun

    async with Http(patience.answer / SECOND) as http:
        found = await asyncio.gather(*(one(name, channel, http) for name, channel in channels.items()))
    return dict(zip(channels, found, strict=True))


def _only_one(layout: Layout) -> WriterLock:
    path = outbox_path(layout).with_suffix(".lock")
    try:
        return WriterLock.acquire(path, "livestory alert")
    except JournalHeld:
        message = (
            f"{path}: the alerts of this story are being delivered by {holder(path) or 'another process'}\n"
            "Stop that process first; livestory alert list shows how it is doing."
        )
        raise InputError(message) from None


def _outbox(layout: Layout, report: Callable[[str], object]) -> Outbox:
    """The outbox; one that is damaged is moved aside, and a new one begins where the story stands."""
    path = outbox_path(layout)
    try:
        return Outbox.open(path)
    except JournalCorrupt:
        aside = unused(path, "damaged")
        path.rename(aside)
        for suffix in ("-wal", "-shm"):  # of a database that is there no more
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        report(f"{path}: the outbox was damaged and now lies in {aside}; alerts go on from where the story stands")
        return Outbox.open(path)
