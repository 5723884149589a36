"""The stream tells every line once and in order, whatever breaks in between."""

from __future__ import annotations

import re
import socket
from itertools import islice
from typing import TYPE_CHECKING

from livestory.outlets.web import listeners, outgoing
from tests.patience import LONG
from tests.web.serving import served, settled
from tests.web.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from tests.web.serving import Message, Served


def lines(heard: Iterator[Message], count: int) -> list[Message]:
    """The next lines."""
    return list(islice((message for message in heard if message.kind == "line"), count))


def test_a_line_arrives_when_it_is_told(server: Served, teller: Teller) -> None:
    """First the status, then each line with its seq as id, as the journal has it."""
    with server.listening() as heard:
        assert next(heard).kind == "status"
        teller.note("hello")
        (told,) = lines(heard, 1)
    assert told.id == told.data["seq"]
    assert told.data["line"].endswith("| 📝 Note | hello")


def test_the_status_follows_without_lines(server: Served, teller: Teller) -> None:
    """A bar that tells nothing changes the figures."""
    with server.listening() as heard:
        before = next(heard).data
        teller.bars(1, wealth=1.0021)
        after = next(message for message in heard if message.kind == "status").data
    assert (after["wealth"], after["last_seq"]) == (1.0021, before["last_seq"])


def test_a_listener_that_comes_back_misses_nothing_and_hears_nothing_twice(server: Served, teller: Teller) -> None:
    """Last-Event-ID, or after= for the first time, says where it goes on."""
    with server.listening() as heard:
        teller.notes("one", "two")
        first = lines(heard, 2)
    teller.notes("three", "four")
    with server.listening("api/stream", {"Last-Event-ID": str(first[-1].id)}) as heard:
        missed = lines(heard, 2)
        teller.note("five")
        missed += lines(heard, 1)
    seqs = [message.id for message in first + missed]
    assert seqs == list(range(seqs[0] or 0, (seqs[0] or 0) + 5))
    with server.listening(f"api/stream?after={seqs[0]}") as heard:
        assert [message.id for message in lines(heard, 4)] == seqs[1:]


def test_another_server_goes_on_where_the_first_was(teller: Teller, journal: Path) -> None:
    """The seq is the journal's: a restart of the server changes nothing."""
    with served(journal) as first:
        settled(first)
        with first.listening() as heard:
            teller.note("one")
            (told,) = lines(heard, 1)
    teller.note("two")
    with served(journal) as second:
        settled(second)
        with second.listening("api/stream", {"Last-Event-ID": str(told.id)}) as heard:
            assert lines(heard, 1)[0].data["line"].endswith("two")


def test_a_listener_far_behind_begins_anew(server: Served, teller: Teller) -> None:
    """More lines than are worth sending again: it is told to read the newest instead."""
    teller.notes(*(f"note {n}" for n in range(2100)))
    while server.ask("api/status").json["last_seq"] < 2100:
        pass
    with server.listening("api/stream?after=1") as heard:
        assert [next(heard).kind, next(heard).kind] == ["status", "anew"]
        teller.note("after")
        assert lines(heard, 1)[0].data["line"].endswith("after")


def test_a_new_journal_is_told_anew(teller: Teller, journal: Path, tmp_path: Path) -> None:
    """With --fresh another journal takes the place: every listener begins anew, from its first line."""
    with served(journal) as server:
        settled(server)
        with server.listening() as heard:
            next(heard)
            teller.close()
            for file in tmp_path.glob("live_story.*"):
                file.unlink()
            with Teller(journal) as other:
                other.begin().bars(2)
                anew = next(message for message in heard if message.kind == "anew")
                other.note("new")
                told = [next(message for message in heard if message.kind == "line")]
                while not told[-1].data["line"].endswith("new"):
                    told += lines(heard, 1)
                assert [message.id for message in told] == list(
                    range(anew.data["last_seq"] + 1, anew.data["last_seq"] + len(told) + 1)
                )


