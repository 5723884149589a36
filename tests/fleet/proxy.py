"""A proxy between livestory and its database, which holds back, cuts and refuses what passes through it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class Proxy:
    """Listens on loopback and passes on to a port there, until it is told otherwise."""

    def __init__(self, to: int) -> None:
        self.to = to  # whom the next connection reaches
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self._flows = threading.Event()
        self._flows.set()
        self._left: int | None = None  # bytes until the next cut; None: no cut is to come
        threading.Thread(target=self._accept, daemon=True).start()

    def part(self) -> None:
        """Let nothing pass, as a network does that has lost its way: nobody is told."""
        self._flows.clear()

    def join(self) -> None:
        """Let pass what was held back, and all that comes."""
        self._flows.set()

    def cut_after(self, size: int) -> None:
        """End all connections once so many bytes more have gone to the database: in the middle of a batch."""
        self._left = size

    def cut(self) -> None:
        """End all connections at once."""
        open_ones, self._open = self._open, []
        for each in open_ones:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Listen no more, and end what is open."""
        self._listening.close()
        self._flows.set()
        self.cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            for source, target, counted in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass_on, args=(source, target, counted), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, counted: bool) -> None:  # noqa: FBT001 (of a thread)
        with source:
            while True:
                try:
                    data = source.recv(65_536)
                    self._flows.wait()
                    if counted and self._left is not None and len(data) >= self._left:
                        data, self._left = data[: self._left], None
                        target.sendall(data)
                        self.cut()
                        return
                    if counted and self._left is not None:
                        self._left -= len(data)
                    target.sendall(data)
                except OSError:
                    data = b""
                if not data:
                    with suppress(OSError):
                        target.shutdown(socket.SHUT_WR)
                    return
