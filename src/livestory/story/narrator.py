"""Observations, fills, flows and skipped trades -> events. Pure: no I/O, no clock, nothing but what it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from livestory.clock import DAY
from livestory.errors import JournalCorrupt
from livestory.story import detectors as d
from livestory.story import words
from livestory.story.account import Account
from livestory.story.events import AlertsGivenUp, Event, ExchangeBack, Facts, Halted, Note, Unhalted
from livestory.story.facts.base import OfACaller
from livestory.story.inferred_halt import InferredHalt
from livestory.story.observation import Flow
from livestory.story.settings import StorySettings
from livestory.story.wording import tell
from livestory.story.wording.text import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.clock import Reading
    from livestory.story.events import Retold, Rules
    from livestory.story.observation import Begin, End, Fill, Observation, Skip


NARRATOR = "narrator"
"""The name of a narrator's state in a journal."""
TRADE = "trade-"
"""What the id of a trade's event begins with, where the trade has an id of its own."""


class Heard(NamedTuple):
    """What a call told; ``taken``: an observation is part of the story, and to be kept with it."""

    events: tuple[Event, ...]
    taken: bool
    doubted: bool  # its time was: to be remembered, also where nothing is told


class _Memory(Struct):
    """All that a narrator remembers."""

    account: Account
    calls: int = 0
    last_observed: int = 0
    seen_before: int = 0  # observations not newer than the last one, ignored
    readings: d.Readings = field(default_factory=d.Readings)
    lifecycle: d.Lifecycle = field(default_factory=d.Lifecycle)
    rules: d.RulesInForce = field(default_factory=d.RulesInForce)
    flows: d.Flows = field(default_factory=d.Flows)
    gaps: d.Gaps = field(default_factory=d.Gaps)
    regime: d.Regime = field(default_factory=d.Regime)
    breaker: d.Breaker = field(default_factory=d.Breaker)
    daily_limit: d.DailyLossLimit = field(default_factory=d.DailyLossLimit)
    half_way: d.HalfWayWarning = field(default_factory=d.HalfWayWarning)
    drawdown: d.DrawdownWarning = field(default_factory=d.DrawdownWarning)
    all_time_high: d.AllTimeHigh = field(default_factory=d.AllTimeHigh)
    lacking: d.Lacking = field(default_factory=d.Lacking)
    put_offs: d.PutOffs = field(default_factory=d.PutOffs)
    troubles: d.Troubles = field(default_factory=d.Troubles)
    trades: d.Trades = field(default_factory=d.Trades)
    chapters: d.Chapters = field(default_factory=d.Chapters)
    silence: d.Silence = field(default_factory=d.Silence)
    times: d.Times = field(default_factory=d.Times)
    exposures: d.Exposures | None = None  # of a story that is retold, and so is the next
    inferred_halt: InferredHalt | None = None
    never: frozenset[str] = frozenset()  # fields that no observation has


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Memory).decode


