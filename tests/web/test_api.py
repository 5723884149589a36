"""What the API answers: pages of events, the record of one, the curve, chapters, plain text, health."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from math import sin
from typing import TYPE_CHECKING

import pytest

from livestory.chart.marks import MOST_MARKS, Gathered
from livestory.clock import DAY, HOUR, MINUTE, ManualClock, SystemClock, as_datetime
from livestory.outlets.web.history import EventIndex, Readings
from livestory.story.files.bars_file import BarRow, BarsFile
from livestory.story.files.layout import Layout
from livestory.story.inputs import Fill, Observation, PositionReading
from livestory.story.journal.entry import Identity, Kept
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds import KINDS
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.patience import until
from tests.web.serving import served, settled
from tests.web.teller import QUARTER, START, Teller, week

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.serving import Served


def pages(server: Served, path: str) -> list[dict[str, object]]:
    """All events of all pages."""
    found, before = [], ""
    while True:
        page = server.ask(path + before).json
        found += page["events"]
        if page["next"] is None:
            return found
        before = f"&before={page['next']}"


@pytest.mark.parametrize("limit", [1, 7, 200])
@pytest.mark.parametrize("kind", [None, "trade", "breaker,phoenix", "note", "chapter,quiet,regime,trade"])
def test_pages_are_the_journal(journal: Path, limit: int, kind: str | None) -> None:
    """All pages of any size together are exactly the journal's events of those kinds, newest first."""
    week(journal, START + 9 * DAY).close()
    with JournalReader.open(journal) as reader:
        kinds = set(kind.split(",")) if kind else set(KINDS)
        expected = [event.seq for event in reversed(reader.events(limit=10_000)) if event.kind in kinds]
    with served(journal) as server:
        settled(server)
        chosen = f"&kind={kind}" if kind else ""
        assert [event["seq"] for event in pages(server, f"api/events?limit={limit}{chosen}")] == expected


def test_since_and_until_bound_the_time(journal: Path) -> None:
    """Both in any notation; the end is left out."""
    week(journal, START + 9 * DAY).close()
    with served(journal) as server:
        settled(server)
        everything = pages(server, "api/events?limit=200")
        since, until = START + 4 * DAY, START + 5 * DAY
        expected = [event["seq"] for event in everything if since <= int(str(event["time"])) < until]
        assert expected
        for window in (f"since={since}&until={until}", "since=2024-12-07T00:00:00Z&until=2024-12-08"):
            assert [event["seq"] for event in pages(server, f"api/events?limit=3&{window}")] == expected


def test_times_that_go_backwards_are_found(journal: Path) -> None:
    """A bot may tell in any order; the bounds still find exactly what lies between them."""
    with Teller(journal) as teller:
        teller.begin()
        for hours in (5, 1, 9, 2, 7, 3):
            teller.now = START + hours * 4 * QUARTER
            teller.note(f"at {hours}")
    with served(journal) as server:
        settled(server)
        found = pages(server, f"api/events?kind=note&limit=1&since={START + 8 * QUARTER}&until={START + 28 * QUARTER}")
        assert [str(event["line"]).rpartition(" ")[2] for event in found] == ["3", "2", "5"]


def test_a_search_looks_at_a_bounded_number_and_goes_on(teller: Teller, journal: Path) -> None:
    """Each page names where the next begins, found something or not; together they find it, whatever its case."""
    teller.notes("A Needle", *(f"hay {n}" for n in range(4500)))
    with served(journal) as server:
        settled(server)
        first = server.ask("api/events?q=needle").json
        assert first["events"] == []
        assert first["next"] is not None
        assert [str(event["line"]).rpartition(" ")[2] for event in pages(server, "api/events?q=nEEDle")] == ["Needle"]


def test_an_event_opens_to_its_record(server: Served) -> None:
    """Facts, ids, seq and hash as the journal keeps them."""
    event = server.ask("api/events/1").json
    assert (event["seq"], event["kind"], event["record"]["facts"]["mode"]) == (1, "started", "paper")
    assert len(event["hash"]) == 64
    assert server.ask("api/events/99999999").status == 404


