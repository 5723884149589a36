"""FAULTS rows 33, 36 and 37: whatever a request has in it, the page answers as it should, and goes on."""

from __future__ import annotations

import logging
import re
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

import pytest

from livestory.clock import SystemClock
from tests.fuzz.inputs import corpus
from tests.fuzz.mutation import Example, examples
from tests.fuzz.oracle import bounded, still_at_it
from tests.patience import LONG
from tests.web.serving import Served, served, settled
from tests.web.teller import week

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.conftest import Tried

REQUESTS = corpus("requests")
_ANSWER = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_FINE = {200, 206, 303, 304}
_REFUSED = {400, 401, 403, 404, 405, 411, 413, 414, 421, 429, 431, 501}
_PATHS = (
    "/", "/login", "/static/page.js", "/api/stories", "/api/status", "/api/events", "/api/events/3", "/api/series",
    "/api/chapters", "/story.txt", "/metrics",
)  # fmt: skip
_HOSTS = (
    "127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "LOCALHOST:{port}", "127.0.0.1", "localhost",
    "127.0.0.1:1", "evil.example", "evil.example:{port}", "127.0.0.1:{port}.evil.example",
    "localhost:{port}@evil.example", "127.1:{port}", "2130706433:{port}", "0x7f.1:{port}",
    "[::ffff:127.0.0.1]:{port}", "localhost.:{port}", " localhost:{port} ", "127.0.0.1:{port},evil.example",
    "127.0.0.1:0{port}", "[::]:{port}", "0.0.0.0:{port}", "", "\xff:{port}", "http://localhost:{port}/",
    "localhost:{port}#", "localhost:{port}/",
)  # fmt: skip
_OWN_HOSTS = frozenset(
    {"127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "LOCALHOST:{port}", " localhost:{port} "}
)
_ORIGINS = (
    None, None, None, "http://{host}", "https://{host}", "null", "http://evil.example", "http://{host}.evil.example",
    "http://evil.example/{host}", "file://", "", "http://127.0.0.1:1", "http://{host}/", "HTTP://{host}",
)  # fmt: skip
_SITES = (None, None, None, "same-origin", "none", "same-site", "cross-site", "", "same-origin, cross-site", "x")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A week's story, served."""
    journal = tmp_path_factory.mktemp("story") / "live_story.txt"
    with week(journal, SystemClock().now()), served(journal) as server:
        settled(server)
        yield server


def answered(server: Served, request: bytes, patience: float = LONG) -> tuple[int, bytes]:
    """The status of the first answer and its head; 0 where none came within ``patience``, as to half a request."""
    still_at_it()
    with socket.create_connection(("127.0.0.1", server.port), patience) as raw:
        raw.sendall(request)
        answer = b""
        with suppress(TimeoutError, ConnectionResetError):  # it may close before it has read everything
            while b"\r\n\r\n" not in answer and (chunk := raw.recv(65_536)):
                answer += chunk
    status = _ANSWER.match(answer)
    assert status is not None or answer == b"", answer
    return (int(status[1]) if status else 0), answer


@pytest.fixture
def nothing_failed(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The log of livestory has no failure in it at the end."""
    yield
    assert [
        record.getMessage()
        for record in caplog.records
        if record.name == "livestory" and record.levelno >= logging.ERROR
    ] == []


@pytest.mark.usefixtures("nothing_failed")
def test_any_request_is_answered_or_refused(server: Served, tried: Tried) -> None:
    """Bytes changed, lost or put in, of what browsers and others send."""
    contents = [
        content.replace(b"\n", b"\r\n").replace(b"{port}", str(server.port).encode()) for content in REQUESTS.values()
    ]
    with bounded():
        for example in examples(120, 3_000):
            request = example.mutated(example.random.choice(contents), contents)
            status, answer = answered(server, request, patience=0.05)
            assert status in {0, *_FINE, *_REFUSED}, f"{example}: {request!r} {answer!r}"
            tried("requests", "refused" if status in _REFUSED else "answered" if status else "waited for")
    assert server.ask("healthz").status in {200, 503}


@pytest.mark.usefixtures("nothing_failed")
def test_only_our_own_name_and_our_own_page_read_the_story(server: Served, tried: Tried) -> None:
    """Any mixture of Host, Origin and Sec-Fetch-Site, on any route: what is not certainly ours gets nothing of it."""
    with bounded():
        for example in examples(300, 15_000):
            request, ours = _asked(example, server.port)
            status, answer = answered(server, request)
            assert status in {*_FINE, *_REFUSED}, f"{example}: {request!r} {answer!r}"
            assert ours or status in _REFUSED, f"{example}: {request!r} {answer!r}"
            assert not ours or status != 421, f"{example}: {request!r} {answer!r}"
            tried("headers of requests", "refused" if status in _REFUSED else "answered")


def _asked(example: Example, port: int) -> tuple[bytes, bool]:
    """A request, and whether it may be answered: an oracle of its own, from the rules and not from the gate."""
    random = example.random
    host = random.choice(_HOSTS if random.random() < 0.4 else sorted(_OWN_HOSTS))
    hosts = [host] if random.random() < 0.9 else [host, random.choice(_HOSTS)]
    origin, site = (random.choice(each if random.random() < 0.4 else [None]) for each in (_ORIGINS, _SITES))
    path = random.choice(_PATHS)
    if random.random() < 0.3:
        name = random.choice(("limit", "since", "kind", "q", "story", "points", "x"))
        path += f"?{name}={quote_from_bytes(random.randbytes(random.randrange(12)))}"
    own = f"{host.strip()}".format(port=port)
    headers = [f"Host: {each.format(port=port)}" for each in hosts]
    if origin is not None:
        headers.append(f"Origin: {origin.format(host=own)}")
    if site is not None:
        headers.append(f"Sec-Fetch-Site: {site}")
    random.shuffle(headers)
    request = "\r\n".join([f"GET {path} HTTP/1.1", *headers, "Connection: close", "", ""]).encode("latin-1")
    named = len(hosts) == 1 and host in _OWN_HOSTS
    from_us = origin in {None, "http://{host}", "https://{host}", "HTTP://{host}"} or (
        origin == "null" and site == "same-origin"
    )
    return request, named and from_us and site in {None, "same-origin", "none"}
