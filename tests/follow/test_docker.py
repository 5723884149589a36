"""freqtrade's Docker layout: the bot's own user, its user_data mounted for reading alone, another user who follows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import COMMAND, LIMIT, environment
from tests.follow.freqtrade_files import Bot
from tests.follow.test_trouble import has
from tests.patience import until

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOT, _NOBODY = 1000, 65534  # freqtrade's image has the one
_MOUNTED = ("unshare", "-m", "sh", "-c", 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"')

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to become nobody"
)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter: pytest closes those above its own again whenever it is started."""
    with tempfile.TemporaryDirectory(prefix="livestory-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def user_data(place: Path) -> Iterator[tuple[Path, Bot]]:
    """The folder that is mounted, and the bot that writes in it."""
    folder = place / "user_data"
    folder.mkdir()
    (folder / "config.json").write_text('{"db_url": "sqlite:////freqtrade/user_data/tradesv3.sqlite"}')
    bot = Bot(folder / "tradesv3.sqlite")
    bot.enter(1)
    for path in (folder, *folder.iterdir()):
        os.chown(path, _BOT, _BOT)
    (place / "story").mkdir()
    os.chown(place / "story", _NOBODY, _NOBODY)
    yield folder, bot
    bot.close()


def as_nobody(folder: Path) -> tuple[str, ...]:
    """A command's beginning: as another user, and where that is allowed here, on a mount for reading alone."""
    nobody = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
    mounted = (*_MOUNTED, str(folder))
    allowed = subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode == 0
    return (*(mounted if allowed else ()), *nobody, *COMMAND, "follow", "freqtrade")


def test_another_user_follows_a_bot_whose_folder_is_mounted_for_reading(
    place: Path, user_data: tuple[Path, Bot]
) -> None:
    """By the container's own configuration, while the bot writes; nothing of the folder is changed by it."""
    folder, bot = user_data
    words = [*as_nobody(folder), "--config", str(folder / "config.json"), "--dir", str(place / "story")]
    process = subprocess.Popen(
        words, cwd="/", env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        until(lambda: has(place / "story", "BUY | +2 ETH @ 0.05 BTC", 1) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        bot.exit(1, profit=0.0178)
        until(lambda: has(place / "story", "SELL | -2 ETH @ 0.06 BTC", 1))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert process.returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json", "tradesv3.sqlite", "tradesv3.sqlite-shm", "tradesv3.sqlite-wal"
    ]  # fmt: skip
    assert {path.stat().st_uid for path in folder.iterdir()} == {_BOT}


@pytest.mark.parametrize("named", ["--config", "--db"])
def test_a_folder_that_is_closed_to_the_user_is_named_with_what_to_do(
    place: Path, user_data: tuple[Path, Bot], named: str
) -> None:
    """And nothing else is said."""
    folder, _ = user_data
    given = folder / ("config.json" if named == "--config" else "tradesv3.sqlite")
    words = [*as_nobody(folder), named, str(given), "--dir", str(place / "story")]
    folder.chmod(0o700)
    done = subprocess.run(
        words, cwd="/", env=environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert [line for line in done.stderr.splitlines() if not line.startswith("without its API")] == [
        f"{given}: can't be read: Permission denied",
        "Run livestory as the bot's own user, or let this user read the file and its folder.",
    ]
