"""`livestory service`: units that systemd takes, hardened, written where it looks, and only where it runs."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.cli.systemd import WORDS, Unit
from tests.cli.program import environment, inside, livestory

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNPACKED = Path(__file__).parents[2] / "build" / "debian"
_EXPOSED = {"system": 20, "user": 65}  # tenths of what systemd-analyze counts: 0 is sealed, 100 is bare
_OPTIONS = {"user": "--user", "system": "--system"}


class Judge:
    """systemd-analyze: the machine's own, or the one that `make test` has unpacked, with its libraries and units."""

    def __init__(self) -> None:
        own = shutil.which("systemd-analyze")
        unpacked = _UNPACKED / "usr" / "bin" / "systemd-analyze"
        if own is None and not unpacked.exists():
            reason = "needs systemd-analyze: make build/debian/usr/bin/systemd-analyze unpacks Debian's"
            if os.environ.get("CI", "").lower() in {"1", "true"}:
                pytest.fail(reason)
            pytest.skip(reason)
        self._program = own or str(unpacked)
        self._env = dict(os.environ)
        if own is None:
            libraries = [path for folder in ("usr/lib", "lib") for path in (_UNPACKED / folder).glob("*-linux-gnu*")]
            places = [*libraries, *(path / "systemd" for path in libraries)]
            self._env["LD_LIBRARY_PATH"] = ":".join(map(str, places))
            self._env["SYSTEMD_UNIT_PATH"] = ":".join(
                str(_UNPACKED / folder / "systemd" / "system") for folder in ("usr/lib", "lib")
            )

    def complaints(self, unit: Path) -> list[str]:
        """What systemd says against the unit."""
        done = self._run("verify", "--man=no", str(unit))
        said = [line for line in done.stderr.splitlines() if unit.stem in line]
        return said if done.returncode == 0 else [*said, f"exit status {done.returncode}"]

    def is_sealed(self, unit: Path, threshold: int) -> bool:
        """Whether its exposure is not above the threshold."""
        return self._run("security", "--offline=true", f"--threshold={threshold}", str(unit)).returncode == 0

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [self._program, *words]
        return subprocess.run(command, check=False, env=self._env, capture_output=True, text=True)


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Systemd's own judge of units."""
    return Judge()


