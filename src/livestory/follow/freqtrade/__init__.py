"""freqtrade's own files: its database of every era, its backtest results, its configuration."""