def test_the_curve_keeps_its_extremes(journal: Path) -> None:
    """However few points are asked for, the highest and the lowest bar are among them; halts and marks are there."""
    week(journal, START + 9 * DAY).close()
    with JournalReader.open(journal) as reader:
        wealth = [observation.wealth for observation in reader.observations()]
    with served(journal) as server:
        settled(server)
        curve = server.ask("api/series?points=20").json
    assert len(curve["times"]) == len(curve["values"]) <= 24
    assert (min(curve["values"]), max(curve["values"])) == (min(filter(None, wealth)), max(filter(None, wealth)))
    assert curve["values"][-1] == wealth[-1]
    assert [label for _, _, label in curve["halts"]] == ["breaker"]
    assert curve["halts"][0][1] - curve["halts"][0][0] == 2 * DAY
    assert {what for _, _, what in curve["marks"]} == {"buy", "sell", "breaker", "phoenix", "regime", "ath"}
    spans = curve["regimes"]
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(spans))


def test_a_curve_of_very_many_points_keeps_its_extremes_and_its_ends() -> None:
    """Every length from which only the extremes of blocks are looked at: the chart has them, and both ends."""
    readings, last = Readings(), 0
    for number in range(3000):
        value = 2.0 if number == 1711 else 0.5 if number == 1900 else 1 + sin(number) / 10
        readings.add(Observation(time=START + number, wealth=value), value, 0.0)
        if number > 2000 and number % 83 == 0:
            for start in (0, 100, 1700):
                told = readings.wealth(START + start, START + number, 20, compared=False)
                assert (min(told.values), max(told.values)) == (0.5, 2.0)
                assert (told.times[0], told.times[-1]) == (START + max(0, start - 1), START + number)
                assert told.times == sorted(set(told.times))
                assert len(told.times) <= 24
            last = number
    assert last


def test_very_many_marks_are_gathered_and_none_is_lost() -> None:
    """Each stands for so many events of its own kind and time; in a time that has few, each stands alone."""
    index, many = EventIndex(), 3 * MOST_MARKS
    sides = ["sell" if number % 3 else "buy" for number in range(many)]
    index.add(
        Kept(number + 1, "", START + number * MINUTE, 0, "trade", b'{"facts":{"side":"%b"}}' % side.encode(), "", b"")
        for number, side in enumerate(sides)
    )
    marks = index.marks(START, START + many * MINUTE)
    assert len(marks) <= MOST_MARKS
    for side in ("buy", "sell"):
        gathered = [mark for mark in marks if isinstance(mark, Gathered) and mark.what == side]
        assert sum(mark.number for mark in gathered) == sides.count(side)
        assert all(before.until < after.time for before, after in pairwise(gathered))
    index.add([Kept(many + 1, "", START + DAY + HOUR - 1, 0, "breaker", b"{}", "", b"")])
    index.add([Kept(many + 2, "", START + DAY + HOUR - 1, 0, "breaker", b"{}", "", b"")])
    few = index.marks(START + DAY, START + DAY + HOUR)
    assert [mark.what for mark in few] == [*sides[24 * 60 : 25 * 60], "breaker", "breaker"]
    assert all(len(mark) == 3 for mark in few)


def test_the_last_week_is_told_in_a_paragraph(journal: Path) -> None:
    """Its verdict apart from what there is to say besides; none before the first line."""
    with served(journal) as server:
        assert server.ask("api/digest").json == {"digest": None}
    with Teller(journal) as teller:
        teller.begin().bars(40).trade()
    with served(journal) as server:
        settled(server)
        told = server.ask("api/digest?period=day").json["digest"]
        assert told["title"].endswith(" 2024")
        assert told["verdict"].endswith(".")
        assert told["told"][-1] == "Nothing failed, and nothing is asked of you."
        assert server.ask("api/digest?period=decade").status == 400


def test_chapters_are_told_by_period(journal: Path) -> None:
    """Days and weeks, newest first, with their facts."""
    week(journal, START + 9 * DAY).close()
    with JournalReader.open(journal) as reader:
        told = sum(b'"period":"day"' in event.record for event in reader.events(limit=10_000))
    with served(journal) as server:
        settled(server)
        days = server.ask("api/chapters?period=day&limit=3").json
        assert [chapter["facts"]["period"] for chapter in days["chapters"]] == ["day"] * 3
        rest = server.ask(f"api/chapters?period=day&before={days['next']}").json
        ends = [chapter["facts"]["end"] for chapter in days["chapters"] + rest["chapters"]]
        assert ends == sorted(ends, reverse=True)
        assert len(ends) == told
        assert len(server.ask("api/chapters?period=week").json["chapters"]) == 1


def test_the_plain_text_is_the_story_file(journal: Path) -> None:
    """Byte for byte where it is short; its last lines where it is limited."""
    week(journal, START + 9 * DAY).close()
    with served(journal) as server:
        settled(server)
        assert server.ask("story.txt").body == journal.read_bytes()
        assert server.ask("story.txt?limit=2").body.splitlines() == journal.read_bytes().splitlines()[-2:]


