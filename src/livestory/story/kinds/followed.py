"""What is told of a bot that is not ours: what locks its entries, its own results, and whether it can be read."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from livestory.story.kinds.base import Facts, Group, Kind, Retelling, Tone, has
from livestory.story.wording import numbers
from livestory.story.wording.columns import Words
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings


class EntriesLocked(Facts, frozen=True, kw_only=True, tag="entries_locked"):
    """A protection, or the owner, keeps a bot from entering a pair; ``pair`` is None for all of them."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🔒", "Entries Locked", "{pair:text}", has("pair")),
            Words("🔒", "Entries Locked", "all pairs"),
        ),
        group=Group.SAFETY,
        tone=Tone.WARNING,
        retelling=Retelling.AS_TOLD,
        ruled=True,
    )

    pair: str | None = None
    side: str | None = None  # "long" or "short", where only that side is locked
    reason: str | None = None  # in the bot's own words
    until: int | None = None
    routine: bool = False  # it follows each exit

    @property
    def subject(self) -> str:
        """What tells it from another lock that may hold beside it."""
        return _subject(self)

    def shows(self, _time: int, _lately: Lately, _settings: StorySettings, /) -> bool:
        """What follows each exit is no news."""
        return not self.routine

    def why(self, time: int, /) -> Iterable[str]:
        yield escape(self.reason or "")
        yield f"{escape(self.side)} entries only" if self.side else ""
        yield f"until {numbers.moment(self.until, time)}" if self.until is not None else ""


class LockOver(Facts, frozen=True, kw_only=True, tag="lock_over"):
    """Nothing locks the entries any more that a told lock was about."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🔓", "Lock Over", "{pair:text}", has("pair")),
            Words("🔓", "Lock Over", "all pairs"),
        ),
        group=Group.SAFETY,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
        ruled=True,
    )

    pair: str | None = None
    lasted: int | None = None
    by_hand: bool = False  # before its time
    routine: bool = False

    @property
    def subject(self) -> str:
        """What its beginning was told by."""
        return _subject(self)

    def shows(self, _time: int, _lately: Lately, _settings: StorySettings, /) -> bool:
        """Shown where its beginning was."""
        return not self.routine

    def why(self, _time: int, /) -> Iterable[str]:
        if self.lasted is not None:
            yield f"locked {numbers.duration(self.lasted)}"
        yield "ended before its time" if self.by_hand else ""


def _subject(facts: EntriesLocked | LockOver) -> str:
    return (facts.pair or "") + (" routine" if facts.routine else "")


class NotHeard(Facts, frozen=True, kw_only=True, tag="not_heard"):
    """What a bot writes can't be read, so that its story waits."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🙉", "Not Heard", "{source:text}"),),
        group=Group.RUNNING,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    source: str
    problem: str

    def why(self, _time: int, /) -> Iterable[str]:
        yield escape(self.problem)
        yield "what it does meanwhile is told afterwards"


class HeardAgain(Facts, frozen=True, kw_only=True, tag="heard_again"):
    """What a bot writes can be read again."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("👂", "Heard Again", "{source:text}"),),
        group=Group.RUNNING,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
    )

    source: str
    lasted: int | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        if self.lasted is not None:
            yield f"after {numbers.duration(self.lasted)}"


class Reported(Facts, frozen=True, kw_only=True, tag="reported"):
    """The result as the tool that made it reports it. Shares are fractions; None is not reported."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("🧾", "Reported by {tool:text}", "{result:exact} {unit:name}", has("result", "unit")),
               Words("🧾", "Reported by {tool:text}", "no result")),
        group=Group.RUNNING,
        tone=Tone.CHAPTER,
        retelling=Retelling.AS_TOLD,
    )  # fmt: skip

    tool: str
    strategy: str | None = None
    unit: str | None = None
    trades: int | None = None
    won: int | None = None
    lost: int | None = None
    result: Decimal | None = None
    fees: Decimal | None = None  # that the result is without
    start: Decimal | None = None
    final: Decimal | None = None
    drawdown: Decimal | None = None  # largest, as a positive share
    profit_factor: Decimal | None = None
    market: Decimal | None = None  # what holding everything would have made
    told_trades: int | None = None  # here, where they are others
    told_result: Decimal | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        yield escape(self.strategy or "")
        if self.trades is not None:
            outcomes = ((self.won, "won"), (self.lost, "lost"))
            counts = (f"{numbers.whole(number)} {word}" for number, word in outcomes if number is not None)
            yield ", ".join((numbers.count(self.trades, "trade"), *counts))
        if self.fees:
            yield f"before fees of {numbers.exact(self.fees)} {escape(self.unit or '')}".rstrip()
        if self.start is not None and self.final is not None:
            yield f"{numbers.exact(self.start)} → {numbers.exact(self.final)}"
        if self.drawdown is not None:
            yield f"max drawdown {numbers.exact(self.drawdown * 100)}%"
        if self.profit_factor is not None:
            yield f"profit factor {numbers.average(float(self.profit_factor))}"
        if self.market is not None:
            yield f"market {numbers.percent(self.market)}"
        if self.told_trades is not None or self.told_result is not None:
            told = [
                numbers.count(self.told_trades, "trade") if self.told_trades is not None else "",
                f"{numbers.exact(self.told_result)} {escape(self.unit or '')}" if self.told_result is not None else "",
            ]
            yield f"differs: its own list has {', '.join(filter(None, told))}"
