"""StoryWriter in somebody else's bot: durable on return, from any thread, and never in the way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livestory import Observation, Reason, Rules, StorySettings, StoryWriter, parse, render
from livestory.clock import HOUR, MINUTE, ManualClock, instant
from livestory.story.files.verify import verify
from livestory.story.journal.writer import JournalReader
from tests.story.facts import hostile_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOON = instant("2024-12-03 12:00:00")


def _path(folder: Path) -> Path:
    return folder / "live_story.txt"


def _lines(folder: Path) -> list[str]:
    return _path(folder).read_text(encoding="utf-8").splitlines()


def _without_time(folder: Path) -> list[str]:
    return [line.partition(" | ")[2] for line in _lines(folder)]


def _writer(folder: Path, **options: Any) -> StoryWriter:
    """A strict writer that waits for the disk, at a noon that stands still."""
    given = {"strict": True, "max_wait": 10.0, "clock": ManualClock("2024-12-03 12:00"), **options}
    return StoryWriter(_path(folder), **given)


def test_an_event_is_durable_when_the_call_returns(tmp_path: Path) -> None:
    """It has its seq, another process reads it from the journal, and its line stands in the text."""
    with _writer(tmp_path) as story:
        for n in range(1, 4):
            (event,) = story.note(f"note {n}") or ()
            assert event.seq == n
            with JournalReader.open(_path(tmp_path)) as reader:
                assert reader.last_seq == n
            assert _lines(tmp_path)[-1] == event.line
        assert story.health.ok
        assert story.health.last_seq == 3
        assert story.health.waiting == 0
    assert verify(_path(tmp_path)).findings == []


def test_a_call_that_has_nothing_to_tell_returns_none(tmp_path: Path) -> None:
    """Every call returns the events told, or None."""
    with _writer(tmp_path) as story:
        assert story.check_ath(1.0, 1.0) is None
        assert story.observe(Observation(time=NOON, wealth=1.0, price=0.03, regime="TREND", halted=False)) is not None
        assert story.observe(Observation(time=NOON + 1, wealth=1.0)) is None
        assert story.observe(Observation(time=NOON + 1, wealth=1.0)) is None


def test_an_observation_that_goes_back_is_refused_visibly_until_one_comes_in_order(tmp_path: Path) -> None:
    """A bot that takes local time for UTC would lose an hour of bars unseen; health says which call was not told."""
    with StoryWriter(_path(tmp_path)) as story:
        story.observe(Observation(time=NOON, wealth=1.0))
        assert story.observe(Observation(time=NOON - 1, wealth=2.0)) is None
        assert "before the last observation" in (story.health.trouble or "")
        story.observe(Observation(time=NOON + 1, wealth=1.0))
        assert story.health.ok
        assert story.health.trouble is None


@pytest.mark.parametrize("rules", [Rules(breaker=20.0), Rules(max_weight=97.0), Rules(cooldown=7 * 86_400)])
def test_rules_in_percent_or_seconds_are_refused(tmp_path: Path, rules: Rules) -> None:
    """A false safety rule must not reach the story."""
    with _writer(tmp_path) as story, pytest.raises(ValueError, match="expected"):
        story.rules(rules)


def test_calls_from_several_threads_are_all_kept_in_each_threads_order(tmp_path: Path) -> None:
    """Nothing is lost, doubled or reordered; seq has no holes."""
    with _writer(tmp_path) as story:

        def tell(thread: int) -> None:
            for n in range(40):
                assert story.note(f"{thread}:{n}")

        threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
        for started in threads:
            started.start()
        for started in threads:
            started.join()
    with JournalReader.open(_path(tmp_path)) as reader:
        events = reader.events(limit=1000)
    assert [event.seq for event in events] == list(range(1, 321))
    texts = [line.rpartition(" | ")[2] for line in _lines(tmp_path)]
    for thread in range(8):
        assert [text for text in texts if text.startswith(f"{thread}:")] == [f"{thread}:{n}" for n in range(40)]


def test_a_coroutine_is_not_blocked_and_can_await_the_disk(tmp_path: Path) -> None:
    """In a running loop the call does not wait, however long ``max_wait``; `flushed` does."""

    async def bot() -> None:
        for n in range(20):
            story.note(str(n))
        assert await story.flushed(10.0)

    with _writer(tmp_path) as story:
        asyncio.run(bot())
        assert story.health.last_seq == 20
    assert [line.rpartition(" | ")[2] for line in _lines(tmp_path)] == [str(n) for n in range(20)]


def test_a_restart_goes_on(tmp_path: Path) -> None:
    """The record, the regime, the position, the chapters and the ids are known; nothing is told twice."""
    clock = ManualClock("2024-12-03 12:00")
    with _writer(tmp_path, clock=clock) as story:
        story.check_ath(1.0, 1.0)
        story.check_ath(1.05, 1.05)
        story.check_regime_switch(40, 25)
        story.fill("buy", 2, 0.03, trade_id="t1")
        story.observe(Observation(time=NOON, wealth=1.05, price=0.03, halted=False))
    with _writer(tmp_path, clock=clock) as story:
        assert story.last_regime == "TREND"
        assert story.check_ath(1.05, 1.05) is None
        assert story.check_regime_switch(24, 25) is None
        assert story.fill("buy", 2, 0.03, trade_id="t1") is None
        assert story.observe(Observation(time=NOON, wealth=9.0)) is None
        (sale,) = story.fill("sell", 2, "0.033", trade_id="t2") or ()
        assert "result +10.0% before fees" in sale.line
        told = story.observe(Observation(time=NOON + 12 * HOUR, wealth=1.05, price=0.03)) or ()
        assert "chapter" in [event.kind for event in told]
    assert verify(_path(tmp_path)).findings == []


def test_a_trade_id_is_told_once(tmp_path: Path) -> None:
    """Bots ask the exchange for their last trades again and again; the same id of another pair is another trade."""
    with _writer(tmp_path) as story:
        for _ in range(3):
            for trade in ("1", "2"):
                story.fill("buy", 1, "0.03", trade_id=trade)
        story.fill("buy", 1, "0.5", trade_id="1", symbol="SOL/BTC")
        story.fill("buy", 1, "0.03", trade_id="1", symbol="ETH/BTC")
        assert story.fill("buy", 1, "0.03") is not None
        assert story.fill("buy", 1, "0.03") is not None
    assert len(_lines(tmp_path)) == 5


def test_fills_of_futures_are_told_by_side_and_effect(tmp_path: Path) -> None:
    """A short that opens is a sale."""
    with _writer(tmp_path, symbol="ETH/USDT") as story:
        story.fill("short", 1, 100, effect="open")
        story.fill("short", 1, 90, effect="close")
        story.fill("long", 1, 100, effect="open")
        story.fill("long", 1, 90, effect="close")
    told = [line.split(" | ")[1] for line in _lines(tmp_path)]
    assert [each for each in told if "Result" not in each] == ["🔴 SELL", "🟢 BUY", "🟢 BUY", "🔴 SELL"]


def test_last_target_is_the_weight_that_was_wanted_last(tmp_path: Path) -> None:
    """The plan's attribute."""
    with _writer(tmp_path) as story:
        assert story.last_target == 0.0
        story.observe(Observation(time=NOON, target_weight=0.64))
        story.observe(Observation(time=NOON + 1, wealth=1.0))
        assert story.last_target == 0.64


