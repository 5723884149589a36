"""A freqtrade that answers anything at all, and a configuration of any bytes: read, or refused in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2

from livestory.clock import SECOND, ManualClock
from livestory.credentials import Secret
from livestory.errors import ConfigError, LivestoryError
from livestory.follow.database import Database
from livestory.follow.following import Following
from livestory.follow.freqtrade.configuration import ApiAccess, FreqtradeConfiguration
from livestory.follow.freqtrade.database import FreqtradeDatabase
from livestory.follow.freqtrade.messages import read
from livestory.follow.freqtrade.present import Teller
from livestory.follow.freqtrade.source import FreqtradeSource
from livestory.follow.freqtrade.watch import NoLook, Watch
from livestory.story.files.verify import verify
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.wording.text import visible
from livestory.story.writing.synchronous import SynchronousWriter
from tests.follow.freqtrade_api import Api, analyzed, config
from tests.follow.freqtrade_files import Bot
from tests.fuzz.mutation import examples
from tests.fuzz.oracle import are_of_a_story, bounded, is_harmless, still_at_it

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.fuzz.conftest import Tried

_NOW = "2026-11-26 16:00:00"
_ODD = (
    *(b"null", b"NaN", b"1e308", b"-1", b"9" * 400, b'"\\ud800"', b"\\ud800", b"\\u202e|\\n", b"\xff", b"\0"),
    *(b"[" * 2000, b'"' + b"x" * 6000 + b'"', b"true", b"{}", b"[]", b'""', b",", b'"pair":"/",'),
)  # fmt: skip
_OPEN = {
    "pair": "LTC/USDT", "is_short": False, "amount": 2.0, "open_rate": 0.05, "current_rate": 0.06, "profit_abs": 0.02,
    "leverage": 2.0, "liquidation_price": 0.01, "orders": [{"is_open": True, "filled": 0.5}],
}  # fmt: skip
_ANSWERS: dict[str, Any] = {
    **Api().answers,
    "show_config": config(minimal_roi={"0": 0.1}, trailing_stop=True),
    "health": {"last_process_ts": 1_795_708_799, "bot_start_ts": 1_795_705_200, "bot_startup_ts": 1_795_705_200},
    "status": [_OPEN],
    "locks": {"locks": [{"pair": "SOL/USDT"}]},
    "logs": {
        "logs": [
            ["16:00", 1_795_708_799_000.0, "freqtrade", "INFO", "Changing state from STOPPED to: RUNNING"],
            ["16:00", 1_795_708_799_000.0, "freqtrade", "INFO", "Unable to create trade for ETH/USDT: too small"],
        ]
    },
}
_MESSAGES = [
    json.dumps(message).encode()
    for message in (
        analyzed("ETH/USDT", 1_795_708_500_000, enter_long=1, enter_tag="dip"),
        {"type": "entry_fill", "pair": "ETH/USDT"},
    )
]
_CONFIGURATION = b"""{ // ours
  "dry_run": true, "db_url": "sqlite:///tradesv3.sqlite", "tradable_balance_ratio": 0.5, "stake_currency": "USDT",
  "add_config_files": ["config.json"], "exchange": {"name": "binance", "key": "k"},
  "api_server": {"enabled": true, "listen_port": 8080, "username": "u", "password": "p", "ws_token": ["t"]}, /* */ }"""


def test_whatever_a_freqtrade_answers_its_story_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    """Answers and messages with bytes changed, lost or put in: told, or named as what can't be read."""
    bodies = {what: json.dumps(answer).encode() for what, answer in _ANSWERS.items()}

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=bodies[request.url.path.removeprefix("/api/v1/")])

    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    monkeypatch.setattr("livestory.follow.freqtrade.rest.opened", lambda *_, **_more: client)
    bot, clock, whole = Bot(tmp_path / "tradesv3.sqlite"), ManualClock(_NOW), dict(bodies)
    bot.start("2026-11-26 15:00:00")
    bot.enter(1, "LTC/USDT", "2026-11-26 15:30:00")
    watch = Watch(ApiAccess(url="http://bot", password=Secret("p")), clock)
    source = FreqtradeSource(FreqtradeDatabase(Database(bot.file)), teller=Teller(watch, "USDT", 0.99))
    path = tmp_path / "story" / "live_story.txt"
    with bounded(), SynchronousWriter(path, Identity(unit="USDT"), StorySettings(), clock=clock) as story:
        following = Following(source, story, clock)
        for example in examples(250, 20_000):
            still_at_it()
            what = example.random.choice([*whole, ""])
            bodies.update(whole)
            message = example.random.choice(_MESSAGES)
            if what:
                bodies[what] = example.mutated(whole[what], odd=_ODD)
            elif (heard := read(example.mutated(message, _MESSAGES, _ODD))) is not None:
                watch._hear(heard)  # noqa: SLF001 - as its thread does
            clock.set((clock.now() + 30 * SECOND) / SECOND)
            bodies["health"] = bodies["health"].replace(b"1795708799", b"%d" % (clock.now() // SECOND))
            found = watch.looked()
            tried("answers", "not understood" if isinstance(found, NoLook) else "told")
            while following.step():
                pass
    assert verify(path).findings == []
    lines = path.read_text().splitlines()
    assert are_of_a_story(lines)
    assert max(map(len, lines)) < 40_000


def test_half_a_character_in_a_log_keeps_nothing_else_from_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python writes it so, and no reader of JSON takes it."""
    content = rb'{"logs": [["", 1, "", "", "\ud83d \\ud800 \ud83d\ude80"], ["", 2, "", "", "second"]]}'
    client = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, content=content)))
    monkeypatch.setattr("livestory.follow.freqtrade.rest.opened", lambda *_, **_more: client)
    watch = Watch(ApiAccess(url="http://bot"), ManualClock(_NOW))
    assert [line.text for line in watch.api.logs()] == ["\N{REPLACEMENT CHARACTER} \\ud800 🚀", "second"]
    assert read(rb'{"type": "entry", "pair": "\ud800"}') is not None


def test_any_configuration_is_read_or_refused_in_words(tmp_path: Path, tried: Tried) -> None:
    """Half written ones too, and names that no file can have."""
    (tmp_path / "config.json").write_bytes(b"{}")
    with bounded():
        for example in examples(300, 20_000):
            still_at_it()
            main = tmp_path / "main.json"
            main.write_bytes(example.mutated(_CONFIGURATION, odd=(*_ODD, b"%00", b"\\u0000", b"sqlite:///", b"0")))
            problem = ""
            try:
                found = FreqtradeConfiguration.read([main], {})
                FreqtradeDatabase(Database(*found.places)).starts()
            except LivestoryError as error:
                problem = str(error)
                tried("configurations", "refused" if isinstance(error, ConfigError) else "read")
            assert is_harmless(visible(problem)), ascii(problem)
