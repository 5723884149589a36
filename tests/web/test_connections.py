"""Whoever holds connections keeps nobody out: the real server in a process of its own, and thousands at its door."""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.http_server.connections import (
    MOST_UNSENT,
    MOST_WAITING,
    WAITING,
    WRITE_BUFFER,
    Acceptor,
    Connections,
    room,
)
from livestory.http_server.sparing_log import SparingLog
from tests.cli.program import COMMAND, LIMIT, environment, slice_of, started
from tests.reliability.amount import TORTURE, amount
from tests.web.serving import TOKEN, messages, served, settled
from tests.web.teller import Teller
from tests.web.test_serve import address

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = amount(MOST_WAITING + 100, 5000)
SOON = 2.0 if TORTURE else 15.0  # seconds; `make test` also runs on machines that are ten times slower
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
HEAD = "GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
POST = "POST /login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"

TO_US = f"Host: 127.0.0.1:{{port}}\r\nAuthorization: Bearer {TOKEN}\r\n"

HOLDS = {
    "nothing": "",
    "half a request line": "GET /api",
    "half of the headers": f"{HEAD}X-A: b\r\nX",
    "a body that never comes": f"{POST}Content-Length: 4000\r\n\r\nt",
    "a chunk that never ends": f"{POST}Transfer-Encoding: chunked\r\n\r\nfff\r\nt",
    "chunks that never end": f"{POST}Transfer-Encoding: chunked\r\n\r\n1\r\nt\r\n",
    "an idle connection": f"{HEAD}\r\n",
    "answers that nobody reads": f"{HEAD}\r\n" * 100,
    "a request and a half": f"{HEAD}\r\n{HEAD}",
    "a wrong token": f"{HEAD}Authorization: Bearer wrong\r\n\r\n",
    "an upgrade": f"{HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n",
    "an upgrade to HTTP/2": f"{HEAD}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
    "many headers": HEAD + "X:\r\n" * 3000,
    "too many headers": HEAD + "X:\r\n" * 8000,
    "no HTTP": "\x16\x03\x01\x02\x00\x01",
    "a wait for 100-continue": f"{POST}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n",
}


class Page:
    """A server's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """It has been started."""
        self.process = process
        self.port = address(process)

    def ask(self, path: str = "/api/status") -> int:
        """The status that the owner gets, with a connection of its own."""
        owner = HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            owner.request("GET", path, headers=RIGHT)
            answer = owner.getresponse()
            answer.read()
            return answer.status
        finally:
            owner.close()

    def hold(self, stack: ExitStack, sent: str, count: int = 1, source: str = "127.0.0.1") -> list[socket.socket]:
        """Connections that have sent that and stay."""
        held = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.settimeout(LIMIT)
            one.bind((source, 0))
            one.connect(("127.0.0.1", self.port))
            with suppress(ConnectionError):  # it was cut already
                one.sendall(sent.format(port=self.port).encode("latin-1"))
            held.append(one)
        return held

    def memory(self) -> int:
        """Resident megabytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) // 1024

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[float, str]:
        """How long it takes to end after that signal, and what it has said on standard error."""
        self.process.send_signal(number)
        asked = time.monotonic()
        _, errors = self.process.communicate(timeout=LIMIT)
        return time.monotonic() - asked, errors


