"""A strategy of freqtrade's that is never at rest: it enters wherever it may, adds, takes half, denies, locks."""

# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ARG002, D101, RUF012 - freqtrade's own names and ways
# mypy: ignore-errors
from freqtrade.strategy import IStrategy


class Busy(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": 0.003}
    stoploss = -0.003
    startup_candle_count = 20
    position_adjustment_enable = True
    protections = [
        {"method": "CooldownPeriod", "stop_duration_candles": 1},
        {
            "method": "MaxDrawdown",
            "lookback_period_candles": 60,
            "trade_limit": 1,
            "stop_duration_candles": 1,
            "max_allowed_drawdown": 0.000001,
        },
    ]

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["volume"] > 0, ["enter_long", "enter_tag"]] = (1, "always")
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def confirm_trade_entry(
        self, pair, order_type, amount, rate, time_in_force, current_time, entry_tag, *args, **more
    ):
        return pair != "SOL/USDT" or entry_tag != "always"

    def adjust_trade_position(self, trade, current_time, current_rate, current_profit, *args, **kwargs):
        if current_profit > 0.0005 and trade.nr_of_successful_exits == 0:
            return -trade.stake_amount / 2, "half of it"
        if current_profit < -0.001 and trade.nr_of_successful_entries == 1:
            return 50.0, "cheaper"
        return None
