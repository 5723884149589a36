"""The page in a real browser, on the same machine: how soon it is there, how quickly it answers, what it weighs.

First paint is when the browser has the curve on the screen, from a cold cache; all of the chart is there once its marks
and axes are drawn and it answers the mouse. An interaction is from the click until what it asks for is on the screen:
another range, another quantity, the next key moment. Weight is what comes over the wire until then.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Result
from benchmarks.web import serving, wait, write_million
from livestory.clock import DAY
from tests.web.browser import browser
from tests.web.teller import START, Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

_ROUNDS = 7
_YEAR = 365 * 96  # bars of 15 minutes
_RANGES = (1, 365, 30, 7)  # days
_DRAWN = "document.querySelector('#plot').getAttribute('aria-label') !== window.before"
_WATCH = """for (const [name, place] of [['curve', '.first-curve, .uplot canvas'], ['whole', '.uplot canvas']]) {
  new MutationObserver((_, watch) => { if (document.querySelector(place)) { watch.disconnect();
    requestAnimationFrame(() => { window[name] = performance.now(); }); } })
    .observe(document, { childList: true, subtree: true });
}"""
_WEIGHT = """performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
.filter((entry) => !entry.name.includes('stream')).reduce((sum, entry) => sum + entry.transferSize, 0)"""


def measure() -> Iterator[Result]:
    """Of a year with a thousand trades, then of a million observations."""
    with tempfile.TemporaryDirectory() as folder, browser() as driven:
        year, million = Path(folder) / "year" / "live_story.db", Path(folder) / "million" / "live_story.db"
        _write_year(year)
        yield from _of(year, driven, "a year with 1,000 trades", paint="< 300", click="< 50")
        million.parent.mkdir()
        write_million(million)
        yield from _of(million, driven, "1M observations", paint="as it is", click="< 150")


def _of(path: Path, driven: Browser, what: str, *, paint: str, click: str) -> Iterator[Result]:
    with serving(path) as (port, _):
        wait(port)
        painted: list[tuple[float, float]] = []  # the curve, all of the chart
        weight, clicks = 0.0, []
        for _ in range(_ROUNDS):
            with _opened(driven) as page:
                painted.append(_painted(page, f"http://127.0.0.1:{port}/"))
                weight = float(page.evaluate(_WEIGHT))
                ranges = (page.locator(f"#ranges [data-days='{days}']") for days in _RANGES)
                clicks += [_clicked(page, button.click) for button in ranges]
        curve, whole = ([each[place] for each in painted] for place in (0, 1))
        yield Result(name=f"{what}: first paint of the curve", unit="ms", ours=curve, target=paint)
        yield Result(name=f"{what}: all of the chart", unit="ms", ours=whole, target="as it is")
        yield Result(name=f"{what}: another range, drawn", unit="ms", ours=clicks, target=click)
        yield Result(name=f"{what}: over the wire", unit="kB", ours=[weight / 1000], target="< 150")


@contextmanager
def _opened(driven: Browser) -> Iterator[Page]:
    profile = driven.new_context(
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
        bypass_csp=True,  # for what waits
    )
    page = profile.new_page()
    yield page
    profile.close()


def _painted(page: Page, url: str) -> tuple[float, float]:
    """Milliseconds from the navigation until the curve is on the screen, and until the chart stands."""
    page.add_init_script(_WATCH)
    page.goto(url)
    page.wait_for_function("window.whole && performance.getEntriesByName('first-contentful-paint').length")
    # The browser's own first paint, where the curve was there to be painted with it.
    first, whole, shown = page.evaluate(
        "[window.curve, window.whole, performance.getEntriesByName('first-contentful-paint')[0].startTime]"
    )
    return max(first, shown), whole


def _clicked(page: Page, click: Callable[[], object]) -> float:
    """Milliseconds from a click until the chart says something else."""
    page.evaluate("window.before = document.querySelector('#plot').getAttribute('aria-label')")
    page.evaluate(
        "window.drawn = 0;"
        "addEventListener('click', () => { window.began = performance.now(); }, { capture: true, once: true });"
        "new MutationObserver((_, watch) => { watch.disconnect();"
        " requestAnimationFrame(() => { window.drawn = performance.now(); }); })"
        ".observe(document.querySelector('#plot'), { attributes: true, attributeFilter: ['aria-label'] })"
    )
    click()
    page.wait_for_function(_DRAWN)
    page.wait_for_function("window.drawn")
    return float(page.evaluate("window.drawn - window.began"))


def _write_year(path: Path) -> None:
    with Teller(path, "replay", START - 365 * DAY) as teller:
        teller.begin()
        for number in range(1000):
            teller.bars(_YEAR // 1000).trade("sell" if number % 2 else "buy")
