"""The one door into a story: all that can be put into it, each a record with the instant at which it is told.

The bot decides, the story tells: an observation carries the bot's own decisions (its regime, whether it is halted, why
it did not trade). Every field but the time is optional, and None means unknown, never 0. Money is in the story's unit,
instants and durations are microseconds, shares and returns are fractions.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any, final

from msgspec import Struct
from msgspec.structs import force_setattr

from livestory.clock import instant
from livestory.plain import missing, plain, shown
from livestory.story.kinds.base import Facts
from livestory.story.kinds.retold import Retold
from livestory.story.reason import Reason

LEAST_INSTANT, _PLAIN_END = 10**14, 10**16
"""1973-03-03, from which on a number is microseconds whoever reads it: a smaller one counts seconds, see `instant`."""


class PositionReading(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an exchange or a bot says is held of one symbol. Prices are in its quote asset.

    A number of any library is taken as well; a float counts twelve digits.
    """

    quantity: Decimal  # base asset, negative where it is short
    price: Decimal | None = None  # at which it is marked
    entry: Decimal | None = None  # average
    unrealised: Decimal | None = None  # result, as reported
    leverage: Decimal | None = None
    liquidation: Decimal | None = None  # price at which it is liquidated

    def __post_init__(self) -> None:
        """Make amounts exact; one that a library has as missing is unknown. Raises ValueError for what is no number."""
        for name in self.__struct_fields__:
            amount = getattr(self, name)
            if amount is not None and not (amount.__class__ is Decimal and amount.is_finite()):
                force_setattr(self, name, None if name != "quantity" and missing(amount) else _exact(amount, name))


def _exact(amount: Any, name: str) -> Decimal:
    number: Decimal | None = None
    with suppress(ArithmeticError, TypeError, ValueError):
        given = plain(amount)
        if not isinstance(given, bool):
            number = Decimal(format(given, ".12g") if isinstance(given, float) else given)
            if number.is_finite():
                return number
    message = f"{name} {shown(amount) if number is None else number}: expected a finite number, or None where unknown"
    raise ValueError(message)


@final
class Observation(Struct, frozen=True, omit_defaults=True, gc=False):
    """A bot at the end of one bar. Weights are shares of wealth (0 to 1), returns and drawdowns fractions.

    ``time`` is anything that `livestory.clock.instant` reads: an aware datetime, a naive one (UTC), epoch seconds.
    """

    time: int
    wealth: float | None = None  # everything the bot has, in the story's unit
    price: float | None = None  # of the base asset, in the quote asset, at the bar's close
    position: float | None = None  # base asset held
    weight: float | None = None  # share of wealth held in the base asset
    target_weight: float | None = None  # the share the strategy wants
    regime: str | None = None  # any label: TREND, MEAN_REV, …
    score: float | None = None  # regime score, 0 to 100
    threshold: float | None = None  # the score's threshold between the regimes
    drawdown: float | None = None  # as the bot's own risk rule measures it, 0 or negative
    halted: bool | None = None  # the safety breaker (or the owner) keeps it from buying
    halt_reason: str | None = None  # "breaker", "owner", …
    resume_at: int | None = None  # the instant before which a halted bot does not resume
    resume_score: float | None = None  # the score it then waits for
    daily_loss_hit: bool | None = None  # the daily loss limit keeps it from buying
    day_return: float | None = None  # since the last midnight UTC, as the bot's own risk rule measures it
    no_trade_reason: Reason | None = None  # why this bar made no trade
    flow: float | None = None  # deposits less withdrawals since the last observation, in the story's unit
    next_due: int | None = None  # when the next observation should come
    positions: dict[str, PositionReading] | None = None  # all that are held, by symbol; {} is none at all

    def __post_init__(self) -> None:
        """Turn the caller's timestamp into an instant. Raises ValueError where it is none."""
        time = self.time
        if time.__class__ is not int or not LEAST_INSTANT <= time < _PLAIN_END:
            try:
                force_setattr(self, "time", instant(time))
            except ValueError as error:
                message = f"time: {error}"
                raise ValueError(message) from error


