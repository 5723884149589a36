"""Inputs -> events. Pure: no I/O, no clock, nothing but what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from livestory.clock import DAY
from livestory.errors import JournalCorrupt
from livestory.story import detectors as d
from livestory.story.account import TAKEN, Account
from livestory.story.detectors.risk import InferredHalt
from livestory.story.former_verbs import FormerVerbs
from livestory.story.inputs import (
    Begin,
    End,
    Fill,
    Flow,
    Funding,
    Head,
    Input,
    Observation,
    RecordCheck,
    RegimeCheck,
    Skip,
    Statement,
)
from livestory.story.kinds.base import Facts, OfACaller
from livestory.story.kinds.exchange import ExchangeBack
from livestory.story.kinds.lately import Lately
from livestory.story.kinds.lifecycle import Rules, Stopped
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.line import Untold
from livestory.story.rows import PASSED
from livestory.story.settings import StorySettings
from livestory.story.showing import COUNTED, counted, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livestory.clock import Reading
    from livestory.story.event import Event
    from livestory.story.rows import Rows


NARRATOR = "narrator"
"""The name of a narrator's state in a journal."""
TRADE = "trade-"
"""What the id begins with of an event that tells a trade, or a payment of funding, which has an id of its own."""


_TOGETHER = frozenset(Observation.__struct_fields__) - PASSED - {"time", "positions"}
"""The fields that no observation may have, where several are to be taken together."""
_Stated = Flow | Skip | Begin | End | Statement | RecordCheck | RegimeCheck | Head


class Judged(NamedTuple):
    """What came of an input whose time a caller gave."""

    events: tuple[Event, ...]
    observation: Observation | None  # that is part of the story, and to be kept with it
    doubted: bool  # its time was doubted: the memory is saved even if no line came of it


class _Memory(Struct):
    """All that a narrator remembers."""

    account: Account
    calls: int = 0
    last_observed: int = 0
    seen_before: int = 0  # observations not newer than the last one, ignored
    readings: d.ReadingDetector = field(default_factory=d.ReadingDetector)
    lifecycle: d.LifecycleDetector = field(default_factory=d.LifecycleDetector)
    rules: d.RulesDetector = field(default_factory=d.RulesDetector)
    flows: d.FlowDetector = field(default_factory=d.FlowDetector)
    gaps: d.GapDetector = field(default_factory=d.GapDetector)
    regime: d.RegimeDetector = field(default_factory=d.RegimeDetector)
    breaker: d.BreakerDetector = field(default_factory=d.BreakerDetector)
    daily_limit: d.DailyLimitDetector = field(default_factory=d.DailyLimitDetector)
    half_way: d.HalfWayDetector = field(default_factory=d.HalfWayDetector)
    liquidation: d.LiquidationDetector = field(default_factory=d.LiquidationDetector)
    drawdown: d.DrawdownDetector = field(default_factory=d.DrawdownDetector)
    all_time_high: d.AllTimeHighDetector = field(default_factory=d.AllTimeHighDetector)
    lacking: d.MissingFieldsDetector = field(default_factory=d.MissingFieldsDetector)
    put_offs: d.PutOffDetector = field(default_factory=d.PutOffDetector)
    troubles: d.TroubleDetector = field(default_factory=d.TroubleDetector)
    trades: d.TradeDetector = field(default_factory=d.TradeDetector)
    results: d.ResultDetector = field(default_factory=d.ResultDetector)
    chapters: d.ChapterDetector = field(default_factory=d.ChapterDetector)
    silence: d.QuietDetector = field(default_factory=d.QuietDetector)
    times: d.TimeDetector = field(default_factory=d.TimeDetector)
    lately: Lately = field(default_factory=Lately)
    exposures: d.ExposureDetector | None = None  # set in a retold story only
    inferred_halt: InferredHalt | None = None
    never: frozenset[str] = frozenset()  # fields that no observation has


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Memory).decode


def _unknown(_rows: Rows, _account: Account) -> None:
    return None


def unreadable(error: msgspec.MsgspecError) -> JournalCorrupt:
    """The error for a narrator's saved state that can't be read."""
    return JournalCorrupt(f"the narrator's state in the journal can't be read ({error})\nBegin anew with --fresh.")


