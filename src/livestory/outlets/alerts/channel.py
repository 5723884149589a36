"""What a channel is to the one who delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, urlsplit

from livestory.credentials import Secret

if TYPE_CHECKING:
    from livestory.outlets.alerts.http import Http
    from livestory.outlets.alerts.message import Message

_LEAST = 8  # characters; a shorter part of an address opens nothing


class Channel(Protocol):
    """Something that takes messages."""

    most_lines: int
    """Lines that one message may have."""

    async def send(self, message: Message, http: Http) -> None:
        """Deliver it: returns once the service has accepted it. Raises NotAccepted."""


def forms(*secrets: Secret | None) -> tuple[Secret, ...]:
    """The secrets and what of an address opens as much as all of it: none of that may be shown."""
    found = []
    for secret in filter(None, secrets):
        found.append(secret)
        if "://" in secret.reveal():
            parts = urlsplit(secret.reveal())
            pieces = [parts.path, parts.query, parts.password or "", parts.username or "", *parts.path.split("/")]
            pieces += [value for _, value in parse_qsl(parts.query)]
            found += [Secret(piece) for piece in pieces if len(piece) >= _LEAST]
    return tuple(found)
