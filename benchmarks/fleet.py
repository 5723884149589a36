"""A fleet on one PostgreSQL: how fast a journal is pushed, how soon a commit is at a hub, what push and hub cost."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Result, interleaved, seconds
from livestory.errors import JournalError
from livestory.outlets.fleet.setup import HUB, role_of
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.journal.writer import Journal
from tests.cli.program import environment
from tests.fleet.fleets import ABot, AFleet, entry, observation
from tests.fleet.postgres_process import PostgresProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVENTS, _BATCH, _COMMITS, _IDLE = 20_000, 1_000, 40, 20.0
_CALLS, _BOTS, _TOLD = 50, 500, 200
_ALERTS = """
[alerts.channels.hook]
service = "webhook"
address_env = "HOOK"
severity = "critical"
"""
_INSERT = """INSERT INTO livestory.events
SELECT 'scout', %s, each.* FROM unnest(%b::bigint[], %b::bytea[], %b::bigint[], %b::bigint[], %b::text[], %b::bytea[],
    %b::text[], %b::bytea[], %b::boolean[], %b::bigint[]) AS each ON CONFLICT DO NOTHING"""


def measure() -> Iterator[Result]:
    """Events a second beside bare inserts; commit to hub; what a push costs, idle and its bot; a page of 500 bots."""
    server = PostgresProcess(durable=True)
    try:
        with tempfile.TemporaryDirectory() as name:
            fleet = AFleet.made(server, Path(name), ("scout",))
            yield from _throughput(fleet)
            yield from _live(fleet)
            yield from _bots_loop(fleet)
            yield from _hub(server, Path(name) / "many")
    finally:
        server.close()


def _throughput(fleet: AFleet) -> Iterator[Result]:
    bot = ABot(fleet.folder / "much")
    journal = Journal.open(bot.story, bot.identity)
    for first in range(1, _EVENTS, _BATCH):
        journal.append([entry(n) for n in range(first, first + _BATCH)])
    journal.close()
    ours, bare = interleaved(
        lambda: _EVENTS / seconds(lambda: _pushed(fleet, bot)), lambda: _EVENTS / seconds(lambda: _bare(fleet, bot)),
        rounds=5,
    )  # fmt: skip
    yield Result(
        name=f"push of {_EVENTS:,} events, of those that are new",
        unit="/s",
        ours=ours,
        baseline=bare,
        baseline_name="the same rows in bare batched inserts",
        target="≥ 0.6 ×",
        more_is_better=True,
    )
    yield Result(name="push, events a second", unit="/s", ours=ours, target="≥ 15,000/s", more_is_better=True)


def _emptied(fleet: AFleet) -> None:
    fleet.ask("TRUNCATE livestory.heads, livestory.events, livestory.quarantine")


def _pushed(fleet: AFleet, bot: ABot) -> None:
    _emptied(fleet)
    fleet.pushed(bot)


def _bare(fleet: AFleet, bot: ABot) -> None:
    """As any program would: the journal read, and its rows inserted a thousand at a time, each batch committed."""
    _emptied(fleet)
    with JournalReader.open(bot.story) as reader, fleet.address("postgres").connect("bench") as connection:
        for after in range(0, _EVENTS, _BATCH):
            rows = reader.rows(after, 0, _BATCH).events
            columns = [*map(list, zip(*rows, strict=True))]
            columns[1] = [each.encode() for each in columns[1]]
            connection.execute(_INSERT, (1, *columns))


def _live(fleet: AFleet) -> Iterator[Result]:
    _emptied(fleet)
    folder = fleet.folder / "live"
    journal = Journal.open(folder / "live_story.txt", Identity(bot="scout", mode="paper"))
    journal.append([entry(1)], [observation(1)])
    pull = _process(fleet, HUB, "pull", "--from", fleet.folder / "fleet")
    with pull, _process(fleet, role_of("scout"), "push", "--to", folder) as push:
        _await(fleet, 1)
        delays = []
        for number in range(2, _COMMITS + 2):
            start = time.perf_counter()
            journal.append([entry(number)], [observation(number)])
            _await(fleet, number)
            delays.append((time.perf_counter() - start) * 1000)
        yield Result(name="from a bot's commit to the hub's journal", unit="ms", ours=delays, target="< 1,000 ms")
        time.sleep(2)
        before = _core(push.pid)
        time.sleep(_IDLE)
        share = (_core(push.pid) - before) / _IDLE * 100
        yield Result(name="livestory fleet push, idle", unit="% of a core", ours=[share], target="< 0.3 %")
        yield Result(name="livestory fleet push, most memory", unit="MB", ours=[_resident(push.pid)], target="< 60 MB")
    journal.close()


def _bots_loop(near: AFleet) -> Iterator[Result]:
    """The commits of a bot that tells fifty times a second, its story being sent or not, in turns of a second.

    A database is on another machine in life. Here one has its data in memory, and so shares no disk with the bot; the
    other is on the bot's. Both share its cores, which others use, too: what a commit waited for a core is taken off.
    """
    folder, numbers, waited = near.folder / "loop", count(1), dict[str, list[float]]()
    journal = Journal.open(folder / "live_story.txt", Identity(bot="scout", mode="paper"))

    def told(name: str) -> float:
        spent = own = 0.0
        for number in islice(numbers, _CALLS):
            time.sleep(1 / _CALLS)
            start, before = time.perf_counter(), _waiting()
            journal.append([entry(number)], [observation(number)])
            took = time.perf_counter() - start
            spent, own = spent + took, own + took - (_waiting() - before)
        waited.setdefault(name, []).append(spent / _CALLS * 1000)
        return own / _CALLS * 1000

    def told_and_sent(name: str, fleet: AFleet, push: subprocess.Popen[bytes]) -> float:
        push.send_signal(signal.SIGCONT)
        last = next(numbers)
        journal.append([entry(last)], [observation(last)])
        while not fleet.ask("SELECT 1 FROM livestory.heads WHERE seq >= %s", last):
            time.sleep(0.05)
        found = told(name)
        push.send_signal(signal.SIGSTOP)
        return found

    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        Path(memory).chmod(0o755)
        apart = PostgresProcess(durable=True, folder=Path(memory) / "postgres")
        far = AFleet.made(apart, near.folder / "far", ("scout",))
        _emptied(near)
        role = role_of("scout")
        with (
            _process(far, role, "push", "--to", folder) as to_far,
            _process(near, role, "push", "--to", folder) as to_near,
        ):
            sent, on_its_disk, alone = interleaved(
                lambda: told_and_sent("sent", far, to_far), lambda: told_and_sent("near", near, to_near),
                lambda: told("alone"), rounds=25,
            )  # fmt: skip
            for each in (to_far, to_near):
                each.send_signal(signal.SIGCONT)
        apart.close()
    journal.close()
    name, not_sent, report = "a bot's commit while its story is sent", "while it is not", "report the ratio"
    for what, ours, baseline, target in (
        (name, sent, alone, "≤ 1.05 ×"),
        (f"{name}, and its wait for a core", waited["sent"][1:], waited["alone"][1:], report),
        (f"{name} to a database on its disk", on_its_disk, alone, report),
    ):
        yield Result(name=what, unit="ms", ours=ours, baseline=baseline, baseline_name=not_sent, target=target)


def _waiting() -> float:
    """Seconds that this thread has waited for a core."""
    return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9


def _hub(server: PostgresProcess, folder: Path) -> Iterator[Result]:
    """A hub of five hundred bots with its alerts: idle, its pages, and how soon what one of them tells is there."""
    names = [f"bot-{number}" for number in range(_BOTS)]
    fleet = AFleet.made(server, folder, names)
    for name in names:
        bot = ABot(folder / name, name)
        bot.tells(_TOLD)
        fleet.pushed(bot, name)
    (folder / "livestory.toml").write_text(_ALERTS, encoding="utf-8")
    secret = environment(LIVESTORY_FLEET_PASSWORD=fleet.password(HUB).reveal(), HOOK="http://127.0.0.1:9/")
    command = [sys.executable, "-m", "livestory", "serve", "--fleet", fleet.url(HUB), "--port", "0", "--alerts"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=secret, cwd=folder) as hub:
        port = int(next(iter(hub.stdout or ())).rpartition(b":")[2].strip(b"/\n"))
        while _asked(port, "/api/bots")[1].count(b'"last":{') < _BOTS:
            time.sleep(1)
        while len([*folder.glob("fleet/*/live_story.alerts.db")]) < _BOTS:
            time.sleep(1)
        time.sleep(10)
        both = {"page and alerts": hub.pid, "pull": _child(hub.pid)}
        before = {name: _core(pid) for name, pid in both.items()}
        time.sleep(_IDLE)
        for name, pid in both.items():
            share = (_core(pid) - before[name]) / _IDLE * 100
            yield Result(name=f"a hub of {_BOTS} bots, idle: {name}", unit="% of a core", ours=[share])
            yield Result(name=f"a hub of {_BOTS} bots: {name}", unit="MB", ours=[_resident(pid)])
        for path, name in (("/api/bots", "the overview"), ("/api/timeline", "the timeline")):
            delays = [_asked(port, path)[0] * 1000 for _ in range(20)]
            yield Result(name=f"{name} of {_BOTS} bots", unit="ms", ours=delays, target="< 300 ms")
        delays = list(_to_the_page(fleet, folder, port))
        yield Result(
            name=f"from a bot's commit to a hub's page of {_BOTS}", unit="ms", ours=delays, target="< 1,000 ms"
        )
        hub.terminate()


def _to_the_page(fleet: AFleet, folder: Path, port: int) -> Iterator[float]:
    """Milliseconds until who looks at a bot's page has what it told."""
    bot = ABot(folder / "bot-0", "bot-0")
    journal = Journal.open(bot.story, bot.identity)
    page = HTTPConnection("127.0.0.1", port, timeout=60)
    page.request("GET", f"/api/stream?story=bot-0&all=1&after={_TOLD}")
    answer = page.getresponse()
    with _process(fleet, role_of("bot-0"), "push", "--to", folder / "bot-0"):
        for number in range(_TOLD + 1, _TOLD + _COMMITS + 5):
            time.sleep(0.5)
            start = time.perf_counter()
            journal.append([entry(number)], [observation(number)])
            while f'"seq":{number},'.encode() not in answer.readline():
                pass
            if number > _TOLD + 4:  # the push has begun
                yield (time.perf_counter() - start) * 1000
    page.close()
    journal.close()


