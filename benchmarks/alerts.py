"""Alerts: how soon a service has a line, what a storm costs the bot that tells it, and what waiting costs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Result, interleaved
from livestory.clock import SystemClock
from livestory.outlets.alerts.outbox import Outbox, outbox_path
from livestory.story.files.layout import Layout
from livestory.story.journal.entry import Entry, Identity
from livestory.story.journal.writer import Journal
from livestory.story.kinds.telling import Note
from livestory.story.line import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINES, _STORM, _IDLE = 40, 10_000, 20.0
_PHONE = """
[alerts.channels.phone]
service = "ntfy"
address_env = "PHONE"
severity = "all"
gather = "0s"
most_per_hour = 3600
"""
_GATHERED = _PHONE.replace('gather = "0s"\nmost_per_hour = 3600\n', "")


def measure() -> Iterator[Result]:
    """Commit to accept on loopback; a storm told with and without a deliverer; an idle deliverer's core and memory."""
    with _delivered(_PHONE) as (journal, service, process):
        yield Result(
            name="from commit to the service's accept",
            unit="ms",
            ours=[_delay(journal, service, number) for number in range(_LINES)],
            target="< 300 ms",
        )
        yield from _idle(process)
    with _delivered(_GATHERED) as (journal, service, _):
        with tempfile.TemporaryDirectory() as folder:
            alone = Journal.open(Path(folder) / "live_story.db", Identity(bot="bench"))
            ours, baseline = interleaved(lambda: _storm(journal), lambda: _storm(alone), rounds=5)
            alone.close()
        yield Result(
            name=f"a storm of {_STORM:,} lines, told by the bot",
            unit="s",
            ours=ours,
            baseline=baseline,
            baseline_name="without alerts",
            target="≤ 1.1 ×",
        )
        _settle(service)
        yield Result(
            name=f"messages on the phone for {6 * _STORM:,} lines in storms",
            unit="messages",
            ours=[float(len(service.accepted))],
            target="≤ 12",
        )


class _Service(ThreadingHTTPServer):
    """A topic that accepts at once and notes when."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.accepted: list[float] = []
        self.came = threading.Condition()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Accept."""
        now = time.perf_counter()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b'{"id":"x"}')
        service = self.server
        if isinstance(service, _Service):
            with service.came:
                service.accepted.append(now)
                service.came.notify_all()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _delivered(configuration: str) -> Iterator[tuple[Journal, _Service, subprocess.Popen[bytes]]]:
    with tempfile.TemporaryDirectory() as name, _Service() as service:
        folder = Path(name)
        (folder / "livestory.toml").write_text(configuration)
        journal = Journal.open(folder / "live_story.db", Identity(bot="bench", symbol="ETH/BTC"))
        threading.Thread(target=service.serve_forever, daemon=True).start()
        env = {**os.environ, "PHONE": f"http://127.0.0.1:{service.server_port}/topic"}
        command = [sys.executable, "-m", "livestory", "alert", "--dir", name]
        process = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.DEVNULL)
        try:
            while not _enrolled(folder / "live_story.db"):
                time.sleep(0.05)
            yield journal, service, process
        finally:
            process.terminate()
            process.wait()
            service.shutdown()
            journal.close()


def _enrolled(path: Path) -> bool:
    outbox = Outbox.read(outbox_path(Layout.of(path)))
    if outbox is None:
        return False
    with outbox:
        return bool(outbox.states())


def _told(journal: Journal, count: int) -> None:
    now, seq = SystemClock().now(), journal.last.seq if journal.last else 0
    facts = Note(text="a line of a storm")
    line = tell(now, facts)
    journal.append([Entry(f"bench-{seq + n}", now, now, "note", b"{}", line) for n in range(count)])


def _delay(journal: Journal, service: _Service, number: int) -> float:
    time.sleep(0.05 + number * 0.037 % 0.2)  # anywhere between two looks
    begun, before = time.perf_counter(), len(service.accepted)
    _told(journal, 1)
    with service.came:
        if not service.came.wait_for(lambda: len(service.accepted) > before, 30):
            message = "the line never came"
            raise RuntimeError(message)
    return (service.accepted[before] - begun) * 1000


def _storm(journal: Journal) -> float:
    begun = time.perf_counter()
    for _ in range(_STORM // 10):
        _told(journal, 10)
    return time.perf_counter() - begun


def _settle(service: _Service) -> None:
    """Until nothing has come for a while."""
    count = -1
    while count != len(service.accepted):
        count = len(service.accepted)
        time.sleep(3)


def _idle(process: subprocess.Popen[bytes]) -> Iterator[Result]:
    time.sleep(2)
    before = _core(process.pid)
    time.sleep(_IDLE)
    share = (_core(process.pid) - before) / _IDLE * 100
    yield Result(name="livestory alert, idle", unit="% of a core", ours=[share], target="< 0.2 %")
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    resident = int(status.partition("VmHWM:")[2].split()[0]) / 1000
    yield Result(name="livestory alert, most memory", unit="MB", ours=[resident], target="< 50 MB")


def _core(pid: int) -> float:
    """Seconds that a process has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