def test_a_story_that_begins_later_is_shown_when_it_does(journal: Path) -> None:
    """No journal yet: the page waits and says so; then it is there."""
    with served(journal) as server, server.listening() as heard:
        waiting = next(heard).data
        assert waiting["state"] in {"loading", "waiting"}
        assert settled(server)["state"] == "waiting"
        assert "no story has been written here yet" in settled(server)["trouble"]
        with Teller(journal) as teller:
            teller.begin().bars(1)
            assert next(message for message in heard if message.kind == "anew").data["bot"] == "scout"


def test_a_listener_that_takes_nothing_is_dropped(
    server: Served, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off within the time that it is given to take something; the others hear everything."""
    monkeypatch.setattr(outgoing, "STALLED", 0.5)
    monkeypatch.setattr(listeners, "_WATCH", 0.1)
    with socket.socket() as stalled, server.listening() as heard:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.settimeout(LONG)
        stalled.connect(("127.0.0.1", server.port))
        stalled.sendall(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        text = "x" * 9000
        while not server.web.listeners.dropped or len(server.web.listeners) > 1:  # it is counted, then it goes
            teller.notes(*[text] * 20)
            lines(heard, 20)
        teller.note("still here")
        assert lines(heard, 1)[0].data["line"].endswith("still here")
        assert len(server.web.listeners) == 1
    dropped = re.search(rb"listeners_dropped_total (\d\S*)", server.ask("metrics").body)
    assert dropped is not None
    assert float(dropped[1]) >= 1


def test_a_listener_that_is_slow_hears_everything_once_and_in_order(server: Served, teller: Teller) -> None:
    """More than the system holds for it: it goes on from the journal when it has taken that; nobody waits for it."""
    with socket.socket() as slow, server.listening() as heard:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(LONG)
        slow.connect(("127.0.0.1", server.port))
        slow.sendall(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        told = slow.recv(1)
        while len(server.web.listeners) < 2:
            pass
        for n in range(40):
            teller.note(f"note {n} " + "x" * 9000)
            assert f"note {n} " in lines(heard, 1)[0].data["line"]
        while told.count(b"event: line") < 40:
            told += slow.recv(65_536)
    seqs = [int(seq) for seq in re.findall(rb"id: (\d+)\nevent: line", told)]
    assert seqs == list(range(seqs[0], seqs[0] + 40))


def test_a_client_of_http_1_0_is_sent_no_chunks(server: Served, teller: Teller) -> None:
    """It would take their lengths for text."""
    with socket.socket() as old:
        old.settimeout(LONG)
        old.connect(("127.0.0.1", server.port))
        old.sendall(f"GET /api/stream HTTP/1.0\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        told = b""
        while b"| hello" not in told:
            told += old.recv(65_536)
            if b"event: status" in told and b"event: line" not in told:
                teller.note("hello")
    body = told.partition(b"\r\n\r\n")[2]
    assert all(re.match(rb"(retry|event|id|data): ", line) for line in body.split(b"\n") if line)


def test_there_is_a_limit_on_listeners(teller: Teller, journal: Path) -> None:  # noqa: ARG001  it tells the story
    """One more gets 503 and when to try again; a place that is free is given away."""
    with served(journal, most=2) as server:
        settled(server)
        with server.listening() as first:
            with server.listening() as second:
                next(first), next(second)
                full = server.ask("api/stream")
                assert (full.status, full.headers["retry-after"]) == (503, "10")
            while len(server.web.listeners) > 1:
                pass
            with server.listening() as third:
                assert next(third).kind == "status"


def test_streams_end_when_the_server_does(teller: Teller, journal: Path) -> None:  # noqa: ARG001  it tells the story
    """An orderly end of the answer, at once, with clients connected."""
    with served(journal) as server:
        settled(server)
        with server.connection("api/stream") as (_, answer):
            server.web.close_streams()
            assert answer.read().startswith(b"retry: ")


def test_head_of_the_stream_ends(server: Served) -> None:
    """A HEAD request gets the headers and no stream."""
    answer = server.ask("api/stream", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
