"""systemd units for livestory's long-running commands: their text, from what is to run as whom."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

STATES = Path("/var/lib")  # where systemd keeps the folders of system services
_STEPS_SINCE = 254  # the systemd that knows RestartSteps=
_PRIVATE_PLACES = ("/home", "/root", "/run/user")

WORDS = {"run": "trading bot that tells its story", "serve": "live page of a bot's story", "alert": "alerts of a story"}
"""The commands that have a unit, and what systemd calls them."""

# How long, in seconds, a command may go without progress. A bar's work waits for an exchange; a page's for nothing.
_PATIENCE = {"run": 300, "serve": 60, "alert": 60}

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

    part: str  # "run", "serve" or "alert"
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