@contextmanager
def page(folder: Path, *prefix: str, token: str = TOKEN) -> Iterator[Page]:
    """`livestory serve` in a process of its own, which has read its story."""
    process = subprocess.Popen(
        [*prefix, *COMMAND, "serve", "--dir", str(folder), "--port", "0"],
        cwd=folder,
        env=environment(LIVESTORY_TOKEN=token),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        running = Page(process)
        while running.ask() != 200:
            time.sleep(0.02)
        yield running
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def _enough_files() -> Iterator[None]:
    """The attacker is this process: it may open as many files as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A story's folder."""
    with Teller(tmp_path / "live_story.txt") as teller:
        teller.begin().bars(10)
    return tmp_path


def gone(held: list[socket.socket]) -> int:
    """How many of the connections the server has closed."""
    count = 0
    for one in held:
        one.settimeout(0)
        try:
            while one.recv(65536):
                pass
            count += 1
        except BlockingIOError:
            pass
        except OSError:
            count += 1
    return count


def test_connections_that_never_finish_keep_nobody_out(folder: Path) -> None:
    """Of each way to hold a connection more than the server keeps, all at once: the owner is answered at once."""
    with page(folder) as server, ExitStack() as stack:
        for way, sent in HOLDS.items():
            held = server.hold(stack, sent, MANY if TORTURE else 64)
            for path in ("/api/status", "/", "/login"):
                asked = time.monotonic()
                assert server.ask(path) == 200, way
                assert time.monotonic() - asked < SOON, way
        held = server.hold(stack, "", MANY)
        assert server.ask() == 200
        assert gone(held) >= MANY - MOST_WAITING
        assert server.memory() < 200
        seconds, errors = server.end()
    assert server.process.returncode == 0
    assert seconds < SOON
    assert "Traceback" not in errors
    assert len(errors.splitlines()) < 10


def test_who_sends_a_byte_now_and_then_is_cut_all_the_same(folder: Path) -> None:
    """Heads, bodies and keep-alives a byte at a time; the time for them is over though something comes."""
    with page(folder) as server, ExitStack() as stack:
        held = [one for sent in HOLDS.values() for one in server.hold(stack, sent, amount(2, 300))]
        stop = time.monotonic() + (WAITING * 2 + 5 if TORTURE else 3)
        while time.monotonic() < stop:
            for one in held:
                with suppress(OSError):
                    one.send(b"x")
            assert server.ask() == 200
            time.sleep(1)
        if TORTURE:
            assert gone(held) == len(held)


def test_the_owner_enters_while_connections_come_and_come(folder: Path) -> None:
    """Four attackers who do nothing but connect, from the owner's own address."""
    with page(folder) as server:
        stop = threading.Event()

        def attack() -> None:
            held: list[socket.socket] = []
            while not stop.is_set():
                with suppress(OSError):
                    held.append(socket.create_connection(("127.0.0.1", server.port), SOON))
                    held[-1].sendall(b"GET /")
                if len(held) > 1500:
                    held.pop(0).close()
            for one in held:
                one.close()

        attackers = [threading.Thread(target=attack) for _ in range(4)]
        for attacker in attackers:
            attacker.start()
        try:
            assert [server.ask() for _ in range(amount(15, 3000))] == [200] * amount(15, 3000)
        finally:
            stop.set()
            for attacker in attackers:
                attacker.join()


def test_another_address_keeps_its_idle_connection(folder: Path) -> None:
    """Those of the address with the most go first."""
    with page(folder) as server, ExitStack() as stack:
        other = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT, source_address=("127.0.0.2", 0))
        stack.callback(other.close)
        other.request("GET", "/api/status", headers=RIGHT)
        assert other.getresponse().read()
        first = server.hold(stack, "GET")
        while not gone(first):
            server.hold(stack, "GET", 16)  # not in a burst, of which the server takes no more than it can answer
        socket_before = other.sock
        other.request("GET", "/api/status", headers=RIGHT)
        assert other.getresponse().read()
        assert other.sock is socket_before


def test_wrong_tokens_keep_no_right_one_out(folder: Path) -> None:
    """Twelve connections that try wrong tokens without a pause, at the API and at the login."""
    with page(folder) as server:
        stop = threading.Event()
        wrong: list[int] = []

        def attack() -> None:
            while not stop.is_set():
                attacker = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
                with suppress(OSError):
                    attacker.request("POST", "/login", body="token=wrong")
                    wrong.append(attacker.getresponse().status)
                attacker.close()
                attacker = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
                with suppress(OSError):
                    attacker.request("GET", "/api/status", headers={"Authorization": "Bearer wrongwrongwrongwrong"})
                    wrong.append(attacker.getresponse().status)
                attacker.close()

        attackers = [threading.Thread(target=attack) for _ in range(12)]
        for attacker in attackers:
            attacker.start()
        while 429 not in wrong:
            time.sleep(0.01)
        asked = time.monotonic()
        right = [server.ask() for _ in range(60)]
        entered = time.monotonic() - asked
        owner = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
        owner.request("POST", "/login", body=f"token={TOKEN}")
        login = owner.getresponse().status
        owner.close()
        stop.set()
        for attacker in attackers:
            attacker.join()
        assert (right, login) == ([200] * 60, 303)
        assert entered < 60 * 0.5
        assert set(wrong) <= {401, 429}


