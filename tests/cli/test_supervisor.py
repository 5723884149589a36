"""What systemd hears of the program: sd_notify's protocol over a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from livestory.cli.stopping import WatchedStop
from livestory.cli.supervisor import Supervisor
from tests.cli.program import LIMIT, environment, livestory, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The end of the socket that systemd listens at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(LIMIT)
        yield listening


def supervised(systemd: socket.socket, **changes: str) -> dict[str, str]:
    """The environment that systemd gives to a service."""
    return {"NOTIFY_SOCKET": systemd.getsockname(), **changes}


def heard_until(systemd: socket.socket, wanted: str) -> list[str]:
    """What is said up to a message that begins like this."""
    said = [systemd.recv(4096).decode()]
    while not said[-1].startswith(wanted):
        said.append(systemd.recv(4096).decode())
    return said


def waiting(systemd: socket.socket) -> list[str]:
    """What was said and not heard yet."""
    said = []
    with suppress(BlockingIOError):
        while True:
            said.append(systemd.recv(4096).decode())
    return said


def test_what_is_said(systemd: socket.socket) -> None:
    """Ready with a status, alive, stopping: a datagram each."""
    supervisor = Supervisor.of(supervised(systemd, WATCHDOG_USEC="60000000", WATCHDOG_PID=str(os.getpid())))
    supervisor.ready("tells its story")
    supervisor.alive()
    supervisor.alive()  # said a moment ago
    supervisor.stopping()
    assert [systemd.recv(4096).decode() for _ in range(3)] == [
        "READY=1\nSTATUS=tells its story",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_an_abstract_socket_is_spoken_to() -> None:
    """Its name begins with @ in the environment, and with a zero byte in the kernel."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0livestory-test-{os.getpid()}")
        listening.settimeout(LIMIT)
        Supervisor.of({"NOTIFY_SOCKET": f"@livestory-test-{os.getpid()}"}).stopping()
        assert listening.recv(4096) == b"STOPPING=1"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "/nowhere/notify"},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "x" * 300, "WATCHDOG_USEC": "1"},
    ],
)
def test_where_nobody_listens_nothing_happens(environ: dict[str, str]) -> None:
    """Whoever supervises badly stops no bot."""
    supervisor = Supervisor.of(environ)
    supervisor.ready("")
    supervisor.alive()
    supervisor.stopping()


@pytest.mark.parametrize(
    ("changes", "pause"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_ours(systemd: socket.socket, changes: dict[str, str], pause: float | None) -> None:
    """And wants to hear twice as often as it says. A child inherits none of it."""
    environ = supervised(systemd, **changes)
    assert Supervisor.of(environ).pause == pause
    assert environ == {}


def test_a_loop_that_waits_is_alive_and_one_that_hangs_is_not(systemd: socket.socket) -> None:
    """It is heard as long as it asks whether it should stop; another thread's question is no sign of its life."""
    stop = WatchedStop(Supervisor.of(supervised(systemd, WATCHDOG_USEC="40000")))
    systemd.settimeout(0.0)
    lengths = iter((0.1, 1, 10, 100))  # within one wait: a machine that is busy needs a longer one
    while len(waiting(systemd)) < 3:
        assert not stop.wait(next(lengths))
    for ask in (stop.is_set, lambda: stop.wait(0.1)):  # while the loop hangs
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    with pytest.raises(BlockingIOError):
        systemd.recv(4096)


def test_a_stop_is_heard_at_once_and_said(systemd: socket.socket) -> None:
    """Also within a wait without end."""
    stop = WatchedStop(Supervisor.of(supervised(systemd, WATCHDOG_USEC="40000000")))
    threading.Timer(0.01, stop.set).start()
    assert stop.wait()
    assert stop.is_set()
    assert heard_until(systemd, "STOPPING=1")[-1] == "STOPPING=1"


def test_an_event_loop_is_attended(systemd: socket.socket) -> None:
    """Ready, alive while it turns, stopping."""

    async def work() -> None:
        async with Supervisor.of(supervised(systemd, WATCHDOG_USEC="200000")).attends("delivers"):
            while said.count("WATCHDOG=1") < 3:
                said.append(await asyncio.to_thread(lambda: systemd.recv(4096).decode()))

    said: list[str] = []
    asyncio.run(work())
    assert said == ["READY=1\nSTATUS=delivers", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert heard_until(systemd, "STOPPING=1")[-1] == "STOPPING=1"


def test_a_run_is_heard_from_its_start_to_its_end(systemd: socket.socket, bars: Path, tmp_path: Path) -> None:
    """Ready once its configuration is read, alive bar after bar, stopping when it is asked to."""
    env = environment(**supervised(systemd, WATCHDOG_USEC="200000"))
    bot = started("run", "--bars", bars, "--speed", 20, cwd=tmp_path, env=env)
    assert heard_until(systemd, "WATCHDOG=1")[0].startswith("READY=1\n")
    heard_until(systemd, "WATCHDOG=1")
    bot.send_signal(signal.SIGTERM)
    heard_until(systemd, "STOPPING=1")
    bot.communicate(timeout=LIMIT)
    assert bot.returncode == 0


def test_a_run_that_hangs_is_heard_no_more(systemd: socket.socket, bars: Path, tmp_path: Path) -> None:
    """So that it is restarted: stopped in its tracks, it says nothing within the time that the watchdog grants."""
    env = environment(**supervised(systemd, WATCHDOG_USEC="200000"))
    bot = started("run", "--bars", bars, "--speed", 20, cwd=tmp_path, env=env)
    heard_until(systemd, "WATCHDOG=1")
    bot.send_signal(signal.SIGSTOP)
    while os.waitid(os.P_PID, bot.pid, os.WSTOPPED | os.WNOWAIT) is None:
        pass
    systemd.settimeout(0.4)
    with suppress(TimeoutError):
        for _ in range(20):  # more than it can have said before
            systemd.recv(4096)
    with pytest.raises(TimeoutError):
        systemd.recv(4096)
    bot.kill()
    bot.communicate(timeout=LIMIT)


def test_a_bad_configuration_is_never_ready(systemd: socket.socket, tmp_path: Path) -> None:
    """And fails with the status that no restart follows."""
    (tmp_path / "livestory.toml").write_text("[bot]\nnam = 'x'\n", "utf-8")
    done = livestory("run", cwd=tmp_path, env=environment(**supervised(systemd)))
    assert done.returncode == 2
    systemd.settimeout(0.0)
    with pytest.raises(BlockingIOError):
        systemd.recv(4096)


def test_the_page_is_heard(systemd: socket.socket, tmp_path: Path) -> None:
    """Ready with its address, alive while its loop turns, stopping at its end."""
    env = environment(**supervised(systemd, WATCHDOG_USEC="200000"))
    page = started("serve", "--port", 0, cwd=tmp_path, env=env)
    assert heard_until(systemd, "WATCHDOG=1")[0].startswith("READY=1\nSTATUS=shows the story at http://127.0.0.1:")
    page.send_signal(signal.SIGTERM)
    heard_until(systemd, "STOPPING=1")
    page.communicate(timeout=LIMIT)
    assert page.returncode == 0
