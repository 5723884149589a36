"""The real server of `listen` on a free port, in a thread of the test's own process, and a client that posts to it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from livestory.follow.listen.app import Listen
from livestory.follow.listen.sources import Bearers, SourceSecrets
from livestory.http_server.address import bind
from livestory.http_server.gate import allowed_hosts
from livestory.http_server.server import Server
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.public import PublicWriter
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from livestory.clock import Clock


class Answer(Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    json: Any


class Posting(Struct):
    """A running server."""

    port: int

    def post(
        self,
        body: bytes | str | object,
        path: str = "tell",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send ``body`` (as JSON, where it is neither text nor bytes) with these headers."""
        sent = body if isinstance(body, bytes | str) else json.dumps(body)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.request(method, f"/{path.lstrip('/')}", sent, dict(headers or {}))
            answer = connection.getresponse()
            raw = answer.read()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(raw or b"null")
            )
        finally:
            connection.close()


@contextmanager
def listening(path: Path, token: str | None = None, *, clock: Clock | None = None) -> Iterator[Posting]:
    """Tell the story at ``path`` from what is posted, until the with block ends."""
    sources = SourceSecrets(Layout.of(path).sources)
    bearers = Bearers(token, sources)
    ready = threading.Event()
    who = Identity(symbol="ETH/BTC", unit="BTC")
    with bind("127.0.0.1", 0) as socket, PublicWriter(path, who, StorySettings(), clock=clock) as story:
        port = socket.getsockname()[1]
        server = Server(Listen(story, allowed_hosts("127.0.0.1", port, ()), bearers, sources), ready=ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
        thread.start()
        assert ready.wait(LONG)
        try:
            yield Posting(port)
        finally:
            server.stop()
            thread.join(LONG)
    assert not thread.is_alive()
