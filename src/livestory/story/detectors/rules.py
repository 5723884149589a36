"""The rules in force, at the start and when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.story.kinds.lifecycle import Rules, RulesChanged

if TYPE_CHECKING:
    from livestory.story.account import Account
    from livestory.story.kinds.base import Facts


class RulesInForce(Struct):
    """Tells the rules the first time, then only what changed."""

    def rules(self, rules: Rules, account: Account) -> tuple[Facts, ...]:
        """The rules or their change; none where they are the ones the story knows."""
        before = account.rules
        if before is None:
            return (rules,)
        return (RulesChanged(before=before, after=rules),) if before != rules else ()
