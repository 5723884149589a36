"""The plan's `python tools/explain_story.py FILE`: livestory explain, in the project's own environment."""

from __future__ import annotations

from launch import livestory  # type: ignore[import-not-found]  # it lies beside this file

livestory("explain")
