"""A small HTTP server on loopback that answers whatever a test wants it to."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Answer = Callable[["Asked"], None]

SERIES = [{"__name__": "livestory_observation_time_seconds"}, {"__name__": "livestory_wealth"}]
MATRIX = {
    "resultType": "matrix",
    "result": [{"metric": labels, "values": [[1_733_227_200.0, "1733227200"]]} for labels in SERIES],
}


class Asked(BaseHTTPRequestHandler):
    """One request; ``asked`` holds what was asked for."""

    answer: Answer
    asked: dict[str, list[str]]

    def do_GET(self) -> None:
        """Answer as the test says."""
        self.asked = parse_qs(urlsplit(self.path).query)
        type(self).answer(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    @property
    def what(self) -> str:
        """The last part of the path: "series" or "query"."""
        return urlsplit(self.path).path.rpartition("/")[2]

    def reply(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in ({"Content_Type": kind, "Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def succeed(self, **more: object) -> None:
        """Answer as a healthy Prometheus does."""
        data = SERIES if self.what == "series" else MATRIX
        self.reply(200, json.dumps({"status": "success", "data": data, **more}).encode())

    def refuse(self, status: int, error: str) -> None:
        """Answer as Prometheus refuses."""
        self.reply(status, json.dumps({"status": "error", "errorType": "bad", "error": error}).encode())


class _Server(ThreadingHTTPServer):
    """Waits for its answers when it closes, and says nothing of a client that did not wait for one."""

    daemon_threads = False

    def handle_error(self, *_: object) -> None:
        """The client has gone, as the test wants it to."""


@contextmanager
def answering(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that answers every request so."""
    handler = type("Handler", (Asked,), {"answer": staticmethod(answer)})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
