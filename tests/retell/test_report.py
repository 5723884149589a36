"""The report: one file with all it shows, in which charts and lines lead to one another."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from playwright.sync_api import expect

from livestory.chart.marks import Marks
from livestory.cli import livestory
from livestory.clock import SECOND, instant
from livestory.retell.report_lines import Lines
from livestory.story.event import Event
from livestory.story.files.bars_file import BarRow, BarsFile
from livestory.story.inputs import Observation
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds.chapters import Quiet
from livestory.story.kinds.telling import Note
from livestory.story.story_writer import StoryWriter
from livestory.trading.market.simulated import SimulatedBars
from tests.patience import until
from tests.retell.bot import told_live
from tests.web.browser import browser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Page

_ALONE = 3  # fields of a mark that stands for one event
_OF_A_SHOWN_LINE = 5  # fields; one that is not shown has a mark of that besides
HOSTILE = "</script><script>document.title='owned'</script><!-- <img src=x onerror=alert(1)>"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a simulated bot's two months."""
    market = SimulatedBars(7, 5_000, instant("2024-01-01"))
    told_live(tmp_path / "live_story.txt", market)
    with BarsFile(tmp_path / "live_story.bars.csv", None) as bars:
        for bar in market.read():
            bars.add(BarRow(bar.open_time, bar.open, bar.high, bar.low, bar.close))
    return written(tmp_path, tmp_path / "live_story.db")


def written(folder: Path, source: Path) -> Path:
    """The report of a journal or table."""
    html = folder / "report.html"
    result = CliRunner().invoke(livestory, ["explain", str(source), "--html", str(html)])
    assert result.exit_code == 0, result.output
    return html


def data_of(html: Path) -> dict[str, Any]:
    """What the page's script reads."""
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', html.read_text("utf-8"), re.DOTALL)
    assert match is not None
    data: dict[str, Any] = json.loads(match[1])
    return data


def stood_for(marks: Sequence[Sequence[Any]]) -> int:
    """How many events those marks are, of which some are gathered."""
    return sum(mark[3] if len(mark) > _ALONE else 1 for mark in marks)


def test_the_page_carries_all_and_asks_nobody(report: Path) -> None:
    """No address but in comments and licences, no file but itself, and the notice of the library inside it."""
    text = report.read_text("utf-8")
    assert not re.findall(r"""(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttpRequest|import\(""", text)
    assert "default-src 'none'" in text
    assert "Permission is hereby granted, free of charge" in text
    assert "{{" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_its_data_are_the_story_and_its_curves(report: Path) -> None:
    """Every line, months that compound to the whole, regimes without holes, halts as told."""
    data = data_of(report)
    with JournalReader.open(report.with_name("live_story.db")) as reader:
        assert [event[4] for event in data["events"]] == [kept.line for kept in reader.events()]
    assert len(data["times"]) == len(data["wealth"]) == len(data["drawdown"]) == len(data["price"])
    assert data["times"] == sorted(data["times"])
    assert min(data["drawdown"]) < 0 == max(data["drawdown"])
    whole = 1.0
    for _, _, change, *_ in data["review"]["months"]:
        whole *= 1 + change
    assert whole == pytest.approx(data["wealth"][-1] / data["wealth"][0])
    assert all(end == start for (_, end, _), (start, _, _) in zip(data["regimes"], data["regimes"][1:], strict=False))
    assert data["candles"][0][2] == next(SimulatedBars(7, 5_000, instant("2024-01-01")).read()).open
    assert len(data["halts"]) == sum(event[2] == "breaker" for event in data["events"])
    assert stood_for(data["marks"]) == sum(bool(event[3]) for event in data["events"] if len(event) == _OF_A_SHOWN_LINE)


def test_a_table_of_trades_has_its_result_as_the_curve(tmp_path: Path) -> None:
    """And all its round trips, their sum being the last of the curve."""
    table = tmp_path / "trades.csv"
    rows = [
        f"ETH/USDT,2024-01-{day:02} 10:00:00,2024-01-{day:02} 12:00:00,100,{99 + day},1,0,{day - 1}"
        for day in range(2, 20)
    ]
    names = "pair,open_date,close_date,open_rate,close_rate,amount,fee,profit_abs"
    table.write_text("\n".join((names, *rows)) + "\n", "utf-8")
    data = data_of(written(tmp_path, table))
    assert data["review"]["curves"] == {"wealth": False, "result": True, "price": False}
    assert data["review"]["trades"] == len(data["trades"]) == 18
    assert data["result"]["values"][-1] == sum(row["result"] for row in data["trades"]) == sum(range(1, 19))
    assert data["result"]["unit"] == "USDT"


def test_a_file_is_named_as_it_is_called(tmp_path: Path) -> None:
    """Also where its name holds what parts the columns of a line; what was left out is said in clauses."""
    table = tmp_path / "a | b; c.csv"
    table.write_text("date,wealth\n2024-01-01,1\n2024-01-02,1.1\n", "utf-8")
    data = data_of(written(tmp_path, table))
    assert data["source"] == table.name
    assert data["summary"][0] == "+10.0% to 1.1000"
    assert data["head"][-1] == "times are UTC"


