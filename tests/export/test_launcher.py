"""The plan's own command works with cron's bare environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from livestory.story.inputs import Observation
from livestory.story.story_writer import StoryWriter
from tests.export.answering_server import answering
from tests.export.prometheus_process import openmetrics

if TYPE_CHECKING:
    from tests.export.conftest import StartPrometheus

ROOT = Path(__file__).parents[2]
NOON = 1_733_227_200  # 2024-12-03 12:00:00


def project(folder: Path) -> Path:
    """A project with launchers and an environment: this one's, by another name."""
    root = folder / "my bot"
    shutil.copytree(ROOT / "tools", root / "tools")
    binaries = root / ".venv" / "bin"
    binaries.mkdir(parents=True)
    wrapper = f'#!/bin/sh\nexport PYTHONPATH="{ROOT / "src"}"\nexec "{sys.executable}" "$@"\n'
    (binaries / "python").write_text(wrapper, "utf-8")
    (binaries / "python").chmod(0o755)
    return root


def cron(root: Path, line: str, *environ: str) -> subprocess.CompletedProcess[str]:
    """Run a crontab's command as cron does: a shell, no environment to speak of."""
    command = ["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", *environ, "/bin/sh", "-c", f'cd "{root}" && {line}']
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_launcher_finds_the_projects_environment(tmp_path: Path) -> None:
    """Whichever python runs it, with the server's address in the environment, into results/export.csv."""
    root = project(tmp_path)
    with answering(lambda asked: asked.succeed()) as url:
        done = cron(root, "python3 tools/export_prometheus.py --start 2024-12-01", f"LIVESTORY_PROMETHEUS__URL={url}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "results/export.csv: 1 row written\n")
    assert (root / "results" / "export.csv").read_text("utf-8").startswith("time,wealth\n2024-12-03T12:00:00Z,")


def test_a_failure_stops_the_line(tmp_path: Path) -> None:
    """So that no story is told from an export that was not made."""
    done = cron(project(tmp_path), "python3 tools/export_prometheus.py && echo told")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "no address of a Prometheus server; name it with --prometheus URL, or as url in [prometheus]\n"
    )


def test_its_arguments_are_the_commands(tmp_path: Path) -> None:
    """Blanks and all."""
    root = project(tmp_path)
    with StoryWriter(tmp_path / "a b" / "live_story.txt", strict=True, max_wait=10.0) as story:
        story.observe(Observation(time=1_733_227_200_000_000, wealth=1.0))
    line = f'python3 tools/export_prometheus.py --journal "{tmp_path / "a b" / "live_story.db"}" --out "out put.csv"'
    assert cron(root, line).stderr == "out put.csv: 1 row written\n"
    assert (root / "out put.csv").exists()


PLAN = (
    "python3 tools/export_prometheus.py && "
    "python3 tools/explain_story.py results/export.csv --out results/live_story.txt"
)


def test_the_plans_cron_line_tells_the_story(prometheus_server: StartPrometheus, tmp_path: Path) -> None:
    """From a real Prometheus; beside a story that is told live it is refused, and another name proposed."""
    bot = {"job": "bots", "instance": "10.0.0.1:8731", "bot": "scout", "symbol": "ETH/BTC"}
    values = {
        "livestory_observation_time_seconds": [float(NOON + 900 * bar) for bar in range(4)],
        "livestory_wealth": [1.0, 1.05, 0.8, 0.8],
        "livestory_halted": [0.0, 0.0, 1.0, 1.0],
    }
    blocks = openmetrics(
        (name, bot, [(NOON + 900 * bar + 20, value) for bar, value in enumerate(found)])
        for name, found in values.items()
    )
    root = project(tmp_path)
    url = f"LIVESTORY_PROMETHEUS__URL={prometheus_server(blocks=blocks).url}"
    done = cron(root, PLAN, url)
    assert done.returncode == 0, done.stderr
    story = (root / "results" / "live_story.txt").read_text("utf-8")
    assert "2024-12-03 12:15:00 | 🚀 NEW ATH | 1.0500 BTC" in story
    assert "2024-12-03 12:30:00 | 🚨 SAFETY BREAKER TRIPPED | DD: -23.8%" in story

    (root / "results" / "live_story.txt").unlink()
    StoryWriter(root / "results" / "live_story.txt", strict=True).close()
    before = (root / "results" / "live_story.txt").read_bytes()
    refused = cron(root, PLAN, url)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "live_story.txt" in refused.stderr
    assert (root / "results" / "live_story.txt").read_bytes() == before
