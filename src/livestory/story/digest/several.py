"""A period of several bots in one paragraph: how many went which way, what they have together, who needs the owner."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from livestory.errors import InputError, JournalError
from livestory.story.digest import source
from livestory.story.digest.health import asked
from livestory.story.digest.prose import Digest, change_and_wealth, title
from livestory.story.positions import summed
from livestory.story.snapshot import mode_of
from livestory.story.wording import numbers, performance
from livestory.story.wording.text import escape, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from livestory.story.digest.period import Period, Span
    from livestory.story.journal.reader import JournalReader
    from livestory.story.results import CurrencyResult

_NAMED = 5  # bots that a sentence names


class BotPeriod(NamedTuple):
    """What a bot's journal tells of the period."""

    name: str
    mode: str | None
    period: Period
    heard: bool  # it told or observed something in it


def read(
    journals: Mapping[str, Callable[[], JournalReader]], choose: Callable[[int, int], Span]
) -> tuple[Span, Digest]:
    """The digest of the bots of these names, each with what opens its journal.

    ``choose`` is asked for the span, by the instants of their first line and of their last. Raises InputError where
    none has told a line.
    """
    ends: dict[str, tuple[int, int]] = {}
    untold: list[str] = []
    for name, opened in journals.items():
        with suppress(JournalError), opened() as reader:
            if reader.last_seq:
                ends[name] = source.ends_of(reader)
            else:
                untold.append(name)
    if not ends:
        message = "no line was told yet"
        raise InputError(message)
    span = choose(min(first for first, _ in ends.values()), max(last for _, last in ends.values()))
    found, unread = [], [name for name in journals if name not in ends and name not in untold]
    for name, (_, last_told) in ends.items():
        try:
            with journals[name]() as reader:
                period = source.read(reader, span)
                heard = period.at_end is not None or last_told > span.start
                found.append(BotPeriod(name, mode_of(reader), period, heard))
        except JournalError:
            unread.append(name)
    return span, digest(span, found, unread, untold)


def digest(span: Span, bots: Sequence[BotPeriod], unread: Sequence[str] = (), untold: Sequence[str] = ()) -> Digest:
    """What a reader who has nothing else wants to know of all of them.

    ``unread`` are those whose journal can't be, ``untold`` those that have told no line yet.
    """
    silent = _unheard(bots, unread, untold)
    told = (*_extremes(bots), *_closed(bots), *_halted(bots), *_failed(bots), *silent, _asked(bots))
    return Digest(title(span), f"{_verdict(bots)}.", tuple(f"{sentence}." for sentence in told))


def _verdict(bots: Sequence[BotPeriod]) -> str:
    """``5 bots, 3 up, 1 down, 1 without a figure. Together they have 1.8120 BTC (2 bots, paper)``."""
    ways = [_way(each.period.change) for each in bots]
    counts = [f"{ways.count(way)} {way}" for way in ("up", "down", "unchanged", "without a figure") if way in ways]
    told = [", ".join([numbers.count(len(bots), "bot"), *counts])]
    sums: dict[tuple[str, str | None], list[float]] = defaultdict(list)
    for each in bots:
        if each.period.wealth is not None and each.period.unit is not None:
            sums[each.period.unit, each.mode].append(each.period.wealth)
    if sums:
        parts = []
        for (unit, mode), amounts in sums.items():
            whose = ", ".join(filter(None, (numbers.count(len(amounts), "bot"), escape(mode or ""))))
            parts.append(f"{numbers.wealth(sum(amounts), unit)} {escape(unit)} ({whose})")
        told.append(f"Together they have {listed(parts)}")
    return ". ".join(told)


def _way(change: float | None) -> str:
    if change is None:
        return "without a figure"
    text = numbers.percent(change)
    return "unchanged" if text == "0.0%" else "down" if text.startswith("-") else "up"


def _extremes(bots: Sequence[BotPeriod]) -> Iterable[str]:
    moved = [(each.period.change, each) for each in bots if each.period.change is not None]
    (high, best), (low, worst) = (of(moved, key=itemgetter(0), default=(0.0, None)) for of in (max, min))
    if best is not None and worst is not None and high > low:
        yield f"Best was {_with_change(best)}; worst {_with_change(worst)}"


def _with_change(bot: BotPeriod) -> str:
    return f"{escape(bot.name)}, {change_and_wealth(bot.period)}"


def _closed(bots: Sequence[BotPeriod]) -> Iterable[str]:
    """What closing has earned, by currency and mode: invented money is not added to real."""
    results: dict[str | None, dict[str | None, list[CurrencyResult]]] = defaultdict(lambda: defaultdict(list))
    for each in bots:
        for result in each.period.results:
            if result.closed:
                results[each.mode][result.asset].append(result)
    for mode, by_asset in results.items():
        sums = [
            f"{numbers.count(sum(one.closed for one in found), 'trade')} earned "
            f"{performance.money(summed(one.realised for one in found), asset)}"
            for asset, found in by_asset.items()
        ]
        yield f"Closing {listed(sums)}" + (f" ({escape(mode)})" if mode else "")


def _halted(bots: Sequence[BotPeriod]) -> Iterable[str]:
    on = [each.name for each in bots if each.period.halted is not None]
    over = [each.name for each in bots if each.period.halts and each.period.halted is None]
    if on:
        yield f"Halted at its end: {_names(on)}"
    if over:
        yield f"Halted and trading again: {_names(over)}"


def _failed(bots: Sequence[BotPeriod]) -> Iterable[str]:
    on = [each.name for each in bots if each.period.open]
    over = [each.name for each in bots if each.period.troubles and not each.period.open]
    if on:
        yield f"A trouble goes on at {_names(on)}"
    if over:
        yield f"What failed at {_names(over)} is over"
    if bots and not on and not over:
        yield "Nothing failed"


def _unheard(bots: Sequence[BotPeriod], unread: Sequence[str], untold: Sequence[str]) -> Iterable[str]:
    silent = [each.name for each in bots if not each.heard]
    if silent:
        yield f"Nothing was heard of {_names(silent)}"
    if untold:
        yield f"No line was told yet by {_names(untold)}"
    if unread:
        yield f"No story can be read of {_names(unread)}"


def _asked(bots: Sequence[BotPeriod]) -> str:
    wanted = [f"{escape(each.name)}: {', '.join(words)}" for each in bots if (words := asked(each.period))]
    if not wanted:
        return "Nothing is asked of you"
    more = f"; and of {len(wanted) - _NAMED} bots more" if len(wanted) > _NAMED else ""
    return f"Of you is asked: {'; '.join(wanted[:_NAMED])}{more}"


def _names(names: Sequence[str]) -> str:
    shown = [escape(name) for name in names[:_NAMED]]
    return listed([*shown, f"{len(names) - _NAMED} more"] if len(names) > _NAMED else shown)