def test_very_many_lines_and_marks_stay_small() -> None:
    """The oldest common lines are left out first, and counted; marks keep their number, their first and last time."""
    lines, marks = Lines(most_bytes=20_000), Marks(most=50)
    for number in range(1, 1001):
        facts = Note(text="x" * 40) if number % 100 == 0 else Quiet(silence=1, bars=1)
        seq = lines.add(Event(number, facts, f"2024-01-01 00:00:00 | line | {number}", shown=number % 2 == 0))
        marks.add(seq, number * SECOND, "buy")
    rows = json.loads(f"[{''.join(lines.blocks())}]")
    assert len(rows) + lines.left_out == 1000
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {number * 100 for number in range(1, 11)} <= {row[0] for row in rows}
    assert rows[-1][0] == 1000
    gathered = marks.gathered()
    assert len(gathered) <= 50
    assert stood_for(gathered) == 1000
    assert (gathered[0].time, gathered[-1][-1]) == (SECOND, 1000 * SECOND)


def test_no_text_gets_out_of_the_data(tmp_path: Path) -> None:
    """A note that closes the script stays text."""
    story = tmp_path / "live_story.txt"
    with StoryWriter(story) as writer:
        writer.observe(Observation(time=instant("2024-01-01"), wealth=1.0))
        writer.note(HOSTILE)
        writer.flush(10)
    html = written(tmp_path, tmp_path / "live_story.db")
    assert HOSTILE.replace("|", "\\|") in [event[4] for event in data_of(html)["events"]][-1]
    assert "<img" not in html.read_text("utf-8")


def on_paper(page: Page) -> None:
    """A4 within its margins, of a reader who likes it dark: light, nothing cut, the chart as large as its place."""
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 718, "height": 1040})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") == 718
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    plot, canvas = (page.locator(place).bounding_box() for place in ("#plot", "#plot canvas"))
    assert plot is not None
    assert canvas is not None
    assert (canvas["width"], canvas["height"]) == pytest.approx((plot["width"], plot["height"]), abs=1)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 800})


def months_and_everything(page: Page) -> None:
    """The months in money, and the lines that are not shown at first, there and back."""
    page.get_by_role("tab", name="Figures").click()
    month = page.locator("#month-table td:not(.none)").first
    percent = month.inner_text()
    page.get_by_role("button", name="Money", exact=True).click()
    expect(page.locator("#months-heading")).to_have_text("Gain by month, BTC")
    assert month.inner_text() != percent
    page.get_by_role("tab", name="Story").click()
    page.locator("#search").fill("")
    page.locator("#filters").get_by_role("button", name="All").click()
    page.get_by_role("button", name="Show everything").click()
    expect(page.locator(".line[data-unshown]").first).to_be_visible()
    page.get_by_role("button", name="Show everything").click()
    expect(page.locator(".line[data-unshown]")).to_have_count(0)


def test_it_is_read_without_a_server(report: Path) -> None:
    """In a real browser, as wide as a phone, without a request: filters, search, order, trades, key moments."""
    with browser() as started:
        page = started.new_page(viewport={"width": 390, "height": 800})
        seen: list[str] = []
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("console", lambda message: seen.append(message.text))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.locator("#digest strong").inner_text().startswith("2024-01-01 00:00 to ")
        expect(page.locator("#legend")).to_contain_text("key moment")
        page.locator("#filters").get_by_role("button", name="Safety").click()
        expect(page.locator(".line[data-kind=trade]")).to_have_count(0)
        line = page.locator(".line", has_text="SAFETY BREAKER TRIPPED").first
        before = page.locator("#plot canvas").screenshot()
        line.locator("button").click()
        until(lambda: page.locator("#plot canvas").screenshot() != before)  # its place is marked
        page.locator("#filters").get_by_role("button", name="All").click()
        page.locator("#order").click()
        expect(page.locator(".line").first).to_contain_text("Bot Started")
        page.locator("#search").fill("phoenix")
        expect(page.locator(".line").first).to_contain_text("PHOENIX")
        page.get_by_role("tab", name="Trades").click()
        expect(page.locator("#trades-rows tr").first).to_be_visible()
        page.locator("#trades-rows th button").first.click()
        expect(page.locator(".line.found")).to_contain_text("SELL")
        page.keyboard.press("j")
        expect(page.locator(".moment[data-chosen]")).to_have_count(1)
        months_and_everything(page)
        page.get_by_role("button", name="Price", exact=True).click()
        expect(page.locator("#legend")).to_contain_text("candles of ")
        assert "order=oldest" in page.url
        page.pdf(format="A4")
        expect(page.locator("#trades-rows tr")).to_have_count(
            len(data_of(report)["trades"])
        )  # on paper nobody asks for more
        on_paper(page)
        assert seen == [report.as_uri()]
        for tab in ("Story", "Figures"):
            page.get_by_role("tab", name=tab).click()
            found = Axe().run(page)
            assert found.response["violations"] == [], found.generate_report()
