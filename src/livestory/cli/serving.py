"""What the commands that serve over HTTP share: the token, the address, the end."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.credentials import checked
from livestory.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from livestory.http_server.server import Server

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - told apart, not bound


def token_of(file: Path | None, variable: str) -> str | None:
    """The token of the file, else of the environment's ``variable``; None where there is neither."""
    if file is None:
        return checked(f"the environment variable {variable}", os.environ.get(variable, "")) or None
    try:
        return checked(str(file), file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        message = f"--token-file {file}: can't be read ({reason})\nMake one with: openssl rand -hex 16 > {file}"
        raise InputError(message) from None


def require_token(host: str, token: str | None, variable: str) -> None:
    """Raise InputError where others could reach the server without a token, which ``variable`` would hold."""
    from livestory.http_server.gate import is_loopback

    if token is None and not is_loopback(host):
        message = (
            f"{host} can be reached from other machines, and no token is set\n"
            f"Set {variable} or --token-file, or stay on 127.0.0.1 and use a tunnel (docs/web.md)."
        )
        raise InputError(message)


def url_of(host: str, port: int) -> str:
    """The address that a client on this machine uses."""
    shown = _ANY.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"


def open_many_files() -> None:
    """Raise this process's limit on open files as far as the system lets it: the alerts of 500 bots need thousands."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def end_on_hangup(server: Server) -> None:
    """End in order when the terminal is closed; not where that is ignored, as under nohup."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, server.handle_exit)
