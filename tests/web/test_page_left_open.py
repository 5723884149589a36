"""The page in a real browser from its first moment on, and when it is left alone, put to sleep or open twice."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from livestory.clock import DAY, HOUR, SystemClock
from livestory.outlets.web import followed_story
from livestory.outlets.web.status import Status, status_of
from livestory.story.journal.entry import Identity
from livestory.story.journal.writer import Journal
from tests.fleet.proxy import Proxy
from tests.patience import until
from tests.web import browser as browsers
from tests.web.serving import served, settled
from tests.web.teller import QUARTER, START, Teller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tests.web.serving import Served

_STROKES = """
window.strokes = {};
for (const name of ["moveTo", "lineTo"]) {
  const draw = Path2D.prototype[name];
  Path2D.prototype[name] = function (x, y) { (this.points ??= []).push([x, y]); return draw.call(this, x, y); };
}
const stroke = CanvasRenderingContext2D.prototype.stroke;
CanvasRenderingContext2D.prototype.stroke = function (path) {
  const box = this.canvas.getBoundingClientRect(), at = path?.points ?? [];
  const xs = at.map(([x]) => x + box.left), ys = at.map(([, y]) => y + box.top);
  const extent = (all) => [Math.min(...all), Math.max(...all)];
  if (at.length > 50) window.strokes[this.strokeStyle] = [...extent(xs), ...extent(ys)];
  return path ? stroke.call(this, path) : stroke.call(this);
};
"""
_AWAY = "Object.defineProperty(document, 'hidden', { get: () => window.away ?? %s, configurable: true });"
_TURN = "window.away = %s; document.dispatchEvent(new Event('visibilitychange'));"


@pytest.fixture(scope="module")
def driven() -> Iterator[Browser]:
    """One browser for all; each page has a profile of its own."""
    with browsers.browser() as started:
        yield started


def told(page: Page) -> list[str]:
    """The notes on the page, oldest first."""
    return [text for text in reversed(page.locator(".line .facts").all_text_contents()) if text.startswith("note ")]


def notes(first: int, last: int) -> list[str]:
    """The texts of some notes."""
    return [f"note {number}" for number in range(first, last)]


def test_the_first_curve_lies_where_the_chart_draws_it(driven: Browser, journal: Path) -> None:
    """Wealth with holding, and the drawdown beneath: painted without a script, and not moved by the script."""
    with Teller(journal, "replay") as teller, served(journal) as server:
        teller.begin().bars(500)
        settled(server)
        profile = driven.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
        page = profile.new_page()
        page.add_init_script(_STROKES)
        page.route("**/main.js", lambda route: route.abort())
        page.goto(server.url)
        expect(page.locator("#bot")).to_have_text(re.compile("^scout"))
        expect(page.locator("#verdict")).to_have_text(re.compile(r"^(Up|Down) .*\. Holding ETH would have .*\.$"))
        page.add_style_tag(content=".first-curve path { stroke: none; }")  # which a box is drawn around, too
        first = {name: extent(page, f".{name} path:not([class])") for name in ("curve", "fall")}
        page.unroute("**/main.js")
        page.reload()
        page.locator(".uplot").wait_for()
        until(lambda: len(page.evaluate("window.strokes")) > 1)
        strokes, top = page.evaluate("window.strokes"), page.locator("#plot").bounding_box()
        assert page.locator(".first-curve").count() == 0
        profile.close()
    assert top is not None
    for name, colour in (("curve", "#2f4f9e"), ("fall", "#a8472f")):
        assert first[name] == pytest.approx(
            [at - by for at, by in zip(strokes[colour], (0, 0, top["y"], top["y"]), strict=True)], abs=1.5
        )


def extent(page: Page, drawn: str) -> list[float]:
    """Left, right, top and bottom of something on the first curve; the latter two from the top of the chart."""
    plot, box = page.locator("#plot").bounding_box(), page.locator(drawn).bounding_box()
    assert plot is not None
    assert box is not None
    top = box["y"] - plot["y"]
    return [box["x"], box["x"] + box["width"], top, top + box["height"]]


def test_a_laptop_that_slept_for_hours_has_every_line_once(driven: Browser, journal: Path) -> None:
    """The network is gone without a word, the page wakes: it says so, and then has what was told, without a gap."""
    with Teller(journal) as teller, Proxy(0) as network:
        teller.begin().bars(5).notes(*notes(0, 3))
        with served(journal, names=(f"127.0.0.1:{network.port}",)) as server:
            network.to = server.port
            settled(server)
            profile = driven.new_context()
            page = profile.new_page()
            page.clock.install()
            page.goto(f"http://127.0.0.1:{network.port}/")
            page.locator("body[data-link=live]").wait_for()
            expect(page.locator(".line").first).to_contain_text("note 2")
            network.part()
            for begin in range(3, 150, 49):
                teller.bars(3, wealth=1.0 + begin / 1000, next_due=None).notes(*notes(begin, begin + 49))
            page.clock.fast_forward("07:00:00")
            expect(page.locator("#alarm-words")).to_have_text(re.compile("Connection lost at .* What you see is from"))
            expect(page).to_have_title(re.compile("^Connection lost"))
            assert told(page) == notes(0, 3)
            network.cut()
            network.join()
            page.locator("#retry").click()
            expect(page.locator(".line").first).to_contain_text("note 149")
            expect(page.locator("#alarm")).to_be_hidden()
            assert told(page) == notes(0, 150)
            expect(page.locator("#wealth")).to_have_text("1.1010BTC")
            teller.note("awake")
            expect(page.locator(".line").first).to_contain_text("awake")
            profile.close()


def test_more_tabs_than_a_browser_has_connections(driven: Browser, server: Served, teller: Teller) -> None:
    """Those that nobody sees hold none: their title stays true, and what was told meanwhile is there at a look."""
    profile = driven.new_context()
    profile.add_init_script(_AWAY % "window.name !== 'seen'")
    tabs = [profile.new_page() for _ in range(7)]
    seen = tabs[0]
    seen.add_init_script("window.name = 'seen'; " + _AWAY % "false")
    for tab in tabs:
        tab.clock.install()
        tab.goto(server.url)
        tab.locator("body[data-link=live]").wait_for()
    assert len(server.web.listeners) == 1
    teller.bars(1, wealth=1.0042, next_due=None).notes(*notes(0, 3))
    expect(seen.locator(".line").first).to_contain_text("note 2")
    hidden = tabs[-1]
    hidden.clock.fast_forward("01:01")
    expect(hidden).to_have_title(re.compile("1.0042 BTC"))
    hidden.evaluate(_TURN % "false")
    expect(hidden.locator(".line").first).to_contain_text("note 2")
    seen.get_by_role("button", name=re.compile("^Regime")).click()
    teller.notes(*notes(3, 6))
    expect(hidden.locator(".line").first).to_contain_text("note 5")
    assert told(hidden) == notes(0, 6)
    assert told(seen) == []
    hidden.evaluate(_TURN % "true")
    hidden.clock.fast_forward("01:01")
    until(lambda: len(server.web.listeners) == 1)
    profile.close()


def test_days_and_times_are_those_of_the_viewers_own_zone(driven: Browser, journal: Path) -> None:
    """West of Greenwich a line told at midnight UTC is of the day before, through a change of the clocks as well."""
    november = START - 30 * DAY  # 2024-11-03 00:00 UTC; New York's clocks are put back at 06:00 UTC
    with Teller(journal, start=november) as teller, served(journal) as server:
        teller.begin().note("note 0")
        teller.now += 5 * HOUR + HOUR // 2
        teller.note("note 1")
        teller.now += HOUR
        teller.note("note 2")
        settled(server)
        with browsers.opened(driven, server.url, timezone_id="America/New_York") as page:
            expect(page.locator(".day")).to_have_text(["Sunday, 3 November 2024"])
            page.get_by_role("button", name="UTC", exact=True).click()
            expect(page.locator(".day")).to_have_text(["Sunday, 3 November 2024", "Saturday, 2 November 2024"])
            clocks = page.locator(".line time").all_text_contents()
            assert (clocks[0], clocks[1], clocks[-1]) == ("01:30", "01:30", "20:00")
            expect(page.locator(".line time").last).to_have_attribute("title", "02/11/2024 20:00:00 local")


def test_a_story_that_is_still_read_says_so_and_then_is_there(
    driven: Browser, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a reload, and with the range that the story begins with."""
    go_on = threading.Event()

    def slow(*arguments: Any, **named: Any) -> Status:
        go_on.wait()
        return status_of(*arguments, **named)

    monkeypatch.setattr(followed_story, "status_of", slow)
    with Teller(journal, "replay") as teller, served(journal) as server:
        teller.begin().bars(50).note("note 0")
        with browsers.opened(driven, server.url) as page:
            try:
                expect(page.locator("#state-word")).to_have_text("Loading")
                expect(page.locator("#state-why")).to_have_text("Reading the story.")
                expect(page.locator(".uplot")).to_have_count(0)
            finally:
                go_on.set()
            expect(page.locator("#bot")).to_have_text("scout")
            expect(page.locator(".line").first).to_contain_text("note 0")
            expect(page.locator("#plot")).to_have_attribute("aria-label", re.compile("^Wealth from"))
            expect(page.locator("#ranges [aria-pressed=true]")).to_have_text("All")


