"""The command: a real process follows a bot that writes, is killed, and goes on."""

from __future__ import annotations

import os
import signal
from contextlib import chdir
from typing import TYPE_CHECKING

import pytest

from livestory.cli.following import Outlets
from livestory.errors import ConfigError, JournalError
from livestory.follow.freqtrade.configuration import FreqtradeConfiguration
from livestory.story.files.layout import Layout
from livestory.story.journal.reader import JournalReader
from tests.cli.program import inside, started
from tests.follow import hummingbot_files
from tests.follow.freqtrade_files import Bot
from tests.patience import until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def trades(folder: Path) -> list[str]:
    """The lines of trades that are kept by now; none while the journal is being made."""
    try:
        with JournalReader.open(folder / "live_story.db") as reader:
            return [event.line for event in reader.events() if " BUY " in event.line or " SELL " in event.line]
    except JournalError:
        return []


def wait_for(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many lines of trades are kept by a process that lives."""
    until(lambda: len(trades(folder)) >= count or process.poll() is not None)
    assert process.poll() is None, process.communicate()


def test_a_killed_process_goes_on_with_what_came_meanwhile(tmp_path: Path) -> None:
    """Each trade has its two lines once, whenever SIGKILL came."""
    bot, out = Bot(tmp_path / "tradesv3.sqlite"), tmp_path / "out"
    for number in range(1, 5):
        hour = f"2026-11-26 1{number}"
        bot.enter(number, at=f"{hour}:00:00")
        process = started("follow", "freqtrade", "--db", bot.file, "--dir", out, cwd=tmp_path)
        bot.exit(number, f"{hour}:30:00", profit=0.0178)
        wait_for(out, 2 * number, process)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(os.nice(0) + 10, 19)  # the bot goes first
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert [" BUY " in line for line in trades(out)] == [True, False] * 4
    assert inside("verify", "--dir", out, cwd=tmp_path).returncode == 0


def test_a_hummingbot_is_followed_as_it_writes(tmp_path: Path) -> None:
    """Its history first, then what comes; a second start of the command goes on there."""
    bot, out = hummingbot_files.Bot(tmp_path / "conf_pmm.sqlite"), tmp_path / "out"
    for number in range(2):
        bot.fill(2 * number, "BUY", "1", "100", f"2026-11-26 1{number}:00")
        process = started("follow", "hummingbot", bot.file, "--dir", out, cwd=tmp_path)
        for count in (1, 2):
            wait_for(out, 2 * number + count, process)
            if count == 1:
                bot.fill(2 * number + 1, "SELL", "1", "110", f"2026-11-26 1{number}:30")
        process.send_signal(signal.SIGKILL)
        process.communicate()
    lines = trades(out)
    assert [" BUY " in line for line in lines] == [True, False] * 2
    assert [line.partition("result ")[2].partition(" after")[0] for line in lines[1::2]] == ["+9.8%"] * 2


def test_settings_that_mean_nothing_here_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once, and those of the story itself count."""
    (tmp_path / "livestory.toml").write_text(
        '[bot]\nname = "grid"\n[risk]\nbreaker = 0.5\n[story]\nkeep_days = 3\n', encoding="utf-8"
    )
    with chdir(tmp_path):
        outlets = Outlets.of(Layout.of(tmp_path / "live_story.txt"), None, None)
    assert outlets.settings.story.keep_days == 3
    assert capsys.readouterr().err == (
        "[bot], [risk]: settings of livestory's own bot, which change nothing in another's story\n"
    )


@pytest.mark.parametrize(
    ("content", "environment", "database", "dry_run"),
    [
        ('{"dry_run": true}', {}, "tradesv3.dryrun.sqlite", True),
        ('{"dry_run": true}', {}, "tradesv3.sqlite", True),
        ('{"dry_run": false, // live\n "exchange": {"name": "binance", "key": 7,}, }', {}, "tradesv3.sqlite", False),
        ('{"dry_run": true, "db_url": "sqlite:///my%20own.sqlite"}', {}, "my own.sqlite", True),
        (
            '{"db_url": "sqlite:////freqtrade/user_data/live.sqlite"}',
            {"FREQTRADE__DRY_RUN": "no"},
            "live.sqlite",
            False,
        ),
        ('{"db_url": "sqlite:///a.sqlite"}', {"FREQTRADE__DB_URL": "sqlite:///b.sqlite"}, "b.sqlite", True),
        ('/* "db_url": 1 */ {"add_config_files": ["more.json"]}', {}, "more.sqlite", True),
    ],
)
def test_the_configuration_says_where_the_database_lies(
    tmp_path: Path, content: str, environment: dict[str, str], database: str, *, dry_run: bool
) -> None:
    """Beside it, where the path is a container's; the environment goes before it, it before what it adds."""
    (tmp_path / database).touch()
    (tmp_path / "more.json").write_text('{"db_url": "sqlite:///more.sqlite", "dry_run": true}', encoding="utf-8")
    file = tmp_path / "config.json"
    file.write_text(content, encoding="utf-8")
    found = FreqtradeConfiguration.read([file], environment)
    assert (found.database, found.dry_run) == (tmp_path / database, dry_run)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "there is no such file"),
        ("{", "not a configuration of freqtrade's"),
        ("[" * 100_000, "not a configuration of freqtrade's"),
        ('{"add_config_files": ["a\\u0000b.json"]}', "can't be read: embedded null byte"),
        ('{"db_url": "postgresql://user:secret@host/db"}', "its db_url is postgresql's"),
        ('{"add_config_files": ["config.json"]}', "more than 5 deep"),
    ],
)
def test_a_configuration_that_leads_nowhere_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    """Without a word of what is secret in it."""
    file = tmp_path / "config.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=problem) as refused:
        FreqtradeConfiguration.read([file], {})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("freqtrade",), "whose story?"),
        (("freqtrade", "--db", "gone.sqlite"), "gone.sqlite: there is no such file"),
        (("hummingbot", "gone.sqlite"), "gone.sqlite: there is no such file"),
        (("hummingbot", "."), ".: can't be read: Is a directory"),
    ],
)
def test_a_bot_that_is_not_named_is_asked_for(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    """With exit status 2."""
    done = inside("follow", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
