"""Which lines the text shows: all is told to the journal, and each kind says in its own home when its line is shown.

The rule knows the facts and what was shown lately, so that it is the same live and retold. What a caller says is
always shown: the rules are for what the detectors find, and for kinds that declare it (`Kind.ruled`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from livestory.clock import DAY
from livestory.story.kinds.base import Group
from livestory.story.kinds.chapters import Chapter, Quiet
from livestory.story.kinds.lifecycle import Resumed, Stopped
from livestory.story.kinds.money import CashFlow
from livestory.story.kinds.records import AllTimeHigh
from livestory.story.kinds.results import ResultRecord
from livestory.story.kinds.risk import Phoenix
from livestory.story.kinds.trades import RegimeSwitch, Trade
from livestory.story.periods import PERIODS
from livestory.story.unit_value import compounded

if TYPE_CHECKING:
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lately import Lately
    from livestory.story.settings import StorySettings

_TROUBLE = (Group.SAFETY, Group.EXCHANGE, Group.RUNNING)


def show(lately: Lately, settings: StorySettings, time: int, facts: Facts, *, found: bool) -> bool:
    """Whether the text shows the line of these facts, told at ``time``; ``lately`` remembers the answer.

    A line that a caller asked for is always shown, unless its kind is ``ruled``. What a detector ``found`` is shown by
    its kind's rule.
    """
    ruled = found or facts.declared.ruled
    always = settings.detail == "all" or facts.declared.critical or not ruled
    shown = always or facts.shows(time, lately, settings)
    _remember(lately, time, facts, shown=shown)
    return shown


COUNTED = frozenset({Quiet, AllTimeHigh, Chapter, Trade})
"""The kinds that `counted` adds something to."""


def counted(lately: Lately, settings: StorySettings, time: int, facts: Facts) -> Facts:
    """The facts told at ``time`` with what was not shown: of a chapter since the last one of its kind that was.

    A sign of life says how long the text was without news, where lines were told meanwhile that it does not show; a
    record, from where on another one is shown on its day; a trade and a sign of life, the regime that no line has said.
    """
    if type(facts) is Trade and lately.regime is not None:
        decided = facts.ordered or facts.filled_at or time  # an order of before the switch was none of its doing
        return _with_regime(lately, facts) if lately.regime_since <= decided else facts
    if type(facts) is Quiet:
        return _with_regime(lately, _with_silence(lately, time, facts))
    if type(facts) is AllTimeHigh:
        return _with_next(lately, settings, time, facts)
    return _with_unshown(lately, facts) if type(facts) is Chapter else facts


def _with_regime(lately: Lately, facts: Trade | Quiet) -> Facts:
    if lately.regime is None:
        return facts
    return replace(facts, regime=lately.regime, regime_since=lately.regime_since)


def _with_silence(lately: Lately, time: int, quiet: Quiet) -> Quiet:
    silent = lately.news is not None and lately.line is not None and time - lately.line > quiet.silence
    return replace(quiet, without_news=time - (lately.news or 0)) if silent else quiet


def _with_unshown(lately: Lately, chapter: Chapter) -> Chapter:
    period = chapter.period
    if not (unshown := lately.unshown.get(period)):
        return chapter
    chapter = replace(chapter, unshown=unshown)
    if switches := lately.switches_unshown.get(period):
        chapter = replace(chapter, switches=lately.switches[period], switches_unshown=switches)
    if period != "day":
        return chapter
    if lately.regime is not None and not chapter.halted:
        chapter = replace(chapter, regime_at_end=lately.regime)
    return replace(chapter, days_unshown=lately.days, change_unshown=lately.change) if lately.days else chapter


def _with_next(lately: Lately, settings: StorySettings, time: int, high: AllTimeHigh) -> AllTimeHigh:
    if settings.detail == "all" or high.next_told is None or not time % DAY:  # of a day that ends with it
        return high
    last = high.wealth if high.shows(time, lately, settings) else lately.record
    again = last * (1.0 + settings.record_again)
    return replace(high, next_today=again) if again > high.next_told else high


def _remember(lately: Lately, time: int, facts: Facts, *, shown: bool) -> None:
    # Of each line that is told: `isinstance` of a Struct takes several times as long where it is none.
    if lately.news is None:  # what is told first begins the silence, shown or not
        lately.news = lately.line = time
    if not shown:
        for period in PERIODS:
            lately.unshown[period] = lately.unshown.get(period, 0) + 1
    if type(facts) is Chapter:
        _end(lately, facts, shown=shown)
    elif type(facts) is RegimeSwitch and facts.trades_by_it:
        _switch(lately, time, facts, shown=shown)
    if not shown or type(facts) is Stopped or (type(facts) is Resumed and not facts.missed_bars):
        return  # a story that was interrupted shows the same days as one that was not
    lately.line = max(time, lately.line or 0)
    if lately.regime is not None and isinstance(facts, _SAYING_REGIME) and facts.regime is not None:
        lately.regime = None
    if type(facts) is Quiet:
        lately.signs += 1
    else:
        _remember_news(lately, time, facts)


_SAYING_REGIME = (Trade, Quiet, Phoenix, RegimeSwitch)
"""The kinds whose line says the regime and since when it is."""


def _remember_news(lately: Lately, time: int, facts: Facts) -> None:
    lately.news, lately.signs = max(time, lately.news or 0), 0
    group = facts.declared.group
    lately.troubled = lately.troubled or (group in _TROUBLE and type(facts) is not CashFlow)  # whose line tells it
    lately.eventful = lately.eventful or group in _TROUBLE or group is Group.TRADES
    if type(facts) is Trade:
        lately.settled = facts.wealth if facts.position_after == 0 else None
    elif type(facts) is AllTimeHigh:
        lately.record, lately.record_told = facts.wealth, time
    elif type(facts) is ResultRecord:
        lately.result_records[facts.unit or ""] = time, facts.total


def _switch(lately: Lately, time: int, switch: RegimeSwitch, *, shown: bool) -> None:
    for period in PERIODS:
        lately.switches[period] = lately.switches.get(period, 0) + 1
        if not shown:
            lately.switches_unshown[period] = lately.switches_unshown.get(period, 0) + 1
    if not shown:
        lately.regime, lately.regime_since = switch.regime, time


def _end(lately: Lately, chapter: Chapter, *, shown: bool) -> None:
    """Begin to count anew after a chapter that is shown. A day that is not shown is added to those before the next.

    A longer one has its last day's wealth: the next day goes on from it.
    """
    if shown:
        for since in (lately.unshown, lately.switches, lately.switches_unshown):
            since.pop(chapter.period, None)
            since.pop("day", None)
        lately.days, lately.change = 0, 0.0
    if chapter.period != "day":
        return
    lately.eventful = lately.troubled = False
    if not shown:
        lately.days, lately.change = lately.days + 1, compounded(lately.change, chapter.change)
