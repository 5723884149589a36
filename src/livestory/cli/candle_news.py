"""Trouble with the candles, handed on: to standard error at once, and to the executor, who tells it, once it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.story.kinds.exchange import CandlesBack, CandlesRefused
from livestory.story.wording import numbers
from livestory.trading.market.candles import CandleNews

if TYPE_CHECKING:
    from livestory.trading.executor import Executor


class TellingNews(CandleNews):
    """Hears for one bot."""

    def __init__(self, exchange: str) -> None:
        """``exchange`` is its name."""
        self._exchange = exchange
        self._executor: Executor | None = None

    def attach(self, executor: Executor) -> None:
        """From here on it hears too."""
        self._executor = executor

    def outage(self, since: int, problem: str) -> None:
        """Hand on that there is no answer."""
        self._say(f"no answer since {numbers.stamp(since)} UTC, goes on trying: {problem}")
        if self._executor is not None:
            self._executor.candles_down(since, problem)

    def back(self, since: int, until: int) -> None:
        """Hand on that there are answers again."""
        self._say(f"answers again after {numbers.duration(until - since)}")
        if self._executor is not None:
            self._executor.candles_back()

    def refused(self, since: int, problem: str) -> None:
        """Tell that candles are not taken."""
        self._tell(since, CandlesRefused(problem=problem, since=since))

    def taken(self, since: int, until: int, refused: int) -> None:
        """Tell that they are good again."""
        self._tell(until, CandlesBack(refused=refused, lasted=until - since))

    def _tell(self, now: int, facts: CandlesRefused | CandlesBack) -> None:
        if self._executor is not None and self._executor.begun:
            self._executor.tell(now, facts)
            self._executor.commit()

    def _say(self, words: str) -> None:
        click.echo(f"{self._exchange}: {words}", err=True)
