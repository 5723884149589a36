"""systemd: the units of the long-running commands, and how they are installed, asked for and removed here."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from livestory.errors import InputError, LivestoryError
from livestory.story.files.layout import make_folder
from livestory.story.files.output_file import replaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATES = Path("/var/lib")  # where systemd keeps the folders of system services
_STEPS_SINCE = 254  # the systemd that knows RestartSteps=
_PRIVATE_PLACES = ("/home", "/root", "/run/user")

WORDS = {
    "run": "trading bot that tells its story",
    "serve": "live page of a bot's story",
    "alert": "alerts of a story",
    "listen": "story of a bot that posts it",
    "follow": "story of a bot that is not ours",
    "push": "story of a bot, sent to its fleet",
}
"""The commands that have a unit, and what systemd calls them."""

# How long, in seconds, a command may go without progress. A bar's work waits for an exchange; a page's for nothing.
_PATIENCE = {"run": 300, "serve": 60, "alert": 60, "listen": 60, "follow": 300, "push": 300}

_BOTH = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
LimitCORE=0
UMask=0027
"""
# For the system alone: a user's own systemd may have no right to these, and would not start what asks for them.
_SYSTEM = """\
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
KeyringMode=private
CapabilityBoundingSet=
AmbientCapabilities=
"""


class Unit(NamedTuple):
    """What one service runs, as whom, and what it needs for that."""

    part: str  # one of `WORDS`
    name: str  # of what it belongs to, such as "livestory"
    command: tuple[str, ...]
    folder: Path  # of the story
    secrets: Path  # the file of its environment
    user: str | None  # whom the system runs it as; None: a unit of one's own
    reads: tuple[Path, ...] = ()  # files that it needs besides

    @property
    def file(self) -> str:
        """The name of its file, by which systemd calls it too."""
        return f"{self.name}-{self.part}.service"

    def text(self, systemd: int) -> str:
        """The unit's file, for systemd of that version."""
        system = self.user is not None
        target = "multi-user.target" if system else "default.target"
        lines = [
            "[Unit]",
            f"Description={self.name}: {WORDS[self.part]}",
            *(("Wants=network-online.target", "After=network-online.target") if system else ()),
            "StartLimitIntervalSec=0",
            "",
            "[Service]",
            "Type=notify",
            f"ExecStart={' '.join(map(_quoted, self.command))}",
            f"WorkingDirectory={_path(self.folder)}",
            f"EnvironmentFile=-{_path(self.secrets)}",
            "Restart=on-failure",
            # A wrong configuration or a story that another process writes: trying again is no help.
            "RestartPreventExitStatus=2",
            *_backoff(systemd),
            f"WatchdogSec={_PATIENCE[self.part]}",
            "TimeoutStopSec=120",
            "",
            *(self._place() if system else ()),
            *_BOTH.splitlines(),
            *(_SYSTEM.splitlines() if system else ()),
            "",
            "[Install]",
            f"WantedBy={target}",
        ]
        return "\n".join(lines) + "\n"

    def _place(self) -> tuple[str, ...]:
        """As whom it runs, and where it may write."""
        at_home = any(str(path).startswith(_PRIVATE_PLACES) for path in (self.folder, *self.reads))
        lines = [f"User={self.user}", f"ProtectHome={'read-only' if at_home else 'yes'}"]
        if self.folder.is_relative_to(STATES):
            lines += [f"StateDirectory={_listed(self.folder.relative_to(STATES))}", "StateDirectoryMode=0750"]
        else:
            lines.append(f"ReadWritePaths={_listed(self.folder)}")
        return tuple(lines)


def _backoff(systemd: int) -> tuple[str, ...]:
    """Restarts ever more slowly, for ever; where systemd can't, at a pace that hurts no one."""
    if systemd >= _STEPS_SINCE:
        return "RestartSec=5", "RestartSteps=6", "RestartMaxDelaySec=300"
    return ("RestartSec=30",)


def _path(path: Path) -> str:
    return str(path).replace("%", "%%")


def _listed(path: Path) -> str:
    """A path where several might stand."""
    text = _path(path)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if " " in text else text


