"""Drawdowns, and what keeps the bot from trading."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.account import price_at, tripped
from livestory.story.halt_reasons import BREAKER
from livestory.story.kinds.risk import (
    BreakerTripped,
    DailyLimit,
    DailyLimitOver,
    Drawdown,
    DrawdownOver,
    HalfWay,
    Halted,
    LiquidationNear,
    LiquidationOver,
    Phoenix,
    Unhalted,
    WaitOver,
)
from livestory.story.symbol import assets
from livestory.story.unit_value import fall_from, falls

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation, PositionReading
    from livestory.story.kinds.base import Facts
    from livestory.story.rows import Rows


class HalfWayDetector(Struct):
    """Tells once that the drawdown has come half-way to the limit; again only after it has halved in between."""

    told: bool = False

    def observe(self, observation: Observation, account: Account) -> tuple[HalfWay, ...]:
        """The warning, where this observation is the one."""
        rules = account.rules
        if rules is None or not rules.breaker or observation.wealth is None:
            return ()
        drawdown = account.drawdown
        warned_at = -rules.breaker * account.settings.half_way
        if self.told:
            if drawdown > warned_at / 2:
                self.told = False
            return ()
        if drawdown > warned_at or observation.halted is not False:
            return ()
        if drawdown <= -rules.breaker:  # past the limit already: the trip is the bot's to report
            return ()
        self.told = True
        peak = account.as_wealth(account.peak)
        warning = HalfWay(
            drawdown=drawdown,
            peak=peak,
            peak_time=account.peak_time,
            wealth=observation.wealth,
            limit=rules.breaker,
            unit=account.unit,
            since_resume=account.resumed_at,
            price=observation.price,
            price_at_limit=price_at(peak * (1.0 - rules.breaker), observation),
        )
        return (warning,)


_STEP = Decimal("0.001")  # of the distances that are told
_FAR = 1.25  # of ``liquidation_near``: from there on it is over, so that a price that trembles there is told once


class _Near(Struct, array_like=True):
    since: int
    nearest: float


class LiquidationDetector(Struct):
    """Tells once that a position's price of liquidation is near, and when it is far again or the position is closed.

    A position whose price or price of liquidation is unknown says nothing; nor does an observation without positions.
    """

    near: dict[str, _Near] = {}

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The warnings and their ends that this observation brings, by symbol."""
        positions = observation.positions
        if positions is None or not (positions or self.near):
            return ()
        limit = account.settings.liquidation_near
        wide = Decimal(limit) + _STEP
        told: list[Facts] = []
        perhaps = [
            symbol
            for symbol, held in positions.items()
            if (price := held.price)
            and (liquidation := held.liquidation)
            and ((price - liquidation if held.quantity > 0 else liquidation - price) < price * wide or price < 0)
        ]  # of many positions few are near theirs, and each is looked at at every bar
        if not (perhaps or self.near):
            return ()
        for symbol in sorted({*perhaps, *self.near}):
            held = positions.get(symbol)
            if held is None or not held.quantity:
                told += self._over(symbol, None, observation.time)
            elif held.price and held.liquidation and held.liquidation > 0:  # an exchange says 0 where there is none
                told += self._look(symbol, held, held.price, held.liquidation, limit, observation.time)
        return tuple(told)

    def until(self, rows: Rows, account: Account) -> int:
        """All of the rows, since they have no positions."""
        del account
        return rows.count

    def _look(  # noqa: PLR0913, PLR0917 - what is known of the position
        self, symbol: str, held: PositionReading, price: Decimal, liquidation: Decimal, limit: float, time: int
    ) -> list[Facts]:
        short, near = held.quantity < 0, self.near.get(symbol)
        distance = _distance(liquidation - price if short else price - liquidation, price)
        if near is not None:
            near.nearest = min(near.nearest, distance)
            return [*self._over(symbol, distance, time)] if distance >= limit * _FAR else []
        if distance >= limit:
            return []
        self.near[symbol] = _Near(time, distance)
        warning = LiquidationNear(
            symbol=symbol,
            short=short,
            distance=distance,
            told_from=limit,
            price=price,
            liquidation=liquidation,
            quantity=abs(held.quantity),
            leverage=held.leverage,
            unrealised=held.unrealised,
            quote=assets(symbol)[1],
        )
        return [warning]

    def _over(self, symbol: str, distance: float | None, time: int) -> list[LiquidationOver]:
        near = self.near.pop(symbol, None)
        if near is None:
            return []
        return [LiquidationOver(symbol=symbol, distance=distance, lasted=time - near.since, nearest=near.nearest)]


def _distance(away: Decimal, price: Decimal) -> float:
    """A distance as a share of the price, in `_STEP`s, downwards: what is told is never above the limit."""
    return max(0, math.floor(away / price * 1000)) / 1000


