"""The lines Bot Started, Resumed and Stopped, and the rules that the bot trades by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec import field

from livestory.story.kinds.base import Facts, Group, Kind, OfACaller, Retelling, Tone, equals, has
from livestory.story.results import CurrencyResult, OpenPosition
from livestory.story.wording import numbers, performance
from livestory.story.wording.columns import Words
from livestory.story.wording.text import all_in, escape, none_of, of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Started(OfACaller, frozen=True, kw_only=True, tag="started"):
    """The bot's first start: the story begins."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🚀", "Bot Started", "Initial Wealth: {wealth:wealth}{unit:asset}", has("wealth")),
            Words("🚀", "Bot Started", "Initial Wealth: not known"),
        ),
        group=Group.RUNNING,
        tone=Tone.NEWS,
        retelling=Retelling.FROM_INPUT,
    )

    wealth: float | None = None
    unit: str | None = None
    mode: str | None = None
    market: str | None = None
    symbol: str | None = None
    interval: int | None = None
    position: float | None = None
    cash: float | None = None
    price: float | None = None
    first: bool = False  # livestory began it, and knows that nothing came before
    own: bool = False  # the bot tells of itself

    def why(self, _time: int, /) -> Iterable[str]:
        place = ", ".join(filter(None, (self.mode and self.mode.upper(), self.market)))
        pair = " ".join(
            filter(None, (escape(self.symbol or ""), numbers.duration(self.interval) if self.interval else ""))
        )
        yield ", ".join(filter(None, (escape(place), pair)))
        if self.position is not None and self.cash is not None and self.symbol:
            base, _, quote = self.symbol.partition("/")
            price = f", price {numbers.exact(self.price)}" if self.price is not None else ""
            cash = f"{numbers.wealth(self.cash, quote)} {quote}"
            held = escape(f"{numbers.exact(self.position)} {base} + {cash}{_share_of(self, base)}")
            yield (held if self.position else all_in(quote)) + price
        if self.first:
            yield "first start, no record yet"
            yield "words explained: livestory explain --glossary"


class Resumed(Facts, frozen=True, kw_only=True, tag="resumed"):
    """The bot came back."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🔁", "Bot Resumed", "away {away:duration}", has("away")),
            Words("🔁", "Bot Resumed", "at {last_heard:stamp}"),
        ),
        group=Group.RUNNING,
        tone=Tone.NEWS,
        retelling=Retelling.FROM_INPUT,
    )

    away: int | None = None  # None in a replay, where no time passes
    last_heard: int
    clean: bool  # it had said goodbye
    missed_bars: int | None = None
    wealth: float | None = None
    expected: float | None = None
    unit: str | None = None
    mode: str | None = None  # where orders leave the machine: "testnet" or "live"
    fills_found: int | None = None  # while it was away, each told on a line of its own

    def why(self, time: int, /) -> Iterable[str]:
        yield escape((self.mode or "").upper())
        if not self.clean:
            own = self.away is not None and self.missed_bars is None  # which may have ended without a word
            how = "killed, or ended without one" if own else "killed, or the machine restarted"
            yield f"no goodbye at {numbers.moment(self.last_heard, time)}: {how}"
        if self.away is None:
            yield "the replay goes on where it stopped"
        if self.missed_bars is not None:
            yield f"{numbers.count(self.missed_bars, 'bar')} missed and read" if self.missed_bars else "no bar missed"
        yield numbers.found(self.fills_found)
        if self.wealth is not None:
            now = numbers.wealth(self.wealth, self.unit)
            expected = numbers.wealth(self.expected, self.unit) if self.expected is not None else now
            agrees = (
                "as expected" if not self.fills_found else f"agrees with {'it' if self.fills_found == 1 else 'them'}"
            )
            yield f"{of(now, self.unit)} " + (agrees if now == expected else f"where {expected} was expected")


class Stopped(OfACaller, frozen=True, kw_only=True, tag="stopped"):
    """The bot said goodbye."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("💤", "Bot Stopped", "{by:by}"),),
        group=Group.RUNNING,
        tone=Tone.NEWS,
        retelling=Retelling.FROM_INPUT,
    )

    by: str  # "you", "bars" (a replay's end), "error", "system" (SIGTERM), or a caller's own words
    wealth: float | None = None
    position: float | None = None
    base: str | None = None
    unit: str | None = None
    orders_open: int | None = None
    # Of a bot that trades several symbols, or short, or knows no wealth; since the story began:
    since_start: float | None = None  # return of the unit value
    results: tuple[CurrencyResult, ...] = ()
    open: tuple[OpenPosition, ...] = ()
    open_known: bool = False

    def why(self, _time: int, /) -> Iterable[str]:
        yield ", ".join(self._stands())
        if self.since_start is not None:
            yield f"since the start {numbers.percent(self.since_start)}"
        if self.results:
            yield performance.closed(self.results)
        for each in self.results[:1] if len(self.results) == 1 else ():
            yield performance.by_symbol(each)
            yield performance.both_ways(each)
        yield performance.open_positions(self.open) or ("no position open" if self.open_known else "")

    def _stands(self) -> list[str]:
        told: list[str] = []
        if self.wealth is not None:
            told.append(of(numbers.wealth(self.wealth, self.unit), self.unit))
            if self.position:
                told.append(f"{of(numbers.exact(self.position), self.base)} held")
            elif self.base:
                told.append(none_of(self.base))
        if self.orders_open is not None:
            told.append(
                f"{numbers.count(self.orders_open, 'order')} left open" if self.orders_open else "no order open"
            )
        return told