def test_with_hardly_a_descriptor_the_owner_is_served(folder: Path) -> None:
    """The hard limit is far below what is wanted: fewer wait, and a connection that can't be taken is one line."""
    with page(folder, "prlimit", "--nofile=40:40") as server, ExitStack() as stack:
        server.hold(stack, "GET", 200)
        assert [server.ask() for _ in range(10)] == [200] * 10
        seconds, errors = server.end()
    assert seconds < SOON
    assert "Traceback" not in errors
    assert len(errors.splitlines()) <= 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_two_seconds_under_any_load(folder: Path, number: signal.Signals) -> None:
    """With every kind of connection open, streams that nobody reads among them, and questions waiting."""
    with Teller(folder / "live_story.txt") as teller:
        teller.notes(*["x" * 100_000] * 60)
    right = f"Host: 127.0.0.1:{{port}}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    with page(folder) as server, ExitStack() as stack:
        server.hold(stack, f"GET /api/stream?after=0 HTTP/1.1\r\n{right}", 100)
        server.hold(stack, f"GET /story.txt HTTP/1.1\r\n{right}", 30)
        server.hold(stack, f"GET /api/events?q=nothing HTTP/1.1\r\n{right}", 100)
        for sent in HOLDS.values():
            server.hold(stack, sent, 20)
        seconds, errors = server.end(number)
    assert server.process.returncode == 0
    assert seconds < SOON
    assert "Traceback" not in errors


def test_the_page_beside_a_run_ends_with_it_under_load(tmp_path: Path, real_bars_file: Path) -> None:
    """`run --serve`, with connections that are held at its page, ends two seconds after its signal as well."""
    bars = slice_of(real_bars_file, tmp_path / "bars.csv", 0, 5000)
    bot = started("run", "--bars", bars, "--speed", 50, "--serve", "--port", 0, "--dir", tmp_path / "r", cwd=tmp_path)
    port = address(bot, said_on="stderr")
    with ExitStack() as stack:
        for sent in HOLDS.values():
            for _ in range(20):
                one = stack.enter_context(socket.create_connection(("127.0.0.1", port), LIMIT))
                with suppress(ConnectionError):
                    one.sendall(sent.format(port=port).encode("latin-1"))
        bot.terminate()
        asked = time.monotonic()
        bot.communicate(timeout=LIMIT)
        assert time.monotonic() - asked < SOON + 1
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), LIMIT)


def test_what_is_no_http_is_one_line_of_the_log(folder: Path) -> None:
    """However often it comes; at the end, how often it was."""
    with page(folder) as server, ExitStack() as stack:
        for one in server.hold(stack, "\x00\r\n\r\n", 200):
            assert one.recv(100).startswith(b"HTTP/1.1 400")
        _, errors = server.end()
    first, last = errors.splitlines()
    assert first == "Invalid HTTP request received."
    assert last.startswith("Invalid HTTP request received. (199 more times in ")


def test_a_request_that_becomes_no_http_is_one_line_too(folder: Path) -> None:
    """Whether its beginning is yet to be answered, or was, or is a stream: a line, and the connection ends."""
    with page(folder) as server, ExitStack() as stack:
        for method, answered in product(("GET", "POST"), (False, True)):
            head = f"{method} /api/stream HTTP/1.1\r\n{TO_US}Transfer-Encoding: chunked\r\n\r\n"
            (one,) = server.hold(stack, head if answered else f"{head}ZZZ\r\n")
            if answered:
                assert one.recv(4096).startswith(b"HTTP/1.1 200" if method == "GET" else b"HTTP/1.1 405")
                one.sendall(b"ZZZ\r\n")
            while one.recv(4096):
                pass
        _, errors = server.end()
    first, last = errors.splitlines()
    assert first == "Invalid HTTP request received."
    assert last.startswith("Invalid HTTP request received. (3 more times in ")


def test_a_kind_of_trouble_is_told_first_and_then_counted() -> None:
    """Whatever is put into its words; after a quiet minute it is new again."""
    now = [0.0]
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("livestory.web")
    logger.addHandler(handler)
    sparing = SparingLog(lambda: now[0])
    with sparing:
        for number in range(5):
            logger.warning("trouble %d", number)
        logger.warning("another")
        assert told == ["trouble 0", "another"]
        now[0] = 61.0
        sparing.summarise()
        assert told[2:] == ["trouble 0 (4 more times in 61 s)"]
        now[0] = 200.0
        sparing.summarise()
        logger.warning("trouble %d", 9)
        assert told[3:] == ["trouble 9"]
    logger.removeHandler(handler)


