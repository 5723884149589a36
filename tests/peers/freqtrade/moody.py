"""A strategy of freqtrade's that does as a file beside its configuration says: it enters, is of two minds, or waits."""

# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ARG002, D101, RUF012 - freqtrade's own names and ways
# mypy: ignore-errors
from pathlib import Path

from freqtrade.strategy import IStrategy


class Moody(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": 10}
    stoploss = -0.99
    startup_candle_count = 20

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        if self.mood() != "waits":
            dataframe.loc[dataframe["volume"] > 0, ["enter_long", "enter_tag"]] = (1, "moody")
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        if self.mood() == "is of two minds":
            dataframe.loc[dataframe["volume"] > 0, "exit_long"] = 1
        return dataframe

    def confirm_trade_entry(self, pair, *args, **kwargs):
        return kwargs.get("entry_tag") != "moody"

    def mood(self):
        return (Path(self.config["user_data_dir"]) / "mood").read_text()
