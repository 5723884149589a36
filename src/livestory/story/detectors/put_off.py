"""Trades that were wanted and not made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.trades import PutOff

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Fill, Skip


_MOST = 20  # reasons a pair; a bot whose every reason reads differently is told no further until it trades


class PutOffs(Struct):
    """Tells a skipped trade once for its reason; the pair's next fill ends it and says how long it was put off."""

    told: dict[str, dict[str, int]] = {}  # symbol -> side and reason -> when it was put off first

    def skip(self, skip: Skip, account: Account) -> tuple[PutOff, ...]:
        """The skipped trade, unless it is told already."""
        told = self.told.setdefault(skip.symbol or account.symbol, {})
        name = f"{skip.side or ''} {skip.reason.name}"
        if name in told or len(told) >= _MOST:
            return ()
        told[name] = skip.time
        symbol = skip.symbol if skip.symbol != account.symbol else None
        base = (skip.symbol or account.symbol).partition("/")[0]
        put_off = PutOff(
            side=skip.side,
            quantity=skip.quantity,
            base=base,
            symbol=symbol,
            reason=skip.reason,
            claimed=skip.claimed,
        )
        return (put_off,)

    def filled(self, fill: Fill, account: Account) -> int | None:
        """How long the trade that is filled now was put off; None where it was not."""
        told = self.told.pop(fill.symbol or account.symbol, {})
        since = [time for name, time in told.items() if name.startswith((f"{fill.side} ", " "))]
        return max(0, fill.time - min(since)) if since else None