def test_a_story_without_a_line_says_what_it_is(driven: Browser, journal: Path) -> None:
    """Its state, no verdict, no chart, no figure of nothing; the first line comes by itself."""
    path = journal.with_suffix(".db")
    Journal.open(path, Identity(bot="scout", mode="paper", symbol="ETH/BTC", unit="BTC")).close()
    with served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            expect(page.locator("#state-why")).to_have_text("The bot has opened its story, and told nothing yet.")
            expect(page.locator("#empty")).to_have_text("No line yet. The first one appears here by itself.")
            for none in ("#verdict", "#chart", "#digest", "#wealth"):
                expect(page.locator(none)).to_be_hidden()
            with Teller(journal, start=SystemClock().now()) as teller:
                teller.begin()
                expect(page.locator(".line").last).to_contain_text("Bot Started")


def test_a_bot_that_does_not_say_when_it_is_due_has_the_age_of_its_last_reading(
    driven: Browser, tmp_path: Path
) -> None:
    """Nobody can know whether it is gone: among all bots and on its own page; a time without a reading is said so."""
    paths, now = [tmp_path / name / "live_story.txt" for name in ("silent", "over")], SystemClock().now()
    Teller(paths[0], start=now - 2 * DAY - 3 * QUARTER).bars(3, next_due=None).close()
    Teller(paths[1], start=START).begin().bars(5).end().close()
    with served(*paths) as server:
        for name in ("silent", "over"):
            settled(server, name)
        with browsers.opened(driven, server.url) as page:
            silent, over = page.locator("#bots tr[data-state=trading]"), page.locator("#bots tr[data-state=stopped]")
            expect(silent.locator("[data-label=State]")).to_have_text(re.compile("^Tradingheard 2d( [0-9]+m)? ago$"))
            expect(over.locator("[data-label=Today]")).to_have_text("–")
            expect(over.locator("time")).to_have_text("3 Dec 2024 01:15")
            page.goto(f"{server.url}?story=silent#from=2020-01-01T00:00Z&to=2020-02-01T00:00Z")
            expect(page.locator("#state-why")).to_contain_text("ago; it does not say when it is due next.")
            expect(page.locator("#plot-empty")).to_have_text("No reading in this time. “All” shows what is known.")
