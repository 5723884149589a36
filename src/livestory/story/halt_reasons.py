"""The reasons of a halt that livestory knows; a bot that tells of itself may give any words."""

from __future__ import annotations

from typing import Final

BREAKER: Final = "breaker"
OWNER: Final = "owner"
JOURNAL: Final = "journal"
"""The journal is new, and the account holds something."""
ENDED_BY_OWNER = frozenset({OWNER, JOURNAL})
"""Those that last until their owner resumes the bot."""
