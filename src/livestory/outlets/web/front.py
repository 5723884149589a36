"""One story's page, with what it shows first already in it: on a slow line each question is a wait."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import msgspec

from livestory.clock import DAY
from livestory.outlets.web.first_curve import first_curve
from livestory.outlets.web.series import series_of
from livestory.story.kinds import groups

if TYPE_CHECKING:
    from livestory.outlets.web.followed_story import FollowedStory
    from livestory.outlets.web.status import Status

POINTS = {False: 1200, True: 480}
"""Of the curve that the page begins with; of a phone's. In chart.js, too."""
_BEGIN = 7 * DAY  # what is shown of a story that goes on
_UNREAD = frozenset({"waiting", "trouble", "loading"})
_OPEN, _CLOSE = b'<template id="first-answers">', b"</template>"


class First(NamedTuple):
    """Pieces of HTML, each empty of a story that is not read yet."""

    name: bytes = b""
    verdict: bytes = b""
    curve: bytes = b""
    answers: bytes = b""

    def within(self, page: bytes) -> bytes:
        """The page with each piece in its place."""
        for name, piece in self._asdict().items():
            page = page.replace(f"<!--{name}-->".encode(), piece)
        return page


def first_of(story: FollowedStory, *, phone: bool) -> First:
    """What is painted before any script runs, and what the page would ask for first, each answer by its address."""
    status = story.status()
    if status.state in _UNREAD:
        return First()
    overview = story.overview()
    answers: dict[str, object] = {"api/status": status, "api/groups": groups(), "api/review": {"review": overview}}
    known = [of for of, there in (overview.curves if overview is not None else {}).items() if there]
    curve = b""
    for of in dict.fromkeys(("wealth", *known[:1])):  # it asks for wealth first, and then for what there is instead
        since, points = _since(status), POINTS[phone]
        address = f"api/series?{urlencode({'of': of, 'since': since, 'points': points})}"
        answers[address] = series = series_of(story, of, since, None, points)
        curve = first_curve(series) if known[:1] == [of] else curve
    text = msgspec.json.encode(answers).replace(b"<", rb"\u003c").replace(b"&", rb"\u0026")
    said = overview.verdict if overview is not None and (overview.curves["wealth"] or overview.trades) else ""
    verdict = f"{said[0].upper()}{said[1:]}." if said else ""
    return First(_text(status.bot or status.story), _text(verdict), curve, _OPEN + text + _CLOSE)


def _text(words: str) -> bytes:
    return escape(words).encode()


def _since(status: Status) -> int:
    """From when on the page shows it first: of a story that is over, or in the bars' own time, all."""
    if status.state == "stopped" or status.clock == "bars":
        return status.first_time or 0
    return max(0, (status.heard or 0) - _BEGIN)
