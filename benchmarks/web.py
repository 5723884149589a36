"""The live page: what a watched bot pays, what a crowd of listeners gets, and how soon a page has what it asks for."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from benchmarks.listening import Load, load
from benchmarks.measure import REAL_BARS, Result
from livestory.clock import DAY, MINUTE, SystemClock
from livestory.story.journal.entry import Entry, Identity, Kept
from livestory.story.journal.writer import Journal
from livestory.story.kinds.telling import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MILLION = 1_000_000
_CLIENTS, _SECONDS = 500, 60
_CROWDS, _CROWD_SECONDS = (2000, 9500), 30
_WATCHERS = 200
_KINDS = ("regime", "trade", "quiet", "chapter")
_START = 20_060 * DAY


def measure() -> Iterator[Result]:
    """Fan-out, its delay and memory; replay with and without listeners; pages and ranges of a million."""
    yield from _fan_out()
    for clients in _CROWDS:
        yield from _crowd(clients)
    yield from _watched_replay()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "live_story.db"
        write_million(path)
        with serving(path) as (port, _):
            wait(port)
            yield from _pages(port)
            yield _ranges(port)


def _fan_out() -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "live_story.db"
        journal = Journal.open(path, Identity(bot="bench", mode="live", symbol="ETH/BTC", unit="BTC"))
        with serving(path) as (port, process):
            wait(port)
            ours = asyncio.run(load(port, _CLIENTS, _SECONDS, lambda n: _tell(journal, n)))
            memory = _memory(process.pid)
        journal.close()
    bare = _bare(_CLIENTS, _SECONDS)
    stalled = f"{ours.stalled_dropped} of {ours.stalled} stalled dropped, {ours.gaps} gaps"
    yield Result(
        name=f"{_CLIENTS} listeners, a line a second: p99 from commit to client ({stalled})",
        unit="ms",
        ours=[ours.percentile(99)],
        baseline=[bare.percentile(99)],
        baseline_name="bare asyncio",
        target="< 300",
    )
    yield Result(
        name="the same: p50",
        unit="ms",
        ours=[ours.percentile(50)],
        baseline=[bare.percentile(50)],
        baseline_name="bare asyncio",
        target="< 150",
    )
    yield Result(
        name="a stalled listener is dropped after", unit="s", ours=ours.dropped_after or [999.0], target="< 10"
    )
    yield Result(name="memory of the server meanwhile", unit="MB", ours=[memory], target="< 100")


def _crowd(clients: int) -> Iterator[Result]:
    """As many as `--clients` lets in, all of them reading."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "live_story.db"
        journal = Journal.open(path, Identity(bot="bench", mode="live", symbol="ETH/BTC", unit="BTC"))
        with serving(path, "--clients", "10000") as (port, process):
            wait(port)
            ours = asyncio.run(load(port, clients, _CROWD_SECONDS, lambda n: _tell(journal, n), stalled=0))
            memory = _memory(process.pid)
        journal.close()
    bare = _bare(clients, _CROWD_SECONDS)
    yield Result(
        name=f"{clients:,} listeners, a line a second: p99 from commit to client ({ours.gaps} gaps)",
        unit="ms",
        ours=[ours.percentile(99)],
        baseline=[bare.percentile(99)],
        baseline_name="bare asyncio",
        target="< 500",
    )
    yield Result(name="memory of the server meanwhile", unit="MB", ours=[memory], target="< 150")


def _tell(journal: Journal, number: int) -> None:
    """Tell a line with the time of its commit."""
    now = SystemClock().now()
    journal.append(
        [Entry(f"n{number}", now, now, "note", _note(f"{time.time():.6f}"), f"t | 📝 Note | {now} {'x' * 120}")]
    )


def _note(text: str) -> bytes:
    from livestory.story.event import Event  # noqa: PLC0415 - here only

    return Event(_START, Note(text=text), "").record()


def _watched_replay() -> Iterator[Result]:
    """Bars a second of a replay at full speed while nobody and while 200 clients watch."""
    alone: list[float] = []
    watched: list[float] = []
    for _ in range(3):
        for clients, into in ((0, alone), (_WATCHERS, watched)):
            into.append(_replay(clients))
    yield Result(
        name=f"replay of the real bars with {_WATCHERS} listeners",
        unit="bars/s",
        ours=watched,
        baseline=alone,
        baseline_name="nobody watching",
        target="as a ratio",
        more_is_better=True,
    )


