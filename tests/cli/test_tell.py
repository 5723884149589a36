"""`livestory tell`: lines of JSON in, an answer to each once it is durable, whatever kills it."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import apsw
import jsonschema_rs

from livestory.story.files.verify import verify
from livestory.story.journal.entry import Identity
from livestory.story.settings import StorySettings
from livestory.story.writing.synchronous import SynchronousWriter
from tests.cli.program import COMMAND, LIMIT, environment, inside, livestory
from tests.public.bot import lines

if TYPE_CHECKING:
    from pathlib import Path

TELL = (*COMMAND, "tell", "--dir", ".", "--symbol", "ETH/BTC", "--unit", "BTC")
TOLD = "".join(f"{line}\n" for line in lines()).encode()


def tell(sent: bytes, cwd: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Send all of it, and read all answers."""
    return subprocess.run(
        [*TELL, *options], cwd=cwd, env=environment(), input=sent, capture_output=True, timeout=LIMIT, check=False
    )


def replies(output: bytes) -> list[Any]:
    """The answers."""
    return [json.loads(line) for line in output.splitlines()]


def begun(cwd: Path) -> subprocess.Popen[bytes]:
    """The program, waiting for lines."""
    return subprocess.Popen(
        TELL, cwd=cwd, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_each_line_is_answered_with_its_events_or_what_is_wrong(tmp_path: Path) -> None:
    """A bad line does not stop the others; where one was bad, the exit status says so."""
    sent = (
        b'\xef\xbb\xbf{"input": "started", "wealth": 1, "id": "s"}\r\n'
        b"\n"
        b'{"input": "note", "text": "a",}\n'
        b'{"input": "note", "text": "' + b"x" * 70_000 + b'"}\n'
        b'{"input": "observation", "price": 1}\n'
        b'{"input": "fill", "side": "buy", "quantity": -1, "price": 1}\n'
        b'{"input": "note", "text": "no line end"}'
    )
    done = tell(sent, tmp_path)
    answers = replies(done.stdout)
    assert [(each["line"], "error" in each) for each in answers] == [
        (1, False), (3, True), (4, True), (5, False), (6, True), (7, False),
    ]  # fmt: skip
    assert answers[0] == {"line": 1, "id": "s", "seqs": [1]}
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == [
        "standard input:3:31: JSON is malformed: trailing comma in object",
        "standard input:4: longer than the 65,536 bytes that an input may have",
        "standard input:6: quantity -1: expected a positive number",
        "3 of 6 inputs were refused",
        "Correct them and send them again.",
    ]
    assert [line.split(" | ")[1] for line in (tmp_path / "live_story.txt").read_text().splitlines()][-1] == "📝 Note"


def test_an_answer_comes_before_the_next_line_and_is_durable(tmp_path: Path) -> None:
    """A bot that waits for it may trade on."""
    told = begun(tmp_path)
    assert told.stdin is not None
    assert told.stdout is not None
    for number in range(1, 4):
        told.stdin.write(b'{"input": "note", "text": "%d"}\n' % number)
        told.stdin.flush()
        assert json.loads(told.stdout.readline()) == {"line": number, "seqs": [number]}
    told.kill()
    told.communicate(timeout=LIMIT)
    assert len((tmp_path / "live_story.txt").read_text().splitlines()) == 3
    assert verify(tmp_path / "live_story.txt").findings == []


def test_killed_and_told_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """After some answers, each time others; the lines are sent from the first again."""
    whole = tmp_path / "whole"
    whole.mkdir()
    undisturbed = tell(TOLD, whole)
    assert undisturbed.returncode == 0
    killed = tmp_path / "killed"
    killed.mkdir()
    answered: dict[str, Any] = {}
    for heard in (0, 11, 60):
        told = begun(killed)
        assert told.stdin is not None
        assert told.stdout is not None
        told.stdin.write(b"".join(TOLD.splitlines(keepends=True)[: heard + 5])[:-9])
        told.stdin.flush()
        for _ in range(heard):
            answer = json.loads(told.stdout.readline())
            assert answered.setdefault(answer["id"], answer["seqs"]) == answer["seqs"]
        told.send_signal(signal.SIGKILL)
        told.communicate(timeout=LIMIT)
    again = tell(TOLD, killed)
    assert again.returncode == 0
    assert again.stdout == undisturbed.stdout
    assert all(answered[each["id"]] == each["seqs"] for each in replies(again.stdout) if each["id"] in answered)
    assert (killed / "live_story.txt").read_text() == (whole / "live_story.txt").read_text()
    assert verify(killed / "live_story.txt").findings == []


def test_what_the_owner_notes_is_told_while_it_waits(tmp_path: Path) -> None:
    """By another process, with no line coming."""
    told = begun(tmp_path)
    assert told.stdin is not None
    assert told.stdout is not None
    told.stdin.write(b'{"input": "started"}\n')
    told.stdin.flush()
    told.stdout.readline()
    noted = livestory("note", "I look", "--dir", ".", cwd=tmp_path)
    assert noted.stdout.endswith("| 📝 Note | I look | by you\n")
    told.communicate(timeout=LIMIT)
    assert told.returncode == 0


def test_answers_that_nobody_reads_change_nothing(tmp_path: Path) -> None:
    """As where they go to `head`."""
    told = begun(tmp_path)
    assert told.stdout is not None
    told.stdout.close()
    told.stdout = None
    told.communicate(TOLD, timeout=LIMIT)
    assert told.returncode == 0
    assert len((tmp_path / "live_story.txt").read_text().splitlines()) > 10


def test_the_schema_takes_what_the_program_takes(tmp_path: Path) -> None:
    """It is printed without a story."""
    done = inside("tell", "--schema", cwd=tmp_path)
    published = jsonschema_rs.validator_for(json.loads(done.stdout))
    assert all(published.is_valid(json.loads(line)) for line in lines())
    assert not published.is_valid({"input": "halt"})
    assert list(tmp_path.iterdir()) == []


def test_the_story_of_an_executor_takes_none(tmp_path: Path) -> None:
    """Nor does one of another symbol."""
    own = Identity(bot="own", mode="paper", symbol="ETH/BTC", unit="BTC")
    with SynchronousWriter(tmp_path / "live_story.txt", own, StorySettings()) as story:
        story.commit({})
    refused = inside("tell", "--dir", ".", cwd=tmp_path)
    assert refused.returncode == 2
    assert "the story of a bot that livestory runs itself (paper)" in refused.stderr
    assert "BASE/QUOTE" in inside("tell", "--dir", "x", "--symbol", "??", cwd=tmp_path).stderr


def test_while_the_disk_takes_nothing_lines_wait(tmp_path: Path) -> None:
    """The sender is not ended; it is said on standard error, and so is the end."""
    told = begun(tmp_path)
    assert told.stdin is not None
    assert told.stdout is not None
    assert told.stderr is not None
    told.stdin.write(b'{"input": "started"}\n')
    told.stdin.flush()
    told.stdout.readline()
    with closing(apsw.Connection(str(tmp_path / "live_story.db"))) as other:
        other.execute("BEGIN IMMEDIATE")
        told.stdin.write(b'{"input": "note", "text": "a"}\n')
        told.stdin.flush()
        assert told.stderr.readline().startswith(b"the story waits: ")
        other.execute("ROLLBACK")
    assert json.loads(told.stdout.readline()) == {"line": 2, "seqs": [2]}
    assert told.communicate(timeout=LIMIT)[1].splitlines()[-1] == b"the story goes on"
