"""The image and its composition: linted, and as closed as docs/service.md says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
HADOLINT = str(Path(sys.executable).with_name("hadolint"))
_SECRET = re.compile(r"(?i)(token|secret|password|api_?key)\w*\s*[=:]\s*\S")


def instructions(name: str) -> list[str]:
    """What stands behind each of these instructions, in order."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml, with what they share."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    return found


def test_the_image_is_linted() -> None:
    """By hadolint, without a finding of any severity."""
    done = subprocess.run([HADOLINT, "--no-color", ROOT / "Dockerfile"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_linter_can_object() -> None:
    """It is there, and it works."""
    bad = "FROM debian:latest\nRUN cd /tmp\n"
    done = subprocess.run([HADOLINT, "--no-color", "-"], input=bad, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert {"DL3007", "DL3003"} <= set(re.findall(r"DL\d+", done.stdout))


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    """Not as root; from pinned bases; with a health check; what is built stays behind."""
    bases = instructions("FROM")
    assert len(bases) == 2
    assert all(re.match(r"python:3\.\d+-slim-\w+( AS \w+)?$", base) for base in bases)
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    (health,) = instructions("HEALTHCHECK")
    assert health.endswith('CMD ["livestory", "status", "--check"]')
    assert instructions("VOLUME") == ["/story/results"]
    assert all("--require-hashes" in each or "--no-deps" in each for run in instructions("RUN")
               for each in run.split("&&") if "pip install" in each)  # fmt: skip


def test_no_secret_stands_in_an_image_or_a_composition() -> None:
    """They come by files of the environment, which no image copies."""
    for name in ("Dockerfile", "compose.yaml"):
        text = "\n".join(
            line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.strip().startswith("#")
        )
        assert not _SECRET.search(text)
    assert (ROOT / ".dockerignore").read_text("utf-8").startswith("*\n")


def test_every_service_is_closed_comes_back_and_shares_the_story(services: dict[str, dict[str, Any]]) -> None:
    """Read-only, without capabilities, restarted unless it was stopped; the page's port is the machine's alone."""
    assert [service["command"][0] for service in services.values()] == ["run", "serve", "alert"] == list(services)
    for name, service in services.items():
        assert service["restart"] == "unless-stopped"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "story:/story/results" in service["volumes"]
        assert "environment" not in service
        files = [each if isinstance(each, str) else each["path"] for each in service["env_file"]]
        assert files == [f"{name}.env"]
    assert services["serve"]["ports"] == ["127.0.0.1:8730:8730"]


def test_the_composition_uses_commands_that_there_are(services: dict[str, dict[str, Any]]) -> None:
    """With options that they take."""
    from livestory.cli import livestory  # noqa: PLC0415 - the command line, here alone

    for service in services.values():
        name, *words = service["command"]
        known = {option for parameter in livestory.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
