"""An independent recount of a replay's story, from the raw bars and the journal's observations, with pandas and TA-Lib.

It shares no code with the story or the executor, and knows their rules from DESIGN 4 and `Game` alone. What it takes
from the observations is what nobody but the bot can know: how much it held, and why it did not trade. Everything else
is counted anew: prices and gaps from the bars; regimes from TA-Lib's ADX; fills, fees, costs and wealth from what was
held and the bars' opens; trips, resumes, records, warnings, chapters and quiet from that wealth.

Times are microseconds since the epoch, UTC, as in the journal.
"""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw
import numpy as np
import pandas as pd
import talib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = 60 * 10**6
BAR = 15 * MINUTE
DAY = 96 * BAR
QUIET = 12 * 60 * MINUTE
UPPER, THRESHOLD, LOWER = 32.0, 25.0, 18.0
RECORD_GAIN = 0.01
COOLDOWN, RESUME_SCORE = 7 * DAY, 30.0
SLIPPAGE, FEE, TICK = Decimal("0.0005"), Decimal("0.001"), Decimal("0.00001")
LOTS = 10_000  # steps of a quantity in one ETH


class Game(NamedTuple):
    """What is not the same in every replay that is recounted."""

    breaker: float = 0.20
    cash: float = 1.0


class Expected(NamedTuple):
    """A line that must be there: its time, its kind, and its numbers by their names in the record."""

    time: int
    kind: str
    numbers: dict[str, Any]


class Fill(NamedTuple):
    """A trade, found where the position changes."""

    at: int  # the bar that it opened
    time: int
    sign: int
    quantity: Decimal
    price: Decimal
    fee: Decimal


class Halt(NamedTuple):
    """A trip and its end, as indices of bars; None where the bars end before."""

    trip: int
    wait_over: int | None  # the first bar after the wait, if it didn't resume there
    resume: int | None


class Recount:
    """The bars beside what the bot reported at their ends, and what follows from the two."""

    def __init__(self, bars: pd.DataFrame, observed: pd.DataFrame, game: Game) -> None:
        """Take the bars (indexed by their open time) and the observations at their ends, one each."""
        self.game = game
        self.bars, self.observed = bars, observed
        self.begun = int(bars.index[0])
        self.time = bars.index.to_numpy() + BAR
        self.price = bars["close"].to_numpy()
        self.score = regime_score(bars)
        self.regime = regimes(self.score)
        self.position = observed["position"].to_numpy(dtype=float)
        self.reasons = [json.loads(text) if isinstance(text, str) else None for text in observed["no_trade_reason"]]
        self.fills = list(self._fills())
        self.wealth = self._cash() + self.position * self.price
        self.drawdown, self.peak = np.empty((2, len(bars)))
        self.halts = list(self._halts())
        self.halted = np.zeros(len(bars), dtype=bool)
        for halt in self.halts:
            self.halted[halt.trip : halt.resume] = True

    def _fills(self) -> Iterator[Fill]:
        steps = np.rint(np.diff(self.position, prepend=0.0) * LOTS).astype(int).tolist()
        opens = self.bars["open"].to_numpy()
        for at, lots in enumerate(steps):
            if not lots:
                continue
            buys = lots > 0
            slipped = Decimal(repr(float(opens[at]))) * (1 + SLIPPAGE if buys else 1 - SLIPPAGE)
            price = slipped.quantize(TICK, ROUND_CEILING if buys else ROUND_FLOOR)
            quantity = Decimal(abs(lots)) / LOTS
            yield Fill(at, int(self.bars.index[at]), 1 if buys else -1, quantity, price, quantity * price * FEE)

    def _cash(self) -> np.ndarray:
        moved = np.zeros(len(self.bars))
        for fill in self.fills:
            moved[fill.at] -= float(fill.sign * fill.quantity * fill.price + fill.fee)
        return self.game.cash + np.cumsum(moved)

    def _halts(self) -> Iterator[Halt]:
        """The trips; on the way, drawdown and peak, which begin anew at each resume."""
        start = 0
        while True:
            wealth = self.wealth[start:]
            peak = np.maximum.accumulate(wealth)
            self.peak[start:] = peak
            self.drawdown[start:] = wealth / peak - 1.0
            trip = _first(self.drawdown[start:] <= 1e-12 - self.game.breaker, start)
            if trip is None:
                return
            waited = _first(self.time[trip:] >= self.time[trip] + COOLDOWN, trip)
            strong = ~(self.score < RESUME_SCORE)
            resume = None if waited is None else _first(strong[waited:], waited)
            yield Halt(trip, None if waited == resume else waited, resume)
            if resume is None:
                return
            start = resume

    def of_drawdown(self, at: int) -> dict[str, Any]:
        """The numbers that every line about a drawdown has."""
        resumes = [halt.resume for halt in self.halts if halt.resume is not None and halt.resume < at]
        since_resume = resumes and self.peak[at] < self.wealth[: at + 1].max()
        return {
            "drawdown": self.drawdown[at],
            "peak": self.peak[at],
            "wealth": self.wealth[at],
            "limit": self.game.breaker,
            "since_resume": int(self.time[resumes[-1]]) if since_resume else None,
        }


