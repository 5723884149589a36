"""The lines Deposit, Withdrawal, Funding and Data Gap; a balance that differs; a reading refused or missing."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from livestory.story.kinds.base import QUIET, WEALTH, Facts, Group, Kind, OfACaller, Retelling, Tone, equals
from livestory.story.wording import numbers
from livestory.story.wording.beside import beside
from livestory.story.wording.columns import Words
from livestory.story.wording.text import escape, of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings


class DataGap(Facts, frozen=True, kw_only=True, tag="gap"):
    """Bars that never came."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("🕳️", "Data Gap", "{bars:count} bar missing", equals("bars", 1)),
            Words("🕳️", "Data Gap", "{bars:count} bars missing"),
        ),
        group=Group.RUNNING,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=frozenset({"next_due", "price"}),
    )

    bars: int
    first: int  # the instant at which the first missing observation was due
    last: int
    price_before: float | None = None
    price_after: float | None = None

    def why(self, time: int, /) -> Iterable[str]:
        one = self.first == self.last
        yield f"due {numbers.moment(self.first, time)}" + ("" if one else f" to {numbers.moment(self.last, time)}")
        if self.price_before is not None and self.price_after is not None:
            yield f"price {numbers.exact(self.price_before)} → {numbers.exact(self.price_after)}"
        yield "nothing was decided meanwhile"


class FundingPaid(OfACaller, frozen=True, kw_only=True, tag="funding"):
    """What holding a contract earned or cost."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("💱", "Funding Received", "{amount:signed}{unit:asset}", lambda facts: facts.amount >= 0),
            Words("💱", "Funding Paid", "{amount:signed}{unit:asset}"),
        ),
        group=Group.TRADES,
        tone=Tone.DIM,
        retelling=Retelling.FROM_INPUT,
    )

    amount: Decimal
    unit: str | None = None  # the asset in which it was paid
    symbol: str | None = None
    share: float | None = None  # of the position's value
    quantity: Decimal | None = None  # held, negative where it is short
    in_all: Decimal | None = None  # received less paid in this asset since the position was opened
    base: str | None = None
    funding_id: str | None = None

    def shows(self, _time: int, _lately: Lately, settings: StorySettings, /) -> bool:
        """From a share of the position on that is worth a line."""
        return abs(self.share or 0.0) >= settings.funding_told

    def why(self, _time: int, /) -> Iterable[str]:
        if self.quantity is None:
            yield f"for {escape(self.symbol)}, of which nothing is known to be held" if self.symbol else ""
            return
        side = "short" if self.quantity < 0 else "long"
        of_what = f" ({escape(self.symbol)})" if self.symbol else ""
        share = f", {numbers.percent(self.share)} of its value" if self.share is not None else ""
        yield f"on the {side} of {of(numbers.exact(self.quantity.copy_abs()), self.base)}{of_what}{share}"
        if self.in_all is not None and self.in_all != self.amount:
            yield f"in all {of(numbers.signed(self.in_all), self.unit)} since it was opened"


class CashFlow(OfACaller, frozen=True, kw_only=True, tag="flow"):
    """A deposit or a withdrawal: not profit, not loss."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("💰", "Deposit", "{amount:change}{unit:asset}", lambda facts: facts.amount >= 0),
            Words("💸", "Withdrawal", "{amount:change}{unit:asset}"),
        ),
        group=Group.RUNNING,
        tone=Tone.NEWS,
        retelling=Retelling.FROM_INPUT,
        needs=WEALTH,
    )

    amount: float
    unit: str | None = None
    came: int | None = None
    wealth_before: float | None = None
    wealth_after: float | None = None
    record_before: float | None = None
    record_after: float | None = None
    drawdown: float | None = None
    source: str | None = None  # "history" (of the account, at the exchange) or "you"
    counted: bool = False  # its wealth was told before, as a balance that differs

    def why(self, time: int, /) -> Iterable[str]:
        yield {"history": "by the exchange's history", "you": "by you"}.get(
            self.source or "", escape(self.source or "")
        )
        if self.came is not None:
            yield f"came {numbers.moment(self.came, time)}"
        if self.wealth_before is not None and self.wealth_after is not None:
            before, after = (numbers.wealth(each, self.unit) for each in (self.wealth_before, self.wealth_after))
            yield f"wealth {before} → {after}"
        kind = "not profit" if self.amount >= 0 else "not loss"
        if self.record_before is None or self.record_after is None:
            yield kind
            return
        record = f"{numbers.wealth(self.record_before, self.unit)} → {numbers.wealth(self.record_after, self.unit)}"
        stays = f", drawdown from it stays {numbers.percent(self.drawdown)}" if self.drawdown else ""
        yield f"{kind}: the record to beat goes {record}{stays}"