def _quoted(word: str) -> str:
    """A word of a command line as systemd.service(5) reads it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if not escaped or set(escaped) & set(" \t'\";") or escaped != word else word


_ASKED = ("ActiveState", "SubState", "StatusText", "NRestarts", "Result", "ExecMainStatus")
_OWN_USER = "livestory"
_SYSUSERS = Path("/etc/sysusers.d/livestory.conf")
_SECRETS = """\
# Environment of {unit}: one NAME=value a line. Only its owner can read this file.
"""


class ServiceState(NamedTuple):
    """Whether a service runs, and how it is in words."""

    name: str
    runs: bool
    words: str


class Systemd(NamedTuple):
    """The system's systemd or a user's own, as far as the services of one name are concerned."""

    own: bool
    name: str
    version: int  # 0 where there is none
    folder: Path  # of the units

    @classmethod
    def of(cls, *, own: bool, name: str) -> Systemd:
        """What is found. Raises InputError for a name that can be none of a service."""
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name):
            message = f"--name {name}: use small letters, digits, - and _, such as livestory-scout"
            raise InputError(message)
        folder = _configurations() / "systemd" / "user" if own else Path("/etc/systemd/system")
        return cls(own, name, _version(), folder)

    def secrets(self, part: str) -> Path:
        """The file with a service's environment."""
        folder = _configurations() / "livestory" if self.own else Path("/etc/livestory")
        return folder / f"{self.name}-{part}.env"

    def require(self) -> None:
        """Raises InputError where systemd does not run here, or this user may not tell it anything."""
        running = _asked(self._systemctl("is-system-running")) if self.version else None
        if running in {None, "", "offline", "unknown"}:
            whose = "a systemd of this user" if self.own else "systemd"
            message = (
                f"{whose} does not run here, so nothing was written\n"
                "Show the units with --print, use another supervisor, or Docker: docs/service.md."
            )
            raise InputError(message)
        if not self.own and os.geteuid() != 0:
            message = "services of the system are root's to change\nUse sudo, or install them for yourself with --user."
            raise InputError(message)

    def files(self) -> list[Path]:
        """The units of that name that are installed."""
        there = (self.folder / f"{self.name}-{part}.service" for part in WORDS)
        return [file for file in there if file.exists()]

    def install(self, units: Sequence[Unit]) -> Iterator[Path]:
        """Write the units and what they need, enable and start them; yields each path that was written.

        Raises InputError, before anything is written, for what would not run, and LivestoryError where systemd refuses.
        """
        for unit in units:
            _check(unit)
        for unit in units:
            if unit.user is not None and (made := self._make_user(unit.user)) is not None:
                yield made
            if (made := _make_place(unit)) is not None:
                yield made
            if not unit.secrets.exists():
                _write(unit.secrets, _SECRETS.format(unit=unit.file), 0o600)
                yield unit.secrets
            _write(self.folder / unit.file, unit.text(self.version), 0o644)
            yield self.folder / unit.file
        files = [unit.file for unit in units]
        self._command("daemon-reload")
        self._command("enable", *files)
        self._command("restart", *files)

    def remove(self) -> Iterator[Path]:
        """Stop and disable the services; yields each unit that was taken away."""
        files = self.files()
        self._command("disable", "--now", *(file.name for file in files))
        for file in files:
            file.unlink()
            yield file
        self._command("daemon-reload")

    def state(self, file: str) -> ServiceState:
        """Ask systemd how the service of that unit is."""
        from livestory.story.wording import numbers

        shown = _asked(self._systemctl("show", file, "--property", ",".join(_ASKED))) or ""
        told = dict(line.partition("=")[::2] for line in shown.splitlines())
        active, sub = told.get("ActiveState", "not known"), told.get("SubState", "")
        words = [f"{active} ({sub})" if sub else active, told.get("StatusText", "")]
        if told.get("NRestarts", "0") != "0":
            words.append(numbers.count(int(told["NRestarts"]), "restart"))
        if told.get("Result", "success") != "success":
            words.append(f"{told['Result']}, exit status {told.get('ExecMainStatus', 'not known')}")
        return ServiceState(file.removesuffix(".service"), active == "active", "; ".join(filter(None, words)))

    def log_command(self, file: str) -> str:
        """What shows what a service says."""
        return f"journalctl {'--user ' if self.own else ''}-fu {file}"

    def lingers(self) -> bool:
        """Whether a user's own services start at boot."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        return _asked(["loginctl", "show-user", user, "--property", "Linger"]) == "Linger=yes"

    def _make_user(self, user: str) -> Path | None:
        """Have the system make livestory's own user where there is none; the file that says so."""
        try:
            pwd.getpwnam(user)
        except KeyError:
            _write(_SYSUSERS, f'u {_OWN_USER} - "livestory" /var/lib/livestory\n', 0o644)
            _run(["systemd-sysusers", str(_SYSUSERS)])
            return _SYSUSERS
        return None

    def _systemctl(self, *words: str) -> list[str]:
        return ["systemctl", *(("--user",) if self.own else ()), *words]

    def _command(self, *words: str) -> None:
        _run(self._systemctl(*words))