class DrawdownDetector(Struct):
    """Tells a drawdown of ``drawdown_told`` once, and its end at the next peak; it claims no halt."""

    since: int | None = None
    deepest: float = 0.0

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The drawdown or its end, where this observation brings one."""
        wealth = observation.wealth
        if observation.halted is not None or wealth is None:
            return ()
        drawdown = account.drawdown
        if self.since is None:
            if drawdown > -account.settings.drawdown_told:
                return ()
            self.since, self.deepest = account.peak_time, drawdown
            peak = account.as_wealth(account.peak)
            return (Drawdown(drawdown=drawdown, peak=peak, wealth=wealth, unit=account.unit, peak_time=self.since),)
        if drawdown < 0.0:
            if drawdown < self.deepest:  # noqa: PLR1730 - at each bar of a drawdown, where min() takes longer
                self.deepest = drawdown
            return ()
        lasted = observation.time - self.since
        self.since = None
        return (DrawdownOver(wealth=wealth, unit=account.unit, lasted=lasted, deepest=self.deepest),)

    def until(self, rows: Rows, account: Account) -> int:
        """The number of rows before the first with which a drawdown begins or ends; wealth is known in all of them."""
        peak = account.peak
        if not peak:
            return rows.count
        low, high = rows.span(account.units)
        if self.since is not None:
            if fall_from(peak, high) < 0.0:
                return rows.count
            values = enumerate(rows.values(account.units))
            return next(place for place, value in values if not fall_from(peak, value) < 0.0)
        told = -account.settings.drawdown_told
        if fall_from(max(peak, high), low) > told:
            return rows.count
        _, found = falls(peak, rows.values(account.units))
        return next((place for place, fall in enumerate(found) if not fall > told), rows.count)

    def take(self, rows: Rows, account: Account) -> None:
        """Go through rows that pass; ``account`` has not taken them yet."""
        if self.since is not None:
            low, _ = rows.span(account.units)
            self.deepest = min(self.deepest, fall_from(account.peak, low))


class DailyLimitDetector(Struct):
    """Tells when the limit that the bot reports begins to block buys, and when it ends."""

    since: int | None = None

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The block or its end, where this observation brings one."""
        hit = observation.daily_loss_hit
        if hit is None or hit == (self.since is not None):
            return ()
        if self.since is not None:
            blocked = observation.time - self.since
            self.since = None
            return (
                DailyLimitOver(
                    blocked=blocked, weight=observation.weight, base=account.base, drawdown=account.drawdown
                ),
            )  # fmt: skip
        self.since = observation.time
        rules = account.rules
        limit = DailyLimit(
            day_return=observation.day_return,
            limit=rules.daily_loss if rules is not None else None,
            position=observation.position,
            base=account.base,
            weight=observation.weight,
            drawdown=account.drawdown,
            breaker=rules.breaker if rules is not None else None,
        )
        return (limit,)