class BalanceDiffers(Facts, frozen=True, kw_only=True, tag="balance_differs"):
    """The balance is not what the trades make it, and nothing explains it yet."""

    declared: ClassVar[Kind] = Kind(
        words=(
            Words("⚠️", "Balance Differs", "one asset for the other", lambda facts: facts.swap),
            Words("⚠️", "Balance Differs", "{difference:change}{unit:asset}"),
        ),
        group=Group.EXCHANGE,
        tone=Tone.ALARM,
        retelling=Retelling.AS_TOLD,
        critical=True,
    )

    difference: float  # read less expected
    wealth: float | None = None
    expected: float | None = None
    unit: str | None = None
    base_difference: Decimal | None = None  # in the base asset
    base: str | None = None
    swap: bool = False  # one asset for the other at about the price: neither gain nor loss

    def why(self, _time: int, /) -> Iterable[str]:
        if self.wealth is not None and self.expected is not None:
            read, expected = beside(self.wealth, self.expected, partial(_wealth, self.unit))
            yield f"{read} read, {expected} expected"
        if self.base_difference:
            of_it = "against as much of the other" if self.swap else "of it"
            sign = "+" if self.base_difference > 0 else ""
            yield f"{of(sign + numbers.exact(self.base_difference), self.base)} {of_it}"
        if self.swap:
            yield "no trade explains it: neither gain nor loss, look at the exchange"
            return
        counts = "makes no record" if self.difference > 0 else "counts as loss"
        until = "until the exchange's history or livestory flow does"
        yield f"no trade, deposit or withdrawal explains it: {counts} {until}"


class BalanceExplained(Facts, frozen=True, kw_only=True, tag="balance_explained"):
    """What the balance differed by is known."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("✔️", "Balance Explained", "{difference:change}{unit:asset}"),),
        group=Group.EXCHANGE,
        tone=Tone.GOOD,
        retelling=Retelling.AS_TOLD,
    )

    difference: float
    unit: str | None = None
    by: str  # "history", "you", or "gone": the balance is as expected again
    lasted: int | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        after = f" after {numbers.duration(self.lasted)}" if self.lasted is not None else ""
        by = {"history": "by the exchange's history", "you": "by you", "gone": "the balance is as expected again"}
        yield (by.get(self.by) or f"by {escape(self.by)}") + after
        if self.by != "gone":
            yield "no longer a loss" if self.difference < 0 else "no profit"


class ReadingRefused(Facts, frozen=True, kw_only=True, tag="reading_refused"):
    """A reading that can't be true."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("⚠️", "Reading Refused", "{what:what}: {reading:text}"),),
        group=Group.RUNNING,
        tone=Tone.WARNING,
        retelling=Retelling.ANEW,
        needs=QUIET,
    )

    what: str  # "wealth", "price" or "score"
    reading: str
    expected: float | None = None
    unit: str | None = None

    def why(self, _time: int, /) -> Iterable[str]:
        expected = (
            f": {of(numbers.wealth(self.expected, self.unit), self.unit)} expected" if self.expected is not None else ""
        )
        yield f"not believed{expected}"
        yield "breaker and record untouched"


class ReadingBack(Facts, frozen=True, kw_only=True, tag="reading_back"):
    """The readings are believed again."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("✅", "Reading Back", "{what:what}: {reading_text:text}"),),
        group=Group.RUNNING,
        tone=Tone.GOOD,
        retelling=Retelling.ANEW,
        needs=QUIET,
    )

    what: str
    value: float
    unit: str | None = None
    refused: int

    @property
    def reading_text(self) -> str:
        """The reading as a person would write it."""
        return numbers.reading(self.what, self.value, self.unit)

    def why(self, _time: int, /) -> Iterable[str]:
        yield f"{numbers.count(self.refused, 'observation')} without it"


def _wealth(unit: str | None, amount: float, more: int) -> str:
    return numbers.wealth(amount, unit, more)


_SILENCED = {
    "wealth": "no records, drawdowns or returns",
    "price": "nothing of what holding would have made",
    "regime": "no regime switches",
    "halted": "no trips and resumes, only drawdowns",
}


class MissingFields(Facts, frozen=True, kw_only=True, tag="told_in_part"):
    """What the bot does not report, and what therefore stays untold."""

    declared: ClassVar[Kind] = Kind(
        words=(Words("ℹ️", "Told in Part", "no {lacking_list:text}"),),
        group=Group.RUNNING,
        tone=Tone.DIM,
        retelling=Retelling.ANEW,
    )

    lacking: tuple[str, ...]

    @property
    def lacking_list(self) -> str:
        """What is lacking, after the "no" of the third column."""
        return ", no ".join(self.lacking)

    def why(self, _time: int, /) -> Iterable[str]:
        yield "so the story tells " + ", ".join(_SILENCED[name] for name in self.lacking)

    def shows(self, _time: int, _lately: Lately, _settings: StorySettings, /) -> bool:
        """Where more is lacking than a regime, which few bots know."""
        return self.lacking != ("regime",)
