"""The examples run as they stand, and their stories read as they should."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from livestory import parse, render
from livestory.story.files.verify import verify
from livestory.story.journal.reader import JournalReader
from tests.cli.digest_facts import untold
from tests.cli.program import inside

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"


def run(name: str, folder: Path) -> list[str]:
    """The story of an example, run twice as a bot author would, from the project's root; each line without its time."""
    outputs = [
        subprocess.run(
            [sys.executable, f"examples/{name}.py", str(folder)], cwd=ROOT, check=True, capture_output=True, text=True
        )
        for _ in range(2)
    ]
    assert [output.stderr for output in outputs] == ["", ""]
    text = (folder / "live_story.txt").read_text(encoding="utf-8")
    assert text == outputs[-1].stdout
    assert verify(folder / "live_story.txt").findings == []
    lines = outputs[0].stdout.splitlines()
    assert [render(parse(line)) for line in lines] == lines
    return [line.partition(" | ")[2] for line in lines]


def test_the_plans_snippet_tells_the_plans_lines(tmp_path: Path) -> None:
    """Verbatim, with the least loop around it."""
    assert run("plan_snippet", tmp_path) == [
        "🔄 Regime Switch: MEAN_REV | Score: 21.4",
        "🔄 Regime Switch: TREND | Score: 32.5",
        "🟢 BUY | +0.25 ETH @ 0.0329 BTC",
        "🚀 NEW ATH | 1.0567 BTC",
        "🔄 Regime Switch: MEAN_REV | Score: 21.7",
    ]


def test_the_plans_snippet_is_verbatim() -> None:
    """The loop's lines are those of the plan."""
    plan = (
        "    story.check_ath(W, equity_high)\n    story.check_regime_switch(regime_score, adx_threshold)\n"
        '    if order_placed:\n        story.log_event(now, "TRADE", f"BUY {qty} @ {price}")\n'
    )
    assert plan in (ROOT / "examples" / "plan_snippet.py").read_text(encoding="utf-8")


def test_an_own_bot_tells_its_trades_once_and_its_result_after_fees(tmp_path: Path) -> None:
    """It asks for all its trades at each bar, and is run a second time over the same bars."""
    story = run("own_bot", tmp_path)
    assert story[1:] == [
        "🟢 BUY | +10 ETH @ 0.0294 BTC | price under 0.0295",
        "🚀 NEW ATH | 1.0127 BTC | +1.3% over 1.0000, price 0.0307; next one told from 1.0228, today from 1.0633",
        (
            "🔴 SELL | -10 ETH @ 0.0312 BTC | price over 0.031; result +5.9% after fees (+0.0174 BTC); entry 0.0294, "
            "held 1h 15m; no ETH left"
        ),
    ]
    assert len((tmp_path / "live_story.txt").read_text(encoding="utf-8").splitlines()) == 4


def test_several_pairs_are_told_in_one_story(tmp_path: Path) -> None:
    """Long and short, in USDT, with a deposit that is no profit."""
    story = run("several_pairs_usdt", tmp_path)
    assert "🔴 SELL | -10 SOL @ 229.5 USDT | opens a short" in story
    assert (
        "🟢 BUY | +10 SOL @ 221.15 USDT | closes the short; result +3.4% after fees (+78.99 USDT); "
        "entry 229.5, exit 221.15, held 6h; no SOL left" in story
    )
    (deposit,) = (line for line in story if "Deposit" in line)
    assert deposit == (
        "💰 Deposit | +500.00 USDT | wealth 10,098.00 → 10,598.00; not profit: "
        "the record to beat goes 10,112.40 → 10,613.11, drawdown from it stays -0.14%"
    )
    assert story[-1].startswith(
        "📖 Day: Tue 3 Dec | +0.84% to 10,583.10 USDT | counted from 09:00; 10,000.00 → 10,583.10, deposit"
    )


def test_a_spot_bot_tells_its_fills_with_fees_in_a_third_asset(tmp_path: Path) -> None:
    """Without wealth: results in money, each currency for itself, before fees whose worth nobody knows."""
    run("spot_bot", tmp_path)
    assert (tmp_path / "live_story.txt").read_text() == (GOLDEN / "spot_bot.txt").read_text()
    told = inside("digest", "--dir", tmp_path, "--since", "2024-12-01", cwd=tmp_path)
    assert "3 trades closed, 2 won, 1 lost, result +243.42 USDT; 1 trade closed" in told.stdout
    assert untold(tmp_path / "live_story.db") == set()


def test_a_perpetual_bot_that_is_killed_goes_on_with_its_story(tmp_path: Path) -> None:
    """By SIGKILL, with three shorts open: status says so, and the next start tells each thing once."""
    command = [sys.executable, "examples/perpetual_bot.py", str(tmp_path)]
    killed = subprocess.run([*command, "40"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (killed.returncode, killed.stderr) == (-signal.SIGKILL, "")
    told = inside("status", "--dir", tmp_path, cwd=tmp_path)
    assert told.returncode == 1
    assert "killed" in told.stdout
    assert told.stdout.count(" short ") == 3
    again = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert again.stderr == ""
    assert verify(tmp_path / "live_story.txt").findings == []
    assert again.stdout == (GOLDEN / "perpetual_bot.txt").read_text()
    assert untold(tmp_path / "live_story.db") == set()
    assert all(render(parse(line)) == line for line in again.stdout.splitlines())


def test_a_perpetual_bot_that_is_killed_at_any_moment_tells_each_thing_once(tmp_path: Path) -> None:
    """Three times by SIGKILL, in the middle of whatever it does: no trade and no payment is lost or doubled."""
    random, exchange = np.random.default_rng(), tmp_path / "exchange.json"
    command = [sys.executable, "examples/perpetual_bot.py", str(tmp_path)]

    def bar() -> int:
        return int(json.loads(exchange.read_text())["bar"]) if exchange.exists() else 0

    for more in random.integers(6, 14, 3):  # it is five bars later when it begins
        later = bar() + more
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as bot:
            while bar() < later and bot.poll() is None:
                time.sleep(0.002)
            time.sleep(random.uniform(0, 0.01))
            bot.kill()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert verify(tmp_path / "live_story.txt").findings == []
    made = json.loads(exchange.read_text())
    with JournalReader.open(tmp_path / "live_story.db") as reader:
        told = Counter(kept.id for kept in reader.events(kinds={"trade", "funding"}))
    assert told == Counter(
        [f"trade-{each['symbol']}-{each['id']}" for each in made["trades"]]
        + [f"trade-{each['symbol']}-funding-{each['id']}" for each in made["funding"]]
    )
    assert (tmp_path / "live_story.txt").read_text().count("Bot Resumed") == 3, "killed after it had begun"


@pytest.mark.parametrize("name", ["own_bot", "several_pairs_usdt", "plan_snippet", "perpetual_bot", "spot_bot"])
def test_an_example_names_its_folder(name: str) -> None:
    """The first argument, or results/."""
    assert 'sys.argv[1] if len(sys.argv) > 1 else "results"' in (ROOT / "examples" / f"{name}.py").read_text()
