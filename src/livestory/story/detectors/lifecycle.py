"""The bot's comings and goings, and the rules that it follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.inputs import Begin
from livestory.story.kinds.lifecycle import Resumed, Rules, RulesChanged, Started, Stopped

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.inputs import End
    from livestory.story.kinds.base import Facts


_OUTSIDE = {"testnet", "live"}  # modes in which orders leave the machine: told at each return


class LifecycleDetector(Struct):
    """Tells the first start, each return (and whether a goodbye had come before it) and each goodbye."""

    begun: bool = False
    running: bool = False
    heard: int = 0  # the goodbye, or the last begin; of a bot that tells of itself, whatever it told last
    own: bool = False  # it tells of itself
    noticed: bool = False  # its return was told before it said a word of it

    def begin(self, begin: Begin, account: Account) -> tuple[Facts, ...]:
        """The first start or a return."""
        if begin.own and self.noticed:
            self.noticed = False
            return ()
        first, clean = not self.begun, not self.running
        last_heard = begin.last_heard
        if last_heard is None:
            last_heard = max(account.last.time if account.last is not None else 0, self.heard)
        self.begun = self.running = True
        self.own = begin.own
        self.heard = begin.time
        if first:
            return (
                Started(
                    wealth=begin.wealth,
                    unit=account.unit,
                    mode=begin.mode,
                    market=begin.market,
                    symbol=account.symbol,
                    interval=begin.interval,
                    position=begin.position,
                    cash=begin.cash,
                    price=begin.price,
                    first=True,
                    own=begin.own,
                ),
            )
        last = account.last
        # The price may have moved meanwhile; what the bot holds may not.
        same_holding = last is not None and last.position is not None and last.position == begin.position
        expected = begin.expected
        if expected is None:
            expected = begin.wealth if same_holding else account.wealth
        resumed = Resumed(
            away=max(0, begin.time - last_heard) if begin.own or begin.missed_bars is not None else None,
            last_heard=last_heard,
            clean=clean,
            missed_bars=begin.missed_bars,
            wealth=begin.wealth,
            expected=expected,
            unit=account.unit,
            mode=begin.mode if begin.mode in _OUTSIDE else None,
            fills_found=begin.fills_found,
        )
        return (resumed,)

    def end(self, end: End, account: Account) -> tuple[Stopped, ...]:
        """The line that tells how the bot stopped."""
        self.said_goodbye(end.time)
        stopped = Stopped(
            by=end.by,
            wealth=end.wealth,
            position=end.position,
            base=account.base,
            unit=account.unit,
            orders_open=end.orders_open,
        )
        return (stopped,)

    def said_goodbye(self, time: int) -> None:
        """Note that the bot has stopped, however it said so."""
        self.running = self.noticed = False
        self.heard = time

    def hear(self, time: int) -> None:
        """Note that a bot which reports its own start was running."""
        if self.own:
            self.heard = max(self.heard, time)

    def unsaid_return(self, time: int, account: Account) -> tuple[Facts, ...]:
        """The return of a bot that was running when it was last heard, told before it says a word of it."""
        if not (self.own and self.running):
            return ()
        self.noticed = False
        told = self.begin(Begin(time=time, own=True), account)
        self.noticed = True
        return told


class RulesDetector(Struct):
    """Tells the rules the first time, then only what changed."""

    def rules(self, rules: Rules, account: Account) -> tuple[Facts, ...]:
        """The rules or their change; none where they are the ones the story knows."""
        before = account.rules
        if before is None:
            return (rules,)
        return (RulesChanged(before=before, after=rules),) if before != rules else ()
