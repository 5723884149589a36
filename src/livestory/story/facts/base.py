"""What the facts of every kind have in common."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Facts(Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """What an event of one kind has to say."""

    critical: ClassVar[bool] = False  # the owner wants to be woken for it


class OfACaller(Facts, frozen=True, kw_only=True):
    """What a caller tells with a time of his own."""

    claimed: int | None = None  # that time, where it is not believed: it is told at the clock's