class BreakerDetector(Struct):
    """Tells the halts that the bot reports, once each, with their end. It never decides that the bot halts."""

    halted_since: int | None = None
    reason: str | None = None
    resume_at: int | None = None
    wait_over_told: bool = False
    told: dict[str, int] = {}  # halts that the bot tells of itself, as they happen: reason -> since when
    held: float | None = None  # when it halted

    def named(self, observation: Observation) -> Observation:
        """The observation of a halted bot, with the reason that the bot has told of itself, where it gives none."""
        if observation.halt_reason is None and self.told:
            return replace(observation, halt_reason=next(reversed(self.told)))
        return observation

    def observe(self, observation: Observation, account: Account) -> tuple[Facts, ...]:
        """The trip, the end of the wait or the resume, where this observation brings one."""
        halted = observation.halted
        if halted and observation.halt_reason in self.told:
            return ()
        if not halted:
            return self._resume(observation, account) if halted is False and self.halted_since is not None else ()
        if self.halted_since is None:
            return (self._halt(observation, account),)
        if not self.wait_over_told and self.resume_at is not None and observation.time >= self.resume_at:
            return self._wait_over(observation)
        return ()

    def halt(self, time: int, halted: Halted, account: Account) -> tuple[Facts, ...]:
        """A halt that the bot tells of itself, unless it is told already; observations do not tell it again."""
        reason = halted.reason or ""
        if reason in self.told or (self.halted_since is not None and self.reason == halted.reason):
            return ()
        self.told[reason] = time
        if not (halted.told and reason == BREAKER):
            return (halted,)
        account.trip()
        return (replace(_trip(account, account.wealth), resume_at=halted.until, told=True),)

    def resume(self, time: int, over: Unhalted, account: Account) -> tuple[Facts, ...]:
        """The end of a halt that the bot told: of the one for that reason; of the last one where it gives none."""
        reason = over.reason or ""
        if over.told and reason not in self.told:
            if self.halted_since is not None and over.reason in {None, self._seen}:
                self.told[self._seen], self.halted_since = self.halted_since, None
            if over.reason is None:
                reason = next(reversed(self.told), "")
        since = self.told.pop(reason, None)
        if since is None:
            return ()
        halted = over.halted if over.halted is not None else max(0, time - since)
        still = self._still() if over.told else over.still
        if not (over.told and reason == BREAKER):
            return (replace(over, reason=reason or None, halted=halted, still=still),)
        account.resume()
        return (Phoenix(halted=halted, still=still, told=True),)

    @property
    def _seen(self) -> str:
        """The reason of the halt that observations tell."""
        return BREAKER if tripped(self.reason) else self.reason or ""

    def _still(self) -> str | None:
        """The reason of a halt that goes on: of the one that was told last, or of the observed one; None without."""
        if self.told:
            return next(reversed(self.told))
        return self._seen if self.halted_since is not None else None

    def _halt(self, o: Observation, account: Account) -> Facts:
        self.halted_since, self.reason, self.resume_at = o.time, o.halt_reason, o.resume_at
        self.wait_over_told, self.held = False, o.position
        if not tripped(o.halt_reason):
            return Halted(reason=o.halt_reason, position=o.position, base=account.base)
        return replace(
            _trip(account, o.wealth), position=o.position, resume_at=o.resume_at, resume_score=o.resume_score
        )

    def _wait_over(self, o: Observation) -> tuple[Facts, ...]:
        self.wait_over_told = True
        if not tripped(self.reason) or self.halted_since is None:
            return ()
        waited = (self.resume_at or o.time) - self.halted_since
        return (WaitOver(waited=waited, score=o.score, resume_score=o.resume_score),)

    def _resume(self, o: Observation, account: Account) -> tuple[Facts, ...]:
        halted = o.time - (self.halted_since or o.time)
        reason, self.halted_since, self.reason = self.reason, None, None
        if not tripped(reason):
            return (Unhalted(reason=reason, halted=halted),)
        sold_out = o.position == 0
        sold_at_once = sold_out and account.sold is not None and float(account.sold) == self.held
        phoenix = Phoenix(
            halted=halted,
            score=o.score,
            resume_score=o.resume_score if o.resume_score is not None else _resume_score(account),
            sold_at=account.sold_at if sold_out else None,
            sold=account.sold if sold_at_once else None,
            price=o.price if sold_out else None,
            wealth=None if account.portfolio and account.drawdown else o.wealth,  # its own may count from another
            unit=account.unit,
            quote=account.quote,
            regime=o.regime,
            regime_since=account.regime_since if o.regime is not None else None,
        )
        near = account.to_breaker() if phoenix.wealth is not None else None
        if near is None:
            return (phoenix,)
        fall = fall_from(account.highest, account.value) if account.highest and account.value else 0.0
        return (replace(phoenix, breaker_at=near.wealth, at_once=fall <= -near.limit),)


def _trip(account: Account, wealth: float | None) -> BreakerTripped:
    """The trip of the breaker at that wealth, with what it is measured against."""
    known = wealth is not None
    return BreakerTripped(
        drawdown=account.drawdown if known else None,
        peak=account.as_wealth(account.peak) if known else None,
        peak_time=account.peak_time if known else None,
        wealth=wealth,
        unit=account.unit,
        limit=account.rules.breaker if account.rules is not None else None,
        since_resume=account.resumed_at,
        base=account.base,
    )


def _resume_score(account: Account) -> float | None:
    return account.rules.resume_score if account.rules is not None else None


_JUST_REACHED = 1e-12  # a drawdown of just the limit reaches it, however the floats were rounded


class InferredHalt(Struct):
    """Infers a halt in a table: from a target weight of 0 at the breaker's drawdown to the next weight above 0."""

    breaker: float  # drawdown, as a positive share
    halted: bool = False

    def judge(self, observation: Observation, account: Account) -> Observation:
        """The observation with the halt that it stands for, before ``account`` has taken it."""
        if observation.halted is not None:
            return observation
        target, wealth = observation.target_weight, observation.wealth
        if target is not None and self.halted:
            self.halted = target == 0.0
        elif target == 0.0 and wealth is not None and account.peak:
            drawdown = observation.drawdown
            if drawdown is None:
                drawdown = account.drawdown_at(account.value_at(wealth - (observation.flow or 0.0)))
            self.halted = drawdown <= _JUST_REACHED - self.breaker
        return replace(observation, halted=self.halted)
