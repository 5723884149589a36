"""`livestory.read`: a story in Python, as typed records and tables, and live; it is only read."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import livestory
from livestory.clock import ManualClock
from livestory.errors import JournalError
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.public.reading import read
from livestory.story.settings import StorySettings
from livestory.story.writing.public import PublicWriter
from tests.patience import LONG
from tests.public.bot import lines

NOTEBOOK = Path(__file__).parents[2] / "examples" / "read_a_story.ipynb"


def writer(path: Path) -> PublicWriter:
    """The story's."""
    who = Identity(bot="scout", symbol="ETH/BTC", unit="BTC")
    return PublicWriter(path, who, StorySettings(), clock=ManualClock("2024-12-09"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The story of some days."""
    path = tmp_path / "live_story.txt"
    with writer(path) as story:
        for line in lines():
            story.tell(read(line.encode()))
        story.keep()
    return path


def test_lines_and_events_are_those_of_the_text(path: Path) -> None:
    """By the folder, the text or the journal; with their facts, and in their columns."""
    text = path.read_text().splitlines()
    for name in (path.parent, path, path.with_suffix(".db"), str(path)):
        assert [event.line for event in livestory.read(name).events() if event.shown] == text
    story = livestory.read(path)
    assert [event.seq for event in story.events()] == [*range(1, len(story.events()) + 1)]
    assert [one.seq for one in story.lines(everything=True)] == [event.seq for event in story.events()]
    assert [" | ".join(filter(None, (one.headline, one.told, one.why))) for one in story.lines()] == [
        line.partition(" | ")[2] for line in text
    ]
    assert type(story.events()[0].facts).__name__ == "Started"
    assert story.events()[0].time == datetime(2024, 12, 1, tzinfo=UTC)


def test_a_part_is_chosen_by_kind_and_time(path: Path) -> None:
    """Times in any way that a caller has them."""
    story = livestory.read(path)
    assert {event.kind for event in story.events({"trade", "flow"})} == {"trade", "flow"}
    second = story.events(since="2024-12-02", until=datetime(2024, 12, 3, tzinfo=UTC))
    assert 0 < len(second) < len(story.events())
    assert {event.time.day for event in second} == {2}
    assert story.events(since="2024-12-02", until=1733184000) == second


def test_trades_keep_every_digit(path: Path) -> None:
    """And know their symbol, reason and result."""
    bought, sold, *_ = livestory.read(path).trades()
    assert (bought.symbol, bought.side, bought.quantity) == ("ETH/BTC", "buy", Decimal("2.5"))
    assert (bought.reason, bought.trade_id, bought.fee) == ("the bar says so", "5", Decimal("0.00007"))
    assert (sold.side, sold.position_after) == ("sell", Decimal(0))
    assert sold.gain is not None
    assert sold.result is not None
    assert sold.gain > 0 < sold.result


def test_positions_are_those_observed_or_else_those_that_fills_leave(path: Path) -> None:
    """With what the bot reports of them."""
    assert len(livestory.read(path).positions()) == 0
    with writer(path) as story:
        story.tell(read(b'{"input": "fill", "side": "buy", "quantity": "2.5", "price": 0.03, "time": "2024-12-07"}'))
        story.keep()
    (held,) = livestory.read(path).positions()
    assert (held.symbol, held.quantity, held.entry) == ("ETH/BTC", Decimal("2.5"), None)
    with writer(path) as story:
        sent = {
            "input": "observation",
            "positions": {"SOLUSDT": {"quantity": "-3", "entry": 200}},
            "time": "2024-12-08",
        }
        story.tell(read(json.dumps(sent).encode()))
        story.keep()
    (held,) = livestory.read(path).positions()
    assert (held.symbol, held.quantity, held.entry) == ("SOL/USDT", Decimal(-3), Decimal(200))


def test_wealth_chapters_and_the_digest_are_read(path: Path) -> None:
    """Bar by bar; by period; as prose."""
    story = livestory.read(path)
    wealth = story.wealth()
    assert (len(wealth), wealth[0].wealth, wealth[-1].halted) == (60, 1.002, False)
    days = story.chapters("day")
    assert [day.start.day for day in days] == [1, 2]
    assert days[0].flow == 0.5
    assert {chapter.period for chapter in story.chapters()} == {"day", "week"}
    assert story.digest("day", "2024-12-02").startswith("Mon 2 Dec")


def test_records_become_a_data_frame(path: Path) -> None:
    """With the types that arithmetic needs, also where a column knows nothing."""
    frame = livestory.read(path).trades().to_pandas()
    assert [str(kind) for kind in frame.dtypes[["seq", "time", "quantity", "fee", "result"]]] == [
        "int64", "datetime64[us, UTC]", "float64", "float64", "float64",
    ]  # fmt: skip
    assert frame.quantity.sum() == 10.0
    empty = livestory.read(path).trades(until="2000-01-01").to_pandas()
    assert (len(empty), list(empty.columns), list(empty.dtypes)) == (0, list(frame.columns), list(frame.dtypes))
    events = livestory.read(path).events().to_pandas()
    assert list(events.columns) == ["seq", "time", "kind", "line", "shown"]
    assert isinstance(livestory.read(path).wealth().to_pandas().set_index("time").wealth.diff(), pd.Series)


@pytest.mark.parametrize(("package", "method"), [("polars", "to_polars"), ("pyarrow", "to_arrow")])
def test_every_librarys_table_says_the_same(path: Path, package: str, method: str) -> None:
    """Its table has the columns and the numbers of pandas'."""
    records = livestory.read(path).trades()
    table: Any = getattr(records, method)()
    names = table.columns if package == "polars" else table.column_names
    frame = records.to_pandas()
    assert list(names) == list(frame.columns)
    for name in ("seq", "quantity", "price"):
        assert getattr(table[name], "to_list" if package == "polars" else "to_pylist")() == frame[name].to_list()


@pytest.mark.parametrize(
    ("package", "method"), [("pandas", "to_pandas"), ("polars", "to_polars"), ("pyarrow", "to_arrow")]
)
def test_a_library_that_is_missing_is_named_with_how_to_install_it(
    path: Path, monkeypatch: pytest.MonkeyPatch, package: str, method: str
) -> None:
    """As the error that Python would raise, with a message for a person."""
    monkeypatch.setitem(sys.modules, package, None)
    said = rf"^{method}\(\) needs {package}, which is not installed; install it with: \S.* install {package}$"
    with pytest.raises(ImportError, match=said):
        getattr(livestory.read(path).trades(), method)()


def test_records_are_a_sequence_and_show_themselves(path: Path) -> None:
    """In a terminal and in a notebook, where nobody's text becomes markup."""
    with writer(path) as story:
        story.tell(read(b'{"input": "note", "text": "<script>alert(1)</script>"}'))
        story.keep()
    told = livestory.read(path)
    assert repr(told) == f"Story({str(path)!r}, scout, ETH/BTC)"
    records = told.lines()
    assert records[-1] == records[len(records) - 1]
    assert list(records[1:3]) == [records[1], records[2]]
    assert repr(records).startswith(f"{len(records)} × LineRecord\n")
    for shown in (told._repr_html_(), records._repr_html_(), told.events()._repr_html_()):
        assert "&lt;script&gt;" in shown
        assert "<script>" not in shown


def test_a_story_is_followed_live(path: Path) -> None:
    """From now on, or from an event on."""

    async def heard() -> tuple[list[str], list[int | None]]:
        story = livestory.read(path)
        all_of_it, news = story.follow(after_seq=0), story.follow()
        first = await anext(all_of_it)
        waiting = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0.3)
        with writer(path) as told:
            told.tell(read(b'{"input": "note", "text": "live"}'))
            told.keep()
        async with asyncio.timeout(LONG):
            last = await waiting
        await all_of_it.aclose()
        await news.aclose()
        return [first.line, last.line], [first.seq, last.seq]

    said, seqs = asyncio.run(heard())
    text = path.read_text().splitlines()
    assert said == [text[0], text[-1]]
    with JournalReader.open(path) as reader:
        assert seqs == [1, reader.last_seq]


def test_a_story_that_begins_anew_is_followed_from_its_beginning(path: Path) -> None:
    """While the old one is moved aside there is none for a moment; whoever is cancelled leaves nothing open."""

    async def heard() -> str:
        news = livestory.read(path).follow()
        waiting = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0.2)
        (path.parent / "aside").mkdir()
        for file in path.parent.glob("live_story*"):
            file.rename(path.parent / "aside" / file.name)
        await asyncio.sleep(0.5)
        with writer(path) as told:
            told.tell(read(b'{"input": "note", "text": "anew"}'))
            told.keep()
        async with asyncio.timeout(LONG):
            first = await waiting
        cancelled = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0.1)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        return first.line

    assert asyncio.run(heard()) == path.read_text().splitlines()[0]


def test_where_there_is_no_story_it_says_so(tmp_path: Path) -> None:
    """At once, by its name."""
    with pytest.raises(JournalError, match="no story has been written here yet"):
        livestory.read(tmp_path)


def test_reading_leaves_the_folder_as_it_is(path: Path) -> None:
    """The same files, the same bytes; but for the index of SQLite's log, in which readers have their places."""

    def files() -> dict[str, bytes]:
        return {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}

    before = files()
    story = livestory.read(path)
    assert all((story.events(), story.wealth(), story.digest("day")))
    assert files() == before


def test_the_notebook_runs_as_it_stands(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its cells, in a folder where a story lies in results."""
    (path.parent.parent / "notebook").mkdir()
    monkeypatch.chdir(path.parent.parent / "notebook")
    Path("results").symlink_to(path.parent)
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    names: dict[str, Any] = {}
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    for each in code:
        exec(compile(each, str(NOTEBOOK), "exec"), names)  # noqa: S102 - it is our own
    assert len(code) >= 4
    assert names["story"].identity.bot == "scout"