STATES: dict[str, tuple[Callable[[Teller], Teller], int, str]] = {
    "trading": (lambda teller: teller.bars(1), 1, "trading"),
    "late but within its grace": (lambda teller: teller.bars(1), QUARTER + 3 * MINUTE, "trading"),
    "overdue": (lambda teller: teller.bars(1), QUARTER + 4 * MINUTE, "overdue"),
    "halted": (lambda teller: teller.trip(), 1, "halted"),
    "halted by the owner": (lambda teller: teller.bars(1, halted=True, halt_reason="owner"), 1, "halted"),
    "halted by hand between two bars": (lambda teller: teller.hand(halts=True), 1, "halted"),
    "let go on by hand": (lambda teller: teller.hand(halts=True).hand(halts=False), 1, "trading"),
    "stopped": (lambda teller: teller.end(), DAY, "stopped"),
    "back after a stop": (lambda teller: teller.end().bars(1), 1, "trading"),
    "says not when it is next due": (lambda teller: teller.bars(1, next_due=None), DAY, "trading"),
}


@pytest.mark.parametrize("case", STATES)
def test_the_state_comes_from_observations(journal: Path, case: str) -> None:
    """And health says 503 exactly where the story is overdue."""
    tell, later, state = STATES[case]
    with Teller(journal) as teller:
        tell(teller.begin().bars(3))
        now = teller.now + later
        with served(journal, clock=ManualClock(now)) as server:
            status = settled(server)
            health = server.ask("healthz")
    assert (status["state"], status["gone"]) == (state, False)
    assert health.status == (503 if state == "overdue" else 200)
    if case == "halted":
        assert status["halt"] == {
            "reason": "breaker",
            "breaker": True,
            "since": now - 1,
            "resume_at": now - 1 + 2 * DAY,
            "resume_score": 30.0,
        }
        assert (status["drawdown"], status["breaker"]) == (-0.26, 0.2)


def test_a_bot_that_was_killed_is_not_heard_before_its_next_bar_is_due(journal: Path) -> None:
    """As `livestory status` says it: nothing is known of a process that is gone without a goodbye."""
    with Teller(journal) as teller:
        teller.begin().bars(3)
    with served(journal, clock=ManualClock(teller.now + 1)) as server:
        while (status := settled(server))["state"] != "overdue":
            pass
        assert status["gone"]
        assert status["next_due"] > status["now"]
        assert server.ask("healthz").status == 503


def test_a_halt_before_the_first_bar_is_shown(journal: Path) -> None:
    """Since when and why, though the bot has not reported anything yet."""
    with Teller(journal, "testnet") as teller:
        now = teller.begin().hand(halts=True).now
        with served(journal, clock=ManualClock(now + 1)) as server:
            status = settled(server)
    assert status["state"] == "halted"
    assert status["halt"] == {
        "reason": "owner",
        "breaker": False,
        "since": now,
        "resume_at": None,
        "resume_score": None,
    }


def test_a_replay_is_alive_while_somebody_writes_it(journal: Path) -> None:
    """Its bars are of another time; without a writer and without a goodbye it is not heard any more."""
    with Teller(journal, "replay") as teller, served(journal) as server:
        teller.begin().bars(2)
        while (status := settled(server))["state"] in {"waiting", "unknown"}:
            pass
        assert (status["state"], status["clock"]) == ("trading", "bars")
    with served(journal) as server:
        while settled(server)["state"] == "trading":
            pass
        assert settled(server)["state"] == "overdue"


