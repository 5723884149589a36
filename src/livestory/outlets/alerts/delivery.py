"""The delivery to one channel: a loop of its own, so that no channel waits for another.

What is about to be sent is recorded before it is, and what was accepted right after: a crash in between leaves a
message that may have come, which is sent again with its id and the mark that says so.
What the service refuses again and again is stepped over or given up, as `suspicion` finds.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from livestory.clock import HOUR, MINUTE, SECOND, Clock, monotonic
from livestory.errors import LivestoryError
from livestory.outlets.alerts.http import Http, NotAccepted
from livestory.outlets.alerts.message import Message
from livestory.outlets.alerts.outbox import ChannelState, Outbox, QueuedLine
from livestory.outlets.alerts.policy import Policy
from livestory.outlets.alerts.services import Channel
from livestory.outlets.alerts.suspicion import Suspicion, Verdict
from livestory.story.commands import AlertsLost
from livestory.story.wording import numbers

_LONGEST = MINUTE  # that is slept without a look at the clock, which may have been set meanwhile
_LINE, _BYTES = 5 << 10, 8 << 20  # of a usual line and its record, and of a message; a longer line goes alone
_CUTS = 6  # times that a message is made half as long
_OWN = "alerts_given_up"  # the kind that says that lines were given up


class Patience(Struct, frozen=True):
    """The lengths of the pauses, in microseconds."""

    answer: int = 20 * SECOND
    first: int = SECOND  # until the second try; doubled with each
    most: int = 5 * MINUTE
    trouble: int = SECOND  # until an outbox or a journal that fails is tried again


class Retry(Struct):
    """The tries of a message in vain, in a row. Instants are of a clock that is never set; all are microseconds."""

    next: int | None = None  # None: nothing is waited for
    last: int | None = None  # None: this process has not tried in vain yet
    failures: int = 0

    def since_last(self, now: int) -> int:
        """The time since the last try in vain; 0 before the first."""
        return 0 if self.last is None else now - self.last

    def fail(self, now: int, first: int, most: int, asked: int) -> None:
        """Count a try in vain. The next is after ``first``, doubled each time up to ``most``, or as late as asked."""
        self.next = now + max(min(first << min(self.failures, 30), most), asked)
        self.last = now
        self.failures += 1

    def shorten(self, now: int) -> None:
        """Count a try in vain after which a shorter message is tried at once."""
        self.next = self.last = now

    def clear(self) -> None:
        """Forget all tries: a message was accepted or given up."""
        self.next, self.last, self.failures = None, None, 0


class MessageStyle(Struct, frozen=True, kw_only=True):
    """What a channel's messages have in common."""

    title: str = "livestory"
    link: str | None = None
    zone: str = "UTC"


