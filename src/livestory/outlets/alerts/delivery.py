"""The delivery to one channel: a loop of its own, so that no channel waits for another.

What is about to be sent is recorded before it is, and what was accepted right after: a crash in between leaves a
message that may have come, which is sent again with its id and the mark that says so.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import MINUTE, SECOND
from livestory.errors import LivestoryError
from livestory.outlets.alerts.http import NotAccepted
from livestory.outlets.alerts.message import Message
from livestory.story.commands import AlertsLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from livestory.clock import Clock
    from livestory.outlets.alerts.channel import Channel
    from livestory.outlets.alerts.http import Http
    from livestory.outlets.alerts.outbox import Outbox, State, Waiting
    from livestory.outlets.alerts.policy import Policy

_OWN = "alerts_given_up"  # the kind that says that lines were given up


class Patience(Struct, frozen=True):
    """How long is waited for what; microseconds."""

    answer: int = 20 * SECOND
    first: int = SECOND  # until the second try; doubled with each
    most: int = 5 * MINUTE
    trouble: int = SECOND  # until an outbox or a journal that fails is tried again


class Look(Struct, frozen=True, kw_only=True):
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
        tell: Callable[[str], object],
        owe: Callable[[], object],
    ) -> None:
        """``tell`` is called with each new trouble and its end, ``owe`` once the story is owed a word."""
        self.name = name
        self.policy = policy
        self.look = Look()
        self.news = asyncio.Event()
        self._channel = channel
        self._outbox = outbox
        self._http = http
        self._clock = clock
        self._give_up = give_up
        self._patience = patience
        self._tell = tell
        self._owe = owe
        self._told: str | None = None
        self._next_try = 0  # set once this process has tried in vain: nothing is given up before that
        self._stopping = False

    def stop(self) -> None:
        """Begin no other message."""
        self._stopping = True
        self.news.set()

    async def run(self) -> None:
        """Deliver until `stop`."""
        while not self._stopping:
            self.news.clear()
            try:
                pause = await self._step()
            except LivestoryError as error:
                self._say(str(error))
                pause = self._patience.trouble
            if pause != 0:
                await self._wait(pause)

    async def _wait(self, pause: int | None) -> None:
        """Until there is news, at most that long."""
        try:
            async with asyncio.timeout(None if pause is None else pause / SECOND):
                await self.news.wait()
        except TimeoutError:
            return

    async def _step(self) -> int | None:
        """Do the next thing; how long there is nothing to do then, None: until there is news."""
        state = self._outbox.state(self.name)
        if state is None:
            return None
        now = self._clock.now()
        if state.attempt is None:
            lines = self._outbox.waiting(self.name, limit=self._channel.most_lines)
            count, following = self.policy.due(lines, state.pace, now)
            if not count:
                return None if following is None else max(following - now, 1)
            return await self._send(state, lines[:count])
        if self._next_try and now - state.attempt.first_try >= self._give_up:
            self._drop(state)
            return 0
        wait = max(state.not_before, self._next_try) - now
        if 0 < wait <= self._give_up:  # a clock that was put back is not waited for
            return wait
        lines = self._outbox.waiting(self.name, upto=state.attempt.upto, limit=self._channel.most_lines)
        return await self._send(state, lines)

    async def _send(self, state: State, lines: list[Waiting]) -> int:
        again = state.attempt is not None and state.attempt.in_doubt
        message = Message(
            id=_id(self.name, lines),
            title=self.look.title,
            lines=tuple(lines),
            again=again,
            link=self.look.link,
            zone=self.look.zone,
        )
        self._outbox.begin(self.name, message.id, lines[-1].n, self._clock.now())
        try:
            await self._channel.send(message, self._http)
        except NotAccepted as error:
            self._postpone(state, error, in_doubt=again or error.in_doubt)
            return 0
        now = self._clock.now()
        await self._kept(lines[-1].n, state, lines, now)
        self._next_try = 0
        if self._told is not None:
            self._told = None
            self._tell(f"alerts: {self.name}: delivers again")
        return 0

    async def _kept(self, upto: int, state: State, lines: list[Waiting], now: int) -> None:
        """Record the acceptance, however long that takes: the message must not go out again."""
        pace = self.policy.sent(lines, state.pace, now)
        while True:
            try:
                self._outbox.delivered(self.name, upto, pace, now)
            except LivestoryError as error:
                self._say(str(error))
                await asyncio.sleep(self._patience.trouble / SECOND)
            else:
                return

    def _postpone(self, state: State, error: NotAccepted, *, in_doubt: bool) -> None:
        tries = state.attempt.attempts if state.attempt is not None else 0
        now = self._clock.now()
        self._next_try = now + min(self._patience.first << min(tries, 30), self._patience.most)
        asked = 0 if error.wait is None else now + min(int(error.wait * SECOND), self._give_up)
        self._outbox.delay(self.name, str(error), asked, in_doubt=in_doubt)
        self._say(f"alerts: {self.name}: {error}; goes on trying")

    def _drop(self, state: State) -> None:
        """Give a message up, and owe the story a word that says so."""
        if state.attempt is None:
            return
        lines = self._outbox.waiting(self.name, upto=state.attempt.upto, limit=self._channel.most_lines)
        lost = [line for line in lines if line.kind != _OWN]  # else each word would be followed by one of itself
        word = None
        if lost:
            told = [line.told for line in lost]
            problem = state.trouble or ""
            word = AlertsLost(
                channel=self.name,
                lines=len(lost),
                first=min(told),
                last=max(told),
                age=self._give_up,
                problem=problem,
            )
        self._outbox.give_up(self.name, state.attempt.upto, word)
        self._next_try = 0
        self._owe()
        self._tell(f"alerts: {self.name}: gave up {len(lines)} lines: {state.trouble}")

    def _say(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._tell(words)


def _id(channel: str, lines: list[Waiting]) -> str:
    """The same for the same lines to the same channel, whoever sends them."""
    told = "\n".join((channel, lines[0].key, lines[-1].key, str(len(lines))))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
