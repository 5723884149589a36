"""`livestory service install follow`: the unit of a bot that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.program import inside

if TYPE_CHECKING:
    from pathlib import Path


def test_a_followed_bot_has_a_unit_with_paths_that_hold_anywhere(tmp_path: Path) -> None:
    """A service runs in another folder than the one that it is installed from, and waits for a bot at boot."""
    (tmp_path / "config.json").touch()
    words = ("follow", "--system", "--print", "--", "freqtrade", "--config", "config.json", "--metrics-port", "9108")
    done = inside("service", "install", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    started = "livestory follow freqtrade --dir /var/lib/livestory --wait"
    assert f"{started} --config {tmp_path}/config.json --metrics-port 9108\n" in done.stdout


def test_a_service_that_follows_is_told_whom(tmp_path: Path) -> None:
    """With an example."""
    done = inside("service", "install", "follow", "--print", cwd=tmp_path)
    assert done.returncode == 2
    assert "follow whom?" in done.stderr
