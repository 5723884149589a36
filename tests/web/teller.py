"""A bot whose story the tests of the page tell, as fast or as slowly as a test wants it."""

from __future__ import annotations

from decimal import Decimal
from math import sin
from typing import TYPE_CHECKING, Any, Self

from livestory.clock import DAY, MINUTE
from livestory.story.inputs import Begin, End, Fill, Observation, Statement
from livestory.story.journal.entry import Identity
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note
from livestory.story.reason import Reason
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter

if TYPE_CHECKING:
    from pathlib import Path

QUARTER = 15 * MINUTE
START = 20_060 * DAY  # 2024-12-03


class Teller:
    """Tells what a test asks for; every call is committed when it returns."""

    def __init__(self, path: Path, mode: str = "paper", start: int = START) -> None:
        """Begin the story at ``path``, or go on with it at ``start``."""
        self.now = start
        self._bars = 0
        self._closed = False
        self._story = SynchronousWriter(
            path, Identity(bot="scout", mode=mode, symbol="ETH/BTC", unit="BTC"), StorySettings(detail="all")
        )
        self._mode = mode

    def __enter__(self) -> Self:
        """Tell within a with block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the journal."""
        self.close()

    def close(self) -> None:
        """Let go of the journal; once."""
        if not self._closed:
            self._closed = True
            self._story.close()

    def begin(self) -> Self:
        """The start and the rules."""
        price = 0.0329
        self._story.take(
            Begin(time=self.now, mode=self._mode, wealth=1.0, position=0.0, cash=1.0, price=price, interval=QUARTER)
        )
        rules: dict[str, Any] = {
            "breaker": 0.2,
            "cooldown": 2 * DAY,
            "resume_score": 30.0,
            "daily_loss": 0.0,
            "max_weight": 0.97,
        }
        self._story.take(
            Statement(self.now, (Rules(**rules, threshold=25.0, hysteresis=2.0, ath_min_gain=0.01, base="ETH"),))
        )
        return self._kept()

    def begin_with(self, wealth: float) -> Self:
        """A bot that tells of itself says what it begins with."""
        self._story.take(Begin(time=self.now, mode=self._mode, wealth=wealth, own=True))
        return self._kept()

    def bars(self, count: int, **fields: Any) -> Self:
        """Quarter-hour bars with their ups and downs; ``fields`` of the observation are as given."""
        for _ in range(count):
            self.now += QUARTER
            self._bars += 1
            n = self._bars
            score = 25 + 12 * sin(n / 31)
            told: dict[str, Any] = {
                "wealth": 1 + 0.05 * sin(n / 60) + 0.012 * sin(n / 7),
                "price": 0.0329 + 0.002 * sin(n / 40),
                "position": 9.0,
                "weight": 0.31,
                "target_weight": 0.32,
                "regime": "TREND" if score > 25 else "MEAN_REV",
                "score": score,
                "threshold": 25.0,
                "halted": False,
                "next_due": self.now + QUARTER,
                "no_trade_reason": Reason("band", 0.01, 0.05),
            }
            self._story.take(Observation(time=self.now, **(told | fields)))
        return self._kept()

    def hand(self, *, halts: bool, after: int = MINUTE) -> Self:
        """The owner halts the bot between two bars, or lets it go on."""
        self.now += after
        self._story.take(
            Statement(self.now, (Halted(reason="owner", cancelled=0) if halts else Unhalted(reason="owner", bars=0),))
        )
        return self._kept()

    def trade(self, side: str = "buy", quantity: str = "9") -> Self:
        """A fill."""
        self._story.take(
            Fill(time=self.now, side=side, quantity=Decimal(quantity), price=Decimal("0.0329"), fee=Decimal("0.0002"))
        )
        return self._kept()

    def trip(self) -> Self:
        """The breaker trips and sells; it may resume two days later."""
        halted = {
            "halted": True,
            "halt_reason": "breaker",
            "resume_at": self.now + QUARTER + 2 * DAY,
            "resume_score": 30.0,
        }
        self.bars(1, wealth=0.78, drawdown=-0.26, **halted)
        return self.trade("sell")

    def note(self, text: str, topic: str = "Note") -> Self:
        """Somebody's own words."""
        self._note(Note(topic=topic, text=text))
        return self._kept()

    def notes(self, *texts: str) -> Self:
        """Several notes, committed together."""
        for text in texts:
            self._note(Note(text=text))
        return self._kept()

    def observe(self, observation: Observation) -> Self:
        """An observation as it is given."""
        self._story.take(observation)
        return self._kept()

    def _note(self, note: Note) -> None:
        self._story.take(Statement(self.now, (note,)))

    def end(self) -> Self:
        """The goodbye."""
        self._story.take(End(time=self.now, by="you", wealth=1.0, position=0.0))
        return self._kept()

    def _kept(self) -> Self:
        self._story.commit({})
        return self


def week(path: Path, until: int, mode: str = "paper") -> Teller:
    """A story of seven days that ends at ``until``, with trades, a halt and its end."""
    start = until // QUARTER * QUARTER - 7 * DAY
    teller = Teller(path, mode, start).begin()
    teller.bars(60).trade().bars(80).trade("sell").bars(100).trade().bars(40).trip()
    resume = teller.now + 2 * DAY
    halted: dict[str, Any] = {"halted": True, "halt_reason": "breaker", "resume_at": resume, "resume_score": 30.0}
    nothing: dict[str, Any] = {
        "wealth": 0.78,
        "score": 22.0,
        "regime": "MEAN_REV",
        "position": 0.0,
        "weight": 0.0,
        "target_weight": 0.0,
    }
    teller.bars(2 * DAY // QUARTER - 1, **halted, **nothing)
    left = (until - teller.now) // QUARTER
    teller.bars(1, score=34.0, wealth=0.79)
    return teller.trade().bars(left - 2)
