"""The review of a journal: its events and observations, joined in the order in which they were told."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from livestory.story.account import Account
from livestory.story.detectors.money import ReadingDetector
from livestory.story.event import from_record
from livestory.story.inputs import Begin
from livestory.story.kinds.lifecycle import Started
from livestory.story.kinds.money import CashFlow
from livestory.story.review.review import Review
from livestory.story.settings import StorySettings
from livestory.story.snapshot import first_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.story.inputs import Observation
    from livestory.story.journal.entry import Identity, Kept
    from livestory.story.journal.reader import JournalReader
    from livestory.story.kinds.base import Facts

WANTED = frozenset(
    {
        *("started", "trade", "funding", "flow", "ath", "breaker", "halted", "phoenix", "unhalted", "chapter"),
        *("balance_differs", "balance_explained", "rules", "rules_changed"),
    }
)
"""The kinds of events that a review is made from."""


def read_review(reader: JournalReader) -> Review:
    """The review of a journal as it stands. Raises JournalError."""
    journal = JournalReview(reader.identity, lambda: first_value(reader))
    for page in reader.pages(kinds=WANTED):
        journal.tell(page)
    for observation in reader.observations():
        journal.observe(observation)
    journal.finish()
    return journal.review


class JournalReview:
    """Reads on as the journal grows: what it knows is what one who begins anew would know."""

    def __init__(self, identity: Identity, first: Callable[[], float | None] = lambda: None) -> None:
        """Begin before the first event of a journal of that identity; ``first`` gives the value it counts from."""
        self.review = Review(identity.symbol)
        self.account = Account(symbol=identity.symbol, unit=identity.unit, settings=StorySettings())
        self._first = first
        self._readings = ReadingDetector()
        self._waiting: deque[tuple[int, int, Facts]] = deque()

    def tell(self, events: Iterable[Kept]) -> None:
        """Take the next events. They wait for the observations before them; `finish` says that these were all taken."""
        for kept in events:
            if kept.kind in WANTED:
                try:
                    facts = from_record(kept.record, kept.line, kept.id, kept.seq).facts
                except msgspec.MsgspecError:  # of a kind that a newer livestory has
                    continue
                self._waiting.append((kept.seq, kept.time, facts))

    def observe(self, observation: Observation) -> None:
        """Take the next observation, after the events up to its time."""
        self._release(observation.time)
        account, review = self.account, self.review
        if observation.flow:
            observation = replace(observation, flow=None)  # its event has told it
        if not self._readings.plausible(observation, account):
            observation, _ = self._readings.admit(observation, account)
        if account.first is None and observation.wealth:
            account.first = self._first()
        account.observe(account.explained(observation))
        review.observe(account, observation.time)

    def finish(self) -> None:
        """Take the events that no observation has come after."""
        self._release(None)

    def _release(self, until: int | None) -> None:
        while self._waiting and (until is None or self._waiting[0][1] <= until):
            seq, time, facts = self._waiting.popleft()
            if isinstance(facts, CashFlow):
                self._flow(facts)
            elif isinstance(facts, Started):
                self.account.begin(Begin(time=time, own=facts.own, wealth=facts.wealth))
            else:
                self.account.told(facts)
            self.review.take(seq, time, facts)

    def _flow(self, flow: CashFlow) -> None:
        account = self.account
        if flow.counted:
            account.explain(flow.amount)
        elif flow.wealth_before and flow.wealth_after and account.keep_value(flow.wealth_before, flow.wealth_after):
            account.wealth = flow.wealth_after
        else:
            account.flow(flow.amount)
