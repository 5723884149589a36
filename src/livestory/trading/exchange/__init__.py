"""An account at an exchange: on paper, or through ccxt at a real one."""
