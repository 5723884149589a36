"""Links by which others may read a story in percent: each expires, may be revoked, and opens that one page alone.

Of a link's secret only the hash is kept, in a private file beside the story: `livestory share` writes it, and the page
only reads it.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.errors import InputError
from livestory.http_server.secrets import digest
from livestory.story.files import private_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from livestory.clock import Clock
    from livestory.outlets.web.followed_story import FollowedStory

PATH = "/shared/"
_BYTES = 24  # of a secret: nobody guesses it
_ANEW = "make each link with livestory share make"


class Share(Struct, frozen=True):
    """A link. Instants are microseconds."""

    number: int  # to its owner
    sha256: str
    made: int
    expires: int
    symbols: bool = False  # these are shown too


def read(path: Path) -> list[Share]:
    """The links that the file at ``path`` holds. Raises InputError where it can't be trusted."""
    return private_list.read(path, Share, _ANEW)


def make(path: Path, now: int, lasts: int, *, symbols: bool) -> tuple[str, Share]:
    """Make a link; its secret, which is kept nowhere. Those that have expired are forgotten."""
    shares = [share for share in read(path) if share.expires > now]
    secret = secrets.token_urlsafe(_BYTES)
    number = 1 + max((share.number for share in shares), default=0)
    share = Share(number, digest(secret).hex(), now, now + lasts, symbols)
    private_list.write(path, [*shares, share])
    return secret, share


def revoke(path: Path, number: int) -> None:
    """Take a link away, at once. Raises InputError where there is none of that number."""
    shares = read(path)
    left = [share for share in shares if share.number != number]
    if len(left) == len(shares):
        known = ", ".join(str(share.number) for share in shares) or "none"
        message = f"{number}: no such link; there are: {known}"
        raise InputError(message)
    private_list.write(path, left)


class Shares:
    """The links of all stories, as their files have them at this moment."""

    def __init__(self, stories: Mapping[str, FollowedStory], clock: Clock) -> None:
        self._stories = stories
        self._clock = clock
        self._read: dict[str, tuple[tuple[int, int, int] | None, list[Share]]] = {}

    def find(self, secret: str) -> tuple[str, Share] | None:
        """The story that a link's secret opens now, and the link. All are compared, whichever it is."""
        offered, now, found = digest(secret).hex(), self._clock.now(), None
        for story in list(self._stories.values()):
            for share in self._of(story):
                if (
                    hmac.compare_digest(share.sha256.encode("utf-8", "replace"), offered.encode())
                    and share.expires > now
                ):
                    found = story.name, share
        return found

    def _of(self, story: FollowedStory) -> list[Share]:
        """The links of a story; while their file can't be trusted, there are none."""
        name, path = story.name, story.shares
        stamp = private_list.stamp(path)
        if name not in self._read or self._read[name][0] != stamp:
            try:
                shares = read(path)
            except InputError:
                shares = []
            self._read[name] = stamp, shares
        return self._read[name][1]
