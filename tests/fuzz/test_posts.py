"""Law 11: whatever is sent to `tell` or `listen` becomes lines of a story or is refused in words, and all goes on."""

from __future__ import annotations

import json
import logging
import re
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from livestory.clock import ManualClock
from livestory.story.files.verify import verify
from livestory.story.journal.entry import Identity
from livestory.story.public.kinds import TYPES
from livestory.story.public.reading import BadInput, read
from livestory.story.settings import StorySettings
from livestory.story.writing.public import PublicWriter
from tests.fuzz.mutation import examples
from tests.fuzz.oracle import are_of_a_story, bounded, still_at_it
from tests.listen.posting import listening
from tests.patience import LONG
from tests.public.bot import lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

    from tests.fuzz.conftest import Tried

LINES = [
    *(line.encode() for line in lines()[:12]),
    b'{"input":"fill","side":"short","effect":"open","quantity":"1e3","price":0.5,"symbol":"ETHBTC","fee_asset":"BNB"}',
    b'{"input":"funding","symbol":"BTC/USDT:USDT","amount":"-0.01","funding_id":7,"time":1733238000123}',
    b'{"input":"observation","positions":{"SOL/USDT":{"quantity":"-3","entry":200,"liquidation":310}},"time":"2024-12-08"}',
    b'{"input":"skip","reason":{"key":"spread","value":0.4,"limit":"0.3"},"side":"buy"}',
    b'{"input":"halted","reason":"owner"}', b'{"input":"unhalted","reason":"owner"}',
    b'{"input":"note","text":"\\u202e|\\n\\\\ \\ud83d\\ude80","id":"\\u0000"}',
]  # fmt: skip
_ODD = (
    *(b"NaN", b"1e400", b"-0", b"9" * 5000, b'"\\ud800"', b"\xff", b"\0", b"null", b"true", b"[]", b"{}", b'"', b","),
    *(b'{"x":' * 600, b'"input":"halt"', b'"time":1e18', b'"time":"0001-01-01"', b'"symbol":"/"', b'"id":"n-1",'),
)
_VALUES: tuple[object, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1e300,
        1e-300,
        2**70,
        "",
        "x",
        "0.1",
        "-1e400",
        "NaN",
        "ETH/BTC",
        "buy",
        "close",
        "7d",
        [],
        {},
    ),
    *("2024-12-05", "9999-12-31T23:59:59Z", "\u202e|\n\\", "x" * 300, {"quantity": "1"}, {"key": "k", "value": "1"}),
    *({"ETH/BTC": {"quantity": "-1", "liquidation": 0}}, 1733238000, 1733238000123456789, "Infinity", "halted"),
)
_ANSWER = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_ALLOWED = {200, 400, 401, 403, 404, 405, 408, 411, 413, 415, 421, 431, 501}


@pytest.fixture
def nothing_failed(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The log of livestory has no failure in it at the end."""
    yield
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.usefixtures("nothing_failed")
def test_any_line_is_told_or_refused_and_the_story_stays_whole(tmp_path: Path, tried: Tried) -> None:
    """Bytes changed, lost or put in, one after another into one story."""
    path = tmp_path / "live_story.txt"
    clock = ManualClock("2024-12-09")
    with bounded(), PublicWriter(path, Identity(symbol="ETH/BTC", unit="BTC"), StorySettings(), clock=clock) as story:
        for example in examples(600, 30_000):
            still_at_it()
            line = example.random.choice(LINES)
            raw = (
                example.mutated(line, LINES, _ODD) if example.random.random() < 0.3 else _changed(line, example.random)
            )
            try:
                outcome = story.tell(read(raw))
            except BadInput:
                tried("inputs", "no input")
                continue
            if example.number % 20 == 0:
                story.keep()
            assert outcome.error is None or "the log says why" not in outcome.error, f"{example}: {raw!r}"
            tried("inputs", "told" if outcome.error is None else "refused")
        story.keep()
    assert verify(path).findings == []
    assert are_of_a_story(path.read_text().splitlines())


@pytest.mark.usefixtures("nothing_failed")
def test_any_request_is_answered_or_refused(tmp_path: Path, tried: Tried) -> None:
    """Heads and bodies alike."""
    with bounded(), listening(tmp_path / "live_story.txt") as server:
        requests = [
            b"POST /tell HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
            % (server.port, len(body), body)
            for body in (*LINES, b"\n".join(LINES), b"[" + b",".join(LINES) + b"]")
        ]
        for example in examples(80, 3_000):
            request = example.mutated(example.random.choice(requests), requests, _ODD)
            status = _status(server.port, request)
            assert status in {0, *_ALLOWED}, f"{example}: {status} {request!r}"
            tried("posts", "answered" if status == 200 else "refused" if status else "waited for")
        assert server.post({"input": "note", "text": "still there"}).status == 200


def _changed(line: bytes, random: Random) -> bytes:
    """An input some of whose fields have other values, or belong to another kind."""
    fields = json.loads(line)
    names = [*TYPES[fields["input"]].__struct_fields__, "x"] if random.random() < 0.95 else ["input"]
    for _ in range(random.choice((1, 1, 2, 5))):
        fields[random.choice(names)] = random.choice(_VALUES)
    return json.dumps(fields).encode()


def _status(port: int, request: bytes) -> int:
    """The status of the first answer; 0 where none came soon, as to half a request."""
    still_at_it()
    answer = b""
    # It may close before it has read everything.
    with socket.create_connection(("127.0.0.1", port), LONG) as raw, suppress(OSError):
        raw.sendall(request)
        raw.settimeout(0.1)
        while b"\r\n\r\n" not in answer and (chunk := raw.recv(65_536)):
            answer += chunk
    found = _ANSWER.match(answer)
    return int(found[1]) if found else 0
