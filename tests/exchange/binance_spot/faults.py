"""What may go wrong between a customer and the exchange, and when.

A `Fault` is met by one request. What it does is made of three things: whether the exchange acts on the request, what it
answers instead of its own answer, and what becomes of the connection.
"""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Request(NamedTuple):
    """What was asked: ``path`` begins with /api or /sapi, ``params`` are those of the query and the body."""

    method: str
    path: str
    params: Mapping[str, str]

    @property
    def what(self) -> str:
        """As `Faults.add` matches it: "POST /api/v3/order"."""
        return f"{self.method} {self.path}"


class Answer(NamedTuple):
    """What is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Fault(Struct, frozen=True, kw_only=True):
    """What one request meets."""

    name: str
    acts: bool
    answer: Answer | None = None  # None: its own
    connection: Literal["kept", "closed", "reset", "frozen", "cut"] = "kept"
    delay: float = 0.0  # before it acts, seconds of the real world
    late: float = 0.0  # between its act and its answer, seconds of the real world
    arrives: float | None = None  # the request reaches the exchange so much later, seconds of its own clock


def _error(code: int, message: str, status: int, **headers: str) -> Answer:
    body = json.dumps({"code": code, "msg": message}).encode()
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def _page(status: int, title: str) -> Answer:
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, page.encode(), {"Content-Type": "text/html"})


_UNKNOWN = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
_BUSY = "Server is currently overloaded with other requests. Please try again in a few minutes."
_USED = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)

# The connection.
LOST_REPLY = Fault(name="LOST_REPLY", acts=True, connection="closed")
LOST_REQUEST = Fault(name="LOST_REQUEST", acts=False, connection="closed")
RESET_AFTER = Fault(name="RESET_AFTER", acts=True, connection="reset")
RESET_BEFORE = Fault(name="RESET_BEFORE", acts=False, connection="reset")
CUT_REPLY = Fault(name="CUT_REPLY", acts=True, connection="cut")
FROZEN_AFTER = Fault(name="FROZEN_AFTER", acts=True, connection="frozen")
FROZEN_BEFORE = Fault(name="FROZEN_BEFORE", acts=False, connection="frozen")

# Errors that tell nothing of the order: "the execution status is UNKNOWN and could have been a success" (rest-api.md).
_FAILED = _error(-1000, "An unknown error occurred while processing the request.", 500)
ERROR_AFTER = Fault(name="ERROR_AFTER", acts=True, answer=_FAILED)
ERROR_BEFORE = Fault(name="ERROR_BEFORE", acts=False, answer=_FAILED)
BAD_GATEWAY_AFTER = Fault(name="BAD_GATEWAY_AFTER", acts=True, answer=_page(502, "502 Bad Gateway"))
BAD_GATEWAY_BEFORE = Fault(name="BAD_GATEWAY_BEFORE", acts=False, answer=_page(502, "502 Bad Gateway"))
UNKNOWN_AFTER = Fault(name="UNKNOWN_AFTER", acts=True, answer=_error(-1007, _UNKNOWN, 504))
UNKNOWN_BEFORE = Fault(name="UNKNOWN_BEFORE", acts=False, answer=_error(-1007, _UNKNOWN, 504))
_UNEXPECTED = _error(-1006, "An unexpected response was received from the message bus. Execution status unknown.", 500)
UNEXPECTED_AFTER = Fault(name="UNEXPECTED_AFTER", acts=True, answer=_UNEXPECTED)
GARBLED = Fault(name="GARBLED", acts=True, answer=_page(200, "Welcome to the hotel"))

# At these the exchange did nothing; of a 5xx a customer must not conclude so.
OVERLOADED = Fault(name="OVERLOADED", acts=False, answer=_error(-1008, _BUSY, 503))
MAINTENANCE = Fault(name="MAINTENANCE", acts=False, answer=_page(503, "System is under maintenance"))
_SHUT = _error(-1016, "This service is no longer available.", 503)
SHUTTING_DOWN = Fault(name="SHUTTING_DOWN", acts=False, answer=_SHUT)
TOO_MANY = Fault(name="TOO_MANY", acts=False, answer=_error(-1003, _USED, 429, Retry_After="7"))
BANNED = Fault(
    name="BANNED",
    acts=False,
    answer=_error(-1003, "Way too much request weight used; IP banned until 1660090423228.", 418, Retry_After="120"),
)

_ZERO_CANDLE = b'[[1643713200000,"0","0","0","0","0",1643714099999,"0",0,"0","0","0"]]'
IMPOSSIBLE_CANDLES = Fault(name="IMPOSSIBLE_CANDLES", acts=False, answer=Answer(200, _ZERO_CANDLE))

AMBIGUOUS = (
    *(LOST_REPLY, LOST_REQUEST, RESET_AFTER, RESET_BEFORE, CUT_REPLY, ERROR_AFTER, ERROR_BEFORE, BAD_GATEWAY_AFTER),
    *(BAD_GATEWAY_BEFORE, UNKNOWN_AFTER, UNKNOWN_BEFORE, UNEXPECTED_AFTER, GARBLED),
)
"""After these a customer can't know whether the exchange acted, and needs no patience to learn of it."""


