"""The page in a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from livestory.clock import DAY, ManualClock, SystemClock
from livestory.outlets.web import shares
from livestory.story.files.bars_file import BarRow, BarsFile
from livestory.story.files.layout import Layout
from livestory.story.inputs import Observation, PositionReading
from tests.patience import until
from tests.web import browser as browsers
from tests.web.serving import TOKEN, served, settled
from tests.web.teller import QUARTER, START, Teller, week

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import APIResponse, Browser, Page, Route

    from tests.web.serving import Served

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"alert(1)\"><svg/onload=alert(2)>",
    "\"><iframe srcdoc='<script>alert(3)</script>'></iframe> javascript:alert(4) {{7*7}} ${7*7}",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00\x08 tail\nsecond line\r\u2028third\u0085fourth",
    "abc \u202edcba\u202c \u2066x\u2069 \u200b zero",
    "x" * 5000,
    "a | b | c || d \\| e",
    "🚀" * 200,
)


@pytest.fixture(scope="module")
def driven() -> Iterator[Browser]:
    """One browser for all; each page has a profile of its own."""
    with browsers.browser() as started:
        yield started


@pytest.fixture
def page(driven: Browser, server: Served) -> Iterator[Page]:
    """The page of a bot that has told its start and forty bars."""
    with browsers.opened(driven, server.url) as opened:
        yield opened


def shown(page: Page) -> list[int]:
    """The seqs of the lines on the page, from the top."""
    return [int(seq) for seq in page.eval_on_selector_all(".line", "lines => lines.map(line => line.dataset.seq)")]


def test_lines_arrive_live(page: Page, teller: Teller) -> None:
    """On top, by themselves, said to a screen reader, and once."""
    before = shown(page)
    teller.note("first").note("second")
    expect(page.locator(".line").first).to_contain_text("second")
    assert shown(page)[2:] == before
    expect(page.locator("#live")).to_have_text("📝 Note: second")
    assert sorted(set(shown(page)), reverse=True) == shown(page)


def test_the_head_follows_the_observations(page: Page, teller: Teller) -> None:
    """Wealth, state, title and icon change with a bar that tells no line, and with the breaker."""
    teller.bars(1, wealth=1.0042, next_due=None)
    expect(page.locator("#wealth")).to_have_text("1.0042BTC")
    expect(page).to_have_title(re.compile(r"^Trading · 1\.0042 BTC · scout$"))
    teller.trip()
    expect(page.locator("#state-word")).to_contain_text(re.compile("Halted|Not heard"))
    expect(page.locator("#icon")).to_have_attribute("href", re.compile("halted|trouble"))
    expect(page.locator("#drawdown")).to_have_text("−26.0%")


@pytest.mark.parametrize(
    ("mode", "word", "later"),
    [
        ("live", "Trading", 1),
        ("paper", "Halted", 1),
        ("testnet", "Not heard since", DAY),
        ("replay", "Stopped", 1),
        ("simulated", "Waiting", 1),
        ("constructor", "Trading", 1),
        ("m" * 200, "Trading", 1),
    ],
)
def test_every_state_and_mode_is_told(driven: Browser, journal: Path, mode: str, word: str, later: int) -> None:
    """In words, in the title and in the icon; the countdown where there is one."""
    with Teller(journal, mode) as teller:
        teller.begin().bars(0 if word == "Waiting" else 5)
        if word == "Halted":
            teller.trip()
        if word == "Stopped":
            teller.end()
        with served(journal, clock=ManualClock(teller.now + later)) as server:
            settled(server)
            with browsers.opened(driven, server.url) as page:
                expect(page.locator("#state-word")).to_contain_text(word)
                expect(page).to_have_title(re.compile(word))
                expect(page.locator("#mode")).to_have_attribute("data-mode", mode)
                expect(page.locator("#mode")).to_contain_text(mode, ignore_case=True)
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
                expect(page.locator("#countdown")).to_have_text(
                    re.compile("1d 23h left|2d left") if word == "Halted" else ""
                )


def test_open_positions_are_a_table_that_follows_the_bot(page: Page, teller: Teller) -> None:
    """Each symbol in its own figures; what is not known is a dash, and none at all is no table."""
    short = PositionReading(
        quantity=Decimal("-0.5"), entry=Decimal(3800), price=Decimal("3790.5"), unrealised=Decimal("4.75"),
        leverage=Decimal(5), liquidation=Decimal(4500),
    )  # fmt: skip
    teller.bars(1, positions={"SOL/USDT": PositionReading(quantity=Decimal(2)), "ETH/USDT:USDT": short})
    rows = page.locator("#open tr")
    expect(rows).to_have_count(2)
    expect(rows.locator("th")).to_have_text(["ETH/USDT:USDT", "SOL/USDT"])
    expect(rows.first.locator("td")).to_contain_text(["short 0.5 at 5×", "3800", "3790.5", "+4.75 USDT", "4500", ""])
    expect(rows.last.locator("td")).to_contain_text(["long 2", "–", "–", "–", "–", ""])
    teller.bars(1, positions={})
    expect(page.locator("#positions")).to_be_hidden()


def test_a_reader_further_down_is_not_moved(page: Page, teller: Teller) -> None:
    """New lines wait behind a button with their number; the line that is read stays where it is."""
    teller.notes(*(f"note {n}" for n in range(100)))
    expect(page.locator(".line").first).to_contain_text("note 99")
    read = page.locator(".line", has_text="note 60").first
    read.scroll_into_view_if_needed()
    before = read.bounding_box()
    teller.note("while reading").note("and another")
    expect(page.locator("#fresh")).to_have_text("2 new lines ↑")
    assert read.bounding_box() == before
    page.locator("#fresh").click()
    expect(page.locator(".line").first).to_contain_text("and another")
    expect(page.locator("#fresh")).to_be_hidden()
    expect(page.locator(".line").first).to_be_in_viewport()


def test_older_lines_come_on_scrolling_back_to_the_first(page: Page, teller: Teller) -> None:
    """All of them, in order, under the heading of their day."""
    teller.notes(*(f"note {n}" for n in range(300)))
    expect(page.locator(".line").first).to_contain_text("note 299")
    page.reload()
    page.wait_for_selector(".line")
    assert len(shown(page)) < 200
    while not page.locator("#begin").is_visible():
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(20)
    assert shown(page) == list(range(shown(page)[0], 0, -1))
    expect(page.locator(".day").last).to_have_text("Tuesday, 3 December 2024")


def test_filters_show_kinds_and_live_lines_of_them_alone(page: Page, teller: Teller) -> None:
    """Several at once; all again with All."""
    teller.trade().note("not a trade")
    page.get_by_role("button", name=re.compile("^Trades")).click()
    expect(page.locator(".line")).to_have_count(1)
    teller.note("still not").trade("sell")
    expect(page.locator(".line")).to_have_count(2)
    page.get_by_role("button", name=re.compile("^Running")).click()
    expect(page.locator(".line").first).to_contain_text("SELL")
    expect(page.locator(".line", has_text="still not")).to_be_visible()
    page.locator("#filters").get_by_role("button", name="All").click()
    expect(page.locator(".line", has_text="Regime Switch").first).to_be_visible()


def test_search_finds_far_back_and_says_when_there_is_nothing(driven: Browser, teller: Teller, journal: Path) -> None:
    """The words are marked; older pages are searched by themselves."""
    teller.note("a Needle <b>").notes(*(f"hay {n}" for n in range(4200)))
    with served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            page.get_by_label("Search the story").fill("needle <")
            expect(page.locator(".line")).to_have_count(1)
            expect(page.locator("mark")).to_have_text("Needle <")
            page.get_by_label("Search the story").fill("nothing like it")
            expect(page.locator("#empty")).to_have_text("No line has “nothing like it”.")


def test_a_search_without_hits_says_so(page: Page, teller: Teller) -> None:
    """With its words, with the kinds that were chosen, and only when all of the story was looked through."""
    page.get_by_label("Search the story").fill("no such thing")
    expect(page.locator("#empty")).to_have_text("No line has “no such thing”.")
    expect(page.locator("#older")).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Regime")).click()
    expect(page.locator("#empty")).to_have_text("No line of this kind has “no such thing”.")
    page.get_by_role("button", name=re.compile("^Running")).click()
    expect(page.locator("#empty")).to_have_text("No line of these kinds has “no such thing”.")
    teller.note("there is no such thing")
    expect(page.locator(".line")).to_have_count(1)
    expect(page.locator("#empty")).to_be_hidden()


def test_a_search_that_stops_says_how_far_it_looked(driven: Browser, teller: Teller, journal: Path) -> None:
    """Long lines make its pages short: it goes on when the reader asks for it, back to the first line."""
    teller.note("a needle")
    for _ in range(30):
        teller.notes("h" * 600_000, "h" * 600_000)
    with served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url, viewport={"width": 1280, "height": 900}) as page:
            page.get_by_label("Search the story").fill("needle")
            expect(page.locator("#empty")).to_have_text(
                re.compile("^No line has “needle” as far back as line [0-9]+.$")
            )
            page.get_by_role("button", name="Search further back").click()
            expect(page.locator(".line")).to_have_count(1)


def test_a_line_of_a_megabyte_is_cut_on_the_page(page: Page, teller: Teller) -> None:
    """Its beginning is shown; its record has all of it."""
    teller.note("h" * 1_000_000)
    line = page.locator(".line").first
    expect(line).to_contain_text("hhh …")
    assert len(line.text_content() or "") < 11_000
    line.locator("button").first.click()
    expect(line.locator(".record")).to_contain_text("h" * 1_000_000)


def test_the_head_is_never_older_than_the_story(page: Page, teller: Teller) -> None:
    """Whenever a line appears, the head knows the observation that was told before it."""
    page.evaluate(
        "window.seen = [];"
        "new MutationObserver((all) => { for (const one of all) for (const node of one.addedNodes)"
        " if (node.nodeType === 1) window.seen.push([node.textContent, document.getElementById('wealth').textContent])"
        "}).observe(document.getElementById('lines'), {childList: true, subtree: true})"
    )
    for number in range(100, 130):
        teller.bars(1, wealth=1 + number / 10_000).note(f"wealth 1.0{number}.")
        page.wait_for_timeout(10 * (number % 7))
    expect(page.locator(".line").first).to_contain_text("wealth 1.0129.")
    seen = [
        (float(found[1].rstrip(".")), float(wealth.removesuffix("BTC")))
        for text, wealth in page.evaluate("window.seen")
        if (found := re.search(r"wealth (1\.0\d+\.)", text))
    ]
    assert len(seen) == 30
    assert [(line, head) for line, head in seen if head < line] == []


def test_the_head_of_a_page_that_reads_anew_is_not_older(page: Page, teller: Teller, server: Served) -> None:
    """Lines that a filter or a search brings before the stream does: the head is read before they are shown."""
    page.add_init_script("window.EventSource = class { addEventListener() {} close() {} }")
    page.reload()
    page.locator(".line").first.wait_for()
    teller.bars(1, wealth=1.0777, next_due=None).note("not by the stream")
    until(lambda: "not by the stream" in server.ask("api/events?limit=1").body.decode())
    page.locator("#filters").get_by_role("button", name="All").click()
    expect(page.locator(".line").first).to_contain_text("not by the stream")
    assert page.locator("#wealth").text_content() == "1.0777BTC"


@pytest.mark.parametrize("shown_range", ["One week", "All"])
def test_the_live_chart_is_the_chart_of_a_reload(driven: Browser, journal: Path, shown_range: str) -> None:
    """Bars by the dozen, trades, a record, halts, a regime, a gap and unknown values told while it is open."""
    start = SystemClock().now() - 40 * DAY
    with Teller(journal, start=start) as teller:
        teller.begin().bars(700).trade()
        with served(journal) as server:
            settled(server)
            with browsers.opened(driven, server.url) as page:
                chart(page, shown_range)
                for number in range(8):
                    teller.bars(20).trade("sell" if number % 2 else "buy")
                    page.wait_for_timeout(60)
                teller.bars(3, wealth=None, price=None).bars(30, wealth=1.4, price=0.08).trip().bars(40, halted=True)
                teller.bars(5, halted=True, halt_reason="owner", regime=None).bars(3, score=40.0, wealth=1.5)
                teller.trade().bars(1, wealth=1.23456)
                expect(page.locator("#plot")).to_have_attribute("aria-label", re.compile(r"to 1\.2346 BTC"))
                with browsers.opened(driven, server.url) as anew:
                    chart(anew, shown_range)
                    expect(anew.locator("#plot")).to_have_attribute("aria-label", re.compile(r"to 1\.2346 BTC"))
                    until(lambda: drawn(page) == drawn(anew), lambda: (drawn(page)[0], drawn(anew)[0]))


@pytest.mark.parametrize("of", ["Price", "Result"])
def test_live_prices_and_results_are_those_of_a_reload(driven: Browser, journal: Path, of: str) -> None:
    """Of a bot without wealth that holds several symbols: candles, closed trades, and a symbol told meanwhile."""
    start, bars = SystemClock().now() - 5 * DAY, Layout.of(journal).bars
    with Teller(journal, start=start) as teller, BarsFile(bars, None) as kept:

        def go_on(count: int, *symbols: str) -> None:
            for _ in range(count):
                price = Decimal(200) + teller.now // QUARTER % 9
                held = {symbol: PositionReading(quantity=Decimal(2), price=price) for symbol in symbols}
                teller.bars(1, wealth=None, position=None, weight=None, positions=held)
                kept.add(BarRow(teller.now - QUARTER, 0.03, 0.04 + teller.now % 7 / 1000, 0.02, 0.031))

        teller.begin()
        go_on(60, "SOL/USDT")
        teller.trade().trade("sell")
        with served(journal) as server:
            settled(server)
            with browsers.opened(driven, server.url) as page:
                page.get_by_role("button", name=of, exact=True).click()
                for side in ("buy", "sell", "buy", "sell"):
                    go_on(5, "SOL/USDT", "ADA/USDT")
                    teller.trade(side)
                teller.observe(Observation(time=teller.now + QUARTER, price=0.0777))
                expect(page.locator("#priced option")).to_have_count(2)
                page.mouse.move(1, 1)
                with browsers.opened(driven, f"{server.url}#of={of.lower()}") as anew:
                    anew.locator(".uplot").wait_for()
                    anew.mouse.move(1, 1)
                    until(lambda: drawn(page) == drawn(anew), lambda: (drawn(page)[0], drawn(anew)[0]))
                    assert (drawn(page)[0] or "").startswith(of)
                    assert page.locator("#legend").inner_text() == anew.locator("#legend").inner_text()
                    assert page.locator("#verdict").inner_text() == anew.locator("#verdict").inner_text()


@pytest.mark.parametrize("hours", [-26, 26])
def test_a_viewer_whose_clock_is_wrong_sees_the_right_ages(driven: Browser, journal: Path, hours: int) -> None:
    """A day ahead or behind: how long ago the bot was heard is by the server's clock."""
    now = SystemClock().now()
    with Teller(journal, start=now - DAY) as teller, served(journal) as server:
        teller.begin().bars(95, next_due=now + DAY)
        settled(server)
        profile = driven.new_context()
        page = profile.new_page()
        page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
        page.goto(server.url)
        expect(page.locator("#state-why")).to_contain_text(re.compile(r"next in (1d|23h)"))
        profile.close()


