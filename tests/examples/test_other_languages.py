"""The examples in other languages tell their story over HTTP, once, also where nobody listens at first."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livestory.story.public.kinds import TYPES
from livestory.story.public.reading import read
from tests.cli.program import COMMAND, environment
from tests.listen.posting import listening
from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - invented
STORY = {
    "listen_curl.sh": [
        "🚀 Bot Started",
        "🟢 BUY | +0.004 ETH @ 96,500.1 BTC | RSI under 30",
        "🔴 SELL | -0.004 ETH @ 97,310 BTC",
        "💤 Bot Stopped | the script ended",
    ],
    "listen_node.mjs": [
        "🚀 Bot Started",
        "🟢 BUY | +0.004 ETH @ 96,500.1 BTC | the bar says so",
        "🔴 SELL | -0.004 ETH @ 97,310 BTC | the bar says so",
        "💤 Bot Stopped | the example ended",
    ],
}
STORY["listen_go.go"] = STORY["listen_node.mjs"]


def runs(program: tuple[str, ...], name: str, url: str) -> Sequence[str]:
    """What it answers, run by ``program``."""
    run = subprocess.run(
        [*program, f"examples/{name}"],
        cwd=ROOT,
        env={**os.environ, "STORY_URL": url, "LIVESTORY_LISTEN_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=True,
    )
    return [line for line in run.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("needs", "program", "name"),
    [
        ("curl", ("sh",), "listen_curl.sh"),
        ("node", ("node",), "listen_node.mjs"),
        ("go", ("go", "run"), "listen_go.go"),
    ],
)
def test_an_example_tells_its_story_once(tmp_path: Path, needs: str, program: tuple[str, ...], name: str) -> None:
    """Run twice, its answers are the same, and the story is told once."""
    if shutil.which(needs) is None:
        pytest.skip(f"{needs} is not here")
    path = tmp_path / "live_story.txt"
    with listening(path, TOKEN) as server:
        url = f"http://127.0.0.1:{server.port}/tell"
        first = runs(program, name, url)
        assert runs(program, name, url) == first
    assert all(set(json.loads(line)) == {"id", "seqs"} for line in first)
    story = [line.partition(" | ")[2] for line in path.read_text().splitlines()]
    for beginning in STORY[name]:
        assert sum(line.startswith(beginning) for line in story) == 1


def test_a_bot_in_node_is_told_when_the_listener_comes_back(tmp_path: Path) -> None:
    """It waits for it, and goes on meanwhile."""
    if (node := shutil.which("node")) is None:
        pytest.skip("node is not here")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bot = subprocess.Popen(
        [node, ROOT / "examples" / "listen_node.mjs"],
        env={**os.environ, "STORY_URL": f"http://127.0.0.1:{port}/tell"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert bot.stderr is not None
    assert bot.stderr.readline().startswith("not told yet: ")
    listener = subprocess.Popen(
        [*COMMAND, "listen", "--dir", ".", "--port", str(port)],
        cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        answers = bot.communicate(timeout=LONG)[0]
    finally:
        listener.terminate()
        listener.wait(LONG)
    assert len(answers.splitlines()) == 7
    assert "💤 Bot Stopped" in (tmp_path / "live_story.txt").read_text()


def test_the_alert_of_tradingview_is_an_input_once_its_placeholders_are_filled() -> None:
    """With a ticker as TradingView writes it."""
    filled = {
        "ticker": "BTCUSDT",
        "timenow": "2024-12-03T15:00:00Z",
        "strategy.order.id": "Long",
        "strategy.order.action": "buy",
        "strategy.order.contracts": "0.25",
        "strategy.order.price": "96500.5",
        "strategy.order.comment": "cross",
    }
    alert = (ROOT / "examples" / "tradingview.json").read_text()
    message = re.sub(r"\{\{([\w.]+)\}\}", lambda name: filled[name[1]], alert)
    given = read(message.encode())
    assert (type(given), given.name) == (TYPES["fill"], "BTCUSDT-Long-2024-12-03T15:00:00Z")
    assert "symbol='BTC/USDT'" in repr(given.as_input(0))


def test_the_example_in_go_posts_inputs_of_the_kinds_that_there_are() -> None:
    """Also where there is no Go to run it."""
    source = (ROOT / "examples" / "listen_go.go").read_text()
    assert {"started", "fill", "observation", "stopped"} == set(re.findall(r'"input": "(\w+)"', source)) <= set(TYPES)