def slow(seconds: float) -> Fault:
    """The exchange acts and answers ``seconds`` late, in the real world's time."""
    return Fault(name=f"slow({seconds:g})", acts=True, delay=seconds)


def late(seconds: float) -> Fault:
    """The exchange acts at once, and answers ``seconds`` later, in the real world's time."""
    return Fault(name=f"late({seconds:g})", acts=True, late=seconds)


def arriving(seconds: float) -> Fault:
    """The customer loses the connection at once, and its request is on its way for ``seconds`` of the exchange's clock.

    It is judged when it arrives: beyond its recvWindow it is refused, and else there is an order that wasn't before.
    """
    return Fault(name=f"arriving({seconds:g})", acts=False, connection="closed", arrives=seconds)


class Plan(Protocol):
    """Which fault a request meets."""

    def fault(self, request: Request) -> Fault | None:
        """None: none."""
        ...


class Seeded:
    """Each request of which ``to`` is the beginning meets a fault with the probability ``rate``, drawn by a seed.

    The draw depends on what is asked, its ids and how often that was asked before, not on what else is asked meanwhile:
    requests that race one another can't change it.
    """

    def __init__(self, seed: int, rate: float, faults: Sequence[Fault] = AMBIGUOUS, to: str = "") -> None:
        self.seed = seed
        self.rate = rate
        self.faults = tuple(faults)
        self.to = to
        self._asked: dict[str, int] = {}

    def fault(self, request: Request) -> Fault | None:
        """By the request's own draw."""
        if not request.what.startswith(self.to):
            return None
        ids = (request.params.get(name, "") for name in ("newClientOrderId", "origClientOrderId", "orderId"))
        key = " ".join((request.what, *ids))
        turn = self._asked[key] = self._asked.get(key, 0) + 1
        draw = Random(f"{self.seed} {key} {turn}")  # noqa: S311 - no secret hangs on it
        return draw.choice(self.faults) if draw.random() < self.rate else None


class _Scripted(Struct):
    fault: Fault
    to: str
    after: int
    times: int


class Faults:
    """The faults that a test has ordered: one by one, by a plan, or for as long as it wants (``down``)."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.down: Fault | None = None
        self.met: list[tuple[str, str]] = []  # what was asked, and the fault's name
        self._script: list[_Scripted] = []

    def add(self, fault: Fault, to: str = "", times: int = 1, after: int = 0) -> None:
        """Let ``times`` requests whose `Request.what` begins with ``to`` meet ``fault``, once ``after`` have passed."""
        self._script.append(_Scripted(fault, to, after, times))

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self.plan = self.down = None
        self._script.clear()

    @property
    def left(self) -> int:
        """How many that were added have not been met."""
        return sum(entry.times for entry in self._script)

    def meet(self, request: Request) -> Fault | None:
        """What ``request`` meets."""
        fault = self.down or self._scripted(request) or (self.plan.fault(request) if self.plan else None)
        if fault is not None:
            self.met.append((request.what, fault.name))
        return fault

    def _scripted(self, request: Request) -> Fault | None:
        for entry in self._script:
            if request.what.startswith(entry.to):
                if entry.after:
                    entry.after -= 1
                    continue
                entry.times -= 1
                if not entry.times:
                    self._script.remove(entry)
                return entry.fault
        return None