def units(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What --print shows: each unit's text by its path."""
    done = livestory("service", "install", "--print", *arguments, cwd=folder, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    parts = re.split(r"^# (/.*)\n", done.stdout, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("whose", ["system", "user"])
@pytest.mark.parametrize("part", WORDS)
def test_systemd_takes_the_units_and_finds_them_sealed(judge: Judge, tmp_path: Path, part: str, whose: str) -> None:
    """Without a word of complaint, and below the exposure that is promised."""
    whom = {"follow": ("--", "freqtrade"), "push": ("--", "--to", "postgresql://a@db/fleet")}.get(part, ())
    ((path, text),) = units(tmp_path, part, _OPTIONS[whose], "--name", "scout", *whom).items()
    unit = tmp_path / Path(path).name
    assert unit.name == f"scout-{part}.service"
    unit.write_text(text, "utf-8")
    assert judge.complaints(unit) == []
    assert judge.is_sealed(unit, _EXPOSED[whose])
    assert {"Type=notify", "NoNewPrivileges=yes", "LimitCORE=0", "RestartPreventExitStatus=2"} <= set(text.splitlines())
    assert "WatchdogSec=" in text


def test_the_judge_can_object(judge: Judge, tmp_path: Path) -> None:
    """A bare unit is over the threshold, and a misspelt word is found."""
    unit = tmp_path / "bare.service"
    unit.write_text("[Service]\nExecStart=/bin/true\nRestrat=yes\n", "utf-8")
    assert "Restrat" in " ".join(judge.complaints(unit))
    assert not judge.is_sealed(unit, 65)


def unit_of(folder: str = "/srv/bot", user: str | None = "livestory", *more: str) -> Unit:
    """A unit to look at."""
    command = ("/usr/bin/python3", "-m", "livestory", "run", "--dir", folder, *more)
    return Unit("run", "livestory", command, Path(folder), Path("/etc/livestory/livestory-run.env"), user)


def test_the_backoff_is_what_the_installed_systemd_knows() -> None:
    """Ever slower from 254 on; before that at one pace. It never gives up."""
    old, new = unit_of().text(252), unit_of().text(254)
    assert "RestartSec=30\n" in old
    assert "RestartSteps" not in old
    assert "RestartSec=5\nRestartSteps=6\nRestartMaxDelaySec=300\n" in new
    assert all("StartLimitIntervalSec=0\n" in text and "Restart=on-failure\n" in text for text in (old, new))


def test_only_the_storys_folder_can_be_written() -> None:
    """Below /var/lib systemd makes it; elsewhere it is named; a home is read at most where it is needed."""
    assert "StateDirectory=scout/story\n" in unit_of("/var/lib/scout/story").text(252)
    elsewhere = unit_of("/srv/bot").text(252)
    assert "ReadWritePaths=/srv/bot\n" in elsewhere
    assert "ProtectSystem=strict\n" in elsewhere
    assert "ProtectHome=yes\n" in elsewhere
    assert "ProtectHome=read-only\n" in unit_of(str(Path("/home", "bot", "results"))).text(252)


def test_words_of_the_command_reach_it_as_they_are(judge: Judge, tmp_path: Path) -> None:
    """Spaces, quotes, dollars and percents are nobody's business but the command's."""
    text = unit_of("/srv/my bot", "livestory", "--config", '/srv/a "b" $HOME 100%.toml').text(252)
    assert r'--dir "/srv/my bot" --config "/srv/a \"b\" $$HOME 100%%.toml"' in text
    unit = tmp_path / "spaced.service"
    unit.write_text(text.replace("/usr/bin/python3", sys.executable), "utf-8")
    assert judge.complaints(unit) == []


_SCRIPT = """#!/bin/sh
echo "${{0##*/}} $*" >> {asked}
case "$*" in
*--version) echo "systemd 254 (254.5)";;
*is-system-running) echo {state};;
*"show livestory-run"*)
  printf 'ActiveState=active\\nSubState=running\\nStatusText=tells its story\\nNRestarts=2\\nResult=success\\n';;
*"show "*) printf 'ActiveState=failed\\nSubState=failed\\nResult=exit-code\\nExecMainStatus=2\\n';;
*{refuses}*) echo "Failed to {refuses}: access denied" >&2; exit 4;;
esac
"""


class FakeSystemd:
    """A systemctl on PATH that says what it is told to and writes down what it is asked."""

    def __init__(self, folder: Path, state: str = "running", refuses: str = "") -> None:
        self.asked_file = folder / "asked"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.config = folder / "config"
        script = _SCRIPT.format(asked=self.asked_file, state=state, refuses=refuses or "nothing")
        for name in ("systemctl", "loginctl"):
            (self.bin / name).write_text(script, "utf-8")
            (self.bin / name).chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        """An environment in which it is found, and the user's configuration lies in a folder of the test's."""
        return environment(PATH=f"{self.bin}:{os.environ['PATH']}", XDG_CONFIG_HOME=str(self.config))

    @property
    def asked(self) -> list[str]:
        """What was asked to change something."""
        return [
            line
            for line in self.asked_file.read_text("utf-8").splitlines()
            if "--version" not in line and "is-s" not in line
        ]


def test_install_status_remove(tmp_path: Path) -> None:
    """Paths are shown, units enabled and started, secrets private and never overwritten; nothing else is left."""
    fake = FakeSystemd(tmp_path)
    (tmp_path / "livestory.toml").write_text('[bot]\nname = "scout"\n', "utf-8")
    units_folder, secrets = fake.config / "systemd" / "user", fake.config / "livestory"
    done = livestory("service", "install", "--user", cwd=tmp_path, env=fake.env)
    assert done.returncode == 0, done.stderr
    wrote = [line.removeprefix("wrote ") for line in done.stdout.splitlines() if line.startswith("wrote ")]
    assert wrote == [str(path) for path in (
        tmp_path / "results", secrets / "livestory-run.env", units_folder / "livestory-run.service",
        secrets / "livestory-serve.env", units_folder / "livestory-serve.service",
    )]  # fmt: skip
    assert "loginctl enable-linger" in done.stderr
    run = (units_folder / "livestory-run.service").read_text("utf-8")
    assert f"-m livestory run --dir {tmp_path}/results --config {tmp_path}/livestory.toml\n" in run
    assert stat.S_IMODE((secrets / "livestory-run.env").stat().st_mode) == 0o600
    assert [line for line in fake.asked if line.startswith("systemctl")] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable livestory-run.service livestory-serve.service",
        "systemctl --user restart livestory-run.service livestory-serve.service",
    ]
    (secrets / "livestory-run.env").write_text("SECRET=1\n", "utf-8")
    again = livestory("service", "install", "run", "--user", cwd=tmp_path, env=fake.env)
    assert (secrets / "livestory-run.env").read_text("utf-8") == "SECRET=1\n"
    assert again.stdout.startswith(f"wrote {units_folder}/livestory-run.service\n")
    shown = livestory("service", "status", "--user", cwd=tmp_path, env=fake.env)
    assert shown.returncode == 1  # one of them does not run
    assert shown.stdout == (
        "livestory-run    active (running); tells its story; 2 restarts\n"
        "livestory-serve  failed (failed); exit-code, exit status 2\n"
    )
    removed = livestory("service", "remove", "--user", cwd=tmp_path, env=fake.env)
    assert removed.returncode == 0
    assert list(units_folder.iterdir()) == []
    assert (secrets / "livestory-run.env").exists()
    assert "systemctl --user disable --now livestory-run.service livestory-serve.service" in fake.asked
    none = livestory("service", "status", "--user", cwd=tmp_path, env=fake.env)
    assert (none.returncode, none.stdout) == (2, "")
    assert "livestory service install" in none.stderr


@pytest.mark.parametrize("command", ["install", "status", "remove"])
@pytest.mark.parametrize("state", ["offline", "absent"])
def test_without_systemd_nothing_is_written(tmp_path: Path, command: str, state: str) -> None:
    """Two lines say what to do instead."""
    fake = FakeSystemd(tmp_path, state)
    env = fake.env if state == "offline" else {**fake.env, "PATH": str(tmp_path / "nothing here")}
    done = livestory("service", command, "--user", cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "a systemd of this user does not run here, so nothing was written\n"
        "Show the units with --print, use another supervisor, or Docker: docs/service.md.\n"
    )
    assert not fake.config.exists()
    assert not (tmp_path / "results").exists()


def test_what_systemd_refuses_is_told(tmp_path: Path) -> None:
    """In its own words, without a traceback."""
    done = livestory(
        "service", "install", "run", "--user", cwd=tmp_path, env=FakeSystemd(tmp_path, refuses="enable").env
    )
    assert done.returncode == 1
    assert "systemctl --user enable livestory-run.service: Failed to enable: access denied\n" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("walk",), "'walk' is no service; there are run, serve, alert, listen"),
        (("run", "serve", "--", "--port", "1"), "name the one command that --port 1 is for"),
        (("--name", "../x"), "--name ../x: use small letters"),
        (("run", "--config", "no.toml"), "no.toml: No such file or directory"),
        (("run", "--dir", "results/live_story.txt"), "name the story's folder"),
        (("push", "--config", "a.toml", "--", "--to", "x"), "push takes no --config here"),
        (("follow", "--config", "a.toml", "--", "hummingbot", "x"), "follow takes no --config here"),
    ],
)
def test_bad_usage_is_refused_before_anything_is_written(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """With exit status 2."""
    fake = FakeSystemd(tmp_path)
    words = (*arguments, "--user") if "--" not in arguments else ("--user", *arguments)
    done = livestory("service", "install", *words, cwd=tmp_path, env=fake.env)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not fake.config.exists()


def test_options_after_the_dashes_are_the_commands(tmp_path: Path) -> None:
    """Such as the mode of a run."""
    ((_, text),) = units(tmp_path, "run", "--user", "--", "--mode", "paper", "--metrics-port", "9108").items()
    assert f"--dir {tmp_path}/results --mode paper --metrics-port 9108\n" in text


def test_a_service_is_given_the_configuration_and_the_files_that_its_command_would_find(tmp_path: Path) -> None:
    """Though it runs in another folder: of a hub, too."""
    (tmp_path / "livestory.toml").write_text("", "utf-8")
    address = ("--fleet", "postgresql://livestory_hub@db/fleet", "--password-file", "secret", "--token-file=token")
    ((_, text),) = units(tmp_path, "serve", "--user", "--name", "hub", "--", *address, "--alerts").items()
    assert (
        f"serve --dir {tmp_path}/results --config {tmp_path}/livestory.toml {address[0]} {address[1]} "
        f"--password-file {tmp_path}/secret --token-file={tmp_path}/token --alerts\n"
    ) in text
    to = ("--to", "postgresql://livestory_scout@db/fleet", "--password-file", "secret")
    ((_, text),) = units(tmp_path, "push", "--user", "--", *to).items()
    assert f"fleet push --dir {tmp_path}/results {' '.join(to[:3])} {tmp_path}/secret\n" in text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs for the system")
def test_a_program_that_its_user_can_not_read_is_refused(tmp_path: Path) -> None:
    """Root's own folder is closed to the user livestory: it is said before anything is written."""
    fake = FakeSystemd(tmp_path)
    tmp_path.chmod(0o700)
    (tmp_path / "livestory.toml").write_text("", "utf-8")
    done = livestory("service", "install", "run", "--system", "--as", "nobody", cwd=tmp_path, env=fake.env)
    assert (done.returncode, done.stdout) == (2, "")
    assert "closed to the user nobody" in done.stderr
    assert fake.asked == []


def test_a_fleets_bot_and_hub_have_units(tmp_path: Path) -> None:
    """The one sends its story, the other shows all; no password stands in a unit, and none is in an address."""
    url = "postgresql://livestory_hub@db.example.net/fleet"
    named = ("--system", "--print", "--name", "hub")
    hub = inside("service", "install", "serve", *named, "--", "--fleet", url, "--alerts", cwd=tmp_path)
    assert f"livestory serve --dir /var/lib/hub --fleet {url} --alerts\n" in hub.stdout
    assert "EnvironmentFile=-/etc/livestory/hub-serve.env" in hub.stdout
    push = inside("service", "install", "push", "--system", "--print", "--", "--to", url, cwd=tmp_path)
    assert f"livestory fleet push --dir /var/lib/livestory --to {url}\n" in push.stdout
    nowhere = inside("service", "install", "push", "--print", cwd=tmp_path)
    assert (nowhere.returncode, "push where?" in nowhere.stderr) == (2, True)