def chart(page: Page, shown_range: str) -> None:
    """Let the page's chart show that range, with no mouse over it."""
    page.locator(".uplot").wait_for()
    page.locator("#ranges").get_by_role("button", name=shown_range).click()
    page.mouse.move(1, 1)


def drawn(page: Page) -> tuple[str | None, bytes]:
    """The chart in words and as a picture."""
    return page.locator("#plot").get_attribute("aria-label"), page.locator("#plot").screenshot()


def test_a_line_opens_to_its_record_and_leads_to_the_chart_and_back(driven: Browser, journal: Path) -> None:
    """Reason, ids, seq and hash; the chart shows its moment; the mark there leads to the line."""
    now = SystemClock().now()
    with week(journal, now), served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            page.get_by_role("button", name=re.compile("^Trades")).click()
            line = page.locator(".line").last
            expect(line).to_contain_text(re.compile("BUY|SELL"))
            seq = line.get_attribute("data-seq")
            line.locator("button").first.click()
            record = line.locator(".record")
            expect(record).to_contain_text(f"{seq}, of kind trade")
            expect(record.locator("code").last).to_have_text(re.compile("^[0-9a-f]{64}$"))
            record.get_by_role("button", name="Show in the chart").click()
            expect(page.locator("#chart-heading")).to_be_in_viewport()
            page.locator("#ranges").get_by_role("button", name="All").click()
            page.locator(".u-over").wait_for()
            expect(page.locator("#plot")).not_to_have_attribute("data-busy", "")
            found = click_mark(page)
            expect(page.locator(f"#e{found}")).to_have_class(re.compile("found"))
            expect(page.locator(f"#e{found}")).to_be_in_viewport()