@final
class Fill(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an exchange filled of one order, at its average price."""

    time: int
    side: str  # "buy" or "sell"
    quantity: Decimal  # base asset, positive
    price: Decimal  # quote asset per base asset
    symbol: str | None = None  # "ETH/BTC"; None = the story's own
    effect: str | None = None  # "open", "add", "reduce" or "close"; None = worked out from the position
    fee: Decimal | None = None  # negative is a rebate
    fee_asset: str | None = None  # None = the quote asset
    order_id: str | None = None
    trade_id: str | None = None
    result: Decimal | None = None  # of what this fill closed, as reported, in what it is settled in or its quote asset
    reason: Reason | None = None
    step: int | None = None  # which step of a staged entry this is, from 1
    weight_before: float | None = None
    weight_after: float | None = None
    reference: Decimal | None = None  # the price at the decision, from which slippage is told
    wanted: Decimal | None = None  # the quantity ordered, where less was filled
    wealth_after: float | None = None  # all the bot has after the fill, where that is known
    found: str | None = None  # told late: "away" (filled while the bot was down) or "asked" (after no answer)
    filled_at: int | None = None  # when it was filled, where that is earlier than `time`
    ordered: int | None = None  # the instant of its order's bar
    rest: Reason | None = None  # why the rest of what was wanted was given up
    claimed: int | None = None  # the caller's own time of it, where that is not believed; so with what follows
    position: str | None = None  # which one of several in its symbol, where each is closed for itself


class Skip(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A trade that was wanted and not made."""

    time: int
    reason: Reason
    side: str | None = None
    quantity: Decimal | None = None
    symbol: str | None = None
    claimed: int | None = None


class Flow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A deposit (positive) or withdrawal (negative), in the story's unit."""

    time: int
    amount: float
    came: int | None = None  # when it happened, where that is known to be earlier than `time`
    source: str | None = None  # who says so: "history" (of the account, at the exchange) or "you"
    counted: bool = False  # the wealth has it already, and a balance that differs was told of it
    claimed: int | None = None


@final
class Funding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holding a contract earned (positive) or cost (negative)."""

    time: int
    symbol: str
    amount: Decimal
    asset: str | None = None  # None = what the contract is settled in, or its quote asset
    funding_id: str | None = None  # one that was told before is not counted again
    claimed: int | None = None
    position: str | None = None  # as a fill's


class Begin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bot that starts, or comes back."""

    time: int
    mode: str | None = None  # "simulated", "replay", "paper", "testnet" or "live"
    market: str | None = None  # where the bars come from, in a few words
    interval: int | None = None  # of a bar
    wealth: float | None = None
    position: float | None = None
    cash: float | None = None  # quote asset held
    price: float | None = None
    missed_bars: int | None = None  # bars read after the absence; None in a replay, where no time passes
    fills_found: int | None = None  # fills while it was away, each told on its own
    expected: float | None = None  # the wealth to be expected after them; None: worked out from what was told
    own: bool = False  # a bot that tells of itself: time passes while it is away, and a return may go unsaid
    last_heard: int | None = None  # before an absence; None: worked out from what was told


class End(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bot that says goodbye."""

    time: int
    by: str  # "you", "bars" (a replay's end), "error", "system" (SIGTERM), or any words
    wealth: float | None = None
    position: float | None = None
    orders_open: int | None = None  # that stay at the exchange


class Statement(Struct, frozen=True):
    """What the bot, or the story itself, has found: facts to be told, where they are news.

    The rules in force are told as `Rules`, a trouble and its end, a halt and its end as they happen: the story knows
    which of them it has told already.
    """

    time: int
    facts: tuple[Facts, ...]


class RecordCheck(Struct, frozen=True):
    """The plan's check for a record: ``peak`` is the caller's own highest wealth, raised to this one already or not."""

    time: int
    wealth: float
    peak: float


class RegimeCheck(Struct, frozen=True):
    """The plan's check for a switch of regime."""

    time: int
    score: float
    threshold: float


class Head(Struct, frozen=True):
    """The story is told after the fact: from here on is inferred what ``retold`` says is."""

    time: int
    retold: Retold
    never: frozenset[str] = frozenset()  # fields of `Observation` that none will have
    of_table: bool = False  # which has no word of what failed beside its rows, or of what the owner did


Input = Observation | Fill | Flow | Funding | Skip | Begin | End | Statement | RecordCheck | RegimeCheck | Head
"""Whatever a writer of a story takes."""
