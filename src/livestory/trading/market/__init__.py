"""Where bars come from: recorded files, the simulated market, an exchange."""