def _replay(clients: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-m", "livestory", "run", "--bars", str(REAL_BARS), "--dir", folder]
        with serving(Path(folder) / "live_story.db") as (port, _):
            listeners = None
            if clients:
                crowd = [sys.executable, "-m", "benchmarks.listening", str(port), str(clients)]
                listeners = subprocess.Popen(crowd, stdout=subprocess.PIPE)
                assert listeners.stdout is not None  # noqa: S101 - a pipe was asked for
                listeners.stdout.readline()
            began = time.perf_counter()
            subprocess.run(run, check=True, capture_output=True)
            took = time.perf_counter() - began
            if listeners is not None:
                listeners.terminate()
                listeners.communicate()
    return 87_547 / took


def write_million(path: Path) -> None:
    """A journal of a million events and as many observations."""
    journal = Journal.open(path, Identity(bot="bench", mode="replay", symbol="ETH/BTC", unit="BTC"))
    journal.close()
    records = {kind: _note(f"of kind {kind}") for kind in (*_KINDS, "breaker")}
    wealth, rng = 1.0, random.Random(1)  # noqa: S311 - prices, no secrets

    def events() -> Iterator[tuple[object, ...]]:
        for n in range(1, _MILLION + 1):
            kind = "breaker" if not n % 200_000 else _KINDS[n % 4]
            at = _START + n * 15 * MINUTE
            yield (
                n,
                f"e{n}",
                at,
                at,
                kind,
                records[kind],
                f"2024-12-03 15:00:00 | 🟢 BUY | +{n} ETH @ 0.0329 BTC | trend up",
                bytes(32),
                True,
            )

    def observations() -> Iterator[tuple[object, ...]]:
        nonlocal wealth
        for n in range(1, _MILLION + 1):
            wealth *= 1 + rng.gauss(0, 0.001)
            yield _START + n * 15 * MINUTE, wealth, 0.03, "TREND" if n // 97 % 2 else "MEAN_REV", n // 200 % 25 == 0, 1

    db = apsw.Connection(str(path))
    columns = "time, wealth, price, regime, halted, after_seq"
    with db:
        db.executemany(f"INSERT INTO events({', '.join(Kept.__struct_fields__)}) VALUES(?,?,?,?,?,?,?,?,?)", events())
        db.executemany(f"INSERT INTO observations({columns}) VALUES(?,?,?,?,?,?)", observations())
    db.close()


def _pages(port: int) -> Iterator[Result]:
    end = _START + _MILLION * 15 * MINUTE
    rng = random.Random(2)  # noqa: S311
    queries: dict[str, Callable[[], str]] = {
        "any page": lambda: f"before={rng.randrange(2, _MILLION)}",
        "any page of a kind": lambda: f"kind={rng.choice((*_KINDS, 'breaker'))}&before={rng.randrange(2, _MILLION)}",
        "any page of several kinds and a time": lambda: (
            f"kind=breaker,quiet&since={_START + rng.randrange(_MILLION) * 15 * MINUTE}&until={end}"
        ),
        "a search's page": lambda: f"q=nothing&before={rng.randrange(2, _MILLION)}",
    }
    for name, query in queries.items():
        took = sorted(_ask(port, f"api/events?limit=100&{query()}") for _ in range(300))
        yield Result(
            name=f"/api/events of 1M: {name}, p99", unit="ms", ours=[took[int(len(took) * 0.99)] * 1000], target="< 50"
        )


def _ranges(port: int) -> Result:
    def whole() -> float:
        return _ask(port, "api/series?points=1300") * 1000

    spans = [_MILLION, _MILLION // 2, _MILLION // 10, 35_000, 3000, 672]
    end = _START + _MILLION * 15 * MINUTE
    took = [whole()] + [_ask(port, f"api/series?points=1300&since={end - n * 15 * MINUTE}") * 1000 for n in spans * 5]
    return Result(name="a range change on 1M observations, slowest", unit="ms", ours=[max(took)], target="< 300")


def _ask(port: int, path: str) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
        answer.read()
    return time.perf_counter() - began


@contextmanager
def serving(path: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The page of that story in a process of its own: its port, and the process."""
    command = [sys.executable, "-m", "livestory", "serve", "--dir", str(path), "--port", "0", *options]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        yield int(process.stdout.readline().rstrip("/\n").rpartition(":")[2]), process
    finally:
        process.terminate()
        process.communicate()


def wait(port: int) -> None:
    """Wait until the story has been read."""
    while True:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status") as answer:
            if json.load(answer)["state"] != "loading":
                return
        time.sleep(0.05)


def _memory(pid: int) -> float:
    """The peak of a process's resident memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _bare(clients: int, seconds: int) -> Load:
    """The same crowd before a server that does nothing but write the same bytes to everyone."""
    code = """
import asyncio, sys
everyone = set()
async def come(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\n\\r\\nevent: status\\ndata: {}\\n\\n")
    everyone.add(writer)
async def main():
    server = await asyncio.start_server(come, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        for writer in everyone:
            writer.write(b"event: line\\ndata: " + line + b"\\n")
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    assert process.stdout is not None  # noqa: S101
    told = process.stdin

    def tell(number: int) -> None:
        event = {"seq": number + 1, "time": SystemClock().now(), "kind": "note", "mark": None, "line": "x" * 160}
        told.write(json.dumps(event) + "\n")
        told.flush()

    try:
        return asyncio.run(load(int(process.stdout.readline()), clients, seconds, tell, stalled=0))
    finally:
        process.terminate()
        process.communicate()
