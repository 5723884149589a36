"""`livestory serve`, and the page beside `run`, as processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import COMMAND, LIMIT, environment, livestory, slice_of, started
from tests.web.serving import TOKEN, messages
from tests.web.teller import Teller

if TYPE_CHECKING:
    from pathlib import Path


def address(process: subprocess.Popen[str], *, said_on: str = "stdout") -> int:
    """The port that a server says it listens at."""
    stream = getattr(process, said_on)
    while line := stream.readline():
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if found:
            return int(found[1])
    message = f"it never said where: {process.communicate()}"
    raise AssertionError(message)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_it_in_order_with_clients_connected(tmp_path: Path, number: signal.Signals) -> None:
    """Streams end as answers do, at once; status 0 and nothing to complain of."""
    with Teller(tmp_path / "live_story.txt") as teller:
        teller.begin().bars(2)
        server = started("serve", "--dir", tmp_path, "--port", 0, cwd=tmp_path)
        connection = HTTPConnection("127.0.0.1", address(server), timeout=LIMIT)
        connection.request("GET", "/api/stream")
        answer = connection.getresponse()
        next(messages(answer))
        server.send_signal(number)
        asked = time.monotonic()
        _, errors = server.communicate(timeout=LIMIT)
        assert (server.returncode, errors) == (0, "")
        answer.read()
        connection.close()
        assert time.monotonic() - asked < LIMIT / 2


def test_two_servers_need_two_ports(tmp_path: Path) -> None:
    """The second says which port is taken and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = livestory("serve", "--port", port, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"port {port} of 127.0.0.1 is in use, perhaps by another livestory\nChoose another with --port.\n"
    )


def test_beyond_this_machine_it_needs_a_token(tmp_path: Path) -> None:
    """Without one it refuses; with one it warns that plain HTTP shows it."""
    done = livestory("serve", "--host", "0.0.0.0", "--port", 0, cwd=tmp_path)  # noqa: S104  it refuses
    assert (done.returncode, "no token is set" in done.stderr) == (2, True)
    weak = livestory("serve", "--port", 0, cwd=tmp_path, env=environment(LIVESTORY_TOKEN="guess"))  # noqa: S106
    assert (weak.returncode, "too weak" in weak.stderr, "guess" in weak.stderr) == (2, True, False)
    (tmp_path / "token").write_text(TOKEN + "\n")
    server = started("serve", "--host", "0.0.0.0", "--port", 0, "--token-file", tmp_path / "token", cwd=tmp_path)  # noqa: S104
    port = address(server)
    connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    connection.request("GET", "/api/status", headers={"Authorization": f"Bearer {TOKEN}"})
    assert connection.getresponse().status == 200
    connection.close()
    server.terminate()
    output, errors = server.communicate(timeout=LIMIT)
    assert "plain HTTP" in errors
    assert TOKEN not in output + errors


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--host", "no.such.host.invalid"), "no address is known"),
        (("--root-path", "story"), "begins with a slash"),
        (("--token-file", "absent"), "absent"),
        (("--token-file", "."), "Is a directory"),
        (("--token-file", sys.executable), "not UTF-8"),
        (("--port", "70000"), "port"),
    ],
)
def test_bad_usage_is_told(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    """In a line or two, without a traceback."""
    done = livestory("serve", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to become nobody")
def test_it_reads_as_a_user_who_may_not_write(tmp_path: Path) -> None:
    """A folder that can't be written is served; one that can't be read is refused, by name."""
    for folder in (*tmp_path.parents[:3], tmp_path):
        folder.chmod(folder.stat().st_mode | 0o055)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *COMMAND, "serve", "--port", "0", "--dir")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "env": environment()}
    with Teller(tmp_path / "live_story.txt") as teller:
        teller.begin().bars(2)
        server = subprocess.Popen([*nobody, str(tmp_path)], cwd=tmp_path, **pipes)  # type: ignore[call-overload]
        connection = HTTPConnection("127.0.0.1", address(server), timeout=LIMIT)
        connection.request("GET", "/api/stream?after=0")
        heard = messages(connection.getresponse())
        first = next(message.data["line"] for message in heard if message.kind == "line")
        connection.close()
        server.terminate()
        server.communicate(timeout=LIMIT)
    assert "Bot Started" in first
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    refused = subprocess.run([*nobody, str(closed)], cwd=tmp_path, check=False, **pipes)  # type: ignore[call-overload]
    assert (refused.returncode, str(closed) in refused.stderr) == (2, True)


def test_the_page_ends_with_the_run_that_started_it(tmp_path: Path, real_bars_file: Path) -> None:
    """`run --serve` tells the address on standard error; the page is gone when the run is, killed or not."""
    bars = slice_of(real_bars_file, tmp_path / "bars.csv", 0, 5000)
    bot = started("run", "--bars", bars, "--speed", 50, "--serve", "--port", 0, "--dir", tmp_path / "r", cwd=tmp_path)
    port = address(bot, said_on="stderr")
    with socket.create_connection(("127.0.0.1", port), LIMIT):
        pass
    bot.kill()
    bot.communicate(timeout=LIMIT)
    gone = time.monotonic() + LIMIT
    while time.monotonic() < gone:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return
    pytest.fail("the page is still there")
