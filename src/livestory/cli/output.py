"""What commands print: rows, sizes, how far a long work is, and the summary at the end of a run."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from livestory.cli.streams import is_terminal
from livestory.story.wording.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from livestory.story.files.layout import Layout
    from livestory.story.journal.reader import JournalReader
    from livestory.story.snapshot import Snapshot
    from livestory.trading.state import Summary


def print_rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values in two columns."""
    told = list(rows)
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        clean = visible(value).replace("\n", "\\x0a")
        click.echo(f"{name:<{width}}  {clean}")


def size(count: int) -> str:
    """``12 kB``, ``1.2 MB`` for a number of bytes."""
    left = float(count)
    for unit in ("B", "kB", "MB"):
        if left < 1000:  # noqa: PLR2004 - SI
            return f"{left:.3g} {unit}"
        left /= 1000
    return f"{left:.3g} GB"


@contextmanager
def progress(what: str, total: float | None = None, *, wanted: bool = True) -> Iterator[Callable[..., None]]:
    """Show in a bar on standard error how far ``what`` is, until the with block ends; nothing where it is no terminal.

    Yields what is to be called with the part of ``total`` that is done, None where that is not known, and with
    ``what=`` once it is about something else. A total of 1.0 is shown in percent, and without one the rows are counted.
    """
    if not (wanted and is_terminal(sys.stderr)):
        yield lambda *_, **__: None
        return
    from rich import progress as rich
    from rich.console import Console

    columns: tuple[rich.ProgressColumn, ...]
    described, bar = rich.TextColumn("{task.description}"), rich.BarColumn()
    if total is None:
        columns = rich.SpinnerColumn(), rich.TextColumn("{task.completed:,.0f} rows"), rich.TimeElapsedColumn()
    elif total == 1.0:
        columns = described, bar, rich.TaskProgressColumn(), rich.TimeRemainingColumn()
    else:
        columns = described, bar, rich.MofNCompleteColumn(), rich.TimeRemainingColumn()
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)

        def update(done: float | None, what: str | None = None) -> None:
            shown.update(task, description=what, total=None if done is None else total, completed=done or 0.0)

        yield update


def print_summary(summary: Summary, layout: Layout, symbol: str) -> None:
    """Print what became of the bot, from its first bar on, and where its story lies. Raises JournalError."""
    print_rows(_rows(summary, layout, symbol))


def _rows(summary: Summary, layout: Layout, symbol: str) -> Iterator[tuple[str, str]]:
    from livestory.story.journal.reader import JournalReader
    from livestory.story.snapshot import Snapshot
    from livestory.story.wording import numbers

    with JournalReader.open(layout.db) as reader:
        bot, kinds = Snapshot.read(reader), _kinds(reader)
    if summary.first_time is None or summary.last_time is None:
        yield "bars", "none yet"
    else:
        span = numbers.duration(summary.last_time - summary.first_time)
        first, last = numbers.minute(summary.first_time), numbers.minute(summary.last_time)
        yield "bars", f"{summary.bars:,} over {span}: {first} to {last} UTC"
        yield from _result(summary, bot, symbol)
    counted = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    yield "events", f"{kinds.total():,}" + (f": {counted}" if counted else "")
    yield "story", str(layout.text)


def _result(summary: Summary, bot: Snapshot, symbol: str) -> Iterator[tuple[str, str]]:
    """What its story says too, from the first reading on, deposits and withdrawals left out."""
    from livestory.story.wording import numbers

    base, _, quote = symbol.partition("/")
    start, total = bot.start, bot.total
    if start is not None and start.value is not None and total is not None and total.change is not None:
        balance = f"{numbers.wealth(start.value, quote)} → {numbers.wealth(summary.wealth, quote)} {quote}"
        holding = f"; holding {base}: {numbers.percent(total.holding)}" if total.holding is not None else ""
        yield "return", f"{numbers.percent(total.change)} ({balance}){holding}"
        yield "deepest", f"{numbers.percent(summary.max_drawdown)} under the highest wealth before it"
    buys, sells = numbers.count(summary.buys, "buy"), numbers.count(summary.sells, "sell")
    yield "trades", f"{buys}, {sells}; fees {numbers.wealth(summary.fees, quote)} {quote}"


def _kinds(reader: JournalReader) -> Counter[str]:
    return Counter(event.kind for page in reader.pages() for event in page)
