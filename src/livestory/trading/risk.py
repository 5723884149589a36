"""Risk has the last word: it halts the bot, and no order goes anywhere that it has not approved."""

from __future__ import annotations

from math import inf
from typing import Annotated, Final, Literal, NoReturn, final

from msgspec import Meta, Struct, structs

from livestory.clock import DAY
from livestory.durations import Duration
from livestory.story.reason import Reason
from livestory.story.reasons import BREAKER, DAILY_LOSS, HALTED, JOURNAL, MAX_WEIGHT, OWNER
from livestory.story.unit_value import UnitValue, change
from livestory.trading.execution.working_order import Order
from livestory.trading.strategy.rebalance import Proposal, Signal

_EPSILON = 1e-12  # a loss that reaches a limit to twelve decimals reaches it, whatever binary fractions make of it

Share = Annotated[float, Meta(gt=0, le=1)]


class RiskSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When trading stops, and when it goes on."""

    breaker: Annotated[
        float, Meta(gt=0, le=1, description="Drawdown that trips the safety breaker, which sells all. A share.")
    ] = 0.20
    cooldown: Annotated[
        Duration, Meta(description="How long the bot stays halted after a trip, at the least. A duration.")
    ] = 7 * DAY
    resume_score: Annotated[
        float, Meta(ge=0, le=100, description="Regime score from which a halted bot resumes. 0 to 100.")
    ] = 30.0
    daily_loss: Annotated[
        Share | None, Meta(description="Loss since 00:00 UTC that stops buys until the day ends. A share; none = off.")
    ] = None
    max_weight: Annotated[
        float, Meta(gt=0, le=1, description="The most that is held in the base asset. Share of wealth, 0 to 1.")
    ] = 0.97


class Hold(Struct):
    """A halt by hand, or for want of a journal: nothing is sent until `livestory resume`."""

    reason: Literal["owner", "journal"]
    since: int
    sell: bool = False  # but for the sale of everything, which was asked for
    bars: int = 0  # heard since


@final
class Approved:
    """An order that risk has let pass. Only `Risk.approve` can make one, so no other order can be submitted."""

    __slots__ = ("_order",)
    _order: Order

    def __init__(self) -> None:
        """Not to be called: raises TypeError."""
        message = "only Risk.approve makes an Approved"
        raise TypeError(message)

    def __init_subclass__(cls) -> NoReturn:
        """Not to be subclassed: raises TypeError."""
        message = "an Approved can't be subclassed"
        raise TypeError(message)

    @property
    def order(self) -> Order:
        """What may be submitted."""
        return self._order


class Refused(Struct, frozen=True):
    """Why an order may not be made: "owner", "journal", "halted", "daily_loss" or "max_weight"."""

    reason: Reason


_HELD: Final = {"owner": OWNER(), "journal": JOURNAL()}


class Risk(UnitValue):
    """The safety breaker, its way back (Phoenix), and the daily loss limit.

    Drawdown and the day's return are measured on the value of a unit, wealth divided by units, as funds do (the
    time-weighted return): a deposit or withdrawal changes the number of units and leaves their value as it was.
    """

    settings: RiskSettings
    day_start: float = 0.0  # unit value at the last 00:00 UTC
    day_end: int = 0  # the next 00:00 UTC
    drawdown: float | None = None
    resume_at: int | None = None  # while halted
    daily_loss_hit: bool = False
    hold: Hold | None = None

    @property
    def held(self) -> Reason | None:
        """The reason for which no order is sent until the owner resumes the bot; None if orders may be sent."""
        return None if self.hold is None else _HELD[self.hold.reason]

    @property
    def sells_out(self) -> bool:
        """Whether everything is to be sold: for the breaker, or because the owner said so."""
        return self.halted if self.hold is None else self.hold.sell

    @property
    def halted(self) -> bool:
        """Whether the breaker keeps the bot from buying."""
        return self.resume_at is not None

    @property
    def day_return(self) -> float | None:
        """The return since the last 00:00 UTC; None before the first reading."""
        return None if self.wealth is None else change(self.value_at(self.wealth), self.day_start)

    def assess(self, time: int, wealth: float, score: float | None) -> None:
        """Judge the wealth at ``time``, the end of a bar: trip, resume, hold or end the daily loss limit.

        Wealth that is NaN, infinite, zero or negative is no reading: nothing moves. While the owner halts the
        bot the breaker does not trip: it could not sell. It judges again from the first bar after that.
        """
        if not 0.0 < wealth < inf:
            return
        value = self.value_at(wealth)
        if self.wealth is None:
            self.peak = self.day_start = value
        rules = self.settings
        if time >= self.day_end:
            self._begin_day(time, value)
        self.wealth = wealth
        if self.resume_at is not None:
            if time >= self.resume_at and (score is None or score >= rules.resume_score):
                self.resume_at = None
                self.peak = value
        elif self.hold is None and self.drawdown_at(value) <= _EPSILON - rules.breaker:
            self.resume_at = time + rules.cooldown
        self.peak = max(self.peak, value)
        self.drawdown = self.drawdown_at(value)
        if rules.daily_loss is None:
            self.daily_loss_hit = False
        elif change(value, self.day_start) <= _EPSILON - rules.daily_loss:
            self.daily_loss_hit = True

    def flow(self, amount: float) -> None:
        """Take in a deposit (positive) or withdrawal: no profit, no loss.

        One that leaves nothing ends the record of peak and day; the next reading begins a new one.
        """
        if self.wealth is None:
            return
        after = self.wealth + amount
        if self.keep_value(self.wealth, after):
            self.wealth = after
        else:
            self.units, self.wealth = 1.0, None

    def explain(self, amount: float, wealth: float) -> None:
        """Take a withdrawal (negative) that was a loss until now, when it brought wealth to ``wealth``, as none."""
        self.keep_value(wealth - amount, wealth)

    def cap(self, signal: Signal) -> Signal:
        """The signal with its target at most the greatest weight allowed."""
        most = self.settings.max_weight
        return signal if signal.target_weight <= most else structs.replace(signal, target_weight=most)

    def sell_all(self) -> Proposal:
        """What a halt asks for while anything is held."""
        breaker = BREAKER(value=self.drawdown, limit=-self.settings.breaker)
        return Proposal(0.0, "sell", self.held or breaker, 0)

    def approve(self, order: Order) -> Approved | Refused:
        """Let an order pass or refuse it. What reduces the position passes, but while the owner halts."""
        rules, held = self.settings, self.held
        if held is not None and (order.side == "buy" or not self.sells_out):
            return Refused(held)
        if order.side == "buy":
            if self.halted:
                return Refused(HALTED())
            if self.daily_loss_hit and rules.daily_loss is not None:
                return Refused(DAILY_LOSS(value=self.day_return, limit=-rules.daily_loss))
            if order.target_weight > rules.max_weight:
                return Refused(MAX_WEIGHT(value=order.target_weight, limit=rules.max_weight))
        approved = object.__new__(Approved)
        approved._order = order
        return approved

    def _begin_day(self, time: int, value: float) -> None:
        if time > self.day_end and self.wealth is not None:  # nothing was read at the boundary itself
            self.day_start = self.value_at(self.wealth)
        else:
            self.day_start = value
        self.day_end = (time // DAY + 1) * DAY
        self.daily_loss_hit = False
