"""What a failure that ccxt reports means: a table.

The question that decides is whether an order may be there after it. Refused, unsent, denied and skewed are proof that
it is not; no answer is proof of nothing. ccxt's classes for this: https://docs.ccxt.com/#/README?id=exception-hierarchy.
Binance's codes: https://github.com/binance/binance-spot-api-docs/blob/master/errors.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from livestory.story.reasons import INSUFFICIENT_FUNDS, MARKET_HALTED, REJECTED, WOULD_TAKE, DeclaredReason

_CODE = re.compile(r'"code":\s*"?(-?\d+)')
_STATUS = re.compile(r" ([45]\d\d) ")
_KNOWN_ID = re.compile(r"duplicat|already exist", re.IGNORECASE)
_LONGEST = 120  # characters of an exchange's own words


class Meaning(StrEnum):
    """What is proven by a failure."""

    REFUSED = "refused"  # the exchange has looked at what was asked and will not do it
    NOT_FOUND = "not_found"  # it does not know the order, now
    DUPLICATE = "duplicate"  # it has an order of this client order id
    UNSENT = "unsent"  # nothing was sent, or it was turned away unread: a rate limit, a ban
    SKEWED = "skewed"  # turned away because of the clock
    DENIED = "denied"  # turned away because of the keys, the account or the place; no patience helps
    NO_ANSWER = "no_answer"  # it may have been done or not


class Verdict(NamedTuple):
    """A row of the table."""

    meaning: Meaning
    reason: DeclaredReason = REJECTED  # for which an order is refused
    words: str = ""  # for a person, where the exchange has none


NO_ANSWER = Verdict(Meaning.NO_ANSWER, words="no answer")
UNREADABLE = Verdict(Meaning.NO_ANSWER, words="an answer that can't be read")
_REFUSED = Verdict(Meaning.REFUSED, words="refused")
_DENIED = Verdict(Meaning.DENIED, words="access denied")
_LIMITED = Verdict(Meaning.UNSENT, words="rate limit")
_MAINTENANCE = Verdict(Meaning.NO_ANSWER, words="maintenance")

BY_CLASS: Mapping[str, Verdict] = {
    "OrderNotFound": Verdict(Meaning.NOT_FOUND, words="order not found"),
    "DuplicateOrderId": Verdict(Meaning.DUPLICATE, words="client order id already used"),
    "OrderImmediatelyFillable": Verdict(Meaning.REFUSED, WOULD_TAKE, "would trade at once"),
    "InsufficientFunds": Verdict(Meaning.REFUSED, INSUFFICIENT_FUNDS, "insufficient funds"),
    "MarketClosed": Verdict(Meaning.REFUSED, MARKET_HALTED, "market closed"),
    "InvalidOrder": _REFUSED,
    "BadRequest": _REFUSED,
    "ArgumentsRequired": _REFUSED,
    "NotSupported": _REFUSED,
    "OperationRejected": _REFUSED,
    "AuthenticationError": _DENIED,
    "RestrictedLocation": _DENIED,
    "ManualInteractionNeeded": _DENIED,
    "InvalidNonce": Verdict(Meaning.SKEWED, words="clock"),
    "RateLimitExceeded": _LIMITED,
    "DDoSProtection": _LIMITED,
    "OnMaintenance": _MAINTENANCE,
    "RequestTimeout": NO_ANSWER,
    "ExchangeNotAvailable": NO_ANSWER,
    "NetworkError": NO_ANSWER,
    "BadResponse": UNREADABLE,
    "OperationFailed": NO_ANSWER,
    # Not a refusal: a connection that breaks in the middle of an answer comes as this one too.
    "ExchangeError": NO_ANSWER,
    "BaseError": NO_ANSWER,
}
"""By the name of ccxt's exception; a class that is not named means what its nearest named parent means."""

BY_CODE: Mapping[tuple[str, str], Verdict] = {
    # ccxt has it as a bad request; the service is shutting down, and nobody says what became of the order.
    ("binance", "-1016"): _MAINTENANCE,
    # ccxt takes it for a ban once a call has succeeded; the documentation knows only keys, addresses and permissions.
    ("binance", "-2015"): _DENIED,
    # Archived after 90 days without a fill: ccxt has it as an invalid order.
    ("binance", "-2026"): Verdict(Meaning.NOT_FOUND, words="order archived"),
}
"""By family of exchanges and its own code, where ccxt's class says too much or too little."""


class Failed(Exception):
    """A call that failed; caught within the exchange's room, told to nobody as it is."""

    def __init__(self, verdict: Verdict, problem: str = "", retry_at: int | None = None) -> None:
        """``problem`` is for a person and holds no secret; ``retry_at`` is when it may be tried again."""
        super().__init__(problem or verdict.words)
        self.meaning = verdict.meaning
        self.reason = verdict.reason
        self.problem = problem or verdict.words
        self.retry_at = retry_at


def verdict_on(error: Exception, exchange: str) -> Verdict:
    """What an exception of ccxt means at ``exchange``."""
    text = str(error)
    code = _CODE.search(text)
    if code is not None:
        known = BY_CODE.get((_family(exchange), code[1]))
        if known is not None:
            return known
    for kind in type(error).__mro__:
        verdict = BY_CLASS.get(kind.__name__)
        if verdict is None:
            continue
        if verdict is _REFUSED and _KNOWN_ID.search(text):
            return BY_CLASS["DuplicateOrderId"]
        return verdict
    return NO_ANSWER


def words_of(error: Exception, verdict: Verdict) -> str:
    """The exchange's own words for a failure, where there are any; never an address, which holds a signature."""
    text = str(error)
    start = text.find("{")
    try:
        told = json.loads(text[start:]) if start >= 0 else None
    except (ValueError, RecursionError):
        told = None
    message = told.get("msg") or told.get("message") if isinstance(told, dict) else None
    if told is None and "://" not in text:
        message = text.partition(" ")[2]  # ccxt puts the exchange's name before it
    if isinstance(message, str) and message.strip():
        return message.strip().partition("\n")[0][:_LONGEST]
    if "maintenance" in text.lower():
        return _MAINTENANCE.words
    status = _STATUS.search(text)
    return f"{verdict.words} (HTTP {status[1]})" if status is not None else verdict.words


def _family(exchange: str) -> str:
    return "binance" if exchange.startswith("binance") else exchange
