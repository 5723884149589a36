"""What was traded, what was not, and the regime it was traded in."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from livestory.story.kinds.money import FundingPaid
from livestory.story.kinds.trades import META, Exposure, PutOff, RegimeSwitch, ResultDiffers, Trade
from livestory.story.positions import EXACT, SHARES
from livestory.story.reasons import KEEPING
from livestory.story.regime_rule import regime_of
from livestory.story.symbol import assets, settled_in

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Fill, Funding, Observation, Skip
    from livestory.story.positions import Closed
    from livestory.story.reason import Reason
    from livestory.story.rows import Rows


_SELDOM = (
    *("step", "weight_before", "weight_after", "order_id", "reference", "wanted"),
    *("found", "filled_at", "ordered", "rest", "claimed", "position"),
)  # what is told of a fill as it was given, where it was
_seldom = attrgetter(*_SELDOM, "result", "wealth_after")
_NONE = (None,) * (len(_SELDOM) + 2)


class TradeDetector(Struct):
    """Tells what was filled, at its average price, with the result of what it closed."""

    contradicted: list[str] = []  # the symbols of which it was told that results contradict the fills, each once

    def fill(
        self, fill: Fill, closed: Closed, put_off: int | None, account: Account
    ) -> tuple[Trade | ResultDiffers, ...]:
        """The trade; ``account`` has taken the fill already, which closed ``closed``."""
        symbol = closed.deal.symbol or ""
        base, quote, paid_in, *_ = closed.deal.of
        sold_out = fill.side == "sell" and not closed.position_after
        # In parts: a call with more than 15 named arguments takes Python several times as long.
        trade = Trade(
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            base=base,
            quote=quote,
            symbol=symbol if fill.symbol is not None and symbol != account.symbol else None,
            effect=closed.effect,
            short=closed.short,
            reason=fill.reason,
            position_after=closed.position_after,
            entry=closed.entry,
            wealth_known=account.wealth is not None,
            fee=fill.fee,
            fee_asset=fill.fee_asset if fill.fee_asset != quote else None,
            trade_id=fill.trade_id,
        )
        if closed.gain is not None or closed.after_fees != "all":
            trade = replace(
                trade,
                opened=closed.opened,
                result=closed.result,
                gain=closed.gain,
                after_fees=closed.after_fees,
                fees_left_out=closed.fees_left_out,
                trip=closed.trip,
            )
        if closed.gone is not None:
            trade = replace(trade, gone=closed.gone)
        if _seldom(fill) != _NONE or put_off is not None or paid_in != quote:
            trade = replace(
                trade,
                **{name: getattr(fill, name) for name in _SELDOM},
                gain_asset=paid_in if paid_in != quote else None,
                reported=fill.result,
                wealth=fill.wealth_after if sold_out else None,
                put_off=put_off,
            )
        if closed.contradicts is None or fill.result is None or symbol in self.contradicted:
            return (trade,)
        self.contradicted.append(symbol)
        differs = ResultDiffers(
            reported=fill.result, worked_out=closed.contradicts, unit=paid_in, symbol=symbol or None
        )
        return trade, differs

    def fund(self, funding: Funding, account: Account) -> FundingPaid:
        """What a position earned or cost; ``account`` has taken it already."""
        symbol = account.symbol_of(funding.symbol)
        base, quote = assets(symbol)
        unit = funding.asset or settled_in(symbol)
        held = account.positions.get(account.holding_of(symbol, funding.position))
        price = account.price_of(symbol) if held is not None else None
        value = EXACT.multiply(EXACT.abs(held.quantity), price) if held is not None and price is not None else None
        return FundingPaid(
            amount=funding.amount,
            unit=unit,
            symbol=symbol,
            share=float(SHARES.divide(funding.amount, value)) if value and unit == quote else None,
            quantity=held.quantity if held is not None else None,
            in_all=held.trip.funding.get(unit or "") if held is not None and held.trip is not None else None,
            base=base,
            funding_id=funding.funding_id,
            claimed=funding.claimed,
        )


_MOST = 20  # reasons a pair; a bot whose every reason reads differently is told no further until it trades


class PutOffDetector(Struct):
    """Tells a skipped trade once for its reason; the pair's next fill ends it and says how long it was put off."""

    told: dict[str, dict[str, int]] = {}  # symbol -> side and reason -> when it was put off first

    def skip(self, skip: Skip, account: Account) -> tuple[PutOff, ...]:
        """The skipped trade, unless it is told already."""
        told = self.told.setdefault(skip.symbol or account.symbol or "", {})
        name = f"{skip.side or ''} {skip.reason.name}"
        if name in told or len(told) >= _MOST:
            return ()
        told[name] = skip.time
        symbol = skip.symbol if skip.symbol != account.symbol else None
        base, _ = assets(skip.symbol or account.symbol)
        put_off = PutOff(
            side=skip.side,
            quantity=skip.quantity,
            base=base,
            symbol=symbol,
            reason=skip.reason,
            claimed=skip.claimed,
        )
        return (put_off,)

    def filled(self, fill: Fill, account: Account) -> int | None:
        """The time for which the trade that is filled now was put off; None if it was not."""
        told = self.told.pop(fill.symbol or account.symbol or "", None) if self.told else None
        if told is None:
            return None
        since = [time for name, time in told.items() if name.startswith((f"{fill.side} ", " "))]
        return max(0, fill.time - min(since)) if since else None


