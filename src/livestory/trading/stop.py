"""A request to end a run."""

from __future__ import annotations

from threading import Event


class Stop(Event):
    """Set once somebody asks the run to end; it knows who, for the story's last line."""

    by: str = "you"
    """As `livestory.story.inputs.End.by` has it: "you", or "system" for whoever ends processes."""
