"""The report: one file with all it shows, in which charts and lines lead to one another."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import expect

from livestory.cli import livestory
from livestory.clock import instant
from livestory.story.inputs import Observation
from livestory.story.journal.reader import JournalReader
from livestory.story.story_writer import StoryWriter
from livestory.trading.market.simulated import SimulatedBars
from tests.patience import until
from tests.retell.bot import told_live
from tests.web.browser import browser

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</script><script>document.title='owned'</script><!-- <img src=x onerror=alert(1)>"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of a simulated bot's two months."""
    told_live(tmp_path / "live_story.txt", SimulatedBars(7, 5_000, instant("2024-01-01")))
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
        assert [event[3] for event in data["events"]] == [kept.line for kept in reader.events()]
    assert len(data["times"]) == len(data["wealth"]) == len(data["drawdown"]) == len(data["price"])
    assert data["times"] == sorted(data["times"])
    assert min(data["drawdown"]) < 0 == max(data["drawdown"])
    whole = 1.0
    for _, change in data["months"]:
        whole *= 1 + change
    assert whole == pytest.approx(data["wealth"][-1] / data["wealth"][0])
    assert all(end == start for (_, end, _), (start, _, _) in zip(data["regimes"], data["regimes"][1:], strict=False))
    assert len(data["halts"]) == sum(event[1] == "breaker" for event in data["events"])


def test_no_text_gets_out_of_the_data(tmp_path: Path) -> None:
    """A note that closes the script stays text."""
    story = tmp_path / "live_story.txt"
    with StoryWriter(story) as writer:
        writer.observe(Observation(time=instant("2024-01-01"), wealth=1.0))
        writer.note(HOSTILE)
        writer.flush(10)
    html = written(tmp_path, tmp_path / "live_story.db")
    assert HOSTILE.replace("|", "\\|") in [line for *_, line in data_of(html)["events"]][-1]
    assert "<img" not in html.read_text("utf-8")


def test_a_click_leads_from_line_to_chart_and_from_chart_to_line(report: Path) -> None:
    """In a real browser, without an error and without a request."""
    with browser() as started:
        page = started.new_page(viewport={"width": 1400, "height": 1300})
        seen: list[str] = []
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("request", lambda request: seen.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_selector("body[data-ready]")
        assert page.locator("canvas").count() == 3
        assert page.locator("#digest strong").inner_text().startswith("2024-01-01 00:00 to ")
        assert page.locator("#lines li").count() == len(data_of(report)["events"])
        before = page.locator("canvas").first.screenshot()
        page.locator("#lines li", has_text="SAFETY BREAKER TRIPPED").first.click()
        expect(page.locator("li.chosen b")).to_have_text("🚨 SAFETY BREAKER TRIPPED")
        until(lambda: page.locator("canvas").first.screenshot() != before)  # the place is marked
        box = page.locator(".u-over").nth(2).bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 20)
        expect(page.locator("li.chosen b")).not_to_have_text("🚨 SAFETY BREAKER TRIPPED")
        page.locator("#kinds label", has_text="Quiet").click()
        expect(page.locator("#lines li[data-group=Quiet]:visible")).to_have_count(0)
        assert seen == [report.as_uri()]
