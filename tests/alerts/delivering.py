"""Alerts at work on a loop of their own thread, and a bot whose story they deliver."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from livestory.clock import SECOND, SystemClock, monotonic
from livestory.outlets.alerts.alerts import Alerts, open_channels
from livestory.outlets.alerts.delivery import Patience
from livestory.outlets.alerts.outbox import Outbox, outbox_path
from livestory.outlets.alerts.settings import AlertsSettings, ChannelSettings
from livestory.story.files.layout import Layout
from tests.alerts.service import CHAT
from tests.patience import LONG, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livestory.clock import Clock
    from tests.alerts.service import Service


class Monotonic:
    """The real passing of time."""

    def now(self) -> int:
        """Microseconds since some moment."""
        return monotonic()


QUICK = Patience(answer=SECOND // 2, first=SECOND // 100, most=SECOND // 20, trouble=SECOND // 50)
"""Hours of a night in tenths of a second."""


def webhook(**more: Any) -> ChannelSettings:
    """A webhook that gets every line."""
    return _everything("webhook", {"address_env": "HOOK"} | more)


def telegram(service: Service, **more: Any) -> ChannelSettings:
    """A chat that gets every line at once."""
    return _everything("telegram", {"token_env": "PHONE", "to": CHAT, "api": service.url} | more)


def discord(**more: Any) -> ChannelSettings:
    """A Discord channel that gets every line at once."""
    return _everything("discord", {"address_env": "DISCORD"} | more)


def ntfy(**more: Any) -> ChannelSettings:
    """A topic that gets every line at once."""
    return _everything("ntfy", {"address_env": "NTFY"} | more)


def _everything(service: Literal["webhook", "telegram", "discord", "ntfy"], own: dict[str, Any]) -> ChannelSettings:
    settings: dict[str, Any] = {"severity": "all", "gather": 0} | own
    return ChannelSettings(service=service, **settings)


class Delivering(Struct):
    """Alerts that run."""

    layout: Layout
    told: list[str]

    def outbox(self) -> Outbox:
        """What they keep, to be read."""
        outbox = Outbox.read(outbox_path(self.layout))
        assert outbox is not None
        return outbox


@contextmanager
def delivering(
    story: Path,
    service: Service,
    channels: dict[str, ChannelSettings],
    *,
    clock: Clock | None = None,
    steady: Clock | None = None,
    patience: Patience = QUICK,
    **more: Any,
) -> Iterator[Delivering]:
    """Deliver that story's lines until the with block ends.

    A clock that is moved by hand is what durations are measured by as well, unless ``steady`` is.
    """
    settings = AlertsSettings(channels=channels, **more)
    running = Delivering(Layout.of(story), [])
    ready = threading.Event()
    stop: list[Callable[[], object]] = []
    failed: list[BaseException] = []

    async def run() -> None:
        alerts = Alerts(
            running.layout,
            settings,
            open_channels(settings, running.told.append, service.environ()),
            clock or SystemClock(),
            report=running.told.append,
            patience=patience,
            steady=(steady or clock or Monotonic()).now,
        )
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(alerts.stop))
        ready.set()
        await alerts.run()

    def work() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - raised again below
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(LONG)
    try:
        if stop:
            until(lambda: bool(failed) or all(enrolled(running.layout, name) for name in channels))
        yield running
    finally:
        for each in stop:
            if thread.is_alive():
                each()
        thread.join(LONG)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


def enrolled(layout: Layout, name: str) -> bool:
    """Whether a channel follows the story."""
    outbox = Outbox.read(outbox_path(layout))
    if outbox is None:
        return False
    with outbox:
        return outbox.state(name) is not None
