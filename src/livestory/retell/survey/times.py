"""How the times of a table are written, in which zone, and whether days and times of day stand apart."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from livestory.errors import InputError
from livestory.retell.columns import TIME
from livestory.retell.shapes import declared
from livestory.retell.survey.survey import TIMES
from livestory.retell.time_formats import times_of, without_midnight, zone_of

if TYPE_CHECKING:
    from datetime import tzinfo

    from livestory.retell.survey.survey import Survey

_CLOCK = re.compile(r"\s*[0-9]{1,2}:[0-9]{2}")
_CLOCKS = frozenset({"time", "hour", "clock", "tradetime", "exectime", "executiontime", "filltime", "ordertime"})


def clock_column(survey: Survey) -> int | None:
    """The column of times of day beside one of days."""
    day = survey.layout.fields.get(TIME)
    if day is None or any(":" in text for text in map(without_midnight, survey.columns[day])):
        return None
    for field in range(len(survey.names)):
        texts = survey.columns[field]
        if (
            field != day
            and any(each in _CLOCKS for each in survey.called[field].spellings)
            and any(texts)
            and all(_CLOCK.match(text) or not text.strip() for text in texts)
        ):
            return field
    return None


def find_times(survey: Survey, zone: tzinfo | None) -> None:
    """Find out how each column of times is written; ``zone`` is that of a time which names none."""
    found = {
        own: [each for each in survey.texts(own) if each[:1].isdigit() or any(map(str.isdigit, each))]
        for own in survey.layout.fields
        if own in TIMES
    }
    zone = zone or _named_zone(survey)
    for own, texts in found.items():
        beside = chain.from_iterable(others for other, others in found.items() if other != own)
        traded = survey.layout.shape in {declared.FILLS, declared.TRIPS, declared.PAIRS}
        survey.times[own] = times_of(texts, _zone_of(survey, own) or zone, survey.now, beside, traded=traded)
        survey.remarks.infer(survey.times[own].said)
    if zone is not None:
        survey.remarks.infer(f"times that name no zone are of {zone}")


def _zone_of(survey: Survey, own: str) -> tzinfo | None:
    """The zone that the name of a column of times gives."""
    name = survey.called[survey.layout.fields[own]].zone
    if name is None:
        return None
    try:
        return zone_of(name)
    except InputError:
        return None


def _named_zone(survey: Survey) -> tzinfo | None:
    """The zone that a column of the table names in each row."""
    field = next((n for n, name in enumerate(survey.called) if name.spellings[0] == "timezone"), None)
    named = {text.strip() for text in survey.columns[field]} if field is not None else set()
    try:
        return zone_of(named.pop()) if len(named) == 1 else None
    except InputError:
        return None
