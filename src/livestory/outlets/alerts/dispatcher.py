"""Hands each line of one story to the channels that asked for it, and says when the bot is not heard any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from livestory.clock import SECOND, Clock, monotonic
from livestory.errors import LivestoryError
from livestory.outlets.alerts.delivery import Delivery, MessageStyle, Patience, fault
from livestory.outlets.alerts.message import DIGEST, heard_again, not_heard, of_a_period, title
from livestory.outlets.alerts.outbox import ChannelState, Outbox, QueuedLine
from livestory.story.digest.period import Span
from livestory.story.digest.prose import Digest, digest
from livestory.story.digest.source import read
from livestory.story.event import from_record
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Kept
from livestory.story.journal.follower import Change, StoryFollower
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.touched import Touched
from livestory.story.kinds import is_critical
from livestory.story.kinds.chapters import Chapter
from livestory.story.snapshot import Snapshot

_LOOK = 0.2  # seconds between two looks at the journal: a phone is not faster, and an idle machine sleeps
_AT_ONCE = 50  # stories of one process that may be looked at so often; of more, each is looked at less often
_PULSE = 10  # such looks after which it is asked whether the bot is overdue
_SILENT = "not_heard"  # where the outbox keeps since when the bot has not been heard


class Dispatcher:
    """Puts what each channel asked for into the outbox, once."""

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
        report: Callable[[str], object],
        steady: Callable[[], int] = monotonic,
        known_until: Callable[[], int | None] | None = None,
    ) -> None:
        """``report`` is called with each new trouble and its end, in words for a person.

        ``steady`` measures how long the bot has not been heard: the machine's clock may be set meanwhile. Of a copy,
        ``known_until`` tells up to when it has all that its bot told: what came later is no silence of the bot's.
        """
        self.pause = _LOOK
        self.well = False  # the journal can be read, and the bot is heard or has said goodbye
        self._follower = StoryFollower(layout.db)
        self._outbox = outbox
        self._deliveries = deliveries
        self._clock = clock
        self._grace = grace
        self._link = link
        self._zones = zones
        self._patience = patience
        self._report = report
        self._steady = steady
        self._known_until = known_until
        self._snapshot: Snapshot | None = None
        self._observed: tuple[int, int] | None = None  # the last observation's time, and when by `steady` it was made
        self._touched: Touched | None = None  # one of many, whose journal is open only while it is read
        self._stopping = False

    def among(self, stories: int) -> None:
        """Look as often as one of so many may."""
        self.pause = _LOOK * max(1.0, stories / _AT_ONCE)
        if stories > _AT_ONCE and self._touched is None:
            self._touched = Touched(self._follower.path)

    def stop(self) -> None:
        """Read no further; `run` returns after the present look."""
        self._stopping = True

    async def run(self) -> None:
        """Follow the story and queue its lines until `stop` is called."""
        enrolled, looks = False, 0
        try:
            while not self._stopping:
                try:
                    if not enrolled:
                        self._enrol_new_channels()
                        enrolled = True
                    await self._follow(check=looks % max(1, round(_PULSE * _LOOK / self.pause)) == 0)
                    looks, pause = looks + 1, self.pause
                except LivestoryError as error:
                    self.well = False
                    self._failed(error)
                    looks, pause = 0, self._patience.trouble / SECOND
                await asyncio.sleep(pause)
        finally:
            self._follower.close()

    def _enrol_new_channels(self) -> None:
        """A channel that is new begins where the story stands; one of a story to come, at its first line."""
        try:
            with JournalReader.open(self._follower.path) as reader:
                journal, seq = reader.id, reader.last_seq
        except LivestoryError:
            journal, seq = "", 0
        for delivery in self._deliveries:
            if self._outbox.state(delivery.name) is None:
                self._outbox.enrol(delivery.name, journal, seq)

    async def _follow(self, *, check: bool) -> None:
        if self._touched is None:
            await self._look(check=check)
        elif self._touched or self._snapshot is None:
            self._touched.look()
            try:
                await self._look(check=check)
            except LivestoryError:
                self._touched.forget()
                raise
            finally:
                self._follower.close()
        elif check:
            self._judge(self._snapshot)

    async def _look(self, *, check: bool) -> None:
        change = self._follower.look()
        if change in {Change.REPLACED, Change.REWOUND}:
            self._snapshot = None
        if change not in {Change.NONE, Change.GREW}:
            self._set_cursors(self._follower.reader, rewound=change is Change.REWOUND)
        if change is not Change.NONE:
            await self._queue_lines(self._follower.reader.id)
        if change is not Change.NONE or check:
            self._check_heard()
        if self._follower.recovered():
            self._report(f"alerts: {self._follower.path}: read again")

    def _set_cursors(self, reader: JournalReader, *, rewound: bool) -> None:
        """Set the channels' cursors right where the journal is another one than they were of, or an older copy."""
        for delivery, zone in zip(self._deliveries, self._zones, strict=True):
            name, state = delivery.name, self._outbox.state(delivery.name)
            delivery.style = MessageStyle(title=title(reader.identity), link=self._link, zone=zone)
            if state is None:
                self._outbox.enrol(name, reader.id, reader.last_seq)
            elif state.journal != reader.id:
                if state.journal:
                    self._report(f"alerts: {name}: another story has taken its story's place; begins with that one")
                self._outbox.enrol(name, reader.id, 0)
            elif rewound or state.seq > reader.last_seq:
                after = min(state.seq, self._follower.seq) if rewound else 0  # the last line that is as it was read
                onward = f"after #{after}" if after else "from its end"
                lacks = f"ends at #{reader.last_seq}, before #{state.seq}, read last"
                lacks = lacks if state.seq > reader.last_seq else f"has another #{state.seq} than the one read last"
                self._report(f"alerts: {name}: the story {lacks}: an older copy was put back; goes on {onward}")
                self._outbox.enrol(name, reader.id, after or reader.last_seq)
        self._follower.go_to(min((state.seq for state in self._own_states()), default=0))

    def _own_states(self) -> list[ChannelState]:
        own = {each.name for each in self._deliveries}
        return [state for state in self._outbox.states() if state.name in own]

    async def _queue_lines(self, journal: str) -> None:
        cursors = {state.name: state.seq for state in self._own_states()}
        while page := self._follower.page():
            now = self._clock.now()
            lines = [
                (each.name, _queued(journal, kept, now))
                for kept in page
                for each in self._deliveries
                if kept.seq > cursors[each.name]
                and each.policy.wants(kept.kind, critical=is_critical(kept.kind), shown=kept.shown)
            ]
            lines += self._digests([kept for kept in page if kept.kind == "chapter"], cursors, journal, now)
            cursors = {name: max(seq, page[-1].seq) for name, seq in cursors.items()}
            self._outbox.add(lines, cursors, journal)
            self._wake(name for name, _ in lines)
            if self._stopping:
                return
            await asyncio.sleep(0)

    def _digests(
        self, chapters: Sequence[Kept], cursors: Mapping[str, int], journal: str, now: int
    ) -> list[tuple[str, QueuedLine]]:
        """The digests of periods that ended, for the channels that asked for them."""
        found = []
        for kept in chapters:
            asking = {each.name: each.policy.digests for each in self._deliveries
                      if each.policy.digests and kept.seq > cursors[each.name]}  # fmt: skip
            try:
                period, told = self._digest(kept, frozenset().union(*asking.values()))
            except LivestoryError:
                raise
            except Exception as error:  # noqa: BLE001 - a fault of ours in a digest is no fault of the lines
                self._report(f"alerts: the digest at line #{kept.seq} {fault(error)}; goes on without it")
                continue
            if told is not None:
                line = of_a_period(kept.told, told)
                queued = QueuedLine(0, f"{journal}/{DIGEST}/{kept.id}", None, kept.told, DIGEST, False, line, b"", now)  # noqa: FBT003 - not critical
                found += [(name, queued) for name, periods in asking.items() if period in periods]
        return found

    def _digest(self, kept: Kept, asked: frozenset[str]) -> tuple[str, Digest | None]:
        """The period that a chapter ends, and its digest; None where none of that is ``asked`` for."""
        facts = from_record(kept.record, kept.line, kept.id, kept.seq).facts if asked else None
        if not isinstance(facts, Chapter) or facts.period not in asked:
            return "", None
        return facts.period, digest(read(self._follower.reader, Span(facts.period, facts.start, facts.end)))

    def _check_heard(self) -> None:
        """Say once that the bot is not heard any more, and once that it is again."""
        self._snapshot = Snapshot.read(self._follower.reader, self._snapshot)
        self._judge(self._snapshot)

    def _judge(self, bot: Snapshot) -> None:
        last, limit, now = bot.observation, bot.overdue_from(self._grace), self._clock.now()
        silent_since = self._outbox.kept(_SILENT)
        silence = self._silence(last.time, now) if last is not None else 0
        overdue = last is not None and limit is not None and silence > limit - last.time and not bot.at_rest
        if overdue and silent_since is None and last is not None and last.next_due is not None:
            self._queue_own(_SILENT, not_heard(now, last.next_due, last.time), bot.journal, last.time, now)
        elif not overdue and silent_since is not None:
            heard = last is not None and last.time > silent_since
            line = heard_again(now, silent_since) if heard else None
            self._queue_own("heard_again", line, bot.journal, None, now)
        self.well = not overdue

    def _silence(self, observed: int, now: int) -> int:
        """The age of that observation, unmoved by changes of the clock since it was first seen here."""
        if self._observed is None or self._observed[0] != observed:
            self._observed = observed, self._steady() - max(now - observed, 0)
        known = self._known_until() if self._known_until is not None else None
        return self._steady() - self._observed[1] - (max(now - known, 0) if known is not None else 0)

    def _queue_own(self, kind: str, line: str | None, journal: str, silent_since: int | None, now: int) -> None:
        """Queue a line of ours for every channel, whatever it asked for: each is as good as the bot is alive."""
        queued = []
        if line is not None:
            key = f"{journal}/{kind}/{now}"
            own = QueuedLine(0, key, None, now, kind, True, line, b"", now)  # noqa: FBT003 - it is critical
            queued = [(each.name, own) for each in self._deliveries]
        self._outbox.add_own(queued, _SILENT, silent_since)
        self._wake(name for name, _ in queued)

    def _wake(self, names: Iterable[str]) -> None:
        woken = set(names)
        for each in self._deliveries:
            if each.name in woken:
                each.news.set()

    def _failed(self, error: LivestoryError) -> None:
        new = self._follower.failed(error)
        trouble = self._follower.trouble
        if new and trouble is not None:
            waits = trouble.passing
            self._report(f"{trouble.text.splitlines()[0]}; waiting" if waits else trouble.text)


def _queued(journal: str, kept: Kept, now: int) -> QueuedLine:
    critical = is_critical(kept.kind)
    return QueuedLine(0, f"{journal}/{kept.id}", kept.seq, kept.told, kept.kind, critical, kept.line, kept.record, now)