class Rules(Facts, frozen=True, kw_only=True, tag="rules"):
    """The rules in force. None is unknown; a rule that is off is 0."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("📜", "Rules", "{terms:text}", has("tool")),
            Words("📜", "Rules", "breaker: {breaker:loss}", lambda facts: bool(facts.breaker)),
            Words("📜", "Rules", "no breaker", equals("breaker", 0)),
            Words("📜", "Rules", "breaker: not told"),
        ),
        group=Group.RUNNING,
        tone=Tone.DIM,
        retelling=Retelling.FROM_INPUT,
    )

    breaker: float | None = None  # drawdown that trips it, as a positive share
    cooldown: int | None = None
    resume_score: float | None = None
    daily_loss: float | None = None
    max_weight: float | None = None
    threshold: float | None = None
    hysteresis: float | None = None
    ath_min_gain: float | None = None
    base: str | None = None
    strategy: str | None = None
    step: float | None = None  # share of wealth of one step of a staged entry
    fee: float | None = None  # share of a trade that it is reckoned to cost
    # Everything else that is set, by the configuration's names; told when it changes.
    settings: dict[str, str] = field(default_factory=dict)
    tool: str | None = None  # whose bot it is, where that is not ours: its settings are all that is told

    @property
    def terms(self) -> str:
        """What a bot of another's trades by."""
        settings = (f"{name} {value}" for name, value in self.settings.items())
        return ", ".join(filter(None, (self.strategy, *settings))) or "not told"

    def why(self, _time: int, /) -> Iterable[str]:
        return map(escape, _in_force(self))


class RulesChanged(Facts, frozen=True, kw_only=True, tag="rules_changed"):
    """The rules that changed since the story last told them."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("📜", "Rules Changed", "{first_change:text}"),),
        group=Group.RUNNING,
        tone=Tone.NEWS,
        retelling=Retelling.FROM_INPUT,
    )

    before: Rules
    after: Rules

    @property
    def first_change(self) -> str:
        """The change that the third column shows; the others stand in the fourth."""
        return next(iter(_changes(self)), "nothing that is told here")

    def why(self, _time: int, /) -> Iterable[str]:
        return map(escape, _changes(self)[1:])


def _share_of(f: Started, base: str) -> str:
    if not f.position or f.price is None or not f.wealth:
        return ""
    return f" ({numbers.weight(f.position * f.price / f.wealth)} {base})"


def _in_force(rules: Rules) -> list[str]:
    """The rules, but for the breaker's limit, which the third column shows."""
    told = []
    if rules.breaker and rules.cooldown is not None:
        score = f" and for score ≥ {numbers.bound(rules.resume_score)}" if rules.resume_score is not None else ""
        told.append(f"then sells all, waits {numbers.duration(rules.cooldown)}{score}")
    if rules.daily_loss is not None:
        told.append(f"daily loss limit {_loss(rules.daily_loss)}")
    if rules.max_weight is not None:
        told.append(f"at most {numbers.weight(rules.max_weight)} {rules.base or 'invested'}")
    if rules.step is not None:
        told.append(f"in steps of {numbers.weight(rules.step)}")
    if rules.fee is not None:
        told.append(f"fee {numbers.unsigned_percent(rules.fee)}")
    if rules.threshold is not None and rules.hysteresis is not None:
        upper, lower = rules.threshold + rules.hysteresis, rules.threshold - rules.hysteresis
        told.append(f"TREND from score {numbers.bound(upper)}, MEAN_REV below {numbers.bound(lower)}")
    if rules.ath_min_gain is not None:
        told.append(f"records told from {numbers.percent(rules.ath_min_gain)}")
    told.append("times are UTC")
    return told


def _changes(facts: RulesChanged) -> list[str]:
    """Every rule that changed: ``wait 2h → 2d``."""
    pairs = ((name, text, getattr(facts.before, field), getattr(facts.after, field)) for field, name, text in _RULES)
    told = [f"{name} {_known(text, before)} → {_known(text, after)}" for name, text, before, after in pairs
            if before != after]  # fmt: skip
    if facts.before.strategy != facts.after.strategy:
        told.append(f"strategy {facts.before.strategy or 'not told'} → {facts.after.strategy or 'not told'}")
    before, after = facts.before.settings, facts.after.settings
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    told += [escape(f"{name} {before.get(name, 'not told')} → {after.get(name, 'not told')}") for name in names]
    return told


def _loss(share: float) -> str:
    return numbers.percent(-share) if share else "off"


def _known(text: Callable[[float], str], value: float | None) -> str:
    return "not told" if value is None else text(value)


# field, its name in a change, its value in words
_RULES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("breaker", "breaker:", _loss),
    ("cooldown", "wait", lambda micros: numbers.duration(int(micros))),
    ("resume_score", "resume at score", numbers.bound),
    ("daily_loss", "daily loss limit", _loss),
    ("max_weight", "at most", numbers.weight),
    ("threshold", "regime threshold", numbers.score),
    ("hysteresis", "regime hysteresis", numbers.score),
    ("ath_min_gain", "records told from", numbers.percent),
    ("step", "steps of", numbers.weight),
    ("fee", "fee", numbers.unsigned_percent),
)
