"""What others see by a link: shares of the start and times to the bar, and nothing that anybody wrote."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from livestory.clock import DAY, MINUTE, ManualClock, as_datetime
from livestory.errors import InputError
from livestory.outlets.web import shares
from livestory.story.files.bars_file import BarRow, BarsFile
from livestory.story.files.layout import Layout
from livestory.story.inputs import Begin, End, Fill, Flow, Funding, Observation, PositionReading, Skip, Statement
from livestory.story.journal.entry import Identity
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note
from livestory.story.reason import Reason
from livestory.story.review.shared import SharedFigure, SharedStory, SharedTrade
from livestory.story.review.shared_page import GONE, card, page
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import inside
from tests.web.serving import TOKEN, Answer, Served, served
from tests.web.teller import QUARTER, START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYMBOLS = ("CANARYBASE/CANARYQUOTE", "CANARYOTHER/CANARYQUOTE")
AMOUNTS = ("7.7131719", "31337.4142", "4242.1717", "0.0077177", "919.1919", "616.6161", "51.5151")
"""Quantity, wealth, price, fee, deposit, funding, position."""
_QUANTITY, _WEALTH, _PRICE, _FEE, _FLOW, _FUNDING, _HELD = AMOUNTS


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story with a canary in every text and an unmistakable number in every amount."""
    path = tmp_path_factory.mktemp("canary-folder") / "live_story.txt"
    who = Identity(bot="canary-bot", mode="live", symbol=SYMBOLS[0], unit="CANARYQUOTE")
    story = SynchronousWriter(path, who, StorySettings())
    wealth, price = float(_WEALTH), float(_PRICE)
    story.take(Begin(time=START, mode="live", wealth=wealth, position=0.0, cash=wealth, price=price, interval=QUARTER))
    for bar in range(1, 400):
        time, grown = START + bar * QUARTER + bar % 5 * MINUTE, 1 + 0.0007 * bar + (0.02 if bar % 7 else 0.0)
        held = PositionReading(quantity=Decimal(_HELD), price=Decimal(_PRICE), entry=Decimal(_PRICE))
        story.take(Observation(
            time=time, wealth=wealth * grown, price=price * grown, regime="canary-regime", score=33.0,
            halted=200 <= bar < 300, halt_reason="canary-halt" if 200 <= bar < 300 else None, next_due=time + QUARTER,
            no_trade_reason=Reason("canary-no-trade"), positions={SYMBOLS[1]: held},
        ))  # fmt: skip
        if bar % 20 == 0:
            story.take(Fill(
                time=time + 7 * MINUTE, side="buy" if bar % 40 else "sell", quantity=Decimal(_QUANTITY),
                price=Decimal(_PRICE), fee=Decimal(_FEE), fee_asset="CANARYFEE", order_id=f"canary-order-{bar}",
                trade_id=f"canary-trade-{bar}", reason=Reason("canary-why"), symbol=SYMBOLS[bar // 40 % 2],
                position="canary-position",
            ))  # fmt: skip
        if bar == 100:
            story.take(Flow(time=time + MINUTE, amount=float(_FLOW), source="canary-source"))
            story.take(
                Funding(time=time + MINUTE, symbol=SYMBOLS[1], amount=Decimal(_FUNDING), funding_id="canary-funding")
            )
            story.take(Skip(time=time + MINUTE, reason=Reason("canary-skip"), symbol=SYMBOLS[1]))
            note = Note(topic="canary-topic", text="canary-note <script>canary</script>")
            halted = Halted(reason="canary-by", cancelled=0)
            story.take(Statement(time + MINUTE, (note, halted, Unhalted(reason="canary-by", bars=1))))
    story.take(End(time=time + DAY, by="canary-end", wealth=wealth, position=0.0))
    story.commit({})
    story.close()
    with BarsFile(Layout.of(path).bars, None) as bars:
        for bar in range(400):
            bars.add(BarRow(START + bar * QUARTER, price, price, price, price, float(_HELD)))
    return path


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """The server's clock, moved by hand."""
    return ManualClock(as_datetime(START + 30 * DAY))


@pytest.fixture(scope="module")
def server(journal: Path, clock: ManualClock) -> Iterator[Served]:
    """The page of that story, with a token."""
    with served(journal, token=TOKEN, clock=clock) as running:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        while running.ask("api/status", bearer).json["state"] == "loading":
            pass
        yield running


def link(journal: Path, clock: ManualClock, *, symbols: bool = False) -> tuple[str, int]:
    """A new link's secret, and its number."""
    secret, share = shares.make(Layout.of(journal).shares, clock.now(), DAY, symbols=symbols)
    return secret, share.number


def said(answer: Answer) -> str:
    """All that came back, headers too."""
    return f"{answer.status} {answer.headers} {answer.body.decode()}"


def leaks(text: str) -> list[str]:
    """What of the story's texts and amounts is in it; an amount also in part or as a multiple of ten."""
    digits = re.sub(r"[^\d]", "", text)
    found = [amount for amount in AMOUNTS if amount.replace(".", "").strip("0")[:5] in digits.replace(" ", "")]
    return found + re.findall("canary[^ ]*", text.lower())


def test_nothing_that_anybody_wrote_and_no_amount_is_shared(server: Served, journal: Path, clock: ManualClock) -> None:
    """In page, picture and JSON, headers included; the JSON holds shares, times to the bar and words of ours alone."""
    secret, _ = link(journal, clock)
    answers = [server.ask(f"shared/{secret}{part}") for part in ("", "/card.svg", "/story.json")]
    answers += [server.ask(f"shared/{secret}{part}", method="HEAD") for part in ("", "/card.svg", "/story.json")]
    answers += [
        server.ask(f"shared/{secret}{part}") for part in ("/candles", "/api/digest", "?of=price", "/card.svg?year=1")
    ]
    answers += [server.ask(f"shared/{secret}", {"If-None-Match": "*", "Range": "bytes=0-9"})]
    assert [answer.status for answer in answers] == [200] * 6 + [404] * 4 + [200]
    assert "etag" not in answers[0].headers
    assert answers[0].headers["cache-control"] == "no-store"
    assert [word for answer in answers for word in leaks(said(answer))] == []
    told = answers[2].json
    times = [time for trade in told["trades"] for time in (trade["opened"], trade["closed"]) if time is not None]
    times += [moment["time"] for moment in told["moments"]] + [day[0] for day in told["curve"]]
    times += [figure["value"] for figure in told["figures"] if figure["name"] == "drawdown_length"]
    times += [time for halt in told["halts"] for time in halt]
    assert len(told["trades"]) > 3
    assert {time % QUARTER for time in times} == {0}
    assert 1.2 < told["curve"][-1][1] < 1.4  # the deposit is no profit
    assert (told["symbols"], told["holding"], {day[2] for day in told["curve"]}) == ([], None, {None})


def test_symbols_are_shared_where_the_owner_says_so(server: Served, journal: Path, clock: ManualClock) -> None:
    """And nothing more than these."""
    secret, _ = link(journal, clock, symbols=True)
    told = server.ask(f"shared/{secret}/story.json")
    assert told.json["symbols"] == sorted(SYMBOLS)
    text = said(told) + said(server.ask(f"shared/{secret}"))
    for symbol in SYMBOLS:
        text = text.replace(symbol, "")
    assert leaks(text) == []


def test_a_link_opens_its_own_page_alone(server: Served, journal: Path, clock: ManualClock) -> None:
    """As a bearer it is a wrong token; no page of the API, no stream and no file of the story follows from it."""
    secret, _ = link(journal, clock)
    for path in ("api/status", "api/events", "api/stream", "api/review", "story.txt", "metrics", "api/bots"):
        offered = [{}, {"Cookie": f"livestory_{server.port}={secret}"}]
        if path in {"api/events", "api/stream"}:  # each wrong token takes a second
            offered.append({"Authorization": f"Bearer {secret}"})
        for headers in offered:
            answer = server.ask(path, headers)
            assert answer.status == 401
            assert leaks(said(answer)) == []
    assert len(leaks(said(server.ask("api/events", {"Authorization": f"Bearer {TOKEN}"})))) > 5
    for path in (f"shared/{secret}/", f"shared/{secret}/api/status", f"shared/{secret}/../api/status", "shared/"):
        assert server.ask(path).status in {307, 401, 404}
    assert server.ask(f"shared/{secret}?all=1").body.decode() == GONE
    assert server.ask(f"shared/{secret}", method="POST").status == 405


def test_whatever_is_no_link_any_more_is_one_plain_page(server: Served, journal: Path, clock: ManualClock) -> None:
    """Wrong, expired, revoked, or of a file that others may write: the same bytes, whatever the reason."""
    before, file = clock.now(), Layout.of(journal).shares
    secret, number = link(journal, clock)
    shares.revoke(file, number)
    answers = [server.ask(f"shared/{one}") for one in (secret, "nothing", "x" * 400, "%00", "%FF")]
    secret, _ = link(journal, clock)
    assert server.ask(f"shared/{secret}").status == 200
    file.chmod(0o666)
    answers.append(server.ask("shared/" + secret + "0"))
    with pytest.raises(InputError, match="others may read"):
        shares.read(file)
    file.chmod(0o600)
    clock.set(as_datetime(before + DAY))
    answers.append(server.ask(f"shared/{secret}"))
    clock.set(as_datetime(before))
    assert {(answer.status, answer.body.decode()) for answer in answers} == {(404, GONE)}
    assert len({json.dumps({**answer.headers, "date": ""}, sort_keys=True) for answer in answers}) == 1


def test_a_link_may_be_followed_from_anywhere(server: Served, journal: Path, clock: ManualClock) -> None:
    """From a chat or another page, as a document; not embedded, and not into the page of the story."""
    secret, _ = link(journal, clock)
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert server.ask(f"shared/{secret}", followed).status == 200
    assert server.ask(f"shared/{secret}", followed | {"Sec-Fetch-Dest": "iframe"}).status == 403
    assert server.ask("api/status", followed).status == 403


def test_links_are_made_listed_and_revoked(journal: Path, server: Served, tmp_path: Path) -> None:
    """By commands; the file is private and holds no secret, and a link that is made opens at once."""
    folder, file = journal.parent, Layout.of(journal).shares
    file.unlink(missing_ok=True)
    made = inside("share", "--dir", folder, "make", "--days", "3650", "--symbols", cwd=tmp_path)
    path = made.stdout.strip()
    assert (file.stat().st_mode & 0o777, path.removeprefix("/shared/") in file.read_text()) == (0o600, False)
    assert server.ask(path).status == 200
    assert "1  until" in inside("share", "--dir", folder, "list", cwd=tmp_path).stdout
    assert "with symbols" in inside("share", "--dir", folder, "list", cwd=tmp_path).stdout
    assert inside("share", "--dir", folder, "revoke", "1", cwd=tmp_path).returncode == 0
    assert server.ask(path).status == 404
    missing = inside("share", "--dir", folder, "revoke", "1", cwd=tmp_path)
    assert (missing.returncode, missing.stderr) == (2, "1: no such link; there are: none\n")
    assert inside("share", "--dir", tmp_path, "make", cwd=tmp_path).returncode == 2


def test_a_report_for_others_is_the_same_page(journal: Path, tmp_path: Path) -> None:
    """And so is the card of a year: percent and words of ours, without a script or anything from elsewhere."""
    folder = journal.parent
    for arguments in (("--share", "percent", "--out", "shared.html"), ("--card", "--out", "card.svg")):
        assert inside("report", "--dir", folder, *arguments, cwd=tmp_path).returncode == 0
    page, card = (tmp_path / "shared.html").read_text(), (tmp_path / "card.svg").read_text()
    assert leaks(page.replace(page[page.index("<style>") : page.index("</style>")], "")) == []
    assert leaks(card) == []
    assert "<script" not in page + card
    assert re.findall(r'(?:src|href)="', page + card) == []
    assert ">2024<" in card
    empty = inside("report", "--dir", folder, "--card", "--year", "2019", cwd=tmp_path)
    assert (empty.returncode, empty.stderr) == (
        2,
        "2019: the story tells of no wealth and no closed trade in that year\n",
    )
    assert inside("report", "--dir", folder, "--symbols", cwd=tmp_path).returncode == 2
    assert inside("report", "--dir", folder, cwd=tmp_path).returncode == 0
    assert "canary-note" in (tmp_path / "report.html").read_text()


def test_the_card_has_the_win_rate_of_the_figures() -> None:
    """Which is that of all trades, not of the last ones that are listed."""
    lost = SharedTrade(opened=None, closed=START, short=False, share=-0.01, symbol=None)
    told = SharedStory(
        symbols=(), since=None, until=None, bar=QUARTER, change=None, holding=None, curve=(), moments=(), months=(),
        halts=(), figures=(SharedFigure(name="win_rate", value=0.6),), trades=(lost,), closed=2000, won=0,
    )  # fmt: skip
    assert ">60%<" in card(told, None)
    assert "2000 trades closed, 60% won." in page(told, "")
