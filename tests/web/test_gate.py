"""Nobody gets in who should not: names, origins, methods and tokens, over every route."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from livestory.chart.components import static_text
from livestory.cli.serving import require_token
from livestory.clock import ManualClock
from livestory.errors import InputError
from livestory.http_server.address import address_of
from livestory.http_server.gate import allowed_hosts
from livestory.http_server.secrets import TooManyFailures
from livestory.outlets.web.gate import SESSION, Token
from tests.web.serving import TOKEN, Served, served, settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.web.teller import Teller

ROUTES = (
    *(
        "/",
        "/login",
        "/static/page.css",
        "/static/main.js",
        "/static/login.css",
        "/api/stories",
        "/api/status",
        "/api/events",
    ),
    *("/api/events/1", "/api/series", "/api/chapters", "/api/stream", "/story.txt", "/metrics", "/healthz", "/nothing"),
)
OPEN = {"/login", "/static/login.css"}  # before the token is given
PAGES = {"/", "/login"}  # may be linked to


@pytest.fixture
def guarded(teller: Teller, journal: Path) -> Iterator[Served]:  # noqa: ARG001  the story is there before it is served
    """The page of a story behind a token."""
    with served(journal, token=TOKEN, names=("bot.example.org",)) as running:
        yield running


def hosts(port: int) -> list[tuple[str, bool]]:
    """Host values, and whether each is ours."""
    ours = ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"]
    return [
        *((f"{name}:{port}", True) for name in (*ours, "bot.example.org")),
        ("bot.example.org", True),
        ("", False),
        ("127.0.0.1", False),
        ("localhost", False),
        ("[::1]", False),
        ("[::1", False),
        ("::1", False),
        (f"127.0.0.1:{port + 1}", False),
        (f"evil.example:{port}", False),
        (f"127.0.0.1.evil.example:{port}", False),
        (f"localhost.evil.example:{port}", False),
        (f"0.0.0.0:{port}", False),
        (f"127.1:{port}", False),
        (f"user@127.0.0.1:{port}", False),
        (f"127.0.0.1:{port}@evil.example", False),
        (f"127.0.0.1:{port}, evil.example", False),
        (f"bot.example.org.:{port}", False),
        ("xbot.example.org", False),
    ]


def origins(host: str) -> list[tuple[dict[str, str], str]]:
    """What a browser says of where a request comes from: ours, another's, or a link that was followed."""
    return [
        ({}, "ours"),
        ({"Sec-Fetch-Site": "none"}, "ours"),
        ({"Sec-Fetch-Site": "same-origin"}, "ours"),
        ({"Origin": f"http://{host}"}, "ours"),
        ({"Origin": f"https://{host}", "Sec-Fetch-Site": "same-origin"}, "ours"),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, "ours"),
        ({"Origin": "null"}, "other"),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, "other"),
        ({"Origin": "null", "Sec-Fetch-Site": "none"}, "other"),
        ({"Origin": "https://evil.example"}, "other"),
        ({"Origin": f"http://{host}.evil.example"}, "other"),
        ({"Origin": "http://127.0.0.1:1"}, "other"),
        ({"Sec-Fetch-Site": "same-site"}, "other"),
        ({"Sec-Fetch-Site": "cross-site"}, "other"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, "other"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, "other"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, "link"),
    ]


def credentials(server: Served) -> list[tuple[dict[str, str], bool]]:
    """Ways to say who asks, and whether each is right; wrong bearers, answered slowly, have their own test."""
    session = login(server, TOKEN)
    name = f"livestory_{server.port}"
    return [
        ({}, False),
        ({"Cookie": f"{name}="}, False),
        ({"Cookie": f"{name}={TOKEN}"}, False),
        ({"Cookie": f"{name}=99999999999999999.{'0' * 64}"}, False),
        ({"Cookie": f"other={session.partition('=')[2]}"}, False),
        ({"Authorization": TOKEN}, False),
        ({"Authorization": f"Basic {TOKEN}"}, False),
        ({"Authorization": f"Bearer {TOKEN}"}, True),
        ({"Cookie": f"a=b; {session}; c=d"}, True),
    ]


def login(server: Served, token: str, headers: Mapping[str, str] | None = None) -> str:
    """The session's cookie, as a browser sends it back."""
    form = urlencode({"token": token}).encode()
    answer = server.ask("login", {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}, "POST", form)
    assert answer.status == 303
    return answer.headers["set-cookie"].partition(";")[0]