def test_numbers_of_any_sort_are_taken(tmp_path: Path) -> None:
    """Decimal, text, numpy's, integers; instants as datetimes; and what is kept can be read again."""
    numpy = pytest.importorskip("numpy")
    noon = datetime(2024, 12, 3, 12, tzinfo=UTC)
    with _writer(tmp_path) as story:
        story.rules(Rules(breaker=Decimal("0.2"), cooldown=timedelta(hours=2)))  # type: ignore[arg-type]  # a caller's
        for minute, number in enumerate([Decimal("1.05"), "1.05", numpy.float32(1.05), numpy.float64(1.05), 1]):
            story.observe(
                Observation(
                    time=noon + timedelta(minutes=minute),  # type: ignore[arg-type]  # callers' types, all of them
                    wealth=number,
                    price=number,
                    halted=numpy.bool_(0),
                    resume_at=noon,  # type: ignore[arg-type]
                    next_due=noon.timestamp() + 60 * (minute + 1),  # type: ignore[arg-type]
                    no_trade_reason=Reason("own", numpy.float32(0.1), float("nan")),
                )
            )
            story.fill("buy", number, number, fee=number)
            story.flow(number)
            story.check_ath(number, number)
            story.check_regime_switch(number, number)
    with _writer(tmp_path) as story:  # the state can be read
        assert story.health.ok
        assert story.fill("sell", 1, 1) is not None
    with JournalReader.open(_path(tmp_path)) as reader:
        assert len(list(reader.observations())) == 5
    assert not [line for line in _lines(tmp_path) if "Gap" in line]


