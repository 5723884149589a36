"""One telling event of every kind, as the executor or another's bot would have it told."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.clock import DAY, HOUR, MINUTE, SECOND, instant
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.exchange import (
    CandlesBack,
    CandlesRefused,
    ClockSkew,
    ExchangeBack,
    ExchangeDown,
    FiltersChanged,
    ForeignOrders,
    OrderClear,
    OrderUnknown,
)
from livestory.story.kinds.followed import EntriesLocked, HeardAgain, LockOver, NotHeard, Reported
from livestory.story.kinds.lifecycle import Resumed, Rules, RulesChanged, Started, Stopped
from livestory.story.kinds.money import (
    BalanceDiffers,
    BalanceExplained,
    CashFlow,
    DataGap,
    FundingPaid,
    MissingFields,
    ReadingBack,
    ReadingRefused,
)
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.results import ResultDrawdown, ResultDrawdownOver, ResultRecord
from livestory.story.kinds.retold import RegimeTime, Retold, Summary
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
    SellStuck,
    Unhalted,
    WaitOver,
)
from livestory.story.kinds.telling import (
    AlertsGivenUp,
    ClockMoved,
    JournalSetAside,
    Note,
    StoryLate,
    TimeBack,
    TimeDoubted,
)
from livestory.story.kinds.trades import Exposure, PutOff, RegimeSwitch, ResultDiffers, Trade
from livestory.story.positions import RoundTrip
from livestory.story.reason import BarCount, Reason
from livestory.story.results import CurrencyResult, OneWay, OpenPosition, TradeResult
from livestory.story.standing import BreakerDistance, Health, Record

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts


def at(text: str) -> int:
    """An instant of December 2024: ``3 18:00``."""
    day, clock = text.split()
    return instant(f"2024-12-{int(day):02d} {clock}")


_ETH: dict[str, Any] = {"base": "ETH", "quote": "BTC"}
_ORDER: dict[str, Any] = {"side": "buy", "quantity": Decimal("10.5"), "base": "ETH"}
_TO_BREAKER = BreakerDistance(drawdown=-0.045, limit=0.2, since_resume=True, wealth=0.7572, fall=-0.1623, price=0.0221)
# With an exchange that takes real orders, and an owner who has a word in it.
EXCHANGE: tuple[tuple[int, Facts], ...] = (
    (at("3 15:00"), Started(
        wealth=1.0234, unit="BTC", mode="live", market="binance", symbol="ETH/BTC", interval=15 * MINUTE,
        position=30.0, cash=0.0364, price=0.0329, first=True)),
    (at("4 22:41:06"), Resumed(
        away=34 * MINUTE, last_heard=at("4 22:07"), clean=False, missed_bars=2, wealth=0.8483, expected=0.8483,
        unit="BTC", mode="live", fills_found=1)),
    (at("4 22:41:06"), Trade(
        side="sell", quantity=Decimal(9), price=Decimal("0.0309"), **_ETH, effect="close", found="away",
        filled_at=at("4 22:19:48"), ordered=at("4 22:00"), reason=Reason("recovered_all", 0.027, 0.025, 0.0301, "12h"),
        weight_before=0.33, weight_after=0.0, position_after=Decimal(0), result=0.053, gain=Decimal("0.0139"))),
    (at("5 06:15:14"), ExchangeDown(
        exchange="binance", since=at("5 06:15:02"), tries=3, orders_open=0, position=9.0, base="ETH", weight=0.32)),
    (at("5 06:58:41"), ExchangeBack(
        exchange="binance", down=43 * MINUTE + 39 * SECOND, missed_bars=3, fills_found=0, price_before=0.0301,
        price_after=0.0303, balance_difference=0.0, unit="BTC")),
    (at("5 07:15"), ExchangeDown(
        problem="clock off by 7s", tries=1, lasting=True, orders_open=1, position=0.0, base="ETH")),
    (at("5 07:45"), ExchangeBack(
        missed_bars=0, fills_found=2, balance_difference=-0.1, unit="BTC", problem="this machine's clock was set")),
    (at("5 08:00"), ClockSkew(skew=7 * SECOND)),
    (at("5 08:15"), ClockSkew(skew=-SECOND * 6 // 5)),
    (at("5 08:30"), CandlesRefused(problem="stale", since=at("5 08:15"))),
    (at("5 09:00"), CandlesBack(refused=2, lasted=45 * MINUTE)),
    (at("5 09:45:02"), BalanceDiffers(
        difference=-0.1, wealth=0.8483, expected=0.9483, unit="BTC", base_difference=Decimal("-3.3"), base="ETH")),
    (at("5 12:45:02"), BalanceExplained(difference=-0.1, unit="BTC", by="history", lasted=3 * HOUR)),
    (at("5 12:45:02"), CashFlow(
        amount=-0.1, unit="BTC", came=at("5 09:42"), wealth_before=0.9483, wealth_after=0.8483, record_before=1.0567,
        record_after=0.9453, drawdown=-0.102, source="history", counted=True)),
    (at("5 12:50"), BalanceDiffers(difference=0.05, wealth=0.8983, expected=0.8483, unit="BTC")),
    (at("5 12:55"), BalanceDiffers(
        difference=0.0, wealth=0.8983, expected=0.8983, unit="BTC", base_difference=Decimal("3.3"), base="ETH",
        swap=True)),
    (at("5 13:00"), BalanceExplained(difference=0.05, unit="BTC", by="gone", lasted=10 * MINUTE)),
    (at("5 15:30:14"), OrderUnknown(**_ORDER, sent=at("5 15:30:04"), waited=10 * SECOND, order_id="ls-1")),
    (at("5 15:30:31"), Trade(
        side="buy", quantity=Decimal("10.5"), price=Decimal("0.0294"), **_ETH, effect="add", found="asked",
        filled_at=at("5 15:30:05"), ordered=at("5 15:30"), reason=Reason("dip_again", -0.036, -0.035, 0.0305, "12h"),
        step=2, weight_before=0.33, weight_after=0.65)),
    (at("5 15:45"), OrderUnknown(
        **_ORDER, sent=at("5 15:44:50"), waited=10 * SECOND, problem="503 | Service Unavailable")),
    (at("5 15:45:27"), OrderClear(**_ORDER, outcome="absent", unknown_for=37 * SECOND)),
    (at("5 16:00"), OrderClear(**_ORDER, outcome="rejected", problem="market is closed", unknown_for=0)),
    (at("5 17:00"), ForeignOrders(count=2, symbol="ETH/BTC")),
    (at("5 18:00"), ForeignOrders(count=0, symbol="ETH/BTC")),
    (at("5 19:00"), FiltersChanged(
        symbol="ETH/BTC", before={"step": "0.0001", "tick": "0.00001"}, after={"step": "0.001", "tick": "0.000001"})),
    (at("6 02:30:50"), SellStuck(
        position=21.0, base="ETH", problem="no answer", tries=3, since=at("6 02:30:06"), retry_in=30 * SECOND)),
    (at("6 03:00"), SellStuck(
        position=21.0, base="ETH", by="owner", problem="key without permission to trade", tries=1,
        needs="allow the key to trade, at the exchange")),
    (at("6 07:12:40"), Note(text="saw the trip, I leave it halted", by="you, from the phone")),
    (at("6 09:10"), AlertsGivenUp(
        channel="telegram", lines=12, first=at("5 02:30"), last=at("5 03:10"), age=DAY, problem="connection refused")),
    (at("8 22:35:02"), Trade(
        side="buy", quantity=Decimal("1.6"), price=Decimal("0.0288"), **_ETH, effect="add", wanted=Decimal("2.48"),
        rest=Reason("not_offered", limit=0.003, text="5m"), step=3, weight_before=0.67, weight_after=0.72)),
    (at("8 22:50:02"), Trade(
        side="buy", quantity=Decimal("1.6"), price=Decimal("0.0288"), **_ETH, effect="add", wanted=Decimal("2.48"),
        rest=Reason("spread", 0.0042, 0.003))),
    (at("10 08:10"), Halted(reason="owner", position=0.0, base="ETH", cancelled=0)),
    (at("10 09:40"), Unhalted(reason="owner", halted=90 * MINUTE, bars=6, kept_back=0)),
    (at("10 10:00"), Halted(
        reason="owner", position=9.0, base="ETH", cancelled=2, orders_open=1, selling=True)),
    (at("10 10:30"), Unhalted(reason="owner", halted=30 * MINUTE, bars=2, kept_back=1, still="breaker")),
    (at("10 11:00"), Halted(reason="journal", position=9.0, base="ETH", cancelled=0)),
    (at("10 11:15"), PutOff(
        side="buy", quantity=Decimal("10.2"), base="ETH", reason=Reason("spread", 0.0042, 0.003))),
    (at("10 11:16"), PutOff(
        side="buy", quantity=Decimal("10.2"), base="ETH", reason=Reason("rejected", text="Filter failure: LOT_SIZE"))),
    (at("10 11:17"), PutOff(
        side="buy", quantity=Decimal("10.2"), base="ETH", reason=Reason("order_limit", 20, 20, text="in 24h"))),
    (at("10 11:18"), PutOff(side="buy", quantity=Decimal("10.2"), base="ETH", reason=Reason("ledger"))),
    (at("10 14:20"), Stopped(by="system", wealth=0.9324, position=0.0, base="ETH", unit="BTC", orders_open=0)),
    (at("10 14:30"), Stopped(
        by="you", wealth=11_517.51, unit="USDT", since_start=-0.045, open_known=True, results=(CurrencyResult(
            asset="USDT", realised=Decimal("-442.42"), closed=21, won=6, lost=15, gain=Decimal(900),
            loss=Decimal("-1342.42"), longs=OneWay(16, 6, Decimal("48.20")), shorts=OneWay(5, 0, Decimal("-490.62")),
            symbols=(TradeResult("BTC/USDT:USDT", Decimal("-122.73")), TradeResult("ETH/USDT", Decimal("-319.69"))),
            total=Decimal("-442.42")),))),
)  # fmt: skip

# Of a bot that is not ours, and of its backtest.
FOLLOWED: tuple[tuple[int, Facts], ...] = (
    (at("11 08:25"), EntriesLocked(
        pair="ETH/BTC", side="long", reason="Cooldown period for 2 candles", until=at("11 08:35"))),
    (at("11 08:35"), LockOver(pair="ETH/BTC", lasted=10 * MINUTE)),
    (at("11 09:00"), EntriesLocked(reason="0.12 passed 0.1 in 60 candles", until=at("12 09:00"))),
    (at("11 10:00"), LockOver(lasted=HOUR, by_hand=True)),
    (at("11 11:00"), NotHeard(source="tradesv3.sqlite", problem="there is no such file")),
    (at("11 11:07"), HeardAgain(source="tradesv3.sqlite", lasted=7 * MINUTE)),
    (at("11 12:00"), Reported(
        tool="freqtrade", strategy="Fast", unit="BTC", trades=408, won=202, lost=206, result=Decimal("-0.08293098"),
        start=Decimal(1), final=Decimal("0.91706902"), drawdown=Decimal("0.08333203"), market=Decimal("-0.1197"),
        profit_factor=Decimal("0.32782577916942685"))),
    (at("11 12:00"), Reported(
        tool="freqtrade", unit="USDT", trades=2, result=Decimal("12.5"), told_trades=1, told_result=Decimal("12.4"))),
    (at("11 12:00"), Reported(tool="freqtrade")),
)  # fmt: skip

_RULES = Rules(
    breaker=0.2, cooldown=2 * HOUR, resume_score=30.0, daily_loss=0.0, max_weight=0.97, threshold=30.0, hysteresis=2.0,
    ath_min_gain=0.01, base="ETH", strategy="meta",
)  # fmt: skip
_STRICTER = Rules(
    breaker=0.06, cooldown=2 * DAY, resume_score=30.0, daily_loss=0.03, max_weight=0.75, threshold=30.0, hysteresis=2.0,
    ath_min_gain=0.01, base="ETH", strategy="meta",
)  # fmt: skip
_NO_DIP = BarCount(41, Reason("no_dip", -0.019, -0.025, 0.0303, "12h"))
_COOLDOWN = BarCount(7, Reason("cooldown", 3, 4))

_RESULT = CurrencyResult(
    asset="USDT", realised=Decimal("-21.13"), closed=4, won=2, lost=1, gain=Decimal("29.37"), loss=Decimal("-50.5"),
    best=TradeResult("SOL/USDT", Decimal("29.37"), 0.098),
    worst=TradeResult("ETH/USDT:USDT", Decimal("-50.5"), -0.027, short=True),
    best_symbol=TradeResult("SOL/USDT", Decimal("29.37")), worst_symbol=TradeResult("ETH/USDT:USDT", Decimal("-50.5")),
    total=Decimal("12.4"), record=Decimal("33.53"), fall=Decimal("-50.5"),
)  # fmt: skip
_OPEN = tuple(
    OpenPosition(symbol=f"{base}/USDT", quantity=Decimal(2), entry=Decimal(100), result=Decimal(-3), asset="USDT")
    for base in ("SOL", "LTC", "XRP", "ADA", "DOT")
)

TOLD: tuple[tuple[int, Facts], ...] = (
    (at("3 15:00"), Started(
        wealth=1.0234, unit="BTC", mode="paper", symbol="ETH/BTC", interval=15 * MINUTE, position=30.0, cash=0.0364,
        price=0.0329, first=True)),
    (at("3 15:00"), _RULES),
    (at("3 15:00"), RegimeSwitch(regime="MEAN_REV", score=29.4, limit=28.0, upper=32.0, lower=28.0, strategy="meta")),
    (at("3 15:15"), RegimeSwitch(
        regime="TREND", previous="MEAN_REV", score=32.5, limit=32.0, upper=32.0, lower=28.0, lasted=15 * MINUTE,
        strategy="meta")),
    (at("3 15:30"), Trade(
        side="buy", quantity=Decimal("0.25"), price=Decimal("0.0329"), base="ETH", quote="BTC",
        reason=Reason("trend_up", 0.0061, 0.005, text="EMA 20 over EMA 50"), weight_before=0.96, weight_after=0.97)),
    (at("3 16:00"), AllTimeHigh(
        wealth=1.0567, unit="BTC", previous=1.0234, price=0.034, next_told=1.067267, next_today=1.109535)),
    (at("3 17:15"), HalfWay(
        drawdown=-0.103, peak=1.0567, wealth=0.9478, limit=0.2, unit="BTC", price=0.0304, price_at_limit=0.0270)),
    (at("3 17:30"), LiquidationNear(
        symbol="ETH/USDT:USDT", short=True, distance=0.074, told_from=0.1, price=Decimal("3724.1"),
        liquidation=Decimal("4000.00"), quantity=Decimal("2.50"), leverage=Decimal(3), unrealised=Decimal("-184.5"),
        quote="USDT")),
    (at("3 17:45"), LiquidationOver(symbol="ETH/USDT:USDT", distance=0.131, lasted=15 * MINUTE, nearest=0.061)),
    (at("3 17:46"), LiquidationOver(symbol="BTC/USDT:USDT", lasted=HOUR, nearest=0.0)),
    (at("3 18:00"), BreakerTripped(
        drawdown=-0.212, peak=1.0567, wealth=0.8328, unit="BTC", limit=0.2, position=30.25, base="ETH",
        resume_at=at("3 20:00"), resume_score=30.0)),
    (at("3 18:00:05"), Trade(
        side="sell", quantity=Decimal("30.25"), price=Decimal("0.0264"), base="ETH", quote="BTC", effect="close",
        reason=Reason("breaker"), weight_before=0.97, weight_after=0.0, position_after=Decimal(0), result=-0.198,
        gain=Decimal("-0.1974"), reference=Decimal("0.0266"), wealth=0.8260)),
    (at("3 20:00"), Phoenix(
        halted=2 * HOUR, score=44.1, resume_score=30.0, sold_at=Decimal("0.0264"), sold=Decimal("30.25"), price=0.0298,
        wealth=0.8260, unit="BTC", quote="BTC", regime="TREND", regime_since=at("3 15:15"), breaker_at=0.6608,
        at_once=True)),
    (at("3 21:02:11"), Stopped(by="you", wealth=0.8260, position=0.0, base="ETH", unit="BTC")),
    (at("3 21:06:40"), Resumed(
        away=4 * MINUTE + 29 * SECOND, last_heard=at("3 21:02:11"), clean=True, missed_bars=0, wealth=0.8260,
        expected=0.8260, unit="BTC")),
    (at("3 21:06:40"), RulesChanged(before=_RULES, after=_STRICTER)),
    (at("4 00:00"), Chapter(
        period="day", start=at("3 00:00"), end=at("4 00:00"), since=at("3 15:00"), wealth=0.8260, wealth_before=1.0234,
        unit="BTC", change=-0.193, holding=-0.082, base="ETH", buys=1, sells=1, fees=Decimal("0.0008"), deepest=-0.218,
        deepest_from=at("3 16:00"), deepest_at=at("3 18:15"), bars=36, trips=1, halted=2 * HOUR, trend_share=0.97)),
    (at("4 10:30:04"), Trade(
        side="buy", quantity=Decimal(9), price=Decimal("0.0295"), base="ETH", quote="BTC", effect="open",
        reason=Reason("dip", -0.026, -0.025, 0.0303, "12h"), step=1, weight_before=0.0, weight_after=0.32,
        position_after=Decimal(9))),
    (at("4 17:45:04"), Trade(
        side="sell", quantity=Decimal(9), price=Decimal("0.0303"), base="ETH", quote="BTC", effect="reduce",
        reason=Reason("recovered", 0.01, 0.01, 0.03, "12h"), weight_before=0.65, weight_after=0.32,
        position_after=Decimal(9), result=0.032, gain=Decimal("0.0085"), put_off=3 * HOUR)),
    (at("4 22:41:06"), Resumed(
        away=34 * MINUTE, last_heard=at("4 22:07"), clean=False, missed_bars=2, wealth=0.8483, expected=0.8490,
        unit="BTC")),
    (at("5 04:45:03"), Trade(
        side="sell", quantity=Decimal("0.5"), price=Decimal("3810.55"), base="ETH", quote="USDT", symbol="ETH/USDT",
        effect="open", short=True, position_after=Decimal("-0.5"), reason=Reason("", text="funding above 0.05%"))),
    (at("5 06:15"), PutOff(
        side="buy", quantity=Decimal("0.001"), base="ETH", reason=Reason("min_notional", 0.00003, 0.0001))),
    (at("5 06:30"), DataGap(
        bars=3, first=at("5 05:45"), last=at("5 06:15"), price_before=0.0301, price_after=0.0303)),
    (at("5 09:45:02"), CashFlow(
        amount=0.1, unit="BTC", came=at("5 09:42"), wealth_before=0.8549, wealth_after=0.9549, record_before=1.0567,
        record_after=1.1803, drawdown=-0.191)),
    (at("5 11:00"), CashFlow(amount=-0.05, unit="BTC", wealth_before=0.9549, wealth_after=0.9049)),
    (at("5 19:15"), DailyLimit(
        day_return=-0.033, limit=0.03, position=21.0, base="ETH", weight=0.64, drawdown=-0.04, breaker=0.06)),
    (at("6 00:00"), DailyLimitOver(blocked=4 * HOUR + 45 * MINUTE, weight=0.64, base="ETH", drawdown=-0.045)),
    (at("6 02:30"), BreakerTripped(
        drawdown=-0.062, peak=0.9549, wealth=0.8955, unit="BTC", limit=0.06, since_resume=at("3 20:00"), position=21.0,
        base="ETH", resume_at=at("8 02:30"), resume_score=30.0)),
    (at("6 07:12:40"), Note(text="saw the trip, I leave it halted")),
    (at("6 08:00"), Halted(reason="owner", position=9.0, base="ETH")),
    (at("6 09:00"), Unhalted(reason="owner", halted=HOUR)),
    (at("6 09:30"), Halted(reason="exchange maintenance", position=0.0, base="ETH")),
    (at("6 10:30"), Unhalted(reason="exchange maintenance", halted=HOUR)),
    (at("6 16:15"), Quiet(
        silence=12 * HOUR, bars=48, halted=True, halt_reason="breaker", resume_at=at("8 02:30"), resume_score=30.0,
        score=33.1, position=0.0, base="ETH", quote="BTC", weight=0.0, target_weight=0.0, price=0.0274,
        sold_at=Decimal("0.0267"))),
    (at("7 06:15"), Quiet(
        silence=12 * HOUR, bars=48, halted=False, score=24.0, position=9.0, base="ETH", quote="BTC", weight=0.32,
        target_weight=0.32, price=0.0274, no_trade=(_NO_DIP, _COOLDOWN), entry=Decimal("0.0279"), unit="BTC",
        to_breaker=_TO_BREAKER, without_news=3 * DAY + 2 * HOUR)),
    (at("7 08:45"), ReadingRefused(what="wealth", reading="0 BTC", expected=0.8929, unit="BTC")),
    (at("7 09:00"), ReadingBack(what="wealth", value=0.8929, unit="BTC", refused=1)),
    (at("8 02:30"), WaitOver(waited=2 * DAY, score=24.8, resume_score=30.0)),
    (at("9 00:00"), Chapter(
        period="week", start=at("2 00:00"), end=at("9 00:00"), since=at("3 15:00"), wealth=0.9039, wealth_before=1.0234,
        unit="BTC", change=-0.2023, holding=-0.128, base="ETH", buys=9, sells=6, fees=Decimal("0.0043"), deepest=-0.218,
        deepest_from=at("3 16:00"), deepest_at=at("3 18:15"), bars=516, trips=2, halted=2 * DAY + 17 * HOUR,
        trend_share=0.36, regime_at_end="TREND", earned=-0.2195, started=at("3 15:00"), flow=0.1,
        best=0.027, best_day=at("4 00:00"), worst=-0.193, worst_day=at("3 00:00"))),
    (at("9 00:00"), Chapter(
        period="month", start=instant("2024-11-01"), end=instant("2024-12-01"), buys=4, sells=4, results=(_RESULT,),
        fees_by_asset={"USDT": Decimal("1.43"), "BNB": Decimal("0.001")}, open=_OPEN, unknown_wealth=True)),
    (at("9 00:00"), Chapter(
        period="day", start=at("8 00:00"), end=at("9 00:00"), wealth=880.0, unit="USDT", change=0.01, since_start=0.12,
        open=_OPEN)),
    (at("10 00:00"), Chapter(
        period="day", start=at("9 00:00"), end=at("10 00:00"), wealth=0.9039, wealth_before=0.9039, unit="BTC",
        change=0.0, holding=-0.0072, base="ETH", bars=96, trend_share=0.0, no_trade=(_NO_DIP, _COOLDOWN))),
    (at("10 09:00"), Trade(
        side="sell", quantity=Decimal(15), price=Decimal("3702.5"), base="ETH", quote="USDT", symbol="ETH/USDT:USDT",
        effect="open", short=True, fee=Decimal("0.012"), fee_asset="BNB", order_id="7001", trade_id="81-1",
        position_after=Decimal(-15), entry=Decimal("3702.5"))),
    (at("10 10:00"), Trade(
        side="sell", quantity=Decimal(5), price=Decimal(3710), base="ETH", quote="USDT", symbol="ETH/USDT:USDT",
        effect="add", short=True, position_after=Decimal(-20), entry=Decimal("3704.375"))),
    (at("10 16:00"), FundingPaid(
        amount=Decimal("-7.41"), unit="USDT", symbol="ETH/USDT:USDT", share=-0.0001, quantity=Decimal(-20), base="ETH",
        in_all=Decimal("-9.2"), funding_id="f-1")),
    (at("10 16:00"), FundingPaid(amount=Decimal("7.41"), unit="USDT", symbol="ETH/USDT:USDT")),
    (at("10 17:00"), Trade(
        side="buy", quantity=Decimal(5), price=Decimal(3695), base="ETH", quote="USDT", symbol="ETH/USDT:USDT",
        effect="reduce", short=True, position_after=Decimal(-15), entry=Decimal("3704.375"), gain=Decimal("46.87"),
        result=0.0025, fees_left_out={"BNB": Decimal("0.016")})),
    (at("10 20:30"), Trade(
        side="buy", quantity=Decimal(25), price=Decimal(3690), base="ETH", quote="USDT", symbol="ETH/USDT:USDT",
        effect="flip", short=True, position_after=Decimal(10), entry=Decimal(3690), opened=Decimal(10),
        gain=Decimal("215.62"), result=0.0039, reported=Decimal("215.6"), after_fees="reported",
        reason=Reason("own", text="cheap enough"),
        trip=RoundTrip(
            symbol="ETH/USDT:USDT", asset="USDT", short=True, opened=at("10 09:00"), closed=at("10 20:30"),
            entry=Decimal("3704.375"), exit=Decimal("3691.25"), size=Decimal(20), result=Decimal("262.49"),
            share=0.0035, worked_out=Decimal("262.5"), after_fees="some", funding={"USDT": Decimal("-9.2")},
            why_opened=Reason("", text="too dear")))),
    (at("10 20:30"), ResultDiffers(
        reported=Decimal("215.6"), worked_out=Decimal("201.3"), unit="USDT", symbol="ETH/USDT:USDT")),
    (at("10 20:30"), ResultRecord(total=Decimal("262.49"), unit="USDT", previous=Decimal("46.87"))),
    (at("10 20:30"), ResultRecord(total=Decimal("0.00001234"), unit="BTC", began=1.0)),
    (at("10 20:40"), ResultDrawdown(
        fall=Decimal("-80.5"), unit="USDT", record=Decimal("262.49"), record_time=at("9 20:30"),
        total=Decimal("181.99"), lost=3, deepest=Decimal("-30.25"))),
    (at("10 20:40"), ResultDrawdown(
        fall=Decimal(-2100), unit="USDT", record=Decimal(0), total=Decimal(-2100), lost=1, began=10_000.0)),
    (at("10 20:50"), ResultDrawdownOver(
        total=Decimal(270), unit="USDT", lasted=DAY + 20 * MINUTE, deepest=Decimal("-80.5"))),
    (at("10 21:00"), Trade(
        side="sell", quantity=Decimal("9.995"), price=Decimal(3701), base="ETH", quote="USDT", symbol="ETH/USDT",
        effect="close", position_after=Decimal("0.005"), entry=Decimal(3690), gain=Decimal("109.95"), result=0.003,
        trip=RoundTrip(
            symbol="ETH/USDT", asset="USDT", closed=at("10 21:00"), entry=Decimal(3690), exit=Decimal(3701),
            size=Decimal(10), result=Decimal("109.95"), share=0.003, fees_left_out={"BNB": Decimal("0.02")}))),
    (at("10 21:05"), Trade(
        side="buy", quantity=Decimal(3), price=Decimal(3701), base="ETH", quote="USDT", symbol="ETH/USDT",
        effect="reduce", short=True)),
    (at("11 12:00"), MissingFields(lacking=("regime", "halted"))),
    (at("11 13:00"), Drawdown(
        drawdown=-0.203, peak=51240.0, wealth=40838.28, unit="USDT", peak_time=at("9 10:00"))),
    (at("14 13:00"), DrawdownOver(wealth=51300.0, unit="USDT", lasted=5 * DAY + 3 * HOUR, deepest=-0.231)),
    (at("15 08:00:10"), StoryLate(
        lines=12, lost=2, since=at("15 07:30"), until=at("15 08:00"),
        trouble="results/live_story.db: can't append: the disk is full (database or disk is full)")),
    (at("15 08:05"), JournalSetAside(
        name="live_story.db.damaged-20241215T080500Z",
        trouble="results/live_story.db: the journal is damaged: event 4711 does not follow from the one before")),
    (at("15 08:06"), JournalSetAside(
        name="live_story.db.replaced-20241215T080600Z", trouble="it stood in the place of this story's journal",
        begun=False)),
    (at("15 09:00"), ClockMoved(by=HOUR)),
    (at("15 09:05"), TimeDoubted(
        call="observe", given=at("15 09:05") + 36_525 * DAY, ahead=36_525 * DAY, aside=True)),
    (at("15 09:06"), TimeBack(call="observe", given=at("15 09:06"), doubted=1)),
    (at("16 00:15"), Retold(
        source="backtest.csv", rows=960, first=at("16 00:15"), last=at("26 00:00"), in_order=False, repeated=1,
        lacking=("price", "fill", "next_due"), inferred=("regime", "halted", "exposure"), breaker=0.2, threshold=25.0,
        hysteresis=2.0)),
    (at("16 00:15"), Exposure(after=0.325, base="ETH")),
    (at("16 10:30"), Exposure(
        before=0.325, after=0.65, base="ETH", price=0.0291,
        reason=Reason("small_change", value=0.03, limit=0.05))),
    (at("17 04:15"), Exposure(before=0.65, after=0.0, base="ETH", price=0.0303)),
    (at("26 00:00"), Summary(
        start=at("16 00:15"), end=at("26 00:00"), wealth=0.9039, unit="BTC", change=-0.2023, holding=-0.128, base="ETH",
        deepest=-0.244, deepest_from=at("16 16:00"), deepest_at=at("20 02:30"), buys=9, sells=6, fees=Decimal("0.0043"),
        regimes=(RegimeTime("MEAN_REV", 6 * DAY), RegimeTime("TREND", 3 * DAY)), halts=2,
        halted=2 * DAY + 17 * HOUR, flow=0.1, best=0.091, best_month=at("1 00:00"), worst=-0.12,
        worst_month=instant("2024-11-01"))),
    (at("26 00:00"), Summary(start=at("16 00:15"), end=at("26 00:00"), unit="BTC", base="ETH", exposures=3)),
    (at("30 00:00"), Chapter(
        period="week", start=at("23 00:00"), end=at("30 00:00"), wealth=0.9039, wealth_before=0.9039, unit="BTC",
        change=0.0, holding=-0.08, base="ETH", bars=672, since_start=-0.1168, held_since_start=-0.122,
        to_breaker=_TO_BREAKER, record=Record(wealth=1.0567, next_told=1.0673), health=Health(bars_known=True),
        trend_share=0.41, regime_at_end="MEAN_REV")),
    (at("30 00:00"), Chapter(
        period="week", start=at("23 00:00"), end=at("30 00:00"), wealth=0.8355, wealth_before=1.0567, unit="BTC",
        change=-0.209, sells=1, trips=1, halted=3 * DAY, halted_since=at("27 00:00"), drawdown=-0.2093, limit=0.2)),
    (at("31 00:00"), Chapter(
        period="month", start=at("1 00:00"), end=at("31 00:00"), wealth=1.1, wealth_before=0.9039, unit="BTC",
        change=0.21, record=Record(wealth=1.0567, next_told=1.0673, at=at("3 16:00")), health=Health(
            failed={"exchange_down": 2, "gap": 1, "order_unknown": 1}, by_hand={"halted": 1, "flow": 2},
            asked=("order_unknown",), bars_known=True))),
    (at("26 00:00"), Summary(
        start=at("16 00:15"), end=at("26 00:00"), buys=4, sells=4, results=(_RESULT,),
        fees_by_asset={"BNB": Decimal("0.001")}, open=_OPEN[:1])),
    *EXCHANGE,
    *FOLLOWED,
)  # fmt: skip
