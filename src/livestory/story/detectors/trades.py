"""Trades and their results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.trades import Trade

if TYPE_CHECKING:
    from livestory.story.account import Account, Closed
    from livestory.story.inputs import Fill


class Trades(Struct):
    """Tells what was filled, at its average price, with the result of what it closed."""

    def fill(self, fill: Fill, closed: Closed, put_off: int | None, account: Account) -> tuple[Trade, ...]:
        """The trade; ``account`` has taken the fill already, which closed ``closed``."""
        base, _, quote = (fill.symbol or account.symbol).partition("/")
        sold_out = fill.side == "sell" and not closed.position_after
        trade = Trade(
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            base=base,
            quote=quote,
            symbol=fill.symbol if fill.symbol != account.symbol else None,
            effect=closed.effect,
            short=closed.short,
            reason=fill.reason,
            step=fill.step,
            weight_before=fill.weight_before,
            weight_after=fill.weight_after,
            position_after=closed.position_after,
            result=closed.result,
            gain=closed.gain,
            fee=fill.fee,
            trade_id=fill.trade_id,
            reference=fill.reference,
            wanted=fill.wanted,
            wealth=fill.wealth_after if sold_out else None,
            put_off=put_off,
            found=fill.found,
            filled_at=fill.filled_at,
            ordered=fill.ordered,
            rest=fill.rest,
            claimed=fill.claimed,
        )
        return (trade,)