@settings(max_examples=30)
@given(texts=st.lists(hostile_text, min_size=1, max_size=8))
def test_hostile_text_in_any_argument_is_one_line_and_survives_a_restart(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Notes, topics, reasons, symbols, regime labels, trade ids, names, units: nothing is forged, lost or stuck."""
    folder = tmp_path_factory.mktemp("hostile")
    for _ in range(2):
        with StoryWriter(_path(folder), name=texts[0], unit=texts[-1], clock=ManualClock(NOON), max_wait=10.0) as story:
            for n, text in enumerate(texts):
                story.note(text)
                story.log_event(NOON, text, text)
                story.skip(text, symbol=f"{text or 'A'}/B")
                story.fill("buy", 1, 1, trade_id=text, symbol=f"A/{text or 'B'}", reason=text)
                story.rules(Rules(base=text, strategy=text))
                story.observe(
                    Observation(time=NOON + n * MINUTE, regime=text, halted=True, halt_reason=text,
                                no_trade_reason=Reason(text, text=text))
                )  # fmt: skip
            assert story.flush(10.0)
            assert story.health.trouble is None or ": expected" in story.health.trouble
    text = _path(folder).read_text(encoding="utf-8")
    assert text.count("\n") == len(text.splitlines())
    for line in text.splitlines():
        assert render(parse(line)) == line
    assert verify(_path(folder)).findings == []


class _Mute:
    """An argument that can't be written, nor say why."""

    def __str__(self) -> str:
        raise _MuteError

    __repr__ = __str__


class _MuteError(Exception):
    def __str__(self) -> str:
        message = "even this fails"
        raise RuntimeError(message)


_WRONG: list[Callable[[StoryWriter], object]] = [
    lambda s: s.log_event("yesterday", "START", "1"),
    lambda s: s.log_event(None, "START", "1"),  # type: ignore[arg-type]
    lambda s: s.log_event(float("nan"), "START", "1"),
    lambda s: s.log_event(1e30, "START", "1"),
    lambda s: s.log_event(datetime(1, 1, 1, tzinfo=UTC), "START", "1"),
    lambda s: s.log_event(NOON, "START", _Mute()),
    lambda s: s.note(_Mute()),  # type: ignore[arg-type]
    lambda s: s.check_ath(float("nan"), 1.0),
    lambda s: s.check_ath(0.0, 1.0),
    lambda s: s.check_ath("x", 1.0),  # type: ignore[arg-type]
    lambda s: s.check_ath(1.0, None),  # type: ignore[arg-type]
    lambda s: s.check_regime_switch(float("inf"), 25),
    lambda s: s.observe(None),  # type: ignore[arg-type]
    lambda s: s.observe({"time": NOON}),  # type: ignore[arg-type]
    lambda s: s.observe(Observation(time=NOON + 1, wealth="rich")),  # type: ignore[arg-type]
    lambda s: s.observe(Observation(time=NOON + 2, halted="maybe")),  # type: ignore[arg-type]
    lambda s: s.observe(Observation(time=NOON + 3, resume_at=10**40)),
    lambda s: s.fill("hold", 1, 1),
    lambda s: s.fill("buy", 0, 1),
    lambda s: s.fill("buy", -1, 1),
    lambda s: s.fill("buy", float("nan"), 1),
    lambda s: s.fill("buy", "1E+999999999", 1),
    lambda s: s.fill("buy", 1, None),
    lambda s: s.fill("buy", 1, 1, symbol="AAPL"),
    lambda s: s.fill("buy", 1, 1, effect="flip"),
    lambda s: s.fill(None, 1, 1),  # type: ignore[arg-type]
    lambda s: s.skip("why", side="hold"),
    lambda s: s.skip("why", symbol="ETH"),
    lambda s: s.flow(float("inf")),
    lambda s: s.flow("much"),  # type: ignore[arg-type]
    lambda s: s.rules(None),  # type: ignore[arg-type]
    lambda s: s.rules(Rules(breaker=float("nan"))),
]


@pytest.mark.parametrize("number", range(len(_WRONG)))
@pytest.mark.filterwarnings("ignore")
def test_an_error_in_an_argument_never_leaves_and_harms_nothing(tmp_path: Path, number: int) -> None:
    """It is logged and shown in `health`; what is told before and after is kept. Strict: it is raised."""
    call = _WRONG[number]
    with _writer(tmp_path, strict=False) as story:
        story.note("before")
        assert call(story) is None
        assert story.health.trouble
        assert story.note("after")
    with _writer(tmp_path) as story:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is
            call(story)
        assert story.note("strict")
    assert [line.rpartition(" | ")[2] for line in _lines(tmp_path)] == ["before", "after", "strict"]


def test_a_closed_story_says_so(tmp_path: Path) -> None:
    """The bot goes on."""
    story = _writer(tmp_path, strict=False)
    assert story.close()
    assert story.note("too late") is None
    assert "closed" in (story.health.trouble or "")
    assert story.close()


def test_a_subscriber_hears_what_is_durable_and_harms_nothing(tmp_path: Path) -> None:
    """One raises, one hangs, one listens: in order, off the caller's thread, with the seq."""
    heard: list[tuple[int | None, str]] = []
    stuck, done = threading.Event(), threading.Event()

    def listen(event: Any) -> None:
        heard.append((event.seq, threading.current_thread().name))
        if len(heard) == 3:
            done.set()

    def fail(_event: Any) -> None:
        raise _MuteError

    with _writer(tmp_path) as story:
        story.subscribe(fail)
        story.subscribe(listen)
        story.subscribe(lambda _event: stuck.wait(30))
        for n in range(3):
            assert story.note(str(n))
        assert story.health.ok
        stuck.set()
        assert done.wait(30)
    assert [seq for seq, _ in heard] == [1, 2, 3]
    assert threading.current_thread().name not in {name for _, name in heard}


def _run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)


