"""A bot that trades in the present: an exchange's candles, the time between bars, and trouble, on standard error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from livestory.cli.mode import account, public_client
from livestory.cli.play import Play
from livestory.clock import SystemClock
from livestory.story.kinds.exchange import CandlesBack, CandlesRefused
from livestory.story.wording import numbers
from livestory.trading.executor import TimePassed
from livestory.trading.joining import Timer
from livestory.trading.market.bar import BAR
from livestory.trading.market.candles import CandleNews, ExchangeCandles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

    from livestory.cli.mode import Mode
    from livestory.config import Configuration
    from livestory.story.files.layout import Layout
    from livestory.trading.executor import Executor


@contextmanager
def trading(mode: Mode, settings: Configuration, layout: Layout, stop: Event) -> Iterator[Play]:
    """A run on an exchange's candles, its connections closed at the end."""
    clock, name, symbol = SystemClock(), settings.bot.exchange, settings.bot.symbol
    exchange = None if mode == "paper" else account(mode, settings, clock)
    client = public_client(settings, clock) if exchange is None else exchange.client
    click.echo(f"{name}: asking for the candles of {symbol}", err=True)
    news, timer = CandleReporter(name), Timer(stop, clock)

    def attach(executor: Executor) -> None:
        news.attach(executor)
        timer.attach(LedgerWatch(executor).on_time)

    try:
        yield Play(
            layout=layout,
            settings=settings,
            market=ExchangeCandles(client, symbol, BAR, stop=timer, news=news, settings=settings.market),
            mode=mode,
            origin=name,
            clock=clock,
            keep_days=settings.story.keep_days,
            exchange=exchange,
            attach=attach,
        )
    finally:
        client.close()


class CandleReporter(CandleNews):
    """Hands trouble with the candles on: to standard error at once, and to the executor, who tells it, once it runs."""

    def __init__(self, exchange: str) -> None:
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
        self._report(since, CandlesRefused(problem=problem, since=since))

    def taken(self, since: int, until: int, refused: int) -> None:
        """Tell that they are good again."""
        self._report(until, CandlesBack(refused=refused, lasted=until - since))

    def _report(self, now: int, facts: CandlesRefused | CandlesBack) -> None:
        if self._executor is not None and self._executor.begun:
            self._executor.report(now, facts)
            self._executor.commit()

    def _say(self, words: str) -> None:
        click.echo(f"{self._exchange}: {words}", err=True)


class LedgerWatch:
    """Tells an executor how time passes, and looks at its ledger each time: the story can't tell of that itself."""

    def __init__(self, executor: Executor) -> None:
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
