"""A story's events as annotations of a Grafana: what is marked on our own chart is marked on its panels.

Grafana itself is asked which ones it has, by the tags that each carries: so an export that was cut off goes on where it
was, and none comes twice, whatever was answered or lost on the way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import msgspec
from msgspec import Struct

from livestory.credentials import checked
from livestory.errors import InputError, LivestoryError
from livestory.extras import missing
from livestory.story.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx2

    from livestory.story.journal.entry import Kept
    from livestory.story.journal.reader import JournalReader

VARIABLE = "GRAFANA_TOKEN"
_KINDS = frozenset(kind for kind, facts in KINDS.items() if facts.declared.mark is not None)
_PAGE = 200  # events that are looked up together
_MOST = 100_000  # annotations that Grafana may answer with
_TIMEOUT = 30.0
_MILLI = 1000  # microseconds
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")
_REFUSED = frozenset({401, 403})
_OK, _NOT_FOUND = 200, 404


class _There(Struct):
    """An annotation that Grafana has."""

    tags: list[str] = []


def token_in(environ: Mapping[str, str]) -> str:
    """The token of a service account. Raises InputError where there is none that can be sent."""
    token = checked(VARIABLE, environ.get(VARIABLE, ""))
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        message = f"{VARIABLE}: the token of a Grafana service account that may write annotations is needed there"
        raise InputError(message)
    return token


class Grafana:
    """A Grafana server. Raises InputError where what was asked for is wrong, else LivestoryError."""

    def __init__(self, url: str, token: str) -> None:
        try:
            import httpx2  # noqa: PLC0415 - an extra, and slow to import

            from livestory.http_clients import opened  # noqa: PLC0415 - needs it
        except ImportError as error:
            raise missing(error, "export to Grafana", "retell") from None
        if not _URL.fullmatch(url):
            message = f"{url}: not an address such as http://127.0.0.1:3000"
            raise InputError(message)
        self._url = f"{url.rstrip('/')}/api/annotations"
        self._client = opened(httpx2.Client, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def tags(self, since: int, until: int, tag: str) -> set[str]:
        """All tags of the annotations with that tag, between two instants."""
        asked = {"from": since // _MILLI, "to": until // _MILLI + 1, "tags": tag, "limit": _MOST}
        answer = self._sent("GET", params=asked)
        try:
            found = msgspec.json.decode(answer.content, type=list[_There])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self._not_grafana() from None
        return {each for annotation in found for each in annotation.tags}

    def annotate(self, time: int, text: str, tags: list[str]) -> None:
        """Add an annotation at that instant."""
        self._sent("POST", json={"time": time // _MILLI, "text": text, "tags": tags})

    def _sent(self, method: str, **what: object) -> httpx2.Response:
        import httpx2  # noqa: PLC0415 - as above

        try:
            answer = self._client.request(method, self._url, **what)  # type: ignore[arg-type]  # what each method needs
        except httpx2.HTTPError as error:
            message = f"{self._url}: {str(error) or type(error).__name__}; run it again, and it goes on where it was"
            raise LivestoryError(message) from None
        if answer.status_code in _REFUSED:
            message = f"{self._url}: {VARIABLE} may not read and write annotations there (status {answer.status_code})"
            raise InputError(message)
        if answer.status_code == _NOT_FOUND:
            raise self._not_grafana()
        if answer.status_code != _OK:
            message = f"{self._url}: status {answer.status_code}; run it again, and it goes on where it was"
            raise LivestoryError(message)
        return answer

    def _not_grafana(self) -> InputError:
        return InputError(f"{self._url}: answers, but not as Grafana does; check the address")


def export(reader: JournalReader, grafana: Grafana, since: int | None, until: int | None) -> Iterator[bool]:
    """Add what Grafana lacks; for each event whether it was added. Raises LivestoryError."""
    own = f"livestory:{reader.id}"
    for page in reader.pages(kinds=_KINDS, since=since, until=until, limit=_PAGE, shown=True):
        times = [event.time for event in page]
        there = grafana.tags(min(times), max(times), own)
        for event in page:
            seq = f"seq:{event.seq}"
            if seq not in there:
                bot = [reader.identity.bot] if reader.identity.bot else []
                grafana.annotate(event.time, _text(event), ["livestory", event.kind, *bot, own, seq])
            yield seq not in there


def _text(event: Kept) -> str:
    """The line without its time. Grafana shows markup, so that what could be some is escaped."""
    words = event.line.partition(" | ")[2]
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