def click_mark(page: Page) -> int:
    """Point at the chart until a mark's line is shown, and click there; the seq that the page goes to."""
    page.locator("#chart-heading").scroll_into_view_if_needed()
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    for x in range(4, int(box["width"]), 6):
        for y in range(8, int(box["height"]), 12):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if page.evaluate("document.querySelector('.u-over').style.cursor") == "pointer":
                expect(page.locator(".marker-tip")).to_be_visible()
                page.mouse.click(box["x"] + x, box["y"] + y)
                page.wait_for_selector(".found")
                return int(page.locator(".found").get_attribute("data-seq") or 0)
    message = "no mark on the chart"
    raise AssertionError(message)


def test_a_link_leads_to_its_line(driven: Browser, teller: Teller, journal: Path) -> None:
    """However far back; and from there to the newest again."""
    teller.notes(*(f"note {n}" for n in range(500)))
    with served(journal) as server:
        settled(server)
        with browsers.opened(driven, f"{server.url}#e20") as page:
            expect(page.locator("#e20")).to_be_in_viewport()
            expect(page.locator("#e20")).to_have_class(re.compile("found"))
            expect(page.locator("#detached")).to_be_visible()
            teller.note("meanwhile")
            expect(page.locator("#fresh")).to_have_text("1 new line ↑")
            page.locator("#newest").click()
            expect(page.locator(".line").first).to_contain_text("meanwhile")


