"""A server that answers each request with bytes of a test's choice, whether they are HTTP or not."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer with its length."""
    head = {"Content-Length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode() + body


def later(retry_after: str) -> bytes:
    """The answer of Telegram and Discord to too many messages, with what it says of waiting as it stands."""
    written = f'{{"ok": false, "retry_after": {retry_after}, "parameters": {{"retry_after": {retry_after}}}}}'
    return answer(429, written.encode())


BOMB = gzip.compress(b"\0" * (64 << 20))

ANSWERS: dict[str, bytes | list[bytes]] = {
    **{
        f"429 {each[:20]}": later(each)
        for each in ("1e305", "NaN", "-1", "Infinity", "-1e305", '"soon"', "[1]", "9" * 400, "null", "true", "{}")
    },
    "429 in 9999": answer(429, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"),
    "429 in a strange zone": answer(429, Retry_After="Fri, 31 Dec 9999 23:59:59 -9999"),
    "429 in no zone": answer(429, Retry_After="Fri, 31 Dec 2027 23:59:59 -0000"),
    "429 in many seconds": answer(429, Retry_After="9" * 5000),
    "429 in nonsense": answer(429, Retry_After="next week, perhaps"),
    "503 in days": answer(503, Retry_After="864000"),
    "a deep body": answer(400, b"[" * 60_000),
    "a body in no alphabet": answer(400, b'{"description": "\xff\xfe"}'),
    "JSON of another kind": answer(400, json.dumps({"parameters": 7, "description": ["x"]}).encode()),
    "a bomb": answer(500, BOMB, Content_Encoding="gzip"),
    "a broken bomb": answer(500, BOMB[:500], Content_Encoding="gzip"),
    "a bomb of success": answer(200, BOMB, Content_Encoding="gzip"),
    "an unknown encoding": answer(500, b"x", Content_Encoding="zst, nonsense"),
    "switching protocols": answer(101),
    "nothing but promises": [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 2_000,
    "an endless body": [
        b"HTTP/1.1 500 So\r\nTransfer-Encoding: chunked\r\n\r\n",
        *[b"4000\r\n" + b"x" * 0x4000] * 9000,
    ],
    "a flood of headers": [b"HTTP/1.1 200 OK\r\n", *[b"X-Flood: " + b"x" * 4000 + b"\r\n"] * 5000],
    "a status of none": b"HTTP/1.1 999 Odd\r\n\r\n",
    "a length below none": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
}
"""What a service may answer, by what it is."""


@contextmanager
def answering(said: bytes | Iterable[bytes], *, pause: float = 0.0) -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that says this to every request, part by part: its address, what was asked."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []
    ended = threading.Event()
    parts = [said] if isinstance(said, bytes) else list(said)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            asked.append(connection.recv(1 << 20))
            for part in parts:
                if ended.wait(pause):
                    break
                connection.sendall(part)
            if not parts[0]:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
