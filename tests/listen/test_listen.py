"""`livestory listen`: inputs over HTTP, durable before they are answered, from those who may and from nobody else."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import apsw
import jsonschema_rs
import pytest

from livestory.errors import InputError
from livestory.follow.listen import sources
from livestory.story.files.layout import Layout
from livestory.story.files.verify import verify
from livestory.story.journal.reader import JournalReader
from tests.cli.program import COMMAND, LIMIT, environment, inside, started
from tests.listen.posting import Posting, listening
from tests.public.bot import lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105 - invented
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOTE = {"input": "note", "text": "a"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's story lies."""
    return tmp_path / "live_story.txt"


@pytest.fixture
def server(path: Path) -> Iterator[Posting]:
    """Open to this machine alone, as without a token."""
    with listening(path) as server:
        yield server


def test_one_many_and_lines_are_told_and_answered_in_order(server: Posting, path: Path) -> None:
    """As JSON, whatever the content type says; the answer comes once it is durable."""
    assert (server.post(NOTE).status, server.post(NOTE).json) == (200, {"seqs": [2]})
    assert server.post([NOTE, {**NOTE, "id": "x"}]).json == [{"seqs": [3]}, {"id": "x", "seqs": [4]}]
    told = "\n".join(map(json.dumps, (NOTE, {**NOTE, "id": "x"}))) + "\r\n"
    assert server.post(told, headers={"Content-Type": "text/plain"}).json == [{"seqs": [5]}, {"id": "x", "seqs": [4]}]
    assert server.post(json.dumps(NOTE, indent=2)).json == {"seqs": [6]}
    assert server.post([]).json == []
    assert len(path.read_text().splitlines()) == 6


def test_a_bad_input_is_answered_with_what_is_wrong_and_the_others_are_told(server: Posting) -> None:
    """The status says that not all was taken."""
    answer = server.post([NOTE, {"input": "note"}, {"input": "halt"}, NOTE])
    assert answer.status == 400
    assert [each.get("error", "").partition(":")[0] for each in answer.json] == ["", "text", "input", ""]
    assert [each.get("seqs") for each in answer.json] == [[1], None, None, [2]]
    assert server.post('{"input": "note",}').json == {"error": "column 18: JSON is malformed: trailing comma in object"}
    assert server.post("").json["error"].startswith("no input was sent")
    assert server.post("[1").status == 400