def test_only_who_is_let_in_gets_an_answer(guarded: Served) -> None:
    """22 hosts by 17 origins by 9 credentials, on every route: a 2xx only where each of the three is right."""
    settled_by_token(guarded)
    table = [
        (host, ours, *origin, *credential)
        for host, ours in hosts(guarded.port)
        for origin, credential in product(origins(host), credentials(guarded))
    ]
    assert len(table) > 2000
    got_in = set()
    for number, (host, our_name, origin, comes_from, credential, invited) in enumerate(table):
        # Every route meets every host, origin and credential; the product of all four would say no more.
        for path in ROUTES if number % (5 if our_name and invited else 23) == 0 else (ROUTES[number % len(ROUTES)],):
            if path == "/api/stream" and our_name and invited:
                continue
            answer = guarded.ask(path, {"Host": host, **origin, **credential})
            case = f"{path} {host} {origin} {credential}"
            asked = comes_from == "ours" or (comes_from == "link" and path in PAGES)
            if our_name and asked and (invited or path in OPEN):
                assert answer.status in {200, 404, 503}, case  # 503: the bot of 2024 is not healthy today
                got_in.add(path)
            else:
                assert answer.status in {303, 400, 401, 403, 421}, case
                assert answer.status != 303 or (path == "/" and answer.headers["location"] == "login"), case
    assert got_in == set(ROUTES) - {"/api/stream"}


def settled_by_token(server: Served) -> None:
    """Wait until the story is read."""
    while server.ask("api/status", {"Authorization": f"Bearer {TOKEN}"}).json["state"] == "loading":
        pass


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "LOCK"])
def test_nothing_but_reading(server: Served, method: str) -> None:
    """No route takes a method that changes anything; login and logout take a POST."""
    for path in ROUTES:
        expected = {303} if method == "POST" and path == "/login" else {405, 421}
        assert server.ask(path, method=method).status in expected, path


def test_two_hosts_or_two_origins_are_refused(server: Served) -> None:
    """What a proxy and a server might read differently is not read at all."""
    for extra in ("Host: evil.example", "Origin: https://evil.example\r\nOrigin: http://127.0.0.1"):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(f"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{extra}\r\n\r\n".encode())
            assert re.match(rb"HTTP/1.1 4\d\d", raw.recv(100))


