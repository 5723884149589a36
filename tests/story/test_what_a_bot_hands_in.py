"""A bot's own clock, subscribers and timeouts: nonsense is named at once, and no fault of theirs ends the story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest

from livestory import StoryWriter
from livestory.clock import instant
from livestory.story.writing import thread
from tests.patience import LONG, until

if TYPE_CHECKING:
    from pathlib import Path

NOW = instant("2024-12-03 15:00:00")


class _Clock:
    """Says what it is told to say; raises what is an error."""

    def __init__(self, says: Any) -> None:
        self.says = says
        self.asked = 0

    def now(self) -> Any:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.mark.parametrize(
    "says",
    [
        NOW / 1e6,
        NOW // 10**6,
        NOW // 1000,
        NOW * 1000,
        datetime(2024, 12, 3, 15, tzinfo=UTC),
        "now",
        None,
        True,
        -5,
        nan,
        OSError("gone"),
    ],
    ids=repr,
)
def test_a_clock_that_says_no_microseconds_is_refused_when_the_story_is_opened(tmp_path: Path, says: Any) -> None:
    """In seconds it would be told as one of 1970, a float would stand in the journal."""
    with pytest.raises(ValueError, match=r"^the clock .*(expected whole microseconds since the epoch|OSError: gone)"):
        StoryWriter(tmp_path, clock=_Clock(says))


def test_a_clock_that_fails_for_a_while_ends_no_thread_of_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told meanwhile without its time is told once it goes again."""
    monkeypatch.setattr(thread, "_LISTEN", 0.01)
    clock = _Clock(NOW)
    with StoryWriter(tmp_path, clock=clock, max_wait=LONG) as story:
        assert story.note("before")
        clock.says = OSError("no answer")
        assert story.note("meanwhile") is None
        assert "no answer" in str(story.health.trouble)
        asked = clock.asked
        until(lambda: clock.asked > asked)  # the writer's own look at its files asks the clock
        clock.says = NOW
        told = story.note("after")
        assert told is not None
        assert story.flush(LONG)
        assert story.health.ok


@pytest.mark.parametrize("what", [None, 5, "print"])
def test_a_subscriber_that_can_not_be_called_is_refused(tmp_path: Path, what: Any) -> None:
    """At once, in words."""
    with (
        StoryWriter(tmp_path, strict=True) as story,
        pytest.raises(ValueError, match="expected a function that takes an event"),
    ):
        story.subscribe(what)


def test_a_subscriber_whose_coroutine_nobody_awaits_is_told_of(tmp_path: Path) -> None:
    """Else nothing would ever be sent, and nobody would know: an async function, or a lambda that calls one."""

    async def send(_line: str) -> None:
        pytest.fail("nobody awaits it")

    with StoryWriter(tmp_path, max_wait=LONG) as story:
        story.subscribe(lambda event: send(event.line))
        story.note("one")
        until(lambda: story.health.subscriber)
        assert "nobody awaits" in str(story.health.subscriber)


@pytest.mark.parametrize("timeout", [None, 2, -3.0, inf, Decimal(2), "2"], ids=repr)
def test_flush_and_close_take_a_timeout_of_any_kind(tmp_path: Path, timeout: Any) -> None:
    """None waits for as long as it takes, less than nothing not at all."""
    story = StoryWriter(tmp_path, strict=True, max_wait=LONG)
    story.note("one")
    assert story.flush(timeout)
    assert story.close(timeout)


@pytest.mark.parametrize("timeout", [nan, "soon", [], timedelta(seconds=1)], ids=repr)
def test_a_timeout_that_is_none_is_named_and_the_story_closed(tmp_path: Path, timeout: Any) -> None:
    """Only a strict writer raises it into the bot."""
    with StoryWriter(tmp_path, max_wait=LONG) as story:
        story.note("one")
        assert story.flush(timeout)
        assert str(story.health.trouble).startswith("timeout ")
        assert story.close(timeout)
        assert story.note("closed") is None
    with StoryWriter(tmp_path, strict=True) as story, pytest.raises(ValueError, match=r"^timeout "):
        story.close(timeout)
