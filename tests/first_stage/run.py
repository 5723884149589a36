"""One run of the program and what each command says of it."""

from __future__ import annotations

import gzip
import inspect
import re
import tarfile
import urllib.request
from contextlib import chdir
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import livestory as public
from livestory import config
from livestory.cli import livestory
from livestory.outlets.metrics import expose_metrics
from tests.cli.program import started
from tests.first_stage.said import plain, said
from tests.first_stage.testnet import bars

if TYPE_CHECKING:
    from pathlib import Path


def run_and_read(folder: Path) -> dict[str, str]:
    """The demo's market and a replay of bars, and every command that tells of them; by its name."""
    told = {"demo": said(folder, "demo", "--dir", folder / "demo")}
    demo, journal = folder / "demo", folder / "demo" / "live_story.db"
    told["tail"] = said(folder, "tail", "--all", "-n", 100_000, "--dir", demo)
    told["tail --kind"] = said(folder, "tail", "--kind", "breaker,phoenix", "--dir", demo)
    told["verify"] = said(folder, "verify", "--dir", demo)
    told["status"] = re.sub(r"\d+d( \d+h)?( \d+m)?", "<age>", said(folder, "status", "--dir", demo))
    for form in ("text", "json", "csv"):
        told[f"explain {form}"] = said(folder, "explain", journal, "--format", form)
    report = folder / "report.html"
    told["explain html"] = said(folder, "explain", journal, "--html", report)
    told["explain html"] += "sha256 " + sha256(plain(report.read_text("utf-8"), folder).encode()).hexdigest()
    table = folder / "export.csv"
    told["export"] = said(folder, "export", "--journal", journal, "--out", table)
    told["export"] += "sha256 " + sha256(table.read_bytes()).hexdigest()
    told["explain table"] = said(folder, "explain", table)
    with expose_metrics(demo / "live_story.txt", port=0) as exposed:
        told["metrics"] = _fetched(exposed.url)
    told["metrics of the page"] = _page_metrics(demo)
    told["note"] = said(folder, "note", "--dir", demo, "a word")
    for command in ("halt", "resume"):
        told[command] = said(folder, command, "--dir", demo)
    told["backup"] = _undated(said(folder, "backup", "--dir", demo, folder / "backup.tar.gz"))
    for kept in sorted(folder.glob("backup*")):
        with tarfile.open(kept) as archive:
            told["backup"] += "\n".join(sorted(archive.getnames()))
    told["restore"] = _undated(said(folder, "restore", folder / "backup.tar.gz", "--dir", folder / "restored"))
    told["compact"] = said(folder, "compact", "--dir", demo, "--keep", "1d")
    told["tail compacted"] = said(folder, "tail", "--all", "-n", 100_000, "--dir", demo)
    told["run"] = _replay(folder)
    told["check"] = said(folder, "check", "--dir", folder / "nothing")
    told["refused"] = said(folder, "tail", "--dir", folder / "nothing")
    with chdir(folder):
        told["configuration.md"] = config.reference()
        told["init"] = said(folder, "init") + (folder / "livestory.toml").read_text("utf-8")
    return told | helps(folder) | api()


def _undated(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT?\d*Z?( \d\d:\d\d(:\d\d)?)?", "<time>", text)


def _replay(folder: Path) -> str:
    """Of the made-up bars, whose breaker trips; with the story's lines."""
    columns = ("open_time", "open", "high", "low", "close", "volume")
    lines = [",".join(str(getattr(bar, name)) for name in columns) for bar in bars()]
    (folder / "bars.csv.gz").write_bytes(gzip.compress("\n".join([",".join(columns), *lines]).encode()))
    (folder / "replay.toml").write_text("[risk]\nbreaker = 0.05\n[strategy]\nkind = 'mean_reversion'\n")
    at = ("--dir", folder / "replay")
    said_of_it = said(folder, "run", "--bars", folder / "bars.csv.gz", "--config", folder / "replay.toml", *at)
    return re.sub(r"in [\d.]+s", "in <time>", said_of_it) + said(folder, "tail", "-n", 1000, *at)


def _page_metrics(demo: Path) -> str:
    """The page's own, once it has read the story."""
    server = started("serve", "--dir", demo, "--port", "0", cwd=demo)
    try:
        assert server.stdout is not None
        found = re.search(r"http://[^/ ]+", server.stdout.readline())
        assert found is not None
        text = 'loading",story="demo"} 1.0'
        while 'loading",story="demo"} 1.0' in text:
            text = _fetched(f"{found[0]}/metrics")
    finally:
        server.terminate()
        server.communicate()
    return text


def _fetched(url: str) -> str:
    """The livestory metrics there."""
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - loopback
        return "".join(line for line in answer.read().decode().splitlines(keepends=True) if "livestory_" in line)


def helps(folder: Path) -> dict[str, str]:
    """The help of every command, found by discovery."""
    found: dict[str, str] = {"--help": said(folder, "--help")}
    _help_of(livestory, (), folder, found)
    return found


def _help_of(group: Any, above: tuple[str, ...], folder: Path, found: dict[str, str]) -> None:
    for name, command in group.commands.items():
        path = (*above, name)
        found[f"{' '.join(path)} --help"] = said(folder, *path, "--help")
        if hasattr(command, "commands"):
            _help_of(command, path, folder, found)


def api() -> dict[str, str]:
    """The public names, and how they are called."""
    lines = []
    for name in sorted(public.__all__):
        value = getattr(public, name)
        lines.append(f"{name}{_signature(value)}")
        if inspect.isclass(value):
            members = (member for member in sorted(vars(value)) if not member.startswith("_"))
            lines += [f"{name}.{member}{_signature(getattr(value, member))}" for member in members]
    return {"api": "\n".join(lines)}


def _signature(value: Any) -> str:
    try:
        signature = str(inspect.signature(value)) if callable(value) else ""
    except (TypeError, ValueError):
        return ""
    return re.sub(r"livestory\.[a-z_.]+\.(?=[A-Z])", "", signature)  # where a class lives is no promise