def test_a_body_may_come_in_chunks(server: Posting) -> None:
    """Also one that is cut within an input; chunks of more than is taken are refused as a body of that length is."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
    with closing(connection):
        connection.request("POST", "/tell", iter([b'{"input": "no', b'te", "text": "in two"}']))
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())) == (200, {"seqs": [1]})
        connection.request("POST", "/tell", iter([b"x" * 65_536] * 17))
        assert connection.getresponse().status == 413


def test_too_much_is_refused(server: Posting) -> None:
    """A body, a list, a body that is compressed; before any of it is told."""
    assert server.post(b" " * 1_048_577).status == 413
    assert server.post([NOTE] * 1_001).status == 413
    assert server.post(NOTE, headers={"Content-Encoding": "gzip"}).status == 415
    assert server.post({"input": "note", "text": "x" * 70_000}).json["error"].startswith("longer than the 65,536 bytes")
    assert server.post([NOTE] * 1_000).status == 200


def test_many_senders_at_once_each_get_their_own_answer(server: Posting, path: Path) -> None:
    """And one who sends the same again gets the same."""

    def send(number: int) -> Any:
        return server.post({"input": "note", "text": str(number), "id": number}).json["seqs"]

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(send, [*range(100)] * 2))
    assert told[:100] == told[100:]
    assert sorted(seq for seqs in told[:100] for seq in seqs) == [*range(1, 101)]
    texts = [line.split(" | ")[2] for line in path.read_text().splitlines()]
    assert [int(texts[seqs[0] - 1]) for seqs in told[:100]] == [*range(100)]


def test_what_can_not_be_kept_is_said_so_and_told_once_when_it_is_sent_again(server: Posting, path: Path) -> None:
    """While another program holds a lock on the journal."""
    given = {**NOTE, "id": "x"}
    server.post(NOTE)
    with closing(apsw.Connection(str(path.with_suffix(".db")))) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = server.post(given)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert "send it again, with the same id" in refused.json["error"]
        other.execute("ROLLBACK")
    assert server.post(given).json == {"id": "x", "seqs": [2]}
    assert len(path.read_text().splitlines()) == 2


def test_with_a_token_nobody_tells_without_it(path: Path) -> None:
    """In the header alone: not in the path, which proxies log."""
    with listening(path, TOKEN) as server:
        refused = server.post(NOTE)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer realm="livestory"')
        assert server.post(NOTE, headers={"Authorization": f"Bearer {TOKEN[:-1]}"}).status == 401
        assert server.post(NOTE, f"tell/{TOKEN}").status == 404
        assert server.post(NOTE, headers=BEARER).json == {"seqs": [1]}


def test_a_source_tells_by_the_secret_in_its_path_until_it_is_revoked(path: Path) -> None:
    """It may do nothing else; the others keep theirs; and nobody else may tell any more."""
    file = Layout.of(path).sources
    with listening(path) as server:
        assert server.post(NOTE).status == 200
        secret, other = (sources.add(file, name, 1) for name in ("tradingview", "other"))
        assert server.post(NOTE).status == 401
        assert server.post(NOTE, f"tell/{secret}").json == {"seqs": [2]}
        assert server.post(NOTE, headers={"Authorization": f"Bearer {secret}"}).json == {"seqs": [3]}
        assert server.post("", f"tell/{secret}", method="GET").status == 405
        sources.revoke(file, "tradingview")
        assert server.post(NOTE, f"tell/{secret}").status == 404
        assert server.post(NOTE, f"tell/{other}").status == 200
        sources.revoke(file, "other")
        assert server.post(NOTE).status == 401
    kept = file.read_text()
    assert secret not in kept
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_of_sources_that_others_may_write_lets_nobody_in(path: Path) -> None:
    """It is refused by name at the start, and meanwhile opens nothing."""
    file = Layout.of(path).sources
    secret = sources.add(file, "tradingview", 1)
    with listening(path) as server:
        file.chmod(0o666)
        os.utime(file, ns=(1, 1))
        assert server.post(NOTE, f"tell/{secret}").status == 404
    with pytest.raises(InputError, match="others may read or write it"):
        sources.SourceSecrets(file)


def test_a_file_of_sources_without_an_end_is_refused_by_name(path: Path) -> None:
    """However deep its lists are nested."""
    file = Layout.of(path).sources
    sources.add(file, "tradingview", 1)
    file.write_bytes(b'[{"x":' + b"[" * 10_000)
    with pytest.raises(InputError, match=rf"^{re.escape(str(file))}: "):
        sources.SourceSecrets(file)


def test_another_sites_page_tells_nothing(server: Posting) -> None:
    """Nor does one that calls us by another name."""
    assert server.post(NOTE, headers={"Origin": "https://evil.example"}).status == 403
    assert server.post(NOTE, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert server.post(NOTE, headers={"Host": f"evil.example:{server.port}"}).status == 421


def test_the_description_is_one_of_openapi_and_its_example_is_taken(server: Posting) -> None:
    """The schemas are those of the inputs."""
    description = server.post("", "openapi.json", method="GET").json
    assert description["openapi"] == "3.1.0"
    post = description["paths"]["/tell"]["post"]["requestBody"]["content"]["application/json"]
    assert server.post(post["example"]).status == 200
    whole = {**post["schema"], "components": description["components"]}
    taken = jsonschema_rs.validator_for(whole, validate_formats=False)
    assert all(taken.is_valid(json.loads(line)) for line in lines())
    assert not taken.is_valid({"input": "halt"})


def test_secrets_are_never_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Right or wrong, in requests that are answered, refused or no HTTP."""
    caplog.set_level(logging.DEBUG)
    secret = sources.add(Layout.of(path).sources, "tradingview", 1)
    with listening(path, TOKEN) as server:
        server.post(NOTE, f"tell/{secret}")
        server.post("{", f"tell/{secret}")
        server.post(NOTE, f"tell/{secret[:-1]}")
        server.post(NOTE, headers={"Authorization": f"Bearer {TOKEN}x"})
        with socket.create_connection(("127.0.0.1", server.port), LIMIT) as raw:
            raw.sendall(f"POST /tell/{secret} HTTP/9.9\r\nx\r\n\r\n".encode())
            raw.recv(1000)
    logged = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    assert secret[:-1] not in logged
    assert TOKEN not in logged