class Delivery:
    """Delivers what waits for one channel, in order, one message after the other."""

    def __init__(  # noqa: PLR0913 - all that a channel needs, handed in once
        self,
        name: str,
        channel: Channel,
        policy: Policy,
        outbox: Outbox,
        http: Http,
        *,
        clock: Clock,
        give_up: int,
        patience: Patience,
        report: Callable[[str], object],
        on_loss: Callable[[], object],
        steady: Callable[[], int] = monotonic,
    ) -> None:
        """``report`` is called with each new trouble and its end, ``on_loss`` once there is a loss for the story.

        Durations are measured by ``steady``; ``clock`` says when it is, for the hours of the day.
        """
        self.name = name
        self.policy = policy
        self.style = MessageStyle()
        self.news = asyncio.Event()
        self._channel = channel
        self._outbox = outbox
        self._http = http
        self._clock = clock
        self._give_up = give_up
        self._patience = patience
        self._report = report
        self._on_loss = on_loss
        self._steady = steady
        self._trouble: str | None = None
        self._retry = Retry()
        self._suspicion = Suspicion()
        self._most = channel.most_lines  # fewer where a message was too long, or holds a line at fault
        self._most_bytes = min(channel.most_lines * _LINE, _BYTES)
        self._cut = 0  # times that the one line of a message was made half as long
        self._stopping = False

    def stop(self) -> None:
        """Begin no other message; the one on its way may still arrive."""
        self._stopping = True
        self.news.set()

    async def run(self) -> None:
        """Deliver what waits, message by message, until `stop` is called."""
        while not self._stopping:
            self.news.clear()
            try:
                pause = await self._step()
            except LivestoryError as error:
                self._report_trouble(str(error))
                pause = self._patience.trouble
            except Exception as error:  # noqa: BLE001 - a fault of ours in one channel is no fault of the others
                self._report_trouble(f"alerts: {self.name}: {fault(error)}; goes on trying")
                pause = self._patience.most
            if pause != 0:
                await self._wait(pause)

    async def _wait(self, pause: int | None) -> None:
        """Until there is news, at most that long."""
        try:
            async with asyncio.timeout(None if pause is None else min(pause, _LONGEST) / SECOND):
                await self.news.wait()
        except TimeoutError:
            return

    async def _step(self) -> int | None:
        """Do the next thing; how long there is nothing to do then, None: until there is news."""
        state = self._outbox.state(self.name)
        if state is None:
            return None
        if self._given_up(state):
            self._drop(state, state.refused or (state.attempt.upto if state.attempt else 0), self._give_up)
            return 0
        wait = self._held(state)
        if wait > 0:
            return wait
        if state.attempt is None:
            return await self._begin(state)
        if not state.refused and self._suspicion.wants_another(state.attempt.upto):
            behind, _ = self._due(state.attempt.upto, state)
            if behind:
                self._outbox.step_over(self.name, state.attempt.upto)
                return 0
        return await self._send(state, self._lines(state.refused, state.attempt.upto))

    def _given_up(self, state: ChannelState) -> bool:
        """Whether the first message has been tried for long enough, and in vain."""
        if self._retry.last is None or (state.attempt is None and not state.refused):
            return False
        return state.tried + self._retry.since_last(self._steady()) >= self._give_up

    def _held(self, state: ChannelState) -> int:
        """The time until the next try: the pause between two, or what the service asked for before a restart."""
        if self._retry.next is None:
            asked = state.not_before - self._clock.now() if state.attempt is not None else 0
            if not 0 < asked <= HOUR:  # a clock that was put back is not waited for
                return 0
            self._retry.next = self._steady() + asked
        return self._retry.next - self._steady()

    async def _begin(self, state: ChannelState) -> int | None:
        lines, following = self._due(state.refused, state)
        if lines:
            return await self._send(state, lines)
        if state.refused:  # nothing is there to try instead
            self._outbox.step_over(self.name, 0)
            return 0
        return None if following is None else max(following - self._clock.now(), 1)

    def _due(self, after: int, state: ChannelState) -> tuple[list[QueuedLine], int | None]:
        """The lines after ``after`` that are to be sent now, and when the next ones are."""
        lines, now = self._lines(after), self._clock.now()
        count, following = self.policy.due(lines, state.pace, now)
        return lines[:count], following

    def _lines(self, after: int = 0, upto: int | None = None) -> list[QueuedLine]:
        return self._outbox.waiting(self.name, after=after, upto=upto, limit=self._most, most_bytes=self._most_bytes)

    async def _send(self, state: ChannelState, lines: list[QueuedLine]) -> int:
        in_doubt = state.attempt is not None and state.attempt.in_doubt
        again = in_doubt or lines[0].n <= state.doubtful
        message = Message(
            id=_id(self.name, lines),
            title=self.style.title,
            lines=tuple(lines),
            again=again,
            link=self.style.link,
            zone=self.style.zone,
            cut=self._cut,
        )
        self._outbox.begin(self.name, message.id, lines[-1].n, self._clock.now())
        try:
            await self._channel.send(message, self._http)
        except NotAccepted as error:
            self._postpone(state, lines, error, in_doubt=again or error.in_doubt)
            return 0
        except Exception as error:  # noqa: BLE001 - whatever fails on the way to one service is that channel's alone
            self._postpone(state, lines, NotAccepted(fault(error), in_doubt=True), in_doubt=True)
            return 0
        await self._kept(state, lines)
        self._settled(state.refused)
        self._most = min(2 * self._most, self._channel.most_lines)
        if state.refused:
            self._outbox.step_over(self.name, 0)
        if self._trouble is not None:
            self._trouble = None
            self._report(f"alerts: {self.name}: delivers again")
        return 0

    async def _kept(self, state: ChannelState, lines: list[QueuedLine]) -> None:
        """Record the acceptance, however long that takes: the message must not go out again."""
        now = self._clock.now()
        pace = self.policy.sent(lines, state.pace, now)
        while True:
            try:
                self._outbox.delivered(self.name, lines[-1].n, pace, now, after=state.refused)
            except LivestoryError as error:
                self._report_trouble(str(error))
                await asyncio.sleep(self._patience.trouble / SECOND)
            else:
                return

    def _postpone(self, state: ChannelState, lines: list[QueuedLine], error: NotAccepted, *, in_doubt: bool) -> None:
        steady, asked = self._steady(), int((error.wait or 0.0) * SECOND)
        tried = state.tried + self._retry.since_last(steady)
        not_before = self._clock.now() + asked if asked else 0
        self._outbox.delay(self.name, str(error), not_before, in_doubt=in_doubt, tried=tried)
        self._report_trouble(f"alerts: {self.name}: {error}; goes on trying")
        shorter = error.too_long and (len(lines) > 1 or self._cut < _CUTS)
        self._cut += shorter and len(lines) == 1
        if shorter:
            self._retry.shorten(steady)
        else:
            self._retry.fail(steady, self._patience.first, self._patience.most, asked)
        if error.refused and not (shorter and len(lines) == 1):
            self._refused(state, lines, error, tried)

    def _refused(self, state: ChannelState, lines: list[QueuedLine], error: NotAccepted, tried: int) -> None:
        """Find out whether it is the message that is at fault, or the channel."""
        last = lines[-1].n
        if state.refused:  # this one was tried in the place of the first
            self._outbox.step_over(self.name, last if self._suspicion.refuse_another() else 0)
            return
        verdict = self._suspicion.refuse(last, alone=len(lines) == 1, of_the_message=error.of_the_message)
        if verdict is Verdict.SPLIT:
            self._most = len(lines) // 2
        elif verdict is Verdict.GIVE_UP:
            self._drop(self._outbox.state(self.name) or state, last, tried)

    def _drop(self, state: ChannelState, upto: int, age: int) -> None:
        """Give up the lines up to that one; the story is to tell that."""
        lines = self._outbox.waiting(self.name, upto=upto, limit=self._channel.most_lines, most_bytes=self._most_bytes)
        lost = [line for line in lines if line.kind != _OWN]  # else each would be followed by one of itself
        loss = None
        if lost:
            told = [line.told for line in lost]
            problem = state.trouble or ""
            loss = AlertsLost(
                channel=self.name, lines=len(lost), first=min(told), last=max(told), age=age, problem=problem
            )
        self._outbox.give_up(self.name, upto, loss)
        self._settled()
        self._on_loss()
        self._report(f"alerts: {self.name}: gave up {numbers.count(len(lines), 'line')}: {state.trouble}")

    def _settled(self, before: int = 0) -> None:
        """Begin anew with the next message: one was accepted or given up."""
        self._retry.clear()
        self._suspicion.accept(before)
        self._cut = 0

    def _report_trouble(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._report(text)


def _id(channel: str, lines: list[QueuedLine]) -> str:
    """The same for the same lines to the same channel, whoever sends them."""
    told = "\n".join((channel, lines[0].key, lines[-1].key, str(len(lines))))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def fault(error: BaseException) -> str:
    """What a fault that nobody foresaw is called: its type and place, since its text may hold a secret."""
    places = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"fails here ({type(error).__name__}{place})"