def long_lines(folder: Path, count: int, size: int) -> int:
    """Tell so many lines of that many characters; the seq of the last."""
    with Teller(folder / "live_story.txt") as teller:
        for number in range(count):
            teller.note(f"{number} " + "h" * size)
    with served(folder / "live_story.txt") as server:
        return int(settled(server)["last_seq"])


def test_lines_of_a_megabyte_are_bounded_in_memory(folder: Path) -> None:
    """Streams that nobody reads, questions and one listener: below 256 MB, and the listener hears every line."""
    last = long_lines(folder, amount(20, 100), 1_000_000)
    right = f"Host: 127.0.0.1:{{port}}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    most = [0]
    with page(folder) as server, ExitStack() as stack:
        server.hold(stack, f"GET /api/stream?after=0 HTTP/1.1\r\n{right}", 30)
        for path in ("/story.txt?limit=10000", "/api/events?limit=200", "/api/events?q=nothing"):
            server.hold(stack, f"GET {path} HTTP/1.1\r\n{right}", 10)
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                most[0] = max(most[0], server.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        owner = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
        owner.request("GET", "/api/stream", headers={**RIGHT, "Last-Event-ID": "0"})
        seqs = []
        for message in messages(owner.getresponse()):
            seqs += [message.id] if message.kind == "line" else []
            if message.id == last:
                break
        owner.close()
        done.set()
        watcher.join()
        seconds, _ = server.end()
    assert seqs == list(range(1, last + 1))
    assert 50 < most[0] < 256, most
    assert seconds < SOON


def test_long_lines_are_heard_as_they_are_told(folder: Path) -> None:
    """Too long to wait in memory: they come from the journal, in order, with the short ones between them."""
    with served(folder / "live_story.txt") as server, Teller(folder / "live_story.txt") as teller:
        settled(server)
        with server.listening() as heard:
            next(heard)
            texts = [f"{number} " + "h" * (300_000 if number % 2 else 3) for number in range(8)]
            for text in texts:
                teller.note(text)
            told: list[str] = []
            while len(told) < len(texts):
                message = next(heard)
                told += [message.data["line"].rpartition(" | ")[2]] if message.kind == "line" else []
    assert told == texts


def test_a_page_of_long_lines_is_short(folder: Path) -> None:
    """Bytes end a page as rows do, and the next one goes on where it ended: every line, once."""
    last = long_lines(folder, 20, 600_000)
    with served(folder / "live_story.txt") as server:
        settled(server)
        seqs: list[int] = []
        before: int | None = last + 1
        while before is not None:
            answer = server.ask(f"api/events?limit=200&before={before}")
            assert len(answer.body) < 8_000_000
            seqs += [event["seq"] for event in answer.json["events"]]
            before = answer.json["next"]
        assert seqs == list(range(last, 0, -1))
        found = server.ask("api/events?limit=200&q=0%20hhh").json
        assert found["next"] is not None  # it looked at so much, and goes on when it is asked
        assert len(server.ask("story.txt").body) < 20_000_000


class Transport:
    """A connection's transport that sends nothing."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        """From that address."""
        self.unsent = 0
        self.kept = 0
        self.cut = False
        self._address = address
        self._socket = socket.socket()
        self._socket.close()

    def get_extra_info(self, name: str) -> object:
        return self._socket if name == "socket" else (self._address, 1)

    def set_write_buffer_limits(self, high: int) -> None:
        self.kept = high

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.cut

    def abort(self) -> None:
        self.cut = True


def test_who_waits_too_long_or_has_too_much_to_take_is_cut() -> None:
    """Twenty seconds for each step; an answer that is being taken may take longer; 64 MB for all answers together."""
    now = [0.0]
    connections = Connections(10, 10, lambda: now[0])
    idle, asking, listening, slow, stuck = (Transport() for _ in range(5))
    places = [connections.enter(each) for each in (idle, asking, listening, slow, stuck)]  # type: ignore[arg-type]
    for place in places[2:]:
        assert connections.invite(place)
    slow.unsent = stuck.unsent = 1000
    for place in places[3:]:
        connections.is_answered(place)
    connections.sweep()
    now[0] = WAITING - 1
    connections.asks(places[1])
    for second in range(int(WAITING) - 1, int(WAITING) * 2):
        now[0] = second
        slow.unsent -= 1
        connections.sweep()
    assert [each.cut for each in (idle, asking, listening, slow, stuck)] == [True, False, False, False, True]
    now[0] += WAITING
    listening.unsent = MOST_UNSENT
    slow.unsent -= 1
    connections.sweep()
    assert [asking.cut, listening.cut, slow.cut] == [True, True, False]
    assert len(connections) == 1


def test_the_oldest_of_the_address_with_the_most_gives_way() -> None:
    """IPv6 neighbours count as one; those that are answered with the token are no part of it."""
    connections = Connections(4, 1)
    addresses = ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8:0:0:8000::3", "2001:db8:0:1::1"]
    invited = Transport("2001:db8::9")
    place = connections.enter(invited)  # type: ignore[arg-type]
    assert connections.invite(place)
    transports = [Transport(address) for address in addresses]
    places = [connections.enter(each) for each in transports]  # type: ignore[arg-type]
    assert [each.cut for each in (invited, *transports)] == [False, True, False, False, False, False]
    assert not connections.invite(places[1])
    connections.leave(place)
    assert connections.invite(places[1])


def test_a_limit_that_is_just_reached_cuts_nobody() -> None:
    """Twenty seconds of waiting, 64 MB that all have yet to take; beyond it goes who has most, until it is enough."""
    now = [0.0]
    connections = Connections(10, 10, lambda: now[0])
    much, more, most = (Transport() for _ in range(3))
    places = [connections.enter(each) for each in (much, more, most)]  # type: ignore[arg-type]
    assert all(connections.invite(place) for place in places)
    much.unsent, more.unsent = MOST_UNSENT // 4, MOST_UNSENT // 4
    most.unsent = MOST_UNSENT // 2
    connections.sweep()
    assert [(each.cut, each.kept) for each in (much, more, most)] == [(False, WRITE_BUFFER)] * 3
    most.unsent += 1
    connections.sweep()
    assert [each.cut for each in (much, more, most)] == [False, False, True]
    waiting = Transport()
    connections.enter(waiting)  # type: ignore[arg-type]
    now[0] = WAITING
    connections.sweep()
    assert [waiting.cut] == [False]
    now[0] += 0.1
    connections.sweep()
    assert [waiting.cut] == [True]
    assert len(connections) == 2


@pytest.mark.parametrize(
    ("limits", "listeners", "raised", "places"),
    [
        ((1024, 4096), 64, None, (352, 352)),
        ((960, 4096), 64, None, (352, 352)),
        ((256, 4096), 64, 960, (352, 352)),
        ((256, resource.RLIM_INFINITY), 64, 960, (352, 352)),
        ((256, 300), 64, 300, (22, 22)),
        ((256, 256), 64, 256, (16, 16)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 64, None, (352, 352)),
        ((100_000, 100_000), 2000, None, (512, 2128)),
    ],
)
def test_there_is_room_for_as_many_as_the_system_lets_open(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    listeners: int,
    raised: int | None,
    places: tuple[int, int],
) -> None:
    """Half of it waits, at most 512; the limit on open files is raised as far as needed, and a little always kept."""
    asked: list[tuple[int, tuple[int, int]]] = []
    with monkeypatch.context() as patched:
        patched.setattr(resource, "getrlimit", lambda _: limits)
        patched.setattr(resource, "setrlimit", lambda what, wanted: asked.append((what, wanted)))
        assert room(listeners) == places
    assert asked == ([] if raised is None else [(resource.RLIMIT_NOFILE, (raised, limits[1]))])


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcd", True),
        (b"POST / HTTP/1.1\r\nX: content-length: 9\r\n\r\n", True),
    ],
)
def test_of_more_than_can_be_answered_those_without_a_whole_request_are_closed(sent: bytes, whole: bool) -> None:  # noqa: FBT001
    """The last that came have time to send one; of those before them it has to be there, with its body."""

    async def take() -> None:
        begun: asyncio.Queue[None] = asyncio.Queue()

        class Begun(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                del transport
                begun.put_nowait(None)

        with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as stack:
            first, _ = (stack.enter_context(socket.create_connection(server.getsockname(), LIMIT)) for _ in range(2))
            first.sendall(sent)
            acceptor = Acceptor(Connections(8, 8), Begun)  # one at once
            acceptor.start([server])
            async with asyncio.timeout(LIMIT):
                for _ in range(2 if whole else 1):
                    await begun.get()
            acceptor.stop()
            if not whole:
                with suppress(ConnectionError):  # what it has sent was not read
                    assert first.recv(1) == b""
            assert begun.empty()

    asyncio.run(take())
