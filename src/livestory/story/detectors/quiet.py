"""Signs of life when there is nothing to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from livestory.story.kinds.chapters import Quiet
from livestory.story.kinds.lifecycle import Resumed, Stopped
from livestory.story.no_trade import NoTradeTally

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import Observation
    from livestory.story.kinds.base import Facts


class Silence(Struct):
    """Tells one line after ``quiet`` without one: the state, what it waits for, and why nothing was traded.

    The bot's comings and goings are no news: a story told with an interruption has the same quiet as one without.
    """

    last_news: int | None = None
    bars: int = 0
    no_trade: NoTradeTally = field(default_factory=NoTradeTally)

    def observe(self, observation: Observation, account: Account) -> tuple[Quiet, ...]:
        """The sign of life, where it is time for one."""
        time, last_news = observation.time, self.last_news
        if last_news is None or last_news > time:  # a caller's own timestamp may lie ahead
            self.last_news = last_news = time
        if time > last_news:
            self.bars += 1
            reason = observation.no_trade_reason
            if reason is not None:
                self.no_trade.add(reason)
        limit = account.settings.quiet
        if not limit or time - last_news < limit:
            return ()
        o = observation
        drawdown, breaker = account.near_breaker()
        quiet = Quiet(
            silence=time - last_news,
            bars=self.bars,
            halted=o.halted,
            halt_reason=o.halt_reason,
            resume_at=o.resume_at,
            resume_score=o.resume_score,
            score=o.score,
            position=o.position,
            base=account.base,
            quote=account.quote,
            weight=o.weight,
            target_weight=o.target_weight,
            price=o.price,
            sold_at=account.sold_at if o.position == 0 else None,
            drawdown=drawdown,
            limit=breaker,
            no_trade=() if o.halted else self.no_trade.told(),
        )
        return (quiet,)

    def hear(self, time: int, facts: Facts) -> None:
        """Take something told: the silence begins anew."""
        if isinstance(facts, Resumed | Stopped):
            return
        self.last_news = max(time, self.last_news or 0)
        self.bars = 0
        self.no_trade.clear()