def test_returns_are_those_of_the_unit(journal: Path) -> None:
    """Today's and the total one, beside what holding made; a deposit is neither. They count from the first reading."""
    with Teller(journal) as teller:
        teller.begin().bars(1, wealth=1.0, price=0.0300).bars(95, wealth=1.1, price=0.0300)
        teller.bars(1, wealth=1.21, price=0.0330).bars(1, wealth=2.42, price=0.0330, flow=1.21)
    with served(journal) as server:
        status = settled(server)
    assert status["today"]["change"] == pytest.approx(0.1)
    assert status["today"]["holding"] == pytest.approx(0.1)
    assert status["total"]["change"] == pytest.approx(0.21)
    assert status["total"]["holding"] == pytest.approx(0.0330 / 0.0300 - 1)
    assert status["wealth"] == 2.42


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("api/events?limit=0", "limit"),
        ("api/events?limit=201", "limit"),
        ("api/events?limit=x", "limit"),
        ("api/events?limit=1e3", "limit"),
        ("api/events?limit=%D9%A3", "limit"),
        ("api/events?before=-1", "before"),
        ("api/events?before=99999999999999999999", "before"),
        ("api/events?kind=nothing", "kind"),
        ("api/events?kind=", "kind"),
        ("api/events?since=yesterday", "since"),
        ("api/events?until=1e400", "until"),
        ("api/events?since=99999999999999999999", "since"),
        ("api/events?q=" + "x" * 101, "q"),
        ("api/events?limt=5", "limt"),
        ("api/events?limit=5&limit=6", "twice"),
        ("api/series?points=9", "points"),
        ("api/series?points=99999", "points"),
        ("api/series?of=drawdown", "of"),
        ("api/series?since=2024-12-05&until=2024-12-04", "until"),
        ("api/chapters?period=hour", "period"),
        ("api/events/x", "number"),
        ("api/events/0", "number"),
        ("api/events/-1", "number"),
        ("api/stream?after=x", "after"),
        ("story.txt?limit=100000", "limit"),
        ("api/status?x=1", "x"),
        ("healthz?x=1", "x"),
    ],
)
def test_malformed_parameters_get_400_and_the_reason(server: Served, query: str, problem: str) -> None:
    """The parameter is named, and what would be right."""
    answer = server.ask(query)
    assert answer.status == 400
    assert problem in answer.json["error"]


def test_a_malformed_last_event_id_gets_400(server: Served) -> None:
    """It is a parameter like any other."""
    assert server.ask("api/stream", {"Last-Event-ID": "x"}).status == 400


def test_several_stories_have_their_own_addresses(tmp_path: Path) -> None:
    """Named after their folders; the first one where none is named; an unknown one is 404."""
    folders = [tmp_path / "one", tmp_path / "two", tmp_path / "deeper" / "one"]
    for number, folder in enumerate(folders, 1):
        folder.mkdir(parents=True)
        with Teller(folder / "live_story.txt") as teller:
            teller.begin().bars(number)
    with served(*(folder / "live_story.txt" for folder in folders)) as server:
        for name in ("one", "two", "one~2"):
            settled(server, name)
        names = [status["story"] for status in server.ask("api/stories").json]
        assert names == ["one", "two", "one~2"]
        heard = [server.ask(f"api/status?story={name}").json["heard"] for name in names]
        assert heard == [START + n * QUARTER for n in (1, 2, 3)]
        assert server.ask("api/status").json["story"] == "one"
        assert server.ask("api/status?story=three").status == 404


def test_a_corrupt_journal_is_trouble_and_the_server_stays(journal: Path) -> None:
    """The page says what is wrong; health says 503; once it is mended the story is there."""
    with Teller(journal) as teller:
        teller.begin().bars(3)
    database = journal.with_suffix(".db")
    content = database.read_bytes()
    for suffix in ("-wal", "-shm"):
        journal.with_name(f"live_story.db{suffix}").unlink(missing_ok=True)
    database.write_bytes(b"nonsense" * 1000)
    with served(journal) as server:
        status = settled(server)
        assert status["state"] == "trouble"
        assert "damaged" in status["trouble"]
        assert server.ask("healthz").status == 503
        assert server.ask("api/events").json["events"] == []
        database.write_bytes(content)
        while settled(server)["state"] == "trouble":
            pass


def test_a_newer_journal_is_trouble(journal: Path) -> None:
    """It says to upgrade."""
    import apsw  # noqa: PLC0415  only here

    with Teller(journal) as teller:
        teller.begin()
    with apsw.Connection(str(journal.with_suffix(".db"))) as db:
        db.pragma("user_version", 99)
    with served(journal) as server:
        status = settled(server)
    assert status["state"] == "trouble"
    assert "newer livestory" in status["trouble"]


def test_the_metrics_are_of_the_server(server: Served) -> None:
    """Listeners, the last event read, the state."""
    text = server.ask("metrics").body.decode()
    assert "livestory_serve_listeners 0.0" in text
    assert 'livestory_serve_last_seq{story="' in text


def test_unknown_is_null_and_never_zero(journal: Path) -> None:
    """A bot that reports nothing but the time has no wealth, no return and no drawdown."""
    from livestory.story.inputs import Observation  # noqa: PLC0415  only here

    now = SystemClock().now()
    with Teller(journal, start=now) as teller:
        teller.observe(Observation(time=now)).note("nothing known")
    with served(journal) as server:
        status = settled(server)
    unknown = ("wealth", "price", "position", "weight", "drawdown", "breaker", "regime", "score", "next_due", "halt")
    assert {name: status[name] for name in unknown} == dict.fromkeys(unknown)
    assert status["total"] == {"since": now, "change": None, "holding": None}
    assert json.dumps(status["today"]).count("null") >= 2


