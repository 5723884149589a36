"""Each answer that the description of `listen` names, as it comes; and senders of every kind of ill will."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import apsw
import jsonschema_rs
import pytest

from livestory.story.files.verify import verify
from tests.listen.posting import Answer, Posting, listening
from tests.patience import LONG

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - invented
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOTE = {"input": "note", "text": "a"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's story lies."""
    return tmp_path / "live_story.txt"


def test_each_answer_that_is_described_is_given_and_none_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the status, and of the form, that /openapi.json has for it."""
    with listening(path, TOKEN) as server:
        given = [
            server.post(NOTE),
            server.post(NOTE, headers=BEARER),
            server.post([NOTE, {"input": "halt"}], headers=BEARER),
            server.post("[1", headers=BEARER),
            server.post(NOTE, headers={**BEARER, "Origin": "https://evil.example"}),
            server.post(NOTE, "tell/nobody's"),
            server.post(b" " * 1_048_577, headers=BEARER),
            server.post(NOTE, headers={**BEARER, "Content-Encoding": "gzip"}),
            server.post(NOTE, headers={**BEARER, "Host": "evil.example"}),
            server.post(NOTE, headers={**BEARER, "X-Long": "x" * 40_000}),
        ]
        with ThreadPoolExecutor(20) as pool:
            given += pool.map(lambda _: server.post(NOTE, headers={"Authorization": "Bearer wrong"}), range(20))
        monkeypatch.setattr("livestory.follow.listen.app._PATIENCE", 0.5)
        given.append(sent(server, b"Content-Length: 9\r\n\r\n{"))
        with closing(apsw.Connection(str(path.with_suffix(".db")))) as other:
            other.execute("BEGIN IMMEDIATE")
            given.append(server.post(NOTE, headers=BEARER))
            other.execute("ROLLBACK")
        description = server.post("", "openapi.json", method="GET").json
    described = description["paths"]["/tell"]["post"]["responses"]
    assert {str(answer.status) for answer in given} == described.keys()
    for answer in given:
        schema = described[str(answer.status)]["content"]["application/json"]["schema"]
        form = {**schema, "components": description["components"]}
        assert jsonschema_rs.validator_for(form, validate_formats=False).is_valid(answer.json), answer


def test_what_is_sent_to_overwhelm_is_refused_and_whoever_comes_next_is_served(path: Path) -> None:
    """Nested without an end, numbers that are none, halves of characters, texts that forge a line."""
    deep = b"[" * 500_000, b'{"input":' * 100_000, b'{"input": "note", "text": ' + b"[" * 60_000
    odd = b'"\\ud800"', b"NaN", b"1e999", b"-Infinity", b'"\xff"', b"9" * 5000, b"\0"
    with listening(path) as server:
        for body in (*deep, *(b'{"input": "flow", "amount": %b}' % each for each in odd)):
            answer = server.post(body)
            assert answer.status == 400, body[:50]
            assert "error" in (answer.json[0] if isinstance(answer.json, list) else answer.json)
        forged = {"input": "note", "text": "x\n2026-11-26 10:00:00 | 🟢 BUY | +9 ETH\x1b[2J\u202e"}
        assert server.post(forged).json == {"seqs": [1]}
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1
    assert verify(path).findings == []


def test_an_id_that_many_send_at_the_same_time_is_told_once(path: Path) -> None:
    """In one request and in many that are under way together."""
    with listening(path) as server:
        twice = server.post([{**NOTE, "id": "n"}] * 3).json
        assert [each["seqs"] for each in twice] == [[1]] * 3
        with ThreadPoolExecutor(16) as pool:
            told = list(pool.map(lambda _: server.post({**NOTE, "id": "m"}).json["seqs"], range(64)))
        assert told == [[2]] * 64
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_requests_that_follow_one_another_in_one_packet_are_answered_in_order(path: Path) -> None:
    """The first with trailers after its chunks, the second with a length, and then one that is none."""
    body = json.dumps(NOTE).encode()
    head = b"POST /tell HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
    with listening(path) as server:
        chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\nX-Trailer: x\r\n\r\n" % (len(body), body)
        whole = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        both = b"Connection: close\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        first = head % server.port
        got = raw(server, first + chunked + first + whole + first + both)
        assert got.count(b"HTTP/1.1 200") == 2
        assert got.index(b'{"seqs":[1]}') < got.index(b'{"seqs":[2]}')
        assert server.post(NOTE).json == {"seqs": [3]}


def test_whoever_sends_slowly_or_nothing_keeps_nobody_else_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than bodies are read at the same time; each is told that it was too slow, or dropped."""
    monkeypatch.setattr("livestory.follow.listen.app._PATIENCE", 1.5)
    with listening(path) as server:
        head = b"POST /tell HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 100\r\n\r\n{" % server.port
        slow = [socket.create_connection(("127.0.0.1", server.port), LONG) for _ in range(20)]
        try:
            for connection in slow:
                connection.sendall(head)
            assert server.post(NOTE).status == 200
            answers = [heard(connection) for connection in slow]
        finally:
            for connection in slow:
                connection.close()
        assert {answer[9:12] for answer in answers} <= {b"408", b""}
        assert b"408" in {answer[9:12] for answer in answers}


def heard(connection: socket.socket) -> bytes:
    """What a connection is told before it is closed; nothing where it is dropped."""
    with suppress(ConnectionError):
        return connection.recv(1000)
    return b""


def sent(server: Posting, rest: bytes) -> Answer:
    """What comes back of a request of which this is all that follows its first headers."""
    host = f"Host: 127.0.0.1:{server.port}\r\n"
    head = f"POST /tell HTTP/1.1\r\n{host}Authorization: Bearer {TOKEN}\r\nConnection: close\r\n"
    top, _, body = raw(server, head.encode() + rest).partition(b"\r\n\r\n")
    answer: Any = json.loads(body)
    return Answer(int(top.split()[1]), {}, answer)


def raw(server: Posting, request: bytes) -> bytes:
    """All that comes back until it closes."""
    with socket.create_connection(("127.0.0.1", server.port), LONG) as connection:
        connection.sendall(request)
        got = b""
        while chunk := connection.recv(65_536):
            got += chunk
    return got
