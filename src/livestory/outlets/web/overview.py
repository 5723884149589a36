"""All bots at once: a row for each, the worst trouble first, what they have together, and what was told last of all."""

from __future__ import annotations

from heapq import nlargest
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.chart.reduction import reduced
from livestory.outlets.web.listeners import event_data
from livestory.outlets.web.status import Status
from livestory.story.wording import numbers
from livestory.story.wording.text import of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from livestory.outlets.web.followed_story import FollowedStory
    from livestory.outlets.web.status import State

_WORST_FIRST: tuple[State, ...] = (
    *("trouble", "overdue", "halted", "catching_up", "unknown", "waiting", "loading", "trading", "stopped"),
)  # fmt: skip
_POINTS = 48  # of a sparkline


class BotRow(Struct, frozen=True, kw_only=True):
    """A bot at a glance. ``curve`` are the times and values of its wealth, or else of what closing has earned."""

    status: Status
    last: dict[str, object] | None  # its last shown line
    open: int | None  # positions; None is unknown
    earned: tuple[str, ...]  # by closing since the start, each currency for itself
    curve: tuple[list[int], list[float]]


class Sum(Struct, frozen=True, kw_only=True):
    """What bots of one mode have together in one currency."""

    unit: str
    mode: str | None
    wealth: float
    decimals: int
    bots: int


class AllBots(Struct, frozen=True, kw_only=True):
    """The rows, and the sums by currency and mode: invented money is not added to real."""

    bots: list[BotRow]
    sums: list[Sum]


def all_bots(stories: Iterable[FollowedStory]) -> AllBots:
    """All bots, each with its last shown line."""
    rows = [_row(story) for story in stories]
    rows.sort(key=lambda row: _trouble(row.status))
    return AllBots(bots=rows, sums=_sums([row.status for row in rows]))


def newest(stories: Iterable[FollowedStory], kinds: Collection[str] | None, limit: int) -> list[tuple[str, int]]:
    """The newest shown lines of several stories, newest first: the name of the story and the seq of each."""
    found = (
        (story.index.time(seq), story.name, seq)
        for story in stories
        for seq in story.index.before(None, limit, kinds, None, None, everything=False)
    )
    return [(name, seq) for _, name, seq in nlargest(limit, found, key=itemgetter(0))]


def _row(story: FollowedStory) -> BotRow:
    status, readings, last = story.status(), story.readings, story.last
    if status.state == "loading":  # what is known so far is of another time
        return BotRow(status=status, last=None, open=None, earned=(), curve=([], []))
    curve: tuple[list[int], list[float]] = ([], [])
    if readings.first is not None and readings.last is not None:
        wealth = readings.wealth(readings.first, readings.last, _POINTS, compared=False)
        curve = wealth.times, wealth.values
    told = story.review(lambda review: review.results.told(review.results)) or ()
    if not curve[0]:
        _, earned = story.review(lambda review: review.result_curve()) or (None, [])
        curve = reduced([time for time, _ in earned], [value for _, value in earned], _POINTS)
    held = None if status.position is None else int(bool(status.position))
    return BotRow(
        status=status,
        last=None if last is None else event_data(last),
        open=held if status.positions is None else len(status.positions),
        earned=tuple(of(numbers.signed_wealth(each.total, each.asset), each.asset) for each in told),
        curve=curve,
    )


def _trouble(status: Status) -> tuple[int, float, str]:
    """Less is worse: by state, then by how near the breaker is."""
    near = -status.drawdown / status.breaker if status.drawdown is not None and status.breaker else 0.0
    return _WORST_FIRST.index(status.state), -near, status.story


def _sums(statuses: Iterable[Status]) -> list[Sum]:
    sums: dict[tuple[str, str | None], Sum] = {}
    for status in statuses:
        if status.wealth is None or status.unit is None:
            continue
        key = status.unit, status.mode
        before = sums.get(key)
        sums[key] = Sum(
            unit=status.unit,
            mode=status.mode,
            wealth=status.wealth + (before.wealth if before is not None else 0.0),
            decimals=status.decimals,
            bots=1 + (before.bots if before is not None else 0),
        )
    return list(sums.values())