class Narrator:
    """Turns what a bot reports into the events of its story, with ordered detectors.

    The same inputs after the same `save` and `restore` give the same events, wherever the cut is made.
    """

    def __init__(self, symbol: str = "ETH/BTC", unit: str = "BTC", settings: StorySettings | None = None) -> None:
        """Begin a story in ``unit`` about a bot that trades ``symbol`` (``BASE/QUOTE``)."""
        self._settings = settings or StorySettings()
        self._leaps = True  # whether a fact may close the chapters of days at which nothing was observed
        self._remember(_Memory(Account(symbol, unit, self._settings)))

    def save(self) -> bytes:
        """All that is remembered, for `restore`."""
        return _encode(self._memory)

    def restore(self, saved: bytes) -> None:
        """Go on where `save` was called; the settings stay this narrator's own.

        Raises JournalCorrupt where ``saved`` can't be read.
        """
        try:
            memory = _decode(saved)
        except msgspec.MsgspecError as error:
            message = f"the narrator's state in the journal can't be read ({error})\nBegin anew with --fresh."
            raise JournalCorrupt(message) from error
        memory.account.settings = self._settings
        self._remember(memory)

    def blank(self) -> Narrator:
        """A narrator of the same story that remembers nothing."""
        return Narrator(self._account.symbol, self._account.unit, self._settings)

    def _remember(self, memory: _Memory) -> None:
        self._memory = memory
        self._account = memory.account
        # Words about one observation stand in this order; the chapter closes over what came before it.
        ordered = (
            *(("flow", memory.flows), ("next_due", memory.gaps), ("", memory.regime), ("halted", memory.breaker)),
            *(("daily_loss_hit", memory.daily_limit), ("halted", memory.half_way), ("wealth", memory.drawdown)),
            *(("wealth", memory.all_time_high), *((("", memory.exposures),) if memory.exposures else ())),
            *(() if memory.lacking.told else (("", memory.lacking),)),
            *(("", memory.chapters), ("", memory.silence)),
        )  # each with the field that it has nothing to say without
        self._observers = tuple(detector.observe for field, detector in ordered if field not in memory.never)

    @property
    def account(self) -> Account:
        """What the story knows so far; to be read only."""
        return self._account

    @property
    def seen_before(self) -> int:
        """How many observations were not newer than the one before them, and therefore ignored."""
        return self._memory.seen_before

    @property
    def last_observed(self) -> int:
        """The instant of the last observation; 0 before the first."""
        return self._memory.last_observed

    @property
    def last_regime(self) -> str | None:
        """The regime last told."""
        return self._memory.regime.regime

    @property
    def troubles(self) -> set[str]:
        """The kinds of the events that told a trouble whose end was not told yet, such as "exchange_down"."""
        return self._memory.troubles.kinds(self._memory.last_observed)

    def call(self, name: str, arguments: tuple[Any, ...], reading: Reading) -> Heard:
        """What the method ``name`` tells for a caller who gave the time himself, when the clock said ``reading``.

        A time too far ahead of a plausible clock is not believed: an observation is set aside, anything else is told at
        the clock's time. One that the clock can't judge is believed, and closes chapters once an observation bears it
        out.
        """
        first = arguments[0]
        given: int = first if isinstance(first, int) else first.time
        of = arguments[1].__struct_config__.tag if name == "tell" else name
        believed, news = self._memory.times.judge(of, given, reading.now if reading.plausible else None)
        told = self.tell(given if believed else reading.now, *news) if news else ()
        if not believed:
            if name == "observe":
                return Heard(told, taken=False, doubted=True)
            arguments = _at_the_clock(arguments, reading.now)
        self._leaps = believed and given <= reading.now + DAY
        try:
            events = getattr(self, name)(*arguments)
        finally:
            self._leaps = True
        return Heard(told + (events or ()), taken=name == "observe" and events is not None, doubted=not believed)

    def observe(self, observation: Observation) -> tuple[Event, ...] | None:
        """The events that an observation brings; None where it is not newer than the last, and so ignored."""
        memory, account = self._memory, self._account
        time = observation.time
        memory.calls += 1
        if time <= memory.last_observed:
            memory.seen_before += 1
            return None
        memory.last_observed = time
        told: list[Facts] = []
        if time > memory.chapters.end:
            told += self._hear(time, memory.chapters.close(time, account))
        if not memory.readings.plausible(observation, account):
            observation, refused = memory.readings.admit(observation, account)
            told += self._hear(time, refused)
        if memory.inferred_halt is not None:
            observation = memory.inferred_halt.judge(observation, account)
        account.observe(observation)
        for observe in self._observers:
            found = observe(observation, account)
            if found:
                told += self._hear(time, found)
        return self._events(time, told) if told else ()

    def fill(self, fill: Fill) -> tuple[Event, ...]:
        """The trade that a fill is told as. Fills that were told before are the caller's to leave out."""
        told = self._advance(fill.time)
        closed = self._account.fill(fill)
        put_off = self._memory.put_offs.filled(fill, self._account)
        self._memory.troubles.filled(fill)
        told += self._hear(fill.time, self._memory.trades.fill(fill, closed, put_off, self._account))
        return self._events(fill.time, told, self.trade_id(fill))

    def trade_id(self, fill: Fill) -> str | None:
        """The id of the event that tells a fill whose trade id is known; the same fill has it again."""
        return f"{TRADE}{fill.symbol or self._account.symbol}-{fill.trade_id}" if fill.trade_id else None

    def flow(self, flow: Flow) -> tuple[Event, ...]:
        """The deposit or withdrawal."""
        told = self._advance(flow.time)
        take = self._account.explain if flow.counted else self._account.flow
        take(flow.amount)
        told += self._hear(flow.time, self._memory.flows.flow(flow, self._account))
        return self._events(flow.time, told)

    def word(self, time: int, word: words.AnyWord) -> tuple[Event, ...]:
        """What somebody left for the bot, as far as it is to be told; to halt or resume is the bot's own affair."""
        match word:
            case words.Note():
                return self.tell(time, Note(text=shortened(word.text), by="you"))
            case words.Flow():
                return self.flow(Flow(time=time, amount=word.amount, came=word.came, source="you"))
            case words.AlertsLost():
                fields = {name: getattr(word, name) for name in word.__struct_fields__}
                return self.tell(time, AlertsGivenUp(**fields))
            case _:
                return ()

    def skip(self, skip: Skip) -> tuple[Event, ...]:
        """The trade put off, unless it is told already."""
        told = self._advance(skip.time)
        told += self._hear(skip.time, self._memory.put_offs.skip(skip, self._account))
        return self._events(skip.time, told)

    def begin(self, begin: Begin) -> tuple[Event, ...]:
        """The start or the return."""
        if begin.missed_bars is not None:
            self._memory.gaps.forgive()
        return self.tell(begin.time, *self._memory.lifecycle.begin(begin, self._account))

    def retell(self, time: int, head: Retold, never: frozenset[str] = frozenset()) -> tuple[Event, ...]:
        """The head of a story that is told after the fact, at ``time``; from here on infers what the head says it does.

        ``never`` are the fields that no observation will have. What the head says is lacking is not told again.
        """
        memory = self._memory
        memory.lacking.told = bool(head.lacking)
        memory.chapters.trades_known = "fill" not in head.lacking
        memory.never = never
        if "exposure" in head.inferred:
            memory.exposures = d.Exposures()
            memory.chapters.trades_known = False
        if "halted" in head.inferred and head.breaker is not None:
            memory.inferred_halt = InferredHalt(head.breaker)
            memory.never -= {"halted"}
        self._remember(memory)
        return self.tell(time, head)

    def recall(self, before: Observation | Flow | Facts) -> None:
        """Take into the account what was told before and is told as it stands; `restore` knows the rest."""
        if isinstance(before, Facts):
            self._account.told(before)
        elif isinstance(before, Flow):
            take = self._account.explain if before.counted else self._account.flow
            take(before.amount)
        else:
            self._account.observe(self._memory.readings.admit(before, self._account)[0])

    def rules(self, time: int, rules: Rules) -> tuple[Event, ...]:
        """The rules in force, or what changed of them."""
        return self.tell(time, *self._memory.rules.rules(rules, self._account))

    def end(self, end: End) -> tuple[Event, ...]:
        """The goodbye."""
        return self.tell(end.time, *self._memory.lifecycle.end(end, self._account))

    def check_ath(self, time: int, wealth: float, peak: float) -> tuple[Event, ...]:
        """The plan's check for a record, from wealth and peak alone."""
        return self.tell(time, *self._memory.all_time_high.check(wealth, peak, self._account))

    def check_regime_switch(self, time: int, score: float, threshold: float) -> tuple[Event, ...]:
        """The plan's check for a regime switch, from score and threshold alone."""
        return self.tell(time, *self._memory.regime.check(score, threshold, self._settings.hysteresis))

    def tell(self, time: int, *facts: Facts) -> tuple[Event, ...]:
        """Facts that somebody else has found; of a trouble or a halt only what is not told yet."""
        self._memory.calls += 1
        told: list[Facts] = []
        for each in facts:
            told += self._hear(time, self._news(time, each))
        return self._events(time, told)

    def _news(self, time: int, facts: Facts) -> tuple[Facts, ...]:
        if isinstance(facts, Halted):
            return self._memory.breaker.halt(time, facts)
        if isinstance(facts, Unhalted):
            return self._memory.breaker.resume(time, facts)
        news = self._memory.troubles.tell(time, facts)
        if news and isinstance(facts, ExchangeBack) and facts.missed_bars != 0:
            self._memory.gaps.forgive()  # bars that nothing was decided at are told with the exchange's return
        return news

    def _advance(self, time: int) -> list[Facts]:
        """Close the chapters that ended before ``time``: what happens now belongs to the next ones."""
        self._memory.calls += 1
        chapters = self._memory.chapters
        if time <= chapters.end or (time > chapters.end + DAY and not self._leaps):
            return []
        return self._hear(time, chapters.close(time, self._account))

    def _hear(self, time: int, facts: Iterable[Facts]) -> list[Facts]:
        heard = list(facts)
        for fact in heard:
            self._account.told(fact)
            self._memory.chapters.hear(fact)
            self._memory.silence.hear(time, fact)
        return heard

    def _events(self, time: int, told: list[Facts], own_id: str | None = None) -> tuple[Event, ...]:
        calls = self._memory.calls
        events = [Event(time, facts, tell(time, facts), f"{calls}.{number}") for number, facts in enumerate(told)]
        if own_id is not None and events:
            events[-1] = replace(events[-1], id=own_id)
        return tuple(events)


def _at_the_clock(arguments: tuple[Any, ...], now: int) -> tuple[Any, ...]:
    """The arguments of a call with the clock's time, and beside it the one that was given."""
    first, *others = arguments
    if not isinstance(first, int):
        return (replace(first, time=now, claimed=first.time), *others)
    return (now, *[replace(each, claimed=first) if isinstance(each, OfACaller) else each for each in others])