def _asked(port: int, path: str) -> tuple[float, bytes]:
    """How many seconds the page's answer takes, and the answer."""
    start = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse().read()
    connection.close()
    return time.perf_counter() - start, answer


@contextmanager
def _process(fleet: AFleet, role: str, verb: str, option: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    secret = environment(LIVESTORY_FLEET_PASSWORD=fleet.password(role).reveal())
    command = [sys.executable, "-m", "livestory", "fleet", verb, option, fleet.url(role), "--dir", str(folder)]
    process = subprocess.Popen(command, env=secret, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _await(fleet: AFleet, seq: int) -> None:
    """Until the hub has the event."""
    while not _begun(fleet.story()):
        time.sleep(0.02)
    with JournalReader.open(fleet.story()) as reader:
        while reader.last_seq < seq:
            time.sleep(0.002)


def _begun(story: Path) -> bool:
    try:
        JournalReader.open(story).close()
    except JournalError:  # the hub is about to make it
        return False
    return True


def _core(pid: int) -> float:
    """Seconds that a process has run, with all its threads."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text(encoding="ascii").split()[0]) for each in threads) / 1e9


def _resident(pid: int) -> float:
    """The most memory that a process had, in MB."""
    return int(Path(f"/proc/{pid}/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0]) / 1000


def _child(pid: int) -> int:
    """The process that a process has begun."""
    found = (each.read_text(encoding="ascii").split() for each in Path(f"/proc/{pid}/task").glob("*/children"))
    return int(next(word for words in found for word in words))