def test_what_was_told_is_kept_when_the_interpreter_exits(tmp_path: Path) -> None:
    """Nobody has closed the story, and nobody waited."""
    code = (
        "import sys, livestory\n"
        "story = livestory.StoryWriter(sys.argv[1], max_wait=0)\n"
        "[story.note(str(n)) for n in range(200)]\n"
    )
    assert _run(code, str(_path(tmp_path))).stderr == ""
    assert [line.rpartition(" | ")[2] for line in _lines(tmp_path)] == [str(n) for n in range(200)]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Exactly once, in the journal and, after the next start, in the text; whenever the kill comes."""
    code = (
        "import sys, itertools, livestory\n"
        "story = livestory.StoryWriter(sys.argv[1], max_wait=60)\n"
        "for n in itertools.count():\n"
        "    [event] = story.note(str(n))\n"
        "    print(n, event.seq, flush=True)\n"
    )
    acknowledged = 0
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code, str(_path(tmp_path))], stdout=subprocess.PIPE) as bot:
            assert bot.stdout is not None
            for _ in range(20):
                bot.stdout.readline()
            bot.kill()
            acknowledged += 20 + len([line for line in bot.stdout.read().splitlines(keepends=True) if b"\n" in line])
    with _writer(tmp_path) as story:
        story.note("the end")
    texts = [line.rpartition(" | ")[2] for line in _lines(tmp_path)]
    runs = "\n".join(texts[:-1]).split("0\n1\n2\n")[1:]
    assert len(runs) == 3
    assert acknowledged <= len(texts) - 1 <= acknowledged + 3  # one a run may have been kept and not acknowledged yet
    assert verify(_path(tmp_path)).findings == []


def test_a_fork_is_told_that_the_story_is_not_its_own(tmp_path: Path) -> None:
    """Its calls would wait for a thread that stayed with its parent, whose story goes on."""
    code = (
        "import os, sys, livestory\n"
        "story = livestory.StoryWriter(sys.argv[1], max_wait=60)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    print(story.note('child'), 'this fork must open one of its own' in story.health.trouble, flush=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "print(story.note('parent')[0].seq)\n"
    )
    assert _run(code, str(_path(tmp_path))).stdout == "None True\n1\n"


def test_importing_livestory_does_no_work(tmp_path: Path) -> None:
    """No thread, no file, none of the heavy parts."""
    code = (
        "import sys, threading, os; os.chdir(sys.argv[1])\n"
        "opened = []\n"
        "sys.addaudithook(lambda name, args: opened.append(args) if name == 'open' and 'w' in str(args[1]) else None)\n"
        "import livestory\n"
        "heavy = {'duckdb', 'ccxt', 'rich', 'click', 'starlette', 'uvicorn', 'numpy', 'pandas', 'asyncio',\n"
        "         'prometheus_client'}\n"
        "print(threading.active_count(), sorted(heavy & sys.modules.keys()), opened, os.listdir())\n"
    )
    assert _run(code, str(tmp_path)).stdout == "1 [] [] []\n"


def test_settings_choose_what_is_told(tmp_path: Path) -> None:
    """The detectors' own."""
    with _writer(tmp_path, settings=StorySettings(ath_min_gain=0.0)) as story:
        story.check_ath(1.0, 1.0)
        assert story.check_ath(1.001, 1.001) is not None
    with _writer(tmp_path, settings=StorySettings(ath_min_gain=0.5)) as story:
        assert story.check_ath(1.1, 1.1) is None


@pytest.mark.parametrize("symbol", ["AAPL", "/BTC", "ETH/", "", "/"])
def test_a_symbol_that_is_no_pair_is_refused_at_once(tmp_path: Path, symbol: str) -> None:
    """The one mistake that can't be told in the story."""
    with pytest.raises(ValueError, match="expected BASE/QUOTE, like ETH/BTC"):
        StoryWriter(_path(tmp_path), symbol=symbol)


def test_wealth_has_a_unit_with_its_own_decimals(tmp_path: Path) -> None:
    """The quote asset, or what the caller says."""
    with _writer(tmp_path, symbol="ETH/USDT") as story:
        story.log_event(NOON, "START", 52000)
    assert _without_time(tmp_path) == ["🚀 Bot Started | Initial Wealth: 52,000.00 USDT"]