class Narrator(FormerVerbs):
    """Turns what a bot reports into the events of its story, with ordered detectors.

    The same inputs after the same `save` and `restore` give the same events, wherever the cut is made.
    """

    def __init__(
        self, symbol: str | None = "ETH/BTC", unit: str | None = "BTC", settings: StorySettings | None = None
    ) -> None:
        """Begin a story in ``unit`` about a bot that trades ``symbol`` (``BASE/QUOTE``); None is unknown."""
        self._settings = settings or StorySettings()
        self._returns = False  # whether the next input is the first after the story was opened
        self._leaps = True  # whether a fact of a later day closes the chapters between, though nothing was observed
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
            raise unreadable(error) from error
        known, account = self._account, memory.account
        account.settings = self._settings
        account.symbol, account.unit = account.symbol or known.symbol, account.unit or known.unit
        self._remember(memory)

    def opened(self) -> None:
        """Note that the bot's process is a new one. If the last never said goodbye, that it is back is told."""
        self._returns = True

    def is_known_in_part(self) -> None:
        """Don't tell which fields observations lack: the reader learns it elsewhere."""
        self._memory.lacking.told = True

    def blank(self) -> Narrator:
        """A narrator of the same story that remembers nothing."""
        return Narrator(self._account.symbol, self._account.unit, self._settings)

    def _remember(self, memory: _Memory) -> None:
        self._memory = memory
        self._account = memory.account
        # Words about one observation stand in this order; the chapter closes over what came before it.
        # Each has the field without which it has nothing to say; "" is none.
        ordered = (
            ("flow", memory.flows),
            ("next_due", memory.gaps),
            ("", memory.regime),
            ("halted", memory.breaker),
            ("daily_loss_hit", memory.daily_limit),
            ("halted", memory.half_way),
            ("wealth", memory.drawdown),
            ("positions", memory.liquidation),
            ("wealth", memory.all_time_high),
            ("", memory.exposures),
            ("", None if memory.lacking.told else memory.lacking),
            ("", memory.chapters),
            ("", memory.silence),
        )
        listening = [(field, each) for field, each in ordered if each is not None and field not in memory.never]
        self._observers = tuple(detector.observe for _, detector in listening)
        # One that can't say where it is silent lets each observation be taken for itself. Those that look at each row's
        # wealth are asked last: there are fewer rows then.
        listening.sort(key=lambda each: each[0] == "wealth")
        self._until: tuple[Callable[[Rows, Account], int | None], ...] = tuple(
            getattr(detector, "until", _unknown) for _, detector in listening
        )
        self._may_pass = memory.never >= _TOGETHER

    @property
    def account(self) -> Account:
        """What the story knows so far; to be read only."""
        return self._account

    @property
    def seen_before(self) -> int:
        """The number of observations that were ignored because they were not newer than the one before them."""
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

    def take(self, given: Input) -> tuple[Event, ...]:
        """The events that an input brings.

        An observation that is not newer than the last one is ignored: `last_observed` stays. Fills that were told
        before are the caller's to leave out.
        """
        # By `type`: `isinstance` of a Struct takes several times as long where it is none.
        if type(given) is Observation:
            return self._observe(given)
        if type(given) is Fill:
            return self._fill(given)
        if type(given) is Funding:
            return self._fund(given)
        time = given.time
        told = self._advance(time) if type(given) is Flow else []
        for facts in self._found(given):
            told += self._advance(time) if type(given) is Skip else []  # one told before leaves nothing to retell
            told += self._hear(time, self._news(time, facts))
        self._memory.calls += 1
        return self._events(time, told, found=type(given) not in _SAID)

    @property
    def due(self) -> int:
        """The instant from which on something is told because of the time alone."""
        memory, limit = self._memory, self._settings.quiet
        quiet_at = (memory.silence.last_news or 0) + limit
        return min(memory.chapters.end, quiet_at) if limit else memory.chapters.end

    def take_together(self, rows: Rows) -> Rows | None:
        """Take the observations before the first one that may be told, and return them: all, some or none of ``rows``.

        None, and none is taken, where something may be told of any of them. Events and memory are then the same as if
        each of them had been taken for itself.
        """
        memory, account = self._memory, self._account
        if (
            not self._may_pass
            or memory.inferred_halt is not None
            or rows.first_time <= memory.last_observed
            or not account.passes()
            or not memory.readings.passes(rows, account)
        ):
            return None
        for until in self._until:
            silent = until(rows, account)
            if silent is None:
                return None
            if silent < rows.count:
                rows = rows.part(0, silent)
                if not silent:
                    return rows
        self._pass(rows)
        return rows

    def _pass(self, rows: Rows) -> None:
        """Take observations of which nothing is told."""
        memory, account = self._memory, self._account
        memory.calls += rows.count
        memory.last_observed = rows.last_time
        memory.drawdown.take(rows, account)
        account.take(rows)
        memory.chapters.take(rows, account)
        memory.silence.bars += rows.count

    def judge(self, given: Input, reading: Reading) -> Judged:
        """`take` an input whose time a caller gave, when the clock said ``reading``.

        A time too far ahead of a plausible clock is not believed: an observation is set aside, anything else is told at
        the clock's time. One that the clock can't judge is believed, and closes chapters once an observation bears it
        out.
        """
        clock = reading.now if reading.plausible else None
        believed, news = self._memory.times.judge(_call(given), given.time, clock)
        told = self.take(Statement(given.time if believed else reading.now, news)) if news else ()
        if not believed:
            if type(given) is Observation:
                return Judged(told, None, doubted=True)
            given = at_the_clock(given, reading.now)
        if self._returns:
            self._returns = False
            told += self._return_of_bot(given)
        observed = self.last_observed
        self._leaps = believed and given.time <= reading.now + DAY
        try:
            told += self.take(given)
        finally:
            self._leaps = True
        taken = given if type(given) is Observation and self.last_observed != observed else None
        return Judged(told, taken, doubted=not believed)

    def _return_of_bot(self, given: Input) -> tuple[Event, ...]:
        if isinstance(given, Begin):  # it says so itself
            return ()
        returned = self._memory.lifecycle.unsaid_return(given.time, self._account)
        self._memory.calls += bool(returned)
        return self._events(given.time, self._hear(given.time, returned))

    def _found(self, given: _Stated) -> Iterable[Facts]:  # noqa: PLR0911 - one way for each input
        memory, account = self._memory, self._account
        match given:
            case Flow():
                self._count(given)
                return memory.flows.flow(given, account)
            case Skip():
                memory.lifecycle.hear(given.time)
                return memory.put_offs.skip(given, account)
            case Begin():
                account.begin(given)
                if given.missed_bars is not None:
                    memory.gaps.forgive()
                return memory.lifecycle.begin(given, account)
            case End():
                return tuple(memory.chapters.in_all(each, account) for each in memory.lifecycle.end(given, account))
            case Statement():
                return given.facts
            case RecordCheck():
                return memory.all_time_high.check(given.wealth, given.peak, account)
            case RegimeCheck():
                return memory.regime.check(given.score, given.threshold, self._settings.hysteresis)
            case Head():
                self._infer(given)
                return (given.retold,)
            case _:
                assert_never(given)

    def _observe(self, observation: Observation) -> tuple[Event, ...]:
        memory, account = self._memory, self._account
        time = observation.time
        memory.calls += 1
        if time <= memory.last_observed:
            memory.seen_before += 1
            return ()
        memory.last_observed = time
        told: list[Facts] = []
        if time > memory.chapters.end:
            told += self._hear(time, memory.chapters.close(time, account))
        observation = account.explained(observation)
        if not memory.readings.plausible(observation, account):
            observation, refused = memory.readings.admit(observation, account)
            told += self._hear(time, refused)
        if memory.inferred_halt is not None:
            observation = memory.inferred_halt.judge(observation, account)
        if observation.halted:
            observation = memory.breaker.named(observation)
        account.observe(observation)
        for observe in self._observers:
            found = observe(observation, account)
            if found:
                told += self._hear(time, found)
        return self._events(time, told) if told else ()

    def _fill(self, fill: Fill) -> tuple[Event, ...]:
        memory, account, time = self._memory, self._account, fill.time
        memory.calls += 1
        told = self._advance(time)
        closed = account.fill(fill)
        put_off = memory.put_offs.filled(fill, account)
        memory.troubles.filled(fill)
        memory.chapters.begin(time, account)
        own = len(told)
        found: list[Facts] = [*memory.trades.fill(fill, closed, put_off, account)]
        if closed.gain is not None:
            found += memory.results.hear(time, closed.gain, closed.deal.of.paid_in, account)
        told += self._hear(time, found)
        return self._events(time, told, own, self.trade_id(fill))

    def _fund(self, funding: Funding) -> tuple[Event, ...]:
        self._memory.calls += 1
        told = self._advance(funding.time)
        self._account.fund(funding)
        paid = self._memory.trades.fund(funding, self._account)
        if paid.shows(funding.time, self._memory.lately, self._settings):
            self._hear(funding.time, (paid,))
        else:  # it is counted, and ends no silence
            self._memory.chapters.hear(paid)
        return self._events(funding.time, [*told, paid], len(told), self.trade_id(funding))

    def trade_id(self, given: Input) -> str | None:
        """The id of the event that tells a fill or funding whose own id is known; the same one has it again."""
        if type(given) is Fill and given.trade_id:
            return f"{TRADE}{given.symbol or self._account.symbol or ''}-{given.trade_id}"
        if type(given) is Funding and given.funding_id:
            return f"{TRADE}{given.symbol}-funding-{given.funding_id}"
        return None

    def _count(self, flow: Flow) -> None:
        take = self._account.explain if flow.counted else self._account.flow
        take(flow.amount)

    def _infer(self, head: Head) -> None:
        """Infer from here on what the head says is inferred; what it says is lacking is not told again."""
        memory, retold = self._memory, head.retold
        memory.lacking.told = bool(retold.lacking)
        memory.chapters.trades_known = "fill" not in retold.lacking
        memory.chapters.troubles_known = not head.of_table
        memory.never = head.never
        if "exposure" in retold.inferred:
            memory.exposures = d.ExposureDetector()
            memory.chapters.trades_known = False
        if "halted" in retold.inferred and retold.breaker is not None:
            memory.inferred_halt = InferredHalt(retold.breaker)
            memory.never -= {"halted"}
        self._remember(memory)

    def recall(self, before: Observation | Flow | Facts) -> None:
        """Bring the account up to date with what happened in a time whose events are told as they were kept.

        Unlike `take` it tells nothing, and no detector sees it: what they knew of that time comes with `restore`.
        """
        if isinstance(before, Facts):
            self._account.told(before)
        elif isinstance(before, Flow):
            self._count(before)
        else:
            before = self._account.explained(before)
            self._account.observe(self._memory.readings.admit(before, self._account)[0])

    def _news(self, time: int, facts: Facts) -> tuple[Facts, ...]:
        """Of rules, a halt or a trouble only what is not told yet."""
        if type(facts) is Rules:
            return self._memory.rules.rules(facts, self._account)
        if type(facts) is Halted:
            return self._memory.breaker.halt(time, facts, self._account)
        if type(facts) is Unhalted:
            return self._memory.breaker.resume(time, facts, self._account)
        if type(facts) is Stopped:
            self._memory.lifecycle.said_goodbye(time)
        news = self._memory.troubles.tell(time, facts)
        if news and type(facts) is ExchangeBack and facts.missed_bars != 0:
            self._memory.gaps.forgive()  # bars that nothing was decided at are told with the exchange's return
        return news

    def _advance(self, time: int) -> list[Facts]:
        """Close the chapters that ended before ``time``: what happens now belongs to the next ones."""
        chapters = self._memory.chapters
        self._memory.lifecycle.hear(time)
        if time <= chapters.end or (time > chapters.end + DAY and not self._leaps):
            return []
        return self._hear(time, chapters.close(time, self._account))

    def _hear(self, time: int, facts: Iterable[Facts]) -> list[Facts]:
        heard, memory = list(facts), self._memory
        for fact in heard:
            if type(fact) in TAKEN:
                memory.account.told(fact)
            memory.chapters.hear(fact)
            memory.silence.hear(time, fact)
        return heard

    def _events(
        self, time: int, told: list[Facts], own: int = 0, own_id: str | None = None, *, found: bool = True
    ) -> tuple[Event, ...]:
        """The events that tell ``told``; ``found``: by detectors in an input, and not said by a caller."""
        calls = self._memory.calls
        lately = self._memory.lately
        events: list[Event] = []
        for number, facts in enumerate(told):
            if type(facts) in COUNTED:
                facts = counted(lately, self._settings, time, facts)  # noqa: PLW2901 - with what is known only now
            event_id = own_id if number == own and own_id is not None else f"{calls}.{number}"
            shown = show(lately, self._settings, time, facts, found=found)
            events.append(Untold(time, facts, "", event_id, None, shown))
        return tuple(events)


_SAID = (Statement, RecordCheck, RegimeCheck, Head)
"""Inputs of what a caller says itself."""

_CALLS: dict[type, str] = {
    Observation: "observe",
    Fill: "fill",
    Skip: "skip",
    Flow: "flow",
    Funding: "funding",
    Begin: "begin",
    End: "end",
    Head: "retell",
    RecordCheck: "check_ath",
    RegimeCheck: "check_regime_switch",
}
"""What the calls are called that give these inputs."""


def _call(given: Input) -> str:
    """What the call that gave an input is called in the story; of facts, the first one's kind."""
    return str(given.facts[0].__struct_config__.tag) if type(given) is Statement else _CALLS[type(given)]


def at_the_clock(given: Input, now: int) -> Input:
    """The input at the clock's time; where its line is to say so, with the time that was claimed and not believed."""
    match given:
        case Fill() | Skip() | Flow() | Funding():
            return replace(given, time=now, claimed=given.time)
        case Statement():
            facts = (replace(each, claimed=given.time) if isinstance(each, OfACaller) else each for each in given.facts)
            return Statement(now, tuple(facts))
        case _:
            return replace(given, time=now)
