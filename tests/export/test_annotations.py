"""`livestory export --annotations`: a story's marks in Grafana, over its real protocol, each once."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cli.program import environment, livestory
from tests.export.answering_server import answering
from tests.web.teller import START, Teller

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "glsa_invented"  # noqa: S105 - invented


class Annotations(BaseHTTPRequestHandler):
    """Grafana's annotations: POST and GET /api/annotations, as its HTTP API describes them."""

    kept: list[dict[str, Any]]
    cut_after: int | None  # the annotation after which the connection is cut: it is kept, and not acknowledged

    def do_GET(self) -> None:
        """Those that have all tags asked for, within from and to (milliseconds, inclusive)."""
        asked = parse_qs(urlsplit(self.path).query)
        wanted, since, until = set(asked["tags"]), int(asked["from"][0]), int(asked["to"][0])
        found = [each for each in self.kept if wanted <= set(each["tags"]) and since <= each["time"] <= until]
        self._reply(200, found[: int(asked.get("limit", ["100"])[0])])

    def do_POST(self) -> None:
        """Keep one."""
        self.kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if len(self.kept) == self.cut_after:
            self.connection.close()
            return
        self._reply(200, {"message": "Annotation added", "id": len(self.kept)})

    def _reply(self, status: int, body: object) -> None:
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            status, body = 401, {"message": "Unauthorized"}
        answer = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def grafana(cut_after: int | None = None) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its address, and what it has kept."""
    kept: list[dict[str, Any]] = []
    handler = type("Handler", (Annotations,), {"kept": kept, "cut_after": cut_after})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", kept
        server.shutdown()
        thread.join()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A story with trades, a trip and a note that is no mark."""
    with Teller(tmp_path / "live_story.txt") as teller:
        teller.begin().bars(30).trade().bars(10).note("no mark").trade("sell").bars(20).trade().trip()
    return tmp_path / "live_story.db"


def exported(journal: Path, url: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    """What the command said."""
    given = environment(GRAFANA_TOKEN=token)
    return livestory("export", "--journal", journal, "--annotations", url, cwd=journal.parent, env=given)


def test_each_mark_comes_once_however_often_it_is_exported(journal: Path) -> None:
    """Cut off in the middle, where it can't be known whether the last one arrived, and run again; and again."""
    with grafana(cut_after=3) as (url, kept):
        cut = exported(journal, url)
        assert (cut.returncode, len(kept), "goes on where it was" in cut.stderr) == (1, 3, True)
        assert exported(journal, url).returncode == 0
        seqs = [tag for each in kept for tag in each["tags"] if tag.startswith("seq:")]
        assert len(seqs) == len(set(seqs)) > 4
        again = exported(journal, url)
        assert (again.returncode, "0 annotations added" in again.stderr, len(kept)) == (0, True, len(seqs))
        assert {"trade", "breaker"} <= {each["tags"][1] for each in kept}
        assert not any("no mark" in each["text"] for each in kept)
        assert all(each["time"] * 1000 >= START for each in kept)


def test_a_wrong_token_or_none_is_told(journal: Path) -> None:
    """One line, status 2, nothing is sent, and the token is not shown."""
    with grafana() as (url, kept):
        wrong, none = exported(journal, url, "glsa_wrong"), exported(journal, url, "")
        assert [done.returncode for done in (wrong, none)] == [2, 2]
        assert "GRAFANA_TOKEN" in wrong.stderr
        assert "glsa_wrong" not in wrong.stderr
        assert "GRAFANA_TOKEN" in none.stderr
        assert kept == []


def test_an_answer_without_an_end_is_no_grafana(journal: Path) -> None:
    """However deep its lists are nested."""
    with answering(lambda asked: asked.reply(200, b'[{"x":' + b"[" * 10_000)) as url:
        done = exported(journal, url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{url}/api/annotations: answers, but not as Grafana does; check the address\n"
