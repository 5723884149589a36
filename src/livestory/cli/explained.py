"""What `livestory explain` is asked to tell: a table, another bot's file or a journal, and by which settings."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from livestory.cli.story_folder import is_journal, is_sqlite, journal_in

if TYPE_CHECKING:
    from contextlib import ExitStack

    from livestory.config import Configuration
    from livestory.retell.explain_story import InputSource, RetellingSettings

STDIN = Path("-")
_OWN = {"halted", "resume_score"}  # columns that tell livestory's own bot, whose rules are the configuration's


class Request(NamedTuple):
    """What the caller says of a file and of how its story is to be told; None is not said."""

    settings: Configuration
    configured: bool  # by a file, and not by defaults alone
    symbol: str | None
    unit: str | None
    breaker: float | None
    columns: str
    strategy: str | None
    shape: str | None
    zone: str | None
    start: float | None

    @property
    def pair(self) -> str:
        """The symbol that the caller named, or the configuration's."""
        return self.symbol or self.settings.bot.symbol

    @property
    def named_unit(self) -> str | None:
        """The unit that the caller or the configuration names."""
        return self.unit or self.settings.bot.unit


def source_of(stack: ExitStack, file: Path, asked: Request) -> tuple[InputSource, RetellingSettings]:
    """What FILE tells, and by which settings. Copies of pipes and open journals end with ``stack``."""
    from livestory.clock import SystemClock
    from livestory.retell.explain_story import RetellingSettings
    from livestory.retell.shapes.recognised import given_columns
    from livestory.retell.table_source import Asked, TableSource
    from livestory.retell.time_formats import zone_of
    from livestory.story.files.layout import Layout
    from livestory.story.symbol import assets
    from livestory.tables import tables

    given = given_columns(asked.columns)
    name = None
    if file == STDIN:
        file, name = _copied(stack, sys.stdin.buffer), "standard input"
    elif file.is_fifo() or file.is_char_device():
        with file.open("rb") as pipe:
            file, name = _copied(stack, pipe), str(file)
    if file.is_file() and not is_journal(file) and (found := _of_a_bot(file, name, asked)) is not None:
        return found
    if is_sqlite(file) or (file.suffix == ".txt" and Layout.of(file).db.exists()):
        return _journal(stack, journal_in(file, name), asked)
    settings = asked.settings
    threshold = settings.strategy.regime.threshold
    reading = Asked(
        shape=asked.shape,
        zone=zone_of(asked.zone) if asked.zone else None,
        start=asked.start,
        now=SystemClock().now(),
    )
    table = TableSource(name or file.name, tables(file, name), given, threshold, reading)
    own = table.knows is not None and table.knows >= _OWN
    symbol = asked.pair if asked.symbol or asked.configured or table.is_export else table.symbol
    unit = asked.named_unit or table.unit or assets(symbol)[1] or table.quote
    return table, RetellingSettings(
        symbol=symbol,
        unit=unit,
        story=settings.story,
        rules=_rules(asked, own=own),
        breaker=asked.breaker,
        threshold=threshold,
    )


def _of_a_bot(file: Path, name: str | None, asked: Request) -> tuple[InputSource, RetellingSettings] | None:
    """What another bot or its backtest wrote; None where the file is none of theirs."""
    from livestory.clock import SystemClock
    from livestory.follow.recognition import recognised
    from livestory.retell.explain_story import RetellingSettings

    found = recognised(file, name or str(file), SystemClock().now(), asked.strategy)
    if found is None:
        return None
    symbol = asked.symbol or found.symbol
    return found, RetellingSettings(symbol=symbol, unit=asked.named_unit or found.unit, story=asked.settings.story)


def _rules(asked: Request, *, own: bool) -> Any:
    """The rules, where they are known: of a bot that was configured here, or at least the breaker that was named."""
    from msgspec.structs import replace

    from livestory.story.kinds.lifecycle import Rules

    settings = asked.settings
    rules = None
    if own or asked.configured:
        from livestory.trading.rules import rules_in_force

        base = asked.pair.partition("/")[0]
        rules = rules_in_force(
            settings.risk, settings.strategy, settings.paper, base=base, ath_min_gain=settings.story.ath_min_gain
        )
    return rules if asked.breaker is None else replace(rules or Rules(), breaker=asked.breaker)


def _journal(stack: ExitStack, file: Path, asked: Request) -> tuple[InputSource, RetellingSettings]:
    from livestory.retell.explain_story import RetellingSettings
    from livestory.retell.journal_source import JournalSource
    from livestory.story.journal.reader import JournalReader
    from livestory.story.symbol import assets

    reader = stack.enter_context(JournalReader.open(file))
    identity = reader.identity
    symbol = asked.symbol or identity.symbol
    unit = identity.unit or assets(symbol)[1]
    return JournalSource(reader), RetellingSettings(symbol=symbol, unit=unit, story=asked.settings.story)


def _copied(stack: ExitStack, pipe: IO[bytes]) -> Path:
    """What a pipe holds, as a file, since a table may have to be read twice."""
    copy = stack.enter_context(NamedTemporaryFile(prefix="livestory-", suffix=".db"))  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(pipe, copy)
    copy.flush()
    return Path(copy.name)