def read(bars_file: Path, journal: Path, game: Game) -> Recount:
    """A recount of the replay of ``bars_file`` that ``journal`` keeps. Asserts that each bar was observed once."""
    bars = pd.read_csv(bars_file, usecols=["open_time", "open", "high", "low", "close"], parse_dates=["open_time"])
    bars.index = pd.Index(bars.pop("open_time").astype("datetime64[us, UTC]").astype("int64"))
    observed = _table(journal, "SELECT * FROM observations ORDER BY time")
    assert (observed["time"].to_numpy() == bars.index.to_numpy() + BAR).all()
    return Recount(bars, observed, game)


def events(journal: Path) -> pd.DataFrame:
    """The events told: seq, time, kind, line, whether it is shown, and the record's facts as a dict."""
    told = _table(journal, "SELECT seq, time, kind, line, shown, record FROM events ORDER BY seq")
    told["facts"] = [json.loads(record)["facts"] for record in told.pop("record")]
    return told


def _table(journal: Path, query: str) -> pd.DataFrame:
    db = apsw.Connection(str(journal), flags=apsw.SQLITE_OPEN_READONLY)
    cursor = db.execute(query)
    names = [name for name, _ in cursor.get_description()]
    table = pd.DataFrame(cursor.fetchall(), columns=names)
    db.close()
    return table


def regime_score(bars: pd.DataFrame) -> np.ndarray:
    """0.2 ADX(15m) + 0.3 ADX(30m) + 0.5 ADX(1h) of 14 periods at each bar's end, of bars complete by then."""
    dated = bars.set_axis(pd.to_datetime(bars.index, unit="us"))
    ends = dated.index + pd.Timedelta(minutes=15)
    score = np.zeros(len(bars))
    for minutes, share in ((15, 0.2), (30, 0.3), (60, 0.5)):
        span = pd.Timedelta(minutes=minutes)
        longer = dated.resample(span).agg({"high": "max", "low": "min", "close": "last"}).dropna()
        adx = talib.ADX(longer["high"].to_numpy(), longer["low"].to_numpy(), longer["close"].to_numpy(), 14)
        score += share * pd.Series(adx, longer.index + span).reindex(ends, method="ffill").to_numpy()
    return score


def regimes(score: np.ndarray) -> np.ndarray:
    """The regime at each bar's end, None while there is no score; the first needs no hysteresis."""
    crossed = pd.Series(np.select([score >= UPPER, score < LOWER], ["TREND", "MEAN_REV"], ""), dtype=object)
    first = _first(~np.isnan(score), 0)
    if first is not None:
        crossed[first] = "TREND" if score[first] >= THRESHOLD else "MEAN_REV"
    crossed = crossed.where(crossed != "").ffill()
    known: np.ndarray = crossed.where(crossed.notna(), None).to_numpy()
    return known


def _first(mask: np.ndarray, offset: int) -> int | None:
    found = np.flatnonzero(mask)
    return offset + int(found[0]) if len(found) else None
