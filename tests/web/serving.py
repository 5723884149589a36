"""The real server on a free port, in a thread of the test's own process, and a client that sends what it is told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from livestory.clock import SystemClock
from livestory.http_server.address import bind
from livestory.http_server.gate import allowed_hosts
from livestory.http_server.server import Server
from livestory.outlets.web.app import Web, WebOptions
from tests.patience import LONG, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from livestory.clock import Clock

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - invented


class Answer(Struct):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served(Struct):
    """A running server."""

    port: int
    web: Web

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b""
    ) -> Answer:
        """Send a request with exactly these headers; Host is ours where it is not among them, left out where empty."""
        with self.connection(path, headers, method, body) as (_, answer):
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    @contextmanager
    def connection(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b""
    ) -> Iterator[tuple[HTTPConnection, HTTPResponse]]:
        """A request whose answer is read by the caller."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            connection.putrequest(method, f"/{path.lstrip('/')}", skip_host=True, skip_accept_encoding=True)
            sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
            if body:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            yield connection, connection.getresponse()
        finally:
            connection.close()

    @contextmanager
    def listening(
        self, path: str = "api/stream", headers: Mapping[str, str] | None = None
    ) -> Iterator[Iterator[Message]]:
        """The messages of a stream, as they come."""
        with self.connection(path, headers) as (_, answer):
            assert answer.status == 200, answer.read()
            yield messages(answer)


class Message(Struct):
    """A server-sent event."""

    kind: str
    id: int | None
    data: Any


def messages(answer: HTTPResponse) -> Iterator[Message]:
    """Parse a stream (WHATWG HTML, 9.2.6), one message at a time."""
    fields: dict[str, str] = {}
    while raw := answer.readline():
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Message(fields["event"], int(fields["id"]) if "id" in fields else None, json.loads(fields["data"]))
            fields = {}


@contextmanager
def served(
    *stories: Path,
    token: str | None = None,
    names: tuple[str, ...] = (),
    clock: Clock | None = None,
    most: int = 1000,
    port: int = 0,
    root_path: str = "",
) -> Iterator[Served]:
    """Serve these stories until the with block ends."""
    listening = bind("127.0.0.1", port)
    port = listening.getsockname()[1]
    settings = WebOptions(
        hosts=allowed_hosts("127.0.0.1", port, names),
        token=token,
        cookie=f"livestory_{port}",
        root_path=root_path,
        most_listeners=most,
    )
    web = Web(list(stories), settings, clock or SystemClock())
    ready = threading.Event()
    server = Server(web, root_path, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert ready.wait(LONG)
    try:
        yield Served(port, web)
    finally:
        server.stop()
        thread.join(LONG)
        listening.close()
    assert not thread.is_alive()


def settled(server: Served, story: str = "") -> Any:
    """The status, once the story has been read."""
    path = f"api/status?story={story}" if story else "api/status"
    until(lambda: server.ask(path).json["state"] != "loading")
    return server.ask(path).json
