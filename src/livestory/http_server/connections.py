"""The open connections: bounded in number, in time and in bytes, so that the right token always finds room.

A connection is invited while a request that may read the story is answered, until that is taken. Otherwise it waits:
before its first request, between two, or without the token. Where too many wait, the oldest one of the address with the
most of them is closed: whoever holds connections loses them to whoever asks, even behind a proxy's one address.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import resource
import socket
import struct
import time
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_WAITING = 512
WAITING = 20.0  # seconds for a request's head, and again for its body and its answer
MOST_UNSENT = 64 * 1024 * 1024  # bytes that all clients together have yet to take
WRITE_BUFFER = 16 * 1024  # bytes above which a connection takes no more of an answer in pieces
_ANSWERS = 128  # requests that are answered at once, besides the listeners
_RESERVE = 256  # descriptors for journals, and for connections that are just being closed
_LEAST = 16


class Connection:
    """What is known of one connection."""

    def __init__(self, transport: asyncio.Transport, now: float) -> None:
        """Note when it came: ``now``, in seconds of a clock that never goes back."""
        self.transport = transport
        self.address = _network(transport.get_extra_info("peername"))
        self.since = now  # when it came, asked last, or was answered last
        self.unsent = 0
        self.invited = False
        self.answered = False


class Connections:
    """All connections of a server. Used on the event loop alone."""

    def __init__(self, waiting: int, invited: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most_waiting = waiting
        self._most_invited = invited
        self._clock = clock
        self._waiting: dict[str, dict[Connection, None]] = {}  # by address, the oldest first
        self._waits = 0
        self._invited: set[Connection] = set()

    def __len__(self) -> int:
        return self._waits + len(self._invited)

    def enter(self, transport: asyncio.Transport) -> Connection:
        """A new connection; another one gives way where too many wait."""
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        connection = Connection(transport, self._clock())
        self._wait(connection)
        return connection

    def asks(self, connection: Connection) -> None:
        """A request's head has come."""
        self._forget(connection)
        connection.since = self._clock()
        if not connection.transport.is_closing() or connection.transport.get_write_buffer_size():
            self._wait(connection)

    def is_answered(self, connection: Connection) -> None:
        """All of the answer was sent, though perhaps not taken yet."""
        connection.answered = True
        if connection.invited and connection.transport.get_write_buffer_size():
            connection.since = self._clock()
        else:
            self.asks(connection)

    def invite(self, connection: Connection) -> bool:
        """Its request may read the story; False where too many are being answered."""
        if not connection.invited and len(self._invited) < self._most_invited:
            self._forget(connection)
            self._invited.add(connection)
            connection.invited, connection.answered = True, False
        return connection.invited

    def leave(self, connection: Connection) -> None:
        """The connection is gone, and its place is free."""
        self._forget(connection)

    def give_way(self) -> None:
        """Close the oldest one that waits, of the address that has the most."""
        if self._waits:
            most = max(self._waiting, key=lambda address: len(self._waiting[address]))
            self._close(next(iter(self._waiting[most])))

    def sweep(self) -> None:
        """Close those that have waited too long, and those with most to take where that is too much in all."""
        now = self._clock()
        every = [*(one for those in self._waiting.values() for one in those), *self._invited]
        for one in every:
            unsent = one.transport.get_write_buffer_size()
            if one.invited and one.answered and unsent < one.unsent:
                one.since = now  # a long answer is being taken
            one.unsent = unsent
            if (one.answered or not one.invited) and now - one.since > WAITING:
                self._close(one)
            elif one.answered and one.invited and not unsent:
                self.asks(one)
        total = sum(one.unsent for one in every)
        for one in sorted(every, key=lambda each: -each.unsent):
            if total <= MOST_UNSENT:
                break
            total -= one.unsent
            self._close(one)

    def close(self) -> None:
        """Close every connection, whatever it has yet to take."""
        for one in [*(one for those in self._waiting.values() for one in those), *self._invited]:
            self._close(one)

    def _wait(self, connection: Connection) -> None:
        self._waiting.setdefault(connection.address, {})[connection] = None
        self._waits += 1
        if self._waits > self.most_waiting:
            self.give_way()

    def _forget(self, connection: Connection) -> None:
        self._invited.discard(connection)
        connection.invited = False
        those = self._waiting.get(connection.address)
        if those is not None and connection in those:
            del those[connection]
            self._waits -= 1
            if not those:
                del self._waiting[connection.address]

    def _close(self, connection: Connection) -> None:
        self._forget(connection)
        cut(connection.transport)


