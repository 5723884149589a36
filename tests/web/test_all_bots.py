"""All bots at once: the worst trouble first, sums by currency and mode, what was told last, and a way to each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from livestory.cli.story_folder import stories_in
from livestory.clock import DAY, SystemClock
from livestory.errors import InputError
from tests.web import browser as browsers
from tests.web.serving import served, settled
from tests.web.teller import Teller, week

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.web.serving import Served


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Served]:
    """A bot that trades, one that has stopped, one not heard, one yet to read its first bar, one without a story."""
    now = SystemClock().now()
    paths = [tmp_path / name / "live_story.txt" for name in ("trades", "stopped", "late", "none", "begun")]
    Teller(paths[1], start=now - DAY).begin().bars(5).trade().end().close()
    Teller(paths[2], mode="live", start=now - 3 * DAY).begin().bars(20, wealth=2.0).close()
    with (
        week(paths[0], now).bars(1, next_due=now + DAY),
        Teller(paths[4], mode="constructor", start=now).begin(),
        served(*paths) as server,
    ):
        for name in ("trades", "stopped", "late", "begun"):
            settled(server, name)
        yield server


def test_the_worst_trouble_stands_first(several: Served) -> None:
    """With the sums by mode, the last line and a curve; what has no story is there too."""
    answer = several.ask("api/bots").json
    assert [bot["status"]["story"] for bot in answer["bots"]] == ["late", "begun", "none", "trades", "stopped"]
    assert {(each["mode"], each["bots"]) for each in answer["sums"]} == {("live", 1), ("paper", 2)}
    assert next(each["wealth"] for each in answer["sums"] if each["mode"] == "live") == 2.0
    late, _, none = answer["bots"][:3]
    assert late["last"]["line"]
    assert len(late["curve"][0]) == len(late["curve"][1]) > 1
    assert (none["last"], none["open"], none["curve"]) == (None, None, [[], []])


def test_what_was_told_last_is_one_timeline(several: Served) -> None:
    """Newest first, of all bots or of some kinds of lines."""
    events = several.ask("api/timeline?limit=200").json["events"]
    assert {event["story"] for event in events} == {"trades", "stopped", "late", "begun"}
    assert [event["time"] for event in events] == sorted((event["time"] for event in events), reverse=True)
    trades = several.ask("api/timeline?kind=trade&limit=3").json["events"]
    assert [event["kind"] for event in trades] == ["trade"] * 3
    assert several.ask("api/timeline?kind=nothing").status == 400


def test_the_page_begins_with_all_and_leads_to_each(several: Served) -> None:
    """In a browser as wide as a phone: nothing is cut, axe finds nothing, a line leads to its story, and back."""
    with (
        browsers.browser() as driven,
        browsers.opened(driven, several.url, viewport={"width": 390, "height": 800}) as page,
    ):
        expect(page.locator("#bots tr").first).to_have_attribute("data-state", "overdue")
        expect(page.locator("#verdict")).to_contain_text("1 not heard")
        expect(page.locator("#verdict")).to_contain_text("1 waiting")
        expect(page.locator("#bots tr[data-state=unknown]")).to_contain_text("Waiting")
        expect(page.locator("#bots tr[data-state=unknown] small")).to_contain_text("constructor")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        found = Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        page.locator("#filters").get_by_role("button", name="Trades").click()
        expect(page.locator("#timeline .line:not([data-kind=trade])")).to_have_count(0)
        page.locator("#timeline .line a").first.click()
        page.locator("body[data-link=live]").wait_for()
        expect(page.locator(".line.found")).to_contain_text(re.compile("BUY|SELL"))
        page.get_by_role("link", name="All bots").click()
        expect(page.locator("#bots tr")).to_have_count(5)


def test_a_folder_of_stories_is_all_of_them(tmp_path: Path) -> None:
    """In the order of their names; a story's own folder is that story; a file that is none is refused."""
    for name in ("b", "a"):
        Teller(tmp_path / name / "live_story.txt").begin().close()
    (tmp_path / "empty").mkdir()
    assert [layout.db.parent.name for layout in stories_in(tmp_path)] == ["a", "b"]
    assert [layout.db for layout in stories_in(tmp_path / "a")] == [tmp_path / "a" / "live_story.db"]
    assert [layout.db for layout in stories_in(tmp_path / "empty")] == [tmp_path / "empty" / "live_story.db"]
    (tmp_path / "table.csv").touch()
    with pytest.raises(InputError):
        stories_in(tmp_path / "table.csv")
