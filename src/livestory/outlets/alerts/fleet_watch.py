"""Says once that a hub hears nothing of its fleet, in the place of every bot's own alert, and once that it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from livestory.clock import SECOND, Clock
from livestory.errors import LivestoryError
from livestory.outlets.alerts.alerts import Alerts, Opened
from livestory.outlets.alerts.delivery import Delivery, MessageStyle, Patience
from livestory.outlets.alerts.http import Http
from livestory.outlets.alerts.message import fleet_heard_again, fleet_not_heard
from livestory.outlets.alerts.outbox import Outbox, QueuedLine
from livestory.outlets.alerts.settings import AlertsSettings
from livestory.outlets.fleet.hearing import Hearing, HearingReader
from livestory.story.commands import AlertsLost
from livestory.story.files.layout import Layout
from livestory.story.wording import numbers

_LOOK = 1.0  # seconds
_SILENT = "fleet_not_heard"  # where the outbox keeps since when nothing has been heard


class FleetWatch:
    """Puts into the outbox that a fleet is not heard, and that it is again."""

    def __init__(  # noqa: PLR0913 - all that it needs, handed in once
        self,
        read: Callable[[], Hearing | None],
        outbox: Outbox,
        deliveries: Sequence[Delivery],
        *,
        clock: Clock,
        link: str | None,
        zones: Sequence[str],
        patience: Patience,
        report: Callable[[str], object],
    ) -> None:
        """``read`` tells what the pull has noted."""
        self.well = False
        self._read = read
        self._outbox = outbox
        self._deliveries = list(zip(deliveries, zones, strict=True))
        self._clock = clock
        self._link = link
        self._patience = patience
        self._report = report
        self._stopping = False

    def among(self, stories: int) -> None:
        """It is one, however many its bots are."""

    def stop(self) -> None:
        """Let `run` return after the present look."""
        self._stopping = True

    async def run(self) -> None:
        """Look until `stop` is called."""
        told = ""
        while not self._stopping:
            pause = _LOOK
            try:
                self._look()
            except LivestoryError as error:
                self.well, pause = False, self._patience.trouble / SECOND
                if str(error) != told:
                    told = str(error)
                    self._report(told)
            await asyncio.sleep(pause)

    def _look(self) -> None:
        found, now = self._read(), self._clock.now()
        if found is None:
            return
        since = self._outbox.kept(_SILENT)
        self.well = found.well(now)
        if not self.well and since is None:
            line = fleet_not_heard(now, found.fleet, found.until, found.why)
            self._queue(found.fleet, "fleet_not_heard", line, found.until, now)
        elif self.well and since is not None:
            line = fleet_heard_again(now, found.fleet, since)
            self._queue(found.fleet, "fleet_heard_again", line, None, now)

    def _queue(self, fleet: str, kind: str, line: str, since: int | None, now: int) -> None:
        queued = QueuedLine(0, f"{fleet}/{kind}/{now}", None, now, kind, True, line, b"", now)  # noqa: FBT003 - it is critical
        for each, zone in self._deliveries:
            each.style = MessageStyle(title=fleet, link=self._link, zone=zone)
            if self._outbox.state(each.name) is None:
                self._outbox.enrol(each.name, "", 0)
        self._outbox.add_own([(each.name, queued) for each, _ in self._deliveries], _SILENT, since)
        for each, _ in self._deliveries:
            each.news.set()


class FleetAlerts(Alerts):
    """The alerts of a hub itself, beside those of its bots' copies."""

    def __init__(  # noqa: PLR0913 - as those of a story
        self,
        folder: Path,
        hearing: HearingReader,
        settings: AlertsSettings,
        use: Opened,
        clock: Clock,
        *,
        report: Callable[[str], object],
        patience: Patience | None = None,
        http: Http | None = None,
    ) -> None:
        """Of the hub that keeps its copies in ``folder``, beside which its outbox lies. Raises as `Alerts` does."""
        layout = Layout.of(folder / "hub.txt")
        super().__init__(layout, settings, use, clock, report=report, patience=patience, http=http)
        self._hearing = hearing

    def _source(self, deliveries: Sequence[Delivery]) -> FleetWatch:
        return FleetWatch(
            self._hearing.read,
            self._outbox,
            deliveries,
            clock=self._clock,
            link=self._settings.link,
            zones=self._zones(deliveries),
            patience=self._patience,
            report=self._report,
        )

    def _lost(self, loss: AlertsLost) -> None:
        self._report(f"alerts: {loss.channel}: {numbers.count(loss.lines, 'line')} of the hub's own given up")