def test_every_answer_is_protected(guarded: Served) -> None:
    """The same headers whatever the answer; nothing inline is allowed, and nothing from elsewhere."""
    for path, headers in (("/", {}), ("/login", {}), ("/api/status", {"Host": "evil.example"}), ("/nothing", {})):
        answer = guarded.ask(path, headers)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere(server: Served) -> None:
    """No inline script, style or handler, and no address of another host in any file of the page."""
    for name in ("", "login"):
        text = server.ask(name).body.decode()
        assert not re.search(r"<script(?![^>]* src=\"static/)|<style|\sstyle=|\son\w+=|javascript:", text)
    for name in ("main.js", "story.js", "chart.js", "head.js", "live.js", "page.css", "theme.js", "dom.js"):
        text = server.ask(f"static/{name}").body.decode().removeprefix(static_text("uPlot.iife.min.js"))
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), name
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(", text), name


def test_a_wrong_token_is_slow_and_gets_nothing(guarded: Served) -> None:
    """401, and the page says so; the ninth at the same time gets 429; the right token enters meanwhile."""
    answer = guarded.ask("api/status", {"Authorization": f"Bearer {TOKEN[:-1]}x"})
    assert (answer.status, answer.json["error"]) == (401, "that is not the token")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    form = urlencode({"token": "wrong"}).encode()
    wrong = guarded.ask("login", method="POST", body=form)
    assert (wrong.status, "set-cookie" in wrong.headers) == (401, False)
    assert b"That is not the token" in wrong.body
    waiting = []
    for _ in range(9):
        connection = socket.create_connection(("127.0.0.1", guarded.port))
        connection.sendall(
            f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{guarded.port}\r\nAuthorization: Bearer wrong\r\n\r\n".encode()
        )
        waiting.append(connection)
    assert login(guarded, TOKEN)
    statuses = sorted(int(connection.recv(100).split()[1]) for connection in waiting)
    for connection in waiting:
        connection.close()
    assert statuses == [401] * 8 + [429]


@pytest.mark.parametrize("form", ["a=&" * 1300, "&" * 4000, "token=%ff%fe", "token[]=x", "=", "%", "token=\0"])
def test_a_login_of_any_form_is_a_wrong_token_and_no_fault_of_the_server(guarded: Served, form: str) -> None:
    """Whoever has no token makes it write nothing into its log."""
    answer = guarded.ask("login", {"Content-Type": "application/x-www-form-urlencoded"}, "POST", form.encode())
    assert answer.status == 401


def test_a_link_from_elsewhere_only_gets_the_page(guarded: Served) -> None:
    """Another site's form or request that looks like a link changes no session, and no HEAD tells it anything."""
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    form = urlencode({"token": TOKEN}).encode()
    assert guarded.ask("login", followed).status == 200
    for method, path in (("POST", "login"), ("POST", "logout"), ("HEAD", "login"), ("HEAD", "")):
        answer = guarded.ask(path, followed, method, form if method == "POST" else b"")
        assert (answer.status, "set-cookie" in answer.headers) == (403, False), (method, path)


def test_two_tokens_are_none(guarded: Served) -> None:
    """What a proxy and a server might read differently is not read at all, be one of them right or both."""
    right = f"Authorization: Bearer {TOKEN}\r\n"
    for tokens in (right * 2, f"{right}Authorization: Bearer wrong\r\n", f"Authorization: Bearer wrong\r\n{right}"):
        with socket.create_connection(("127.0.0.1", guarded.port)) as raw:
            raw.sendall(f"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{guarded.port}\r\n{tokens}\r\n".encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("by", ["token", "session"])
def test_a_token_in_plain_sight_is_told_once(guarded: Served, by: str) -> None:
    """With plain HTTP from another machine; not from this one, and not behind HTTPS."""
    told: list[str] = []

    def heard(record: logging.LogRecord) -> bool:
        told.append(record.getMessage())
        return True

    filters = logging.getLogger("livestory.web").filters
    filters.insert(0, heard)  # before the one that spares the log
    try:
        right = {"Authorization": f"Bearer {TOKEN}"} if by == "token" else {"Cookie": login(guarded, TOKEN)}
        for from_where in (
            {},
            {"X-Forwarded-For": "192.0.2.8", "X-Forwarded-Proto": "https"},
            {"X-Forwarded-For": "192.0.2.8", "Authorization": ""}
            if by == "token"
            else {"X-Forwarded-For": "127.0.0.9"},
        ):
            guarded.ask("api/status", {**right, **from_where})
            assert told == []
        for client in ("192.0.2.9", "192.0.2.10"):
            assert guarded.ask("api/status", {**right, "X-Forwarded-For": client}).status == 200
            (only,) = told
            assert "from 192.0.2.9: anyone on the way can read it" in only
    finally:
        filters.remove(heard)


def test_the_session_is_for_this_page_alone(guarded: Served) -> None:
    """HttpOnly, SameSite=Strict, Secure where the scheme is https; the token is not in it; logging out ends it."""
    form = urlencode({"token": TOKEN}).encode()
    cookie = guarded.ask("login", method="POST", body=form).headers["set-cookie"]
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "secure" not in cookie.lower()
    assert TOKEN not in cookie
    behind_tls = guarded.ask("login", {"X-Forwarded-Proto": "https"}, "POST", form).headers["set-cookie"]
    assert "secure" in behind_tls.lower()
    session = cookie.partition(";")[0]
    assert guarded.ask("api/status", {"Cookie": session}).headers["livestory-session"] == "open"
    assert (
        guarded.ask("logout", {"Cookie": session}, "POST")
        .headers["set-cookie"]
        .startswith(f'livestory_{guarded.port}=""')
    )


def test_a_session_is_over_one_day() -> None:
    """It is good for ninety days, for the token that made it, and unchanged."""
    clock = ManualClock(1_700_000_000)
    token, other = Token(TOKEN, clock), Token(TOKEN[::-1], clock)
    session = token.session()
    assert token.opens(session)
    assert Token(TOKEN, clock).opens(session)
    assert not other.opens(session)
    until, _, signature = session.partition(".")
    for forged in (
        f"{int(until) + 1}.{signature}",
        f"{until}.{signature[:-1]}",
        until,
        "",
        ".",
        f"٣.{signature}",
        session + "\udcff",
    ):
        assert not token.opens(forged)
    clock.set(clock.now() + SESSION + 1)
    assert not token.opens(session)


@pytest.mark.parametrize("secret", ["", "short", "x" * 15, "päßwörter-are-not-ascii", "a\nb" * 8])
def test_a_weak_token_is_refused(secret: str) -> None:
    """There is no default, and none that is soon guessed."""
    with pytest.raises(InputError, match="openssl rand"):
        Token(secret, ManualClock())


@pytest.mark.parametrize(
    ("host", "token", "starts"),
    [
        ("127.0.0.1", None, True),
        ("127.9.9.9", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("0.0.0.0", None, False),  # noqa: S104  nothing is bound
        ("::", None, False),
        ("192.0.2.7", None, False),
        ("10.0.0.1", None, False),
        ("::ffff:127.0.0.1", None, False),
        ("0.0.0.0", TOKEN, True),  # noqa: S104  nothing is bound
        ("::", TOKEN, True),
        ("192.0.2.7", TOKEN, True),
    ],
)
def test_beyond_this_machine_only_with_a_token(host: str, token: str | None, starts: bool) -> None:  # noqa: FBT001
    """Every way to be reachable from elsewhere needs one."""
    if starts:
        require_token(address_of(host), token, "LIVESTORY_TOKEN")
        return
    with pytest.raises(InputError, match="no token is set"):
        require_token(address_of(host), token, "LIVESTORY_TOKEN")


@pytest.mark.parametrize(
    "path",
    [
        "static/../app.py",
        "static/%2e%2e%2fapp.py",
        "static/..%5capp.py",
        "static//etc/passwd",
        "static/%00",
        "static/login.css%00.js",
        "../../etc/passwd",
        "static/__init__.py",
        "api/events/../../etc/passwd",
        "story.txt/..",
        "static/",
        "//evil.example/",
    ],
)
def test_files_have_names_and_no_paths(server: Served, path: str) -> None:
    """What is not one of the page's own files is not there."""
    assert server.ask(f"/{path}").status in {404, 400}


def test_oversized_headers_are_refused(server: Served) -> None:
    """And the server goes on."""
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX: {'x' * 40_000}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 4")
    assert server.ask("healthz").status in {200, 503}


def test_a_long_login_is_refused(guarded: Served) -> None:
    """A form of more than a few kilobytes is no login."""
    assert guarded.ask("login", method="POST", body=b"token=" + b"x" * 5000).status == 413


def test_what_is_no_http_is_refused(server: Served) -> None:
    """TLS on the plain port, and bytes that mean nothing."""
    context = ssl.create_default_context()
    with socket.create_connection(("127.0.0.1", server.port)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"\x00\xff\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_without_a_token_the_page_is_open_to_this_machine(server: Served) -> None:
    """As it comes: loopback only, and nothing to type in."""
    settled(server)
    assert server.ask("/").status == 200
    assert server.ask("api/status").status == 200


@pytest.mark.parametrize(
    ("host", "port", "names", "more"),
    [
        ("127.0.0.1", 8000, (), set()),
        ("0.0.0.0", 8000, (), set()),  # noqa: S104 - whatever address it is reached by is not one that it has
        ("192.0.2.1", 8000, (), {"192.0.2.1:8000"}),
        ("2001:db8::1", 8000, (), {"[2001:db8::1]:8000"}),
        ("192.0.2.1", 80, (), {"192.0.2.1", "192.0.2.1:80"}),
        ("127.0.0.1", 8000, ("Bot.Example",), {"bot.example", "bot.example:8000"}),
    ],
)
def test_a_server_has_the_names_of_its_machine_its_address_and_those_it_is_given(
    host: str, port: int, names: tuple[str, ...], more: set[str]
) -> None:
    """With its port, which may be left out where a browser leaves it out, and behind a given name."""
    own = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    own |= {"127.0.0.1", "localhost", "[::1]"} if port == 80 else set()
    assert allowed_hosts(host, port, names) == own | more


def test_eight_wrong_secrets_wait_for_their_answer_and_the_right_one_passes_them() -> None:
    """A ninth is told to come later; the place of one that is answered, or gives up, is free again."""

    async def knock() -> None:
        lock = Token("a secret of sixteen", ManualClock())
        wrong = [asyncio.create_task(lock.matches("wrong")) for _ in range(8)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyFailures):
            await lock.matches("wrong")
        assert await lock.matches("a secret of sixteen")
        wrong[0].cancel()
        await asyncio.sleep(0)
        wrong[0] = asyncio.create_task(lock.matches("wrong"))
        await asyncio.sleep(0)
        assert not any(each.done() for each in wrong)
        with pytest.raises(TooManyFailures):
            await lock.matches("wrong")
        for each in wrong:
            each.cancel()
        await asyncio.gather(*wrong, return_exceptions=True)

    asyncio.run(knock())
