"""Follows one journal for all channels: what each asked for begins to wait in the outbox, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from livestory.clock import SECOND, monotonic
from livestory.errors import JournalError, LivestoryError
from livestory.outlets.alerts.delivery import Look
from livestory.outlets.alerts.outbox import Waiting
from livestory.outlets.silence import REPLAYED, overdue_from
from livestory.story.journal.reader import PAGE_BYTES, JournalReader
from livestory.story.kinds import is_critical
from livestory.story.wording import alert_words as words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from livestory.clock import Clock
    from livestory.outlets.alerts.delivery import Delivery, Patience
    from livestory.outlets.alerts.outbox import Outbox
    from livestory.story.files.layout import Layout
    from livestory.story.journal.entry import Kept

_LOOK = 0.2  # seconds between two looks at the journal: a phone is not faster, and an idle machine sleeps
_PULSE = 10  # looks after which it is asked whether the bot is overdue
_PAGE = 1000
_SILENT = "not_heard"  # where the outbox keeps since when the bot has not been heard
_COMINGS = ("started", "resumed", "stopped")


class Following:
    """Reads along in one story and hands each line to the channels that asked for it."""

    def __init__(  # noqa: PLR0913 - all that it needs, handed in once
        self,
        layout: Layout,
        outbox: Outbox,
        deliveries: Sequence[Delivery],
        *,
        clock: Clock,
        grace: int | None,
        link: str | None,
        zones: Sequence[str],
        patience: Patience,
        tell: Callable[[str], object],
        steady: Callable[[], int] = monotonic,
    ) -> None:
        """``tell`` is called with each new trouble and its end, in words for a person.

        ``steady`` measures how long the bot has not been heard: the machine's clock may be set meanwhile.
        """
        self.well = False  # the journal can be read, and the bot is heard or has said goodbye
        self._layout = layout
        self._outbox = outbox
        self._deliveries = deliveries
        self._clock = clock
        self._grace = grace
        self._link = link
        self._zones = zones
        self._patience = patience
        self._tell = tell
        self._steady = steady
        self._heard: tuple[int, int] | None = None  # the last observation's time, and when by `steady` it was made
        self._told: str | None = None
        self._coming: Kept | None = None  # the bot's last coming or going
        self._stopping = False

    def stop(self) -> None:
        """Read no further."""
        self._stopping = True

    async def run(self) -> None:
        """Follow until `stop`."""
        begun = False
        while not self._stopping:
            try:
                if not begun:
                    self._begin()
                    begun = True
                with JournalReader.open(self._layout.db) as reader:
                    await self._follow(reader)
            except LivestoryError as error:
                self.well = False
                self._say(_waiting(error) if type(error) is JournalError else str(error))
                await asyncio.sleep(self._patience.trouble / SECOND)

    def _begin(self) -> None:
        """A channel that is new begins where the story stands; one of a story to come, at its first line."""
        try:
            with JournalReader.open(self._layout.db) as reader:
                journal, seq = reader.id, reader.last_seq
        except LivestoryError:
            journal, seq = "", 0
        for delivery in self._deliveries:
            if self._outbox.state(delivery.name) is None:
                self._outbox.enrol(delivery.name, journal, seq)

    async def _follow(self, reader: JournalReader) -> None:
        self._meet(reader)
        self._coming = next(iter(reader.events(kinds=_COMINGS, newest_first=True, limit=1)), None)
        looks = 0
        news = True
        while not self._stopping:
            if news:
                await self._catch_up(reader)
            if news or looks % _PULSE == 0:
                self._listen(reader)
            self._recovered()
            looks += 1
            await asyncio.sleep(_LOOK)
            news = reader.changed()

    def _meet(self, reader: JournalReader) -> None:
        """Set the channels' cursors right where the journal is another one than they were of, or shorter."""
        for delivery, zone in zip(self._deliveries, self._zones, strict=True):
            delivery.look = Look(title=words.title(reader.identity), link=self._link, zone=zone)
            state = self._outbox.state(delivery.name)
            if state is None:
                self._outbox.enrol(delivery.name, reader.id, reader.last_seq)
            elif state.journal != reader.id:
                if state.journal:
                    self._tell(
                        f"alerts: {delivery.name}: another story has taken its story's place; begins with that one"
                    )
                self._outbox.enrol(delivery.name, reader.id, 0)
            elif state.seq > reader.last_seq:
                self._tell(
                    f"alerts: {delivery.name}: the story ends at #{reader.last_seq}, before #{state.seq}, read last: "
                    "an older copy was put back; goes on from its end"
                )
                self._outbox.enrol(delivery.name, reader.id, reader.last_seq)

    async def _catch_up(self, reader: JournalReader) -> None:
        cursors = {state.name: state.seq for state in self._outbox.states()}
        cursors = {each.name: cursors[each.name] for each in self._deliveries}
        while page := reader.events(min(cursors.values(), default=0), limit=_PAGE, most_bytes=PAGE_BYTES):
            now = self._clock.now()
            self._coming = next((kept for kept in reversed(page) if kept.kind in _COMINGS), self._coming)
            lines = [
                (each.name, _waiting_line(reader.id, kept, now))
                for kept in page
                for each in self._deliveries
                if kept.seq > cursors[each.name] and _asked(each, kept)
            ]
            cursors = {name: max(seq, page[-1].seq) for name, seq in cursors.items()}
            self._outbox.add(lines, cursors, reader.id)
            self._wake(name for name, _ in lines)
            if self._stopping:
                return
            await asyncio.sleep(0)

    def _listen(self, reader: JournalReader) -> None:
        """Say once that the bot is not heard any more, and once that it is again."""
        last = reader.last_observation()
        now = self._clock.now()
        silent = self._outbox.kept(_SILENT)
        overdue = False
        if last is not None and reader.identity.mode not in REPLAYED:
            limit = overdue_from(last, self._grace)
            silence = self._silence(last.time, now)
            overdue = limit is not None and silence > limit - last.time and not self._said_goodbye(last.time)
        if overdue and silent is None and last is not None and last.next_due is not None:
            self._pass_on(_SILENT, words.not_heard(now, last.next_due, last.time), reader.id, last.time, now)
        elif not overdue and silent is not None:
            heard = last is not None and last.time > silent
            line = words.heard_again(now, silent) if heard else None
            self._pass_on("heard_again", line, reader.id, None, now)
        self.well = not overdue

    def _silence(self, observed: int, now: int) -> int:
        """How long ago that observation was made, whatever became of the clock since it was first seen here."""
        if self._heard is None or self._heard[0] != observed:
            self._heard = observed, self._steady() - max(now - observed, 0)
        return self._steady() - self._heard[1]

    def _said_goodbye(self, observed: int) -> bool:
        """Whether the bot's last coming or going was a goodbye, and nothing was observed after it."""
        return self._coming is not None and self._coming.kind == "stopped" and self._coming.time >= observed

    def _pass_on(self, kind: str, line: str | None, journal: str, silent: int | None, now: int) -> None:
        """To every channel, whatever it asked for: each is as good as the bot is alive."""
        told = []
        if line is not None:
            key = f"{journal}/{kind}/{now}"
            waiting = Waiting(0, key, None, now, kind, True, line, b"", now)  # noqa: FBT003 - it is critical
            told = [(each.name, waiting) for each in self._deliveries]
        self._outbox.say(told, _SILENT, silent)
        self._wake(name for name, _ in told)

    def _wake(self, names: Iterable[str]) -> None:
        woken = set(names)
        for each in self._deliveries:
            if each.name in woken:
                each.news.set()

    def _say(self, told: str) -> None:
        if told != self._told:
            self._told = told
            self._tell(told)

    def _recovered(self) -> None:
        if self._told is not None:
            self._told = None
            self._tell(f"alerts: {self._layout.db}: read again")


def _asked(delivery: Delivery, kept: Kept) -> bool:
    return delivery.policy.wants(kept.kind, critical=is_critical(kept.kind))


def _waiting_line(journal: str, kept: Kept, now: int) -> Waiting:
    critical = is_critical(kept.kind)
    return Waiting(0, f"{journal}/{kept.id}", kept.seq, kept.told, kept.kind, critical, kept.line, kept.record, now)


def _waiting(error: Exception) -> str:
    return f"{str(error).splitlines()[0]}; waiting"
