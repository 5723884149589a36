"""How much an exchange may be asked: bans that it has spoken, and the weight that its headers count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

from livestory.clock import MINUTE, SECOND, as_datetime
from livestory.story.reasons import EXCHANGE_DOWN
from livestory.trading.exchange.ccxt_errors import Failed, Meaning, Verdict

_TOO_MANY, _BANNED = 429, 418  # Binance: "418 - an IP has been auto-banned for continuing after receiving 429 codes"
_USED = "x-mbx-used-weight-1m"
_LIMIT = re.compile(r'"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":(\d+)')
_SILENCE = MINUTE  # where a limit was reached and nobody says for how long
_UNSENT = Verdict(Meaning.UNSENT, EXCHANGE_DOWN)


class Need(IntEnum):
    """How much a question may use up of the weight that an exchange allows in a minute, in percent."""

    CAN_WAIT = 80
    SOON = 95
    ORDER = 1000  # placed and withdrawn whatever is left: refused or not is for the exchange to say


class RequestLimits:
    """The limits of one exchange for one address, as its own answers tell them.

    Used weight is counted by Binance per minute of its clock (header X-MBX-USED-WEIGHT-1M, limit in exchangeInfo);
    an exchange that sends no such header is limited by ccxt's own count alone. A ban (429, 418) holds for everything.
    """

    def __init__(self) -> None:
        self._silent_until = self._longest = 0
        self._banned = False
        self._minute = 0
        self._used = 0
        self._limit = 6000

    def note_answer(self, status: int, headers: Mapping[str, str], body: str, now: int) -> None:
        """Take in an answer; ``now`` is the exchange's clock."""
        known = {name.lower(): value for name, value in headers.items()}
        if _USED in known and known[_USED].isdigit():
            self._minute, self._used = now // MINUTE, int(known[_USED])
            limit = _LIMIT.search(body, 0, 2000)
            if limit is not None:
                self._limit = int(limit[1])
        if status in {_TOO_MANY, _BANNED}:
            wait = known.get("retry-after", "")
            self.silence(now, int(wait) * SECOND if wait.isdigit() else _SILENCE, banned=status == _BANNED)

    def silence(self, now: int, duration: int = _SILENCE, *, banned: bool = False) -> None:
        """Ask nothing for ``duration``."""
        self._silent_until, self._banned = max(self._silent_until, now + duration), banned
        self._longest = self._silent_until - now

    def check(self, need: Need, now: int) -> None:
        """Raise Failed, with the instant when it may be asked, for a question that must not be sent ``now``."""
        self._silent_until = min(self._silent_until, now + self._longest)  # the clock may have been set back
        if now < self._silent_until:
            until = as_datetime(self._silent_until).strftime("%H:%M:%S")
            problem = f"rate limit: {'banned' if self._banned else 'nothing may be asked'} until {until}"
            raise Failed(_UNSENT, problem, self._silent_until)
        if self._minute == now // MINUTE and self._used * 100 >= self._limit * need:
            raise Failed(_UNSENT, "rate limit: nearly used up", (self._minute + 1) * MINUTE)
