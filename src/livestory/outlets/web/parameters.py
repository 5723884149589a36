"""A request's parameters, each with its type, range and cap; what is wrong with one is said in the 400 that it gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from starlette.exceptions import HTTPException

from livestory.clock import instant
from livestory.story.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.requests import Request

MOST_EVENTS = 200
MOST_POINTS = 4000
LONGEST_QUERY = 100  # characters searched for
LONGEST_NUMBER = 18  # digits of an event's number
_GREATEST = 10**LONGEST_NUMBER


def refuse(problem: str) -> NoReturn:
    """Answer 400 with the reason."""
    raise HTTPException(400, problem)


def known_only(request: Request, names: Collection[str]) -> None:
    """Refuse parameters that the route does not have, and those given twice."""
    for name in request.query_params:
        if name not in names:
            refuse(f"no parameter {name[:40]!r} here; known: {', '.join(sorted(names)) or 'none'}")
    given = [name for name, _ in request.query_params.multi_items()]
    if len(given) != len(set(given)):
        refuse("a parameter is given twice")


def whole(request: Request, name: str, default: int | None, least: int, most: int) -> int | None:
    """A whole number between ``least`` and ``most``, both included."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
        refuse(f"{name}: a whole number from {least} to {most} is needed")
    return int(text)


def seq(request: Request, name: str) -> int | None:
    """The number of an event that a request names; None where it names none."""
    return whole(request, name, None, 0, _GREATEST)


def time(request: Request, name: str) -> int | None:
    """An instant: ISO 8601, or a number since the epoch in seconds to microseconds."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return instant(int(text) if re.fullmatch(r"[0-9]{1,19}", text) else text[:40])
    except (ValueError, OverflowError):
        refuse(f"{name}: an instant is needed, such as 2024-12-03T15:00:00Z or microseconds since the epoch")


def kinds(request: Request) -> list[str] | None:
    """Kinds of events, separated by commas."""
    text = request.query_params.get("kind")
    if text is None:
        return None
    found = sorted(set(text.split(",")))
    for kind in found:
        if kind not in KINDS:
            refuse(f"kind: {kind[:40]!r} is none; known: {', '.join(sorted(KINDS))}")
    return found


def words(request: Request) -> str | None:
    """The text searched for, folded."""
    text = request.query_params.get("q")
    if text is None or not text.strip():
        return None
    if len(text) > LONGEST_QUERY:
        refuse(f"q: at most {LONGEST_QUERY} characters")
    return text.strip().casefold()


def flag(request: Request, name: str) -> bool:
    """Whether something is asked for with a 1."""
    return one_of(request, name, ("0", "1")) == "1"


def one_of(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """One of ``choices``; the first where it is not given."""
    text = request.query_params.get(name, choices[0])
    if text not in choices:
        refuse(f"{name}: one of {', '.join(choices)} is needed")
    return text
