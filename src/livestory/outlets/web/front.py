"""One story's page, with the answers that it asks for first already in it: on a slow line each question is a wait."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from livestory.clock import DAY
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


def first_answers(story: FollowedStory, *, phone: bool) -> bytes:
    """What the page would ask for first, each by its address, as a piece of HTML. Empty of a story not read yet."""
    status = story.status()
    if status.state in _UNREAD:
        return b""
    overview = story.overview()
    answers: dict[str, object] = {"api/status": status, "api/groups": groups(), "api/review": {"review": overview}}
    known = [of for of, there in (overview.curves if overview is not None else {}).items() if there]
    for of in {"wealth", *known[:1]}:  # it asks for wealth first, and then for what there is instead
        since, points = _since(status), POINTS[phone]
        address = f"api/series?{urlencode({'of': of, 'since': since, 'points': points})}"
        answers[address] = series_of(story, of, since, None, points)
    text = msgspec.json.encode(answers).replace(b"<", rb"\u003c").replace(b"&", rb"\u0026")
    return _OPEN + text + _CLOSE


def _since(status: Status) -> int:
    """From when on the page shows it first: of a story that is over, or in the bars' own time, all."""
    if status.state == "stopped" or status.clock == "bars":
        return status.first_time or 0
    return max(0, (status.heard or 0) - _BEGIN)
