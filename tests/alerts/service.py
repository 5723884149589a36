"""The services on loopback: each speaks its protocol, refuses what the real one refuses, and meets a fault plan."""

from __future__ import annotations

import hmac
import json
import socket
import struct
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tests.patience import LONG

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

TOKEN = "110201543:canary-telegram-9c1f7a"  # noqa: S105 - invented
TOPIC = "canary-topic-51d0"
HOOK = "canary-hook-8e42b7"
KEY = "canary-key-77b3"
CANARIES = ("canary", "9c1f7a", "51d0", "8e42b7", "77b3")
CHAT = "4242"

FAULTS = ("slow", "reset", "reset_before", "too_many", "error", "gateway", "malformed", "redirect", "cut")
"""What may befall one request; those of `ACCEPTED` happen after the service has taken the message."""
ACCEPTED = frozenset({"slow", "reset", "malformed", "cut", "gateway"})


class Taken(Struct):
    """A message that the service accepted."""

    service: str
    id: str | None
    text: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def lines(self) -> list[str]:
        """The lines of a webhook's message."""
        return [event["line"] for event in self.body["events"]]


class Service:
    """One server for all of them; ``faults`` are met by the next requests, one each."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.faults: deque[str] = deque()
        self.accepted: list[Taken] = []
        self.refused: list[str] = []
        self.asked = 0
        self.pinged = 0
        self.key: str | None = None  # the token of ntfy, the key of the webhook
        self.retry_after = 0.05
        self.poison, self.poison_status = "", 400  # what a webhook refuses, and how
        self.most_bytes = 1 << 30  # of a body
        self.sizes: list[int] = []  # of the bodies that were longer
        self.moved_to: int | None = None  # the new id of Telegram's chat
        self.changed = threading.Condition()
        self.release = threading.Event()  # ends what is slow
        handler = type("Handler", (_Handler,), {"service": self})
        self._server = _Server(("127.0.0.1", port), handler)
        self._scheme = "http"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its base address."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def environ(self) -> dict[str, str]:
        """The secrets as an owner sets them."""
        return {
            "PHONE": TOKEN,
            "HOOK": f"{self.url}/hooks/{HOOK}",
            "DISCORD": f"{self.url}/api/webhooks/1234/{HOOK}",
            "NTFY": f"{self.url}/{TOPIC}",
            "KEY": KEY,
            "PING": f"{self.url}/ping/{HOOK}",
            "APPRISE": f"json://127.0.0.1:{self._server.server_port}/apprise/{HOOK}",
        }

    def of(self, service: str) -> list[Taken]:
        """What that service accepted."""
        return [taken for taken in self.accepted if taken.service == service]

    def wait(self, count: int, service: str | None = None) -> list[Taken]:
        """What was accepted, once it is at least that many."""
        with self.changed:
            found = self.changed.wait_for(lambda: len(self.of(service) if service else self.accepted) >= count, LONG)
            assert found, (self.accepted, self.refused, self.asked)
            return list(self.of(service) if service else self.accepted)

    def close(self) -> None:
        """Take no more."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """The client has gone, or never wanted to trust us."""


class _Handler(BaseHTTPRequestHandler):
    service: Service
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """The dead man's switch."""
        service = self.service
        with service.changed:
            service.pinged += self.path == f"/ping/{HOOK}"
            service.changed.notify_all()
        self._reply(200, b"OK")

    def do_POST(self) -> None:
        """Take a message, or meet what the plan says."""
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        service = self.service
        with service.changed:
            service.asked += 1
            fault = service.faults.popleft() if service.faults else ""
            if not fault or fault in ACCEPTED:
                kind, status, answer, taken = self._take(raw)
                if taken is not None:
                    service.accepted.append(taken)
                else:
                    service.refused.append(f"{kind}: {status}")
            service.changed.notify_all()
        if fault:
            self._meet(fault)
        else:
            self._reply(status, answer)

    def _take(self, raw: bytes) -> tuple[str, int, bytes, Taken | None]:
        body = json.loads(raw)
        if len(raw) > self.service.most_bytes:
            self.service.sizes.append(len(raw))
            return "", 413, b"", None
        if self.service.poison and self.service.poison.encode() in raw:
            return "", self.service.poison_status, b"", None
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path.endswith("/sendMessage"):
            status, answer, text, own = self._telegram(body)
            kind = "telegram"
        elif self.path.startswith("/api/webhooks/"):
            status, answer, text, own = self._discord(body)
            kind = "discord"
        elif self.path.startswith("/hooks/"):
            status, answer, text, own = self._hook(raw, body, headers)
            kind = "webhook"
        elif self.path.startswith("/apprise/"):
            status, answer, text, own, kind = 200, "{}", body["message"], None, "apprise"
        else:
            status, answer, text, own = self._ntfy(body, headers)
            kind = "ntfy"
        taken = Taken(kind, own, text, body, headers) if status < 300 else None
        return kind, status, answer.encode(), taken

    def _telegram(self, body: dict[str, Any]) -> tuple[int, str, str, str | None]:
        text = body["text"]
        if self.path != f"/bot{TOKEN}/sendMessage":
            return 401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', text, None
        if self.service.moved_to is not None and body["chat_id"] != str(self.service.moved_to):
            moved = {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded"}
            return 400, json.dumps(moved | {"parameters": {"migrate_to_chat_id": self.service.moved_to}}), text, None
        if body["chat_id"] != str(self.service.moved_to or CHAT):
            return 400, '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', text, None
        if not text.strip() or len(text.encode("utf-16-le")) > 8192 or "parse_mode" in body:
            return 400, '{"ok":false,"error_code":400,"description":"Bad Request: message is too long"}', text, None
        return 200, '{"ok":true,"result":{"message_id":1}}', text, None

    def _discord(self, body: dict[str, Any]) -> tuple[int, str, str, str | None]:
        text = body["content"]
        path, _, query = self.path.partition("?")
        if path != f"/api/webhooks/1234/{HOOK}":
            return 404, '{"message": "Unknown Webhook", "code": 10015}', text, None
        wrong = not text or len(text.encode("utf-16-le")) > 4000 or body.get("allowed_mentions") != {"parse": []}
        if wrong:
            return 400, '{"content": ["Must be 2000 or fewer in length."]}', text, None
        return (200, '{"id": "99"}', text, None) if "wait=true" in query else (204, "", text, None)

    def _ntfy(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, str, str, str | None]:
        text = body.get("message", "")
        if self.service.key is not None and headers.get("authorization") != f"Bearer {self.service.key}":
            return 403, '{"code":40301,"http":403,"error":"forbidden"}', text, None
        if body.get("topic") != TOPIC or len(text.encode()) > 4096 or self.path != "/":
            return 400, '{"code":40009,"http":400,"error":"invalid request: topic invalid"}', text, None
        return 200, '{"id":"xE73Iyuabi","event":"message"}', text, body.get("sequence_id")

    def _hook(self, raw: bytes, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, str, str, str | None]:
        if self.path != f"/hooks/{HOOK}":
            return 404, "", "", None
        if self.service.key is not None:
            signed = f"{headers.get('livestory-timestamp')}.".encode() + raw
            own = hmac.new(self.service.key.encode(), signed, "sha256").hexdigest()
            if headers.get("livestory-signature") != f"sha256={own}":
                return 403, "", "", None
        assert headers["idempotency-key"] == body["id"]
        return 202, "", "", body["id"]

    def _meet(self, fault: str) -> None:
        service = self.service
        after = str(service.retry_after)
        match fault:
            case "slow":
                service.release.wait(60)
                self._reset()
            case "reset" | "reset_before":
                self._reset()
            case "too_many":
                told = {
                    "ok": False,
                    "parameters": {"retry_after": service.retry_after},
                    "retry_after": service.retry_after,
                }
                self._reply(429, json.dumps(told).encode(), **{"Retry-After": after.partition(".")[0]})
            case "busy":
                self._reply(429, b"<h1>later</h1>", **{"Retry-After": after.partition(".")[0]})
            case "busy_date":
                self._reply(503, b"", **{"Retry-After": formatdate(time.time() + service.retry_after, usegmt=True)})
            case "error" | "gateway":
                self._reply(500 if fault == "error" else 504, b"<h1>it broke</h1>")
            case "malformed":
                self._reply(500 if self.path.startswith("/hooks/") else 200, b"<html>Welcome to the hotel</html>")
            case "redirect":
                self._reply(302, b"", Location=f"{service.url}/elsewhere/{HOOK}")
            case "cut":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{")
                self.wfile.flush()
                self._reset()
            case _:
                raise AssertionError(fault)

    def _reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """A TCP reset: what was sent is lost to the client."""
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = True


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """The services, until the with block ends."""
    service = Service(tls=tls)
    try:
        yield service
    finally:
        service.close()
