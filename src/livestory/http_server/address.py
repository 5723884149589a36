"""Where a server listens."""

from __future__ import annotations

import errno
import socket

from livestory.errors import InputError

_UNANSWERED = 20_000  # milliseconds that the system waits for a vanished client to acknowledge anything


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to that address. Raises InputError where it can't be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED)
        server.bind((host, port))
        server.listen(512)
    except OSError as error:
        server.close()
        raise InputError(_problem(error, host, port)) from error
    return server


def address_of(host: str) -> str:
    """The numeric address of a host's name. Raises InputError where it has none."""
    try:
        return str(socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        message = f"no address is known for {host}\nName an address of this machine with --host."
        raise InputError(message) from error


def _problem(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use, perhaps by another livestory\nChoose another with --port."
    if error.errno == errno.EACCES:
        return f"port {port} of {host} is not for this user\nChoose one above 1023 with --port."
    return f"can't listen at {host} port {port}: {error.strerror}\nChoose an address of this machine with --host."