def test_a_bot_that_reports_what_it_missed_is_catching_up(journal: Path) -> None:
    """Its observations come, each of a time long past; once none comes any more, it is not heard."""
    with Teller(journal) as teller:
        clock = ManualClock(teller.begin().bars(3).now + DAY)
        with served(journal, clock=clock) as server:
            assert settled(server)["state"] == "overdue"
            teller.bars(1)
            until(lambda: server.ask("api/status").json["state"] == "catching_up")
            assert server.ask("healthz").status == 200
            clock.set(as_datetime(clock.now() + MINUTE))
            until(lambda: server.ask("api/status").json["state"] == "overdue")


def test_a_bot_without_wealth_is_a_row_of_what_it_earned(journal: Path) -> None:
    """Its fills make its curve and its result; its state is not known."""
    fills = [(1, "buy", 200), (2, "sell", 210), (3, "buy", 205), (4, "sell", 203)]
    story = SynchronousWriter(journal, Identity(bot=None, mode=None, symbol=None, unit=None), StorySettings())
    for hour, side, price in fills:
        fill = Fill(time=START + hour * HOUR, symbol="SOL/USDT", side=side, quantity=Decimal(1), price=Decimal(price))
        story.take(fill)
    story.commit({})
    story.close()
    with served(journal) as server:
        settled(server)
        (row,) = server.ask("api/bots").json["bots"]
    assert (row["status"]["state"], row["earned"], row["curve"][1]) == ("unknown", ["+8.00 USDT"], [10.0, 8.0])


def test_prices_are_candles_of_bars_and_lines_of_what_was_held(journal: Path) -> None:
    """Bars beside the story are candles from the first of them on; a symbol has its own prices, trades and gaps."""

    def held(price: str) -> dict[str, PositionReading]:
        return {"SOL/USDT": PositionReading(quantity=Decimal(2), price=Decimal(price))}

    with Teller(journal) as teller:
        teller.begin().bars(8)
        bars, first = Layout.of(journal).bars, teller.now
        with BarsFile(bars, None) as file:
            for number in range(8):
                file.add(BarRow(first + number * QUARTER, 0.03, 0.04, 0.02, 0.031 + number / 1000))
        teller.bars(8).trade()
        teller.bars(2, positions=held("210.5")).bars(3, positions={}).bars(1, positions=held("220"))
        teller.observe(Observation(time=teller.now + QUARTER, positions={}))
    with served(journal) as server:
        settled(server)
        own = server.ask("api/series?of=price").json
        other = server.ask("api/series?of=price&symbol=SOL/USDT").json
        assert server.ask("api/series?of=price&symbol=XRP").json["times"] == []
        assert server.ask("api/review").json["review"]["priced"] == ["ETH/BTC", "SOL/USDT"]
    assert own["symbol"] == "ETH/BTC"
    assert [candle[2:] for candle in own["candles"]] == [[0.03, 0.04, 0.02, 0.031 + n / 1000] for n in range(8)]
    assert own["times"][:8] == [START + n * QUARTER for n in range(1, 9)]
    assert own["values"][8:] == [0.031 + n / 1000 for n in range(8)]
    assert own["marks"][-1][2] == "buy"
    assert other["values"] == [210.5, 210.5, None, 220.0, None]
    assert other["candles"] == []


def test_the_verdict_on_a_portfolio_has_its_basket(journal: Path) -> None:
    """What holding the first positions would have made, where that is asked for."""
    with SynchronousWriter(journal, Identity(bot="p", unit="USDT"), StorySettings(benchmark="basket")) as story:
        for bar, wealth in enumerate((1000.0, 1100.0)):
            positions = {
                name: PositionReading(quantity=Decimal(1), price=Decimal(100 + bar * gained), entry=Decimal(100))
                for name, gained in (("BTC/USDT", 10), ("SOL/USDT", 30))
            }
            story.take(Observation(time=START + bar * QUARTER, wealth=wealth, positions=positions))
        story.commit({})
    with served(journal) as server:
        settled(server)
        verdict = server.ask("api/review").json["review"]["verdict"]
    assert verdict.startswith("up 10.0% to 1100.00 USDT. Holding its first positions (BTC, SOL)")
    assert verdict.endswith(" would have gained 20.0%")