def begun(cwd: Path, *options: str) -> tuple[subprocess.Popen[str], int]:
    """The program, and the port that it listens at."""
    process = started("listen", "--dir", ".", "--port", 0, *options, cwd=cwd)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("listens at http://127.0.0.1:"), process.communicate(timeout=LIMIT)
    return process, int(said.split(":")[2].split("/")[0])


def test_killed_and_posted_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """The real program, killed in the middle of a request."""
    told = lines(30)
    answered: dict[str, Any] = {}
    for part in (17, len(told)):
        process, port = begun(tmp_path, "--symbol", "ETH/BTC")
        client = Posting(port)
        for line in told[:part]:
            answer = client.post(line).json
            assert answered.setdefault(answer["id"], answer["seqs"]) == answer["seqs"]
        connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT)
        connection.request("POST", "/tell", "\n".join(told[part : part + 4]))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT)
        connection.close()
    with JournalReader.open(tmp_path / "live_story.txt") as reader:
        assert sum(map(len, answered.values())) == reader.last_seq
    assert verify(tmp_path / "live_story.txt").findings == []


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    """Whoever holds a connection; the story is free for another writer then."""
    process, port = begun(tmp_path)
    assert process.stderr is not None
    assert process.stderr.readline().startswith(
        "Any program of this machine may post: to change that, set LIVESTORY_LI"
    )
    with socket.create_connection(("127.0.0.1", port), LIMIT) as held:
        held.sendall(b"POST /tell HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 100\r\n\r\n{" % port)
        Posting(port).post(NOTE)
        process.terminate()
        process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    done = subprocess.run(
        [*COMMAND, "tell", "--dir", "."], cwd=tmp_path, env=environment(), input=b"", timeout=LIMIT, check=False
    )
    assert done.returncode == 0


def test_the_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """A weak one is refused; with one, other machines may be let in."""
    process = started(
        "listen", "--dir", ".", "--host", "0.0.0.0", "--port", 0,  # noqa: S104 - with a token
        cwd=tmp_path, env=environment(LIVESTORY_LISTEN_TOKEN=TOKEN),
    )  # fmt: skip
    assert process.stdout is not None
    client = Posting(int(process.stdout.readline().split(":")[2].split("/")[0]))
    assert (client.post(NOTE).status, client.post(NOTE, headers=BEARER).status) == (401, 200)
    process.terminate()
    process.communicate(timeout=LIMIT)
    (tmp_path / "token").write_text("hunter2\n")
    weak = inside("listen", "--dir", ".", "--port", "0", "--token-file", "token", cwd=tmp_path)
    assert (weak.returncode, "the token is too weak" in weak.stderr) == (2, True)


def test_sources_are_made_listed_and_revoked_by_the_command(tmp_path: Path) -> None:
    """The secret is printed once, on standard output alone."""
    made = inside("listen", "--dir", ".", "add", "tradingview", cwd=tmp_path)
    secret = made.stdout.strip().removeprefix("/tell/")
    assert (made.returncode, len(secret)) == (0, 32)
    assert inside("listen", "--dir", ".", "add", "tradingview", cwd=tmp_path).returncode == 2
    assert inside("listen", "--dir", ".", "list", cwd=tmp_path).stdout.startswith("tradingview  since 2")
    assert inside("listen", "--dir", ".", "revoke", "tv", cwd=tmp_path).stderr.startswith(
        "tv: no such source; there are: tradingview"
    )
    assert inside("listen", "--dir", ".", "revoke", "tradingview", cwd=tmp_path).returncode == 0
    assert inside("listen", "--dir", ".", "list", cwd=tmp_path).stdout.startswith("no source")


def test_where_others_can_reach_it_a_token_or_a_source_is_needed(tmp_path: Path) -> None:
    """Also where only a proxy can, which others reach."""
    for options in (("--host", "0.0.0.0"), ("--allow-host", "bot.example.org")):  # noqa: S104 - it is refused
        refused = inside("listen", "--dir", ".", "--port", "0", *options, cwd=tmp_path)
        assert refused.returncode == 2
        assert "there is neither a token nor a source" in refused.stderr