_ROUNDING = 1e-12  # a change of just exposure_told is one, however the floats were rounded


class ExposureDetector(Struct):
    """Tells a target weight that differs from the last told one by ``exposure_told``, or that goes to nothing.

    A table may hold what the bot wanted and not what it traded: it is told as that. A narrator has it where asked.
    """

    told: float | None = None

    def observe(self, observation: Observation, account: Account) -> tuple[Exposure, ...]:
        """The change, where this observation makes one; the first reading is told unless it is nothing."""
        target, before = observation.target_weight, self.told
        if target is None or target == before:
            return ()
        if before is None and target == 0.0:
            self.told = target
            return ()
        change = abs(target - (before or 0.0))
        if before is not None and target != 0.0 and change < account.settings.exposure_told - _ROUNDING:
            return ()
        self.told = target
        exposure = Exposure(
            before=before, after=target, base=account.base, price=observation.price, reason=observation.no_trade_reason
        )
        return (exposure,)

    def until(self, rows: Rows, account: Account) -> int:
        """The number of rows before the first that changes the exposure enough to be told."""
        targets, told = rows.columns.get("target_weight"), self.told
        if targets is None:
            return rows.count
        if told is None:
            return 0
        limit = account.settings.exposure_told - _ROUNDING
        for place in targets.runs(rows.start, rows.end):
            target = targets[place]
            if target is None or (target != told and (target == 0.0 or not abs(target - told) < limit)):
                return place - rows.start
        return rows.count


_DUST = 0.005  # of wealth: shown as 0%


def _holds_nothing(o: Observation) -> bool:
    return o.position == 0 or (o.weight is not None and abs(o.weight) < _DUST)


def _kept(o: Observation) -> Reason | None:
    """The reason of livestory's own strategies for keeping what is held; one that measures how near a sale is."""
    reason = o.no_trade_reason
    return reason if reason is not None and reason.key in KEEPING and not o.halted else None


class RegimeDetector(Struct):
    """Tells the regime that the bot reports; where it reports only score and threshold, infers it by `regime_of`."""

    regime: str | None = None
    since: int = 0  # 0 is unknown

    def observe(self, observation: Observation, account: Account) -> tuple[RegimeSwitch, ...]:
        """The switch, where this observation makes one."""
        regime = observation.regime
        if regime is None:
            if observation.score is None or observation.threshold is None:
                return ()
            regime = regime_of(observation.score, self.regime, observation.threshold, account.settings.hysteresis)
        if regime == self.regime:
            return ()
        previous, self.regime = self.regime, regime
        known = self.since > 0
        lasted, self.since = observation.time - self.since, observation.time
        rules = account.rules
        hysteresis = account.settings.hysteresis
        if rules is not None and rules.hysteresis is not None:
            hysteresis = rules.hysteresis
        threshold = observation.threshold
        upper = lower = None
        if threshold is not None and regime in {"TREND", "MEAN_REV"}:
            upper, lower = threshold + hysteresis, threshold - hysteresis
        strategy = rules.strategy if rules is not None else None
        switch = RegimeSwitch(
            regime=regime,
            previous=previous,
            score=observation.score,
            limit=upper if regime == "TREND" else lower,
            upper=upper,
            lower=lower,
            lasted=lasted if previous and known else None,
            halted=observation.halted is True,
            strategy=strategy,
            flat=strategy == META and _holds_nothing(observation),
            kept=_kept(observation) if strategy == META and account.settings.detail != "all" else None,
        )
        return (switch,)

    def until(self, rows: Rows, account: Account) -> int:
        """The number of rows before the first that switches the regime; the score is known in all of them."""
        scores = rows.columns.get("score")
        if scores is None or "threshold" not in rows.columns:
            return rows.count
        thresholds, hysteresis = rows.extremes("threshold"), account.settings.hysteresis
        if thresholds is None or thresholds[0] != thresholds[1] or self.regime not in {"TREND", "MEAN_REV"}:
            return 0
        threshold = thresholds[0]
        if self.regime == "TREND":
            return scores.first_under(threshold - hysteresis, rows.start, rows.end) - rows.start
        return scores.first_from(threshold + hysteresis, rows.start, rows.end) - rows.start

    def check(self, score: float, threshold: float, hysteresis: float) -> tuple[RegimeSwitch, ...]:
        """The plan's own call: score and threshold alone."""
        regime = regime_of(score, self.regime, threshold, hysteresis)
        if regime == self.regime:
            return ()
        self.regime, self.since = regime, 0
        return (RegimeSwitch(regime=regime, score=score),)