def test_it_reconnects_and_no_line_is_lost_or_doubled(driven: Browser, teller: Teller, journal: Path) -> None:
    """The server is stopped, lines are told, it comes back: the page said so, and has every line once."""
    with served(journal) as first:
        settled(first)
        port = first.port
        opening = browsers.opened(driven, first.url, expected=("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED"))
        page = opening.__enter__()
        teller.note("before")
        expect(page.locator(".line").first).to_contain_text("before")
    expect(page.locator("#alarm")).to_be_visible()
    expect(page.locator("#alarm-words")).to_contain_text("Connection lost at")
    expect(page).to_have_title(re.compile("^Connection lost"))
    teller.notes(*(f"missed {n}" for n in range(30)))
    with served(journal, port=port) as second:
        settled(second)
        page.locator("#retry").click()
        expect(page.locator(".line").first).to_contain_text("missed 29")
        expect(page.locator("#alarm")).to_be_hidden()
        teller.note("after")
        expect(page.locator(".line").first).to_contain_text("after")
        seqs = shown(page)
        assert seqs == list(range(seqs[0], seqs[0] - len(seqs), -1))
        opening.__exit__(None, None, None)


def test_hostile_text_is_text(page: Page, teller: Teller) -> None:
    """Nothing runs, nothing breaks out of its line, the page grows no wider; the whole text is there."""
    for text in HOSTILE:
        teller.note(text, topic=text[:60])
    count = len(shown(page))
    expect(page.locator(".line").first).to_contain_text(HOSTILE[-1])
    texts = page.locator(".line .why, .line .facts").all_text_contents()
    assert any("<script>document.title='owned'</script>" in text for text in texts)
    assert not any(re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\u2028\u0085]", text) for text in texts)
    assert page.locator("main script, main iframe, main img, main svg[onload]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert len(shown(page)) >= count
    for line in page.locator(".line").all()[:7]:
        line.locator("button").first.click()
        expect(line.locator(".record dl")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert "owned" not in page.title()


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of a bot whose breaker has tripped after a week."""
    journal = tmp_path_factory.mktemp("halted") / "live_story.txt"
    with week(journal, SystemClock().now()) as teller:
        teller.trip()
        with served(journal) as server:
            settled(server)
            yield server


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_at_every_size_in_both_schemes(
    driven: Browser, halted: Served, width: int, scheme: str
) -> None:
    """axe-core finds nothing, and nothing is wider than the screen; with a halt, a record open and an alarm shown."""
    options: dict[str, Any] = {"color_scheme": scheme, "has_touch": width < 400}
    with browsers.opened(driven, halted.url, viewport={"width": width, "height": 800}, **options) as page:
        page.locator(".line button").first.click()
        expect(page.locator(".record dl").first).to_be_visible()
        page.evaluate(
            "document.getElementById('alarm').hidden = false;"
            "document.getElementById('alarm-words').textContent = 'Lost'"
        )
        found = Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_login_page_is_accessible_and_opens_the_story(driven: Browser, teller: Teller, journal: Path) -> None:
    """A wrong token is told; the right one opens the page, keeps its link, and logging out closes it."""
    with served(journal, token=TOKEN) as server:
        profile = driven.new_context(viewport={"width": 360, "height": 700})
        page = profile.new_page()
        watch = browsers.Watch(page, expected=("401",))
        page.goto(server.url)
        expect(page).to_have_url(re.compile("/login$"))
        assert Axe().run(page).response["violations"] == []
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_contain_text("not the token")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button").click()
        page.locator("body[data-link=live]").wait_for()
        teller.note("let in")
        expect(page.locator(".line").first).to_contain_text("let in")
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(re.compile("/login$"))
        secret, _ = shares.make(Layout.of(journal).shares, SystemClock().now(), DAY, symbols=True)
        page.goto(f"{server.url}shared/{secret}")  # what others see needs no token
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        watch.verify()
        profile.close()


def test_it_is_used_with_the_keyboard_alone(page: Page) -> None:
    """Skip link, filters, a line and its record, the chart's range: all by keys, and the focus is seen."""
    expect(page.locator(".line").last).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#story-heading")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.line') !== null"):
            break
    expect(page.locator(".line :focus, .line:focus")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".record").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.locator("#plot").focus()
    label = page.locator("#plot").get_attribute("aria-label")
    page.keyboard.press("+")
    expect(page.locator("#plot")).not_to_have_attribute("aria-label", label or "")
    page.keyboard.press("0")
    expect(page.locator("#plot")).to_have_attribute("aria-label", label or "")


def test_times_are_utc_or_local(page: Page) -> None:
    """As the reader chooses; the choice is kept."""
    first = page.locator(".line time").last
    expect(first).to_have_text("00:00")
    page.get_by_role("button", name="UTC", exact=True).click()
    expect(page.locator(".line time").last).to_have_text("05:30")
    page.reload()
    expect(page.locator(".line time").last).to_have_text("05:30")


def test_the_theme_is_the_readers(page: Page) -> None:
    """Dark, light, or the system's; kept."""
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Theme: auto").click()
    assert page.evaluate(paper) != light
    page.reload()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(paper) != light


def test_text_is_copied(driven: Browser, server: Served) -> None:
    """The lines as they stand in the story file, oldest first."""
    with browsers.opened(driven, server.url, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Copy as text").click()
        expect(page.locator("#toast")).to_contain_text("lines copied")
        assert page.evaluate("navigator.clipboard.readText()") == server.ask("story.txt").body.decode().rstrip("\n")


def test_many_chapters_at_once_are_asked_for_a_few_times(page: Page, teller: Teller) -> None:
    """As when a page is opened while the server still reads a long story; the last one is there."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "api/chapters" in request.url else None)
    teller.bars(96 * 20, next_due=None)  # in one commit
    expect(page.locator("#cards li").first).to_contain_text("Sun 22 Dec")
    assert 0 < len(asked) < 10


def test_chapters_are_cards_that_lead_to_their_line(driven: Browser, journal: Path) -> None:
    """Days, weeks and months."""
    with week(journal, START + 9 * DAY), served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            expect(page.locator(".card").first).to_contain_text("holding ETH")
            page.get_by_role("button", name="Weeks").click()
            expect(page.locator(".card")).to_have_count(1)
            page.locator(".card a").click()
            expect(page.locator(".found")).to_contain_text("Week 49")


def test_key_moments_of_one_place_are_all_on_the_chart(page: Page) -> None:
    """Over one another as far as there is room, then under: none is cut off, none hides another."""
    tops = page.evaluate(
        """async () => {
            const { momentsAt } = await import("./static/drawing.js");
            const plot = { bbox: { top: 20 * devicePixelRatio }, over: { clientHeight: 200 }, valToPos: () => 10 };
            return momentsAt(plot, { times: [0], values: [1] }, Array(4).fill({ time: 0 }), false).map(([, y]) => y);
        }"""
    )
    assert sorted(tops) == [-8, 10, 28, 46]


def test_the_chart_switches_ranges_and_grows(driven: Browser, journal: Path) -> None:
    """Wealth or the price of each symbol, a day to all; a new bar is on it at once; any view is a link."""
    with week(journal, SystemClock().now() - 1800_000_000) as teller, served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            plot = page.locator("#plot")
            expect(plot).to_have_attribute("aria-label", re.compile("^Wealth from"))
            week_label = plot.get_attribute("aria-label")
            page.get_by_role("button", name="One day").click()
            expect(plot).not_to_have_attribute("aria-label", week_label or "")
            page.get_by_role("button", name="Price", exact=True).click()
            expect(plot).to_have_attribute("aria-label", re.compile("^Price of ETH/BTC from"))
            teller.bars(1, price=0.09)
            expect(plot).to_have_attribute("aria-label", re.compile("highest 0.09;"))
            with BarsFile(Layout.of(journal).bars, None) as bars:
                for number in range(9):
                    bars.add(BarRow(teller.now + (number - 9) * QUARTER, 0.03, 0.11, 0.02, 0.031))
            position = PositionReading(quantity=Decimal(2), price=Decimal("210.5"))
            teller.bars(2, positions={"SOL/USDT": position})
            expect(page.locator("#legend")).to_contain_text("candles of 15m")
            expect(plot).to_have_attribute("aria-label", re.compile("^Price of ETH/BTC from "))
            page.get_by_label("Symbol whose price is shown").select_option("SOL/USDT")
            expect(plot).to_have_attribute("aria-label", re.compile("^Price of SOL/USDT from .* highest 210.5;"))
            page.reload()
            expect(plot).to_have_attribute("aria-label", re.compile("^Price of SOL/USDT from .* highest 210.5;"))
            expect(page.get_by_label("Symbol whose price is shown")).to_have_value("SOL/USDT")


def test_no_story_yet_is_said_and_ends_by_itself(driven: Browser, journal: Path) -> None:
    """The page waits; when the bot starts, the story is there without a reload."""
    with served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            expect(page.locator("#state-word")).to_have_text("No story yet")
            expect(page.locator("#state-why")).to_contain_text("livestory run")
            with Teller(journal, start=SystemClock().now()) as teller:
                teller.begin().bars(3)
                expect(page.locator("#state-word")).to_contain_text("Trading")
                expect(page.locator(".line").last).to_contain_text("Bot Started")


def test_a_new_story_takes_the_old_ones_place(page: Page, teller: Teller, tmp_path: Path, journal: Path) -> None:
    """With --fresh: the old lines are gone from the page, the new ones are there."""
    teller.note("of the old story")
    expect(page.locator(".line").first).to_contain_text("of the old story")
    teller.close()
    for file in tmp_path.glob("live_story.*"):
        file.unlink()
    with Teller(journal) as other:
        other.begin().note("of the new story")
        expect(page.locator(".line").first).to_contain_text("of the new story")
        expect(page.locator(".line", has_text="of the old story")).to_have_count(0)


def test_a_line_told_while_the_page_reads_anew_is_shown(page: Page, teller: Teller) -> None:
    """What the answer on its way lacks is not lost with it."""
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/api/events*", lambda route: held.append((route, route.fetch())), times=1)
    running = page.get_by_role("button", name=re.compile("Running"))
    count = running.text_content() or ""
    page.locator("#search").fill("e")
    while not held:
        page.wait_for_timeout(20)
    teller.note("told meanwhile")
    expect(running).not_to_have_text(count)
    route, before = held.pop()
    route.fulfill(response=before)
    expect(page.locator(".line").first).to_contain_text("told meanwhile")
    expect(page.locator(".line", has_text="told meanwhile")).to_have_count(1)


def test_the_page_is_light_and_soon_usable(driven: Browser, journal: Path) -> None:
    """With seven days of story: below 150 KB over the wire, and the curve is drawn of what came with the page."""
    with week(journal, SystemClock().now()), served(journal) as server:
        settled(server)
        with browsers.opened(driven, server.url) as page:
            page.locator(".uplot").wait_for()
            size = page.evaluate(
                "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                ".filter((entry) => !entry.name.includes('stream')).reduce((sum, entry) => sum + entry.transferSize, 0)"
            )
            asked = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert 20_000 < size < 150_000
    assert any("/api/events" in address for address in asked)
    assert not [one for one in asked if re.search("/api/(status|groups|series|review)", one)]
