"""Takes new connections: in a crowd, those that have already asked something."""

from __future__ import annotations

import asyncio
import errno
import logging
import re
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livestory.outlets.web.connections import Connections

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
        """Nothing is taken before `start`."""
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
        """Take nothing more."""
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
