"""A ledger that can't be kept, said on standard error: the story itself can't tell it then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.trading.executor import TimePassed

if TYPE_CHECKING:
    from livestory.trading.executor import Executor


class LedgerWatch:
    """Tells an executor how time passes, and looks at its ledger each time."""

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
