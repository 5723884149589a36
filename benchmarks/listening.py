"""A crowd that listens to a live page, from a process of its own: how long each line takes to everyone."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

_STALLED = 0.01  # share of the crowd that never reads
_DRAIN = 12  # seconds at the end for what is still under way


class Load(Struct):
    """What the crowd met with."""

    delays: list[float] = []  # milliseconds from the commit to each listener
    gaps: int = 0  # lines that a reading listener did not get, or not in order
    stalled: int = 0
    stalled_dropped: int = 0
    dropped_after: list[float] = []  # seconds from the first write that could not be taken, about

    def percentile(self, share: float) -> float:
        """A delay that this share (0 to 100) of all lines kept."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


async def load(port: int, clients: int, seconds: int, tell: Callable[[int], None], stalled: int | None = None) -> Load:
    """Let a child process listen as that many, and tell a line a second meanwhile."""
    silent = int(clients * _STALLED) if stalled is None else stalled
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.listening", str(port), str(clients), str(seconds), str(silent),
        stdout=asyncio.subprocess.PIPE, limit=1 << 26, env=dict(os.environ),
    )  # fmt: skip
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    await child.stdout.readline()  # all are connected
    for number in range(seconds):
        began = time.monotonic()
        await asyncio.to_thread(tell, number)
        await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))
    output = await child.stdout.read()
    await child.wait()
    return Load(**json.loads(output))


async def _reader(port: int, lines: int, result: Load, connected: asyncio.Semaphore) -> None:
    async with connected:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
        await reader.readuntil(b"event: status")
    if not lines:  # who only watches should not take the processor from what is measured
        while await reader.read(1 << 16):
            pass
        return
    seen, last = 0, None
    while seen < lines:
        line = await reader.readline()
        if not line:
            break
        if not line.startswith(b'data: {"seq"'):
            continue
        now = time.time()
        event = json.loads(line[6:])
        seen += 1
        result.gaps += last is not None and event["seq"] != last + 1
        last = event["seq"]
        result.delays.append((now - event["time"] / SECOND) * 1000)
    result.gaps += max(0, lines - seen)
    writer.close()


async def _silent(port: int, result: Load, deadline: float) -> None:
    """Ask, and never read: as little room for what comes as the system gives."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    connection.connect(("127.0.0.1", port))
    connection.sendall(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
    began = time.monotonic()
    while time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1:  # no longer established
            result.stalled_dropped += 1
            result.dropped_after.append(round(time.monotonic() - began, 1))
            break
    connection.close()


async def _main(port: int, clients: int, seconds: int, silent: int) -> None:
    result = Load(stalled=silent)
    connected = asyncio.Semaphore(50)
    readers = [asyncio.create_task(_reader(port, seconds, result, connected)) for _ in range(clients - silent)]
    deadline = time.monotonic() + seconds + _DRAIN
    others = [asyncio.create_task(_silent(port, result, deadline)) for _ in range(silent)]
    await asyncio.sleep(0.5)
    while connected.locked():  # noqa: ASYNC110 - a benchmark may look
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    _done, late = await asyncio.wait(readers, timeout=seconds + _DRAIN if seconds else None)
    for task in late:
        task.cancel()
    await asyncio.gather(*others)
    names = ("delays", "gaps", "stalled", "stalled_dropped", "dropped_after")
    sys.stdout.write(json.dumps({name: getattr(result, name) for name in names}))


if __name__ == "__main__":
    given = [*map(int, sys.argv[1:]), 0, 0]
    asyncio.run(_main(given[0], given[1], given[2], given[3]))
