"""A strategy of freqtrade's that does all that its database can tell: adds, takes half, has tags and protections."""

# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ARG002, D101, RUF012 - freqtrade's own names and ways
# mypy: ignore-errors
from freqtrade.strategy import IStrategy


class Crossing(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "15m"
    minimal_roi = {"0": 0.02, "240": 0.01}
    stoploss = -0.015
    startup_candle_count = 30
    position_adjustment_enable = True
    protections = [
        {"method": "CooldownPeriod", "stop_duration_candles": 2},
        {
            "method": "StoplossGuard",
            "lookback_period_candles": 48,
            "trade_limit": 2,
            "stop_duration_candles": 12,
            "only_per_pair": False,
        },
    ]

    def populate_indicators(self, dataframe, metadata):
        dataframe["slow"] = dataframe["close"].ewm(span=30).mean()
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["close"] > dataframe["slow"] * 1.002, ["enter_long", "enter_tag"]] = (1, "above slow")
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["close"] < dataframe["slow"] * 0.998, ["exit_long", "exit_tag"]] = (1, "below slow")
        return dataframe

    def adjust_trade_position(self, trade, current_time, current_rate, current_profit, *args, **kwargs):
        if current_profit < -0.006 and trade.nr_of_successful_entries == 1:
            return 0.05, "cheaper"
        if current_profit > 0.008 and trade.nr_of_successful_exits == 0:
            return -trade.stake_amount / 2, "half of it"
        return None