def cut(transport: asyncio.Transport) -> None:
    """Close a connection, whatever it has yet to take."""
    connected: socket.socket = transport.get_extra_info("socket")
    if connected.fileno() >= 0:  # with a reset: an end in order would wait behind what isn't taken
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def room(listeners: int) -> tuple[int, int]:
    """How many connections may wait and how many be invited, for so many listeners.

    The process's limit on open files is raised as far as that needs and the system lets it.
    """
    wanted = MOST_WAITING + listeners + _ANSWERS + _RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    free = wanted - _RESERVE if soft == resource.RLIM_INFINITY else max(2 * _LEAST, min(wanted, soft) - _RESERVE)
    waiting = min(MOST_WAITING, free // 2)
    return waiting, free - waiting


def _network(peer: tuple[str, int] | None) -> str:
    """Whose an address is: of IPv6, everyone has the last 64 bits to choose."""
    if peer is None:
        return ""
    try:
        address = ip_address(peer[0].partition("%")[0])
    except ValueError:
        return peer[0]
    is_ipv6 = isinstance(address, IPv6Address)
    return str(ip_network((address, 64), strict=False)) if is_ipv6 else str(address)


QUEUED = 4096  # connections that the system holds until they are taken
_PAUSE = 0.1  # seconds until another try where no descriptor is left
_LONGEST_LOOK = 8192  # bytes
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9})", re.IGNORECASE)
_log = logging.getLogger("livestory.web")


class Acceptor:
    """Gives each connection that is taken a protocol of its own. Used on the event loop alone.

    A protocol costs some hundred times what it costs to take a connection and close it again. So where more come at
    once than can be answered, those of them that came first and have not sent a whole request are closed at once.
    """

    def __init__(self, connections: Connections, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._connections = connections
        self._protocol = protocol
        self._at_once = max(1, connections.most_waiting // 8)
        self._listening: Sequence[socket.socket] = ()
        self._coming: set[asyncio.Task[object]] = set()

    def start(self, listening: Sequence[socket.socket]) -> None:
        """Take what comes to these sockets."""
        self._listening = listening
        for each in listening:
            each.settimeout(0)
            each.listen(QUEUED)
            self._listen(each)

    def stop(self) -> None:
        """Take no connection more; those that are open stay."""
        for each in self._listening:
            asyncio.get_running_loop().remove_reader(each)
        self._listening = ()

    def _listen(self, listening: socket.socket) -> None:
        if listening in self._listening:
            asyncio.get_running_loop().add_reader(listening, self._take, listening)

    def _take(self, listening: socket.socket) -> None:
        taken: list[socket.socket] = []
        while len(taken) < 4 * self._at_once:
            try:
                taken.append(listening.accept()[0])
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                break
            except OSError as error:
                if error.errno not in _SHORT:
                    raise
                self._short(listening, error)
                break
        for place, one in enumerate(taken):
            one.settimeout(0)
            if place >= len(taken) - self._at_once or _has_asked(one):
                self._begin(one)
            else:
                one.close()

    def _begin(self, one: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(self._protocol, one))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)

    def _short(self, listening: socket.socket, error: OSError) -> None:
        _log.warning("a connection can't be taken (%s): the oldest without the token gives way", error.strerror)
        self._connections.give_way()
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        loop.call_later(_PAUSE, self._listen, listening)


def _has_asked(one: socket.socket) -> bool:
    """Whether a whole request has come, with the body that its head promises."""
    try:
        head, end, body = one.recv(_LONGEST_LOOK, socket.MSG_PEEK).partition(b"\r\n\r\n")
    except OSError:
        return False
    length = _LENGTH.search(head)
    return bool(end) and (length is None or len(body) >= int(length[1]))