def _configurations() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _version() -> int:
    found = re.match(r"systemd (\d+)", _asked(["systemctl", "--version"]) or "")
    return int(found[1]) if found else 0


def _asked(command: list[str]) -> str | None:
    """What a program answers, whatever it thinks of the question; None where there is no such program."""
    program = shutil.which(command[0])
    if program is None:
        return None
    return subprocess.run([program, *command[1:]], check=False, capture_output=True, text=True).stdout.strip()  # noqa: S603 - our own words


def _run(command: list[str]) -> None:
    """Run a program to its end. Raises LivestoryError where it refuses."""
    program = shutil.which(command[0]) or command[0]
    done = subprocess.run([program, *command[1:]], check=False, capture_output=True, text=True)  # noqa: S603 - as above
    if done.returncode:
        said = done.stderr.strip().partition("\n")[0]
        what = f"{' '.join(command)}: {said or f'exit status {done.returncode}'}"
        message = f"{what}\nSee what is there with: livestory service status"
        raise LivestoryError(message)


def _write(path: Path, text: str, mode: int) -> None:
    """A new file in the place of ``path``, never readable by more than ``mode`` says."""
    with replaced(path, private=not mode & 0o077) as file:
        os.fchmod(file.fileno(), mode)
        file.write(text.encode())


def _make_place(unit: Unit) -> Path | None:
    """The folder of the story, where neither it is there nor systemd makes it."""
    if unit.folder.exists() or (unit.user is not None and unit.folder.is_relative_to(STATES)):
        return None
    make_folder(unit.folder)
    if unit.user is not None:
        user = pwd.getpwnam(unit.user)
        os.chown(unit.folder, user.pw_uid, user.pw_gid)
    return unit.folder


def _check(unit: Unit) -> None:
    """Raises InputError for what the unit's user could not run, read or write."""
    if unit.user is None:
        return
    try:
        uid: int | None = pwd.getpwnam(unit.user).pw_uid
    except KeyError:
        uid = None
        if unit.user != _OWN_USER:
            message = f"--as {unit.user}: no such user; without --as one of livestory's own is made"
            raise InputError(message) from None
    for path in unit.reads:
        shut = next((place for place in (path, *path.parents) if not _is_open(place, uid)), None)
        if shut is not None:
            message = (
                f"{shut}: closed to the user {unit.user}, who needs {path}\n"
                "Put it where every user can read it, such as /srv or /etc/livestory, or run as its owner with --as."
            )
            raise InputError(message)
    if unit.folder.exists() and not unit.folder.is_relative_to(STATES) and unit.folder.stat().st_uid != uid:
        message = (
            f"{unit.folder}: belongs to {unit.folder.owner()}, not to {unit.user}\n"
            f"Run it with --as {unit.folder.owner()}, or give it another folder with --dir."
        )
        raise InputError(message)


def _is_open(path: Path, uid: int | None) -> bool:
    """Whether a user may read a file, or pass through a folder; as far as owner and others go."""
    found = path.stat()
    if uid in {0, found.st_uid}:
        return True
    return bool(found.st_mode & (stat.S_IXOTH if path.is_dir() else stat.S_IROTH))
