"""Senders that can't set headers: each has a secret in the address that it posts to, and may do nothing else.

Of a secret only the hash is kept, in a private file beside the story: it is shown once, when it is made.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.errors import InputError
from livestory.http_server.secrets import Lock, Token, digest
from livestory.story.files import private_list

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 24  # of a secret: nobody guesses it
_ANEW = "add each source with livestory listen add"


class PostingSource(Struct, frozen=True):
    """A sender with a secret of its own."""

    name: str
    sha256: str
    made: int  # the instant


def read(path: Path) -> list[PostingSource]:
    """The sources of the story whose file of them is at ``path``. Raises InputError where it can't be trusted."""
    return private_list.read(path, PostingSource, _ANEW)


def add(path: Path, name: str, now: int) -> str:
    """Make a source of that name; its secret, which is kept nowhere. Raises InputError where there is one already."""
    sources = read(path)
    if any(source.name == name for source in sources):
        message = f"{name}: there is such a source already\nRevoke it first, or choose another name."
        raise InputError(message)
    secret = secrets.token_urlsafe(_BYTES)
    private_list.write(path, [*sources, PostingSource(name, digest(secret).hex(), now)])
    return secret


def revoke(path: Path, name: str) -> None:
    """Take a source's secret away, at once. Raises InputError where there is none of that name."""
    sources = read(path)
    left = [source for source in sources if source.name != name]
    if len(left) == len(sources):
        known = ", ".join(source.name for source in sources) or "none"
        message = f"{name}: no such source; there are: {known}"
        raise InputError(message)
    private_list.write(path, left)


class SourceSecrets(Lock):
    """The secrets of all sources, as the file has them at this moment."""

    def __init__(self, path: Path) -> None:
        """Raises InputError where the file can't be trusted."""
        super().__init__()
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._digests: frozenset[bytes] = frozenset()
        self.existed = False  # whether there ever was such a file
        self._look()

    def opens_with(self, digest: bytes) -> bool:
        """Whether it is the secret of a source. While the file can't be trusted, none is."""
        self.look()
        return digest in self._digests

    def look(self) -> None:
        """Read the file again where it is another one."""
        try:
            self._look()
        except InputError:
            self._digests = frozenset()

    def _look(self) -> None:
        found = private_list.stamp(self._path)
        if found != self._seen:
            self._seen, self.existed = found, self.existed or found is not None
            self._digests = frozenset(bytes.fromhex(source.sha256) for source in read(self._path))


class Bearers(Lock):
    """What may stand in the header Authorization: the token, or the secret of a source."""

    def __init__(self, token: str | None, sources: SourceSecrets) -> None:
        """Raises InputError where the token is easily guessed."""
        super().__init__()
        self._token = None if token is None else Token(token)
        self._sources = sources

    @property
    def needed(self) -> bool:
        """Return True if there is any source; then nobody may post without a secret."""
        self._sources.look()
        return self._token is not None or self._sources.existed

    def opens_with(self, digest: bytes) -> bool:
        """Return True if the digest is that of the token, or of a source's secret."""
        by_token = self._token is not None and self._token.opens_with(digest)
        return by_token or self._sources.opens_with(digest)
