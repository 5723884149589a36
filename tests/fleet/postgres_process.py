"""A real PostgreSQL on loopback, with a folder of its own, run by an ordinary user."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
import pytest

from tests.patience import LONG, until

if TYPE_CHECKING:
    from livestory.credentials import Secret

UNPACKED = Path(__file__).resolve().parents[2] / "build" / "debian"  # Debian's programs that `make test` has unpacked
_NOBODY = 65534
ADMIN_PASSWORD = "of the administrator"  # noqa: S105 - of a server that lives for a test


def _programs() -> Path | None:
    """The folder of the server's programs: Debian's that `make test` has unpacked, or the machine's own."""
    for found in (UNPACKED / "usr/bin/postgres", shutil.which("postgres"), *Path("/usr/lib/postgresql").glob("*/bin")):
        if found is not None and Path(found).exists():
            real = Path(found).resolve()
            return real if real.is_dir() else real.parent
    return None


def lacking(what: str, program: str) -> NoReturn:
    """Skip a test that needs a program of Debian's; where everything has to be tested it fails."""
    reason = f"needs {what}: make build/debian/usr/bin/{program} unpacks Debian's"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason)
    pytest.skip(reason)


def _readable(programs: Path, folder: Path) -> Path:
    """Where another user may run them: a clone may lie in a folder that only its owner can enter."""
    if os.geteuid() or UNPACKED not in programs.parents:
        return programs
    copy = folder / "programs"
    for part in ("usr/lib/postgresql", "usr/share/postgresql"):
        shutil.copytree(UNPACKED / part, copy / part, symlinks=True)
    for libraries in UNPACKED.glob("usr/lib/*-linux-gnu*"):
        shutil.copytree(
            libraries, copy / "usr/lib" / libraries.name, symlinks=True, ignore=shutil.ignore_patterns("*.a")
        )
    return copy / programs.relative_to(UNPACKED)


class PostgresProcess:
    """One server; started anew it has what it had."""

    def __init__(
        self, *, standby_of: PostgresProcess | None = None, durable: bool = False, folder: Path | None = None
    ) -> None:
        """Make its folder, or take one, and start it. ``durable``: it survives a power cut, and is slower."""
        programs = _programs()
        if programs is None:
            lacking("PostgreSQL", "postgres")
        self.folder = folder or Path(tempfile.mkdtemp(prefix="livestory-postgres-"))
        self.folder.mkdir(exist_ok=True)
        self.data = self.folder / "data"
        # Of the roles, which a server has once for all its databases, and its standby has, too.
        self.passwords: dict[str, Secret] = {} if standby_of is None else standby_of.passwords
        self._programs = _readable(programs, self.folder)
        self.folder.chmod(0o755)
        if not os.geteuid():
            os.chown(self.folder, _NOBODY, _NOBODY)
        self._durable = durable
        self.port = free_port()
        if standby_of is None:
            self._begin()
        else:
            source = f"host=127.0.0.1 port={standby_of.port} user=postgres password='{ADMIN_PASSWORD}'"
            self._do("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast", "-d",
                     f"{source} application_name=standby")  # fmt: skip
        self.process = self._started()

    def _begin(self) -> None:
        password = self.folder / "password"
        password.write_text(ADMIN_PASSWORD, "utf-8")
        password.chmod(0o644)
        self._do("initdb", "-D", str(self.data), "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale",
                 "--no-sync", "--wal-segsize", "1", "--pwfile", str(password))  # fmt: skip
        with (self.data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("host replication postgres 127.0.0.1/32 scram-sha-256\n")

    def url(self, user: str, database: str, *ports: int) -> str:
        """The address, without a password; at a proxy's port, or at several, of which one takes what is written."""
        places = ",".join(f"127.0.0.1:{port}" for port in ports or (self.port,))
        return f"postgresql://{user}@{places}/{database}" + (
            "?target_session_attrs=read-write" if len(ports) > 1 else ""
        )

    def ask(self, database: str, query: str, *values: object, user: str = "postgres", password: str = "") -> list[Any]:
        """What a query of the administrator's, or another's, answers."""
        with self.connected(database, user, password) as connection:
            cursor = connection.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def connected(self, database: str, user: str, password: str) -> psycopg.Connection[Any]:
        """A connection, which commits each statement."""
        return psycopg.connect(self.url(user, database), password=password or ADMIN_PASSWORD, autocommit=True)

    def kill(self) -> None:
        """End it and all its children as a crash does, and have no socket of it left."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, check=False)  # noqa: S607
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        for child in map(int, found.stdout.split()):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            until(lambda child=child: not Path(f"/proc/{child}").exists())  # type: ignore[misc]

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def follow_at_once(self, standby: str) -> None:
        """Acknowledge nothing from now on that the standby of that name has not."""
        self.ask("postgres", f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'")
        self.ask("postgres", "SELECT pg_reload_conf()")
        until(lambda: self.ask("postgres", "SELECT sync_state FROM pg_stat_replication") == [("sync",)], self.log)

    def start(self) -> None:
        """Start it again, on the port that it had."""
        self.process = self._started()

    def speak_tls(self, certificate: Path, key: Path) -> None:
        """Show that certificate from now on to whoever wants one."""
        for name, file in (("server.crt", certificate), ("server.key", key)):
            own = self.data / name
            own.write_bytes(file.read_bytes())
            own.chmod(0o600)
            if not os.geteuid():
                os.chown(own, _NOBODY, _NOBODY)
        self.ask("postgres", "ALTER SYSTEM SET ssl = 'on'")
        self.ask("postgres", "SELECT pg_reload_conf()")
        until(lambda: self.ask("postgres", "SHOW ssl") == [("on",)], self.log)

    def stop(self) -> None:
        """End it in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(LONG)

    def promote(self) -> None:
        """Make a standby the primary, as `pg_ctl promote` does it."""
        self._do("pg_ctl", "promote", "-D", str(self.data), "-w", "-t", str(int(LONG)))

    def close(self) -> None:
        """End it, whatever it has not written yet, and take its folder away."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(LONG)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "on" if self._durable else "off",
            "jit": "off",
            "dynamic_shared_memory_type": "mmap",  # in its folder, so that one that was killed leaves nothing behind
            "shared_buffers": "16MB",
            "max_connections": "100",
            "log_statement": "ddl",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            command = [str(self._programs / "postgres"), "-D", str(self.data), *options]
            process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())
        until(lambda: self._ready(process), self.log)
        return process

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.log()
        try:
            self.ask("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def log(self) -> str:
        """What it has said."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def _do(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *words],
            capture_output=True,
            encoding="utf-8",
            check=False,
            **self._as_user(),
        )
        assert done.returncode == 0, done.stderr

    def _as_user(self) -> dict[str, Any]:
        """An ordinary user: the server refuses to be root's."""
        libraries = [str(path) for path in self._programs.parents[2].glob("*-linux-gnu*")]
        mine = {} if self._programs.is_relative_to("/usr") else {"LD_LIBRARY_PATH": ":".join(libraries)}
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder), **mine}
        user = {} if os.geteuid() else {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()}
        return {"env": environment, "cwd": self.folder, **user}


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
