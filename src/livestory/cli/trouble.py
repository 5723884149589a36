"""Trouble of a bot that trades in the present, said on standard error: of its candles and of its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.story.kinds.exchange import CandlesBack, CandlesRefused
from livestory.story.wording import numbers
from livestory.trading.executor import TimePassed
from livestory.trading.market.candles import CandleNews

if TYPE_CHECKING:
    from livestory.trading.executor import Executor


class TellingNews(CandleNews):
    """Hands trouble with the candles on: to standard error at once, and to the executor, who tells it, once it runs."""

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


class LedgerWatch:
    """Tells an executor how time passes, and looks at its ledger each time: the story can't tell of that itself."""

    def __init__(self, executor: Executor) -> None:
        """All is well so far."""
        self._executor = executor
        self._said: str | None = None

    def on_time(self, now: int) -> None:
        """Tell the executor the time; say once that its ledger can't be kept and why, and once that it can again."""
        self._executor.process(TimePassed(now))
        trouble = self._executor.ledger_trouble
        if trouble is not None and trouble != self._said:
            click.echo(f"nothing is bought until the journal can be written: {trouble}", err=True)
        elif trouble is None and self._said is not None:
            click.echo("the journal can be written again", err=True)
        self._said = trouble
