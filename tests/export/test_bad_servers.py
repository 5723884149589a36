"""Servers that are down, slow, locked, broken or no Prometheus at all: one message, exit 1 or 2, no partial output."""

from __future__ import annotations

import logging
import re
import shutil
import socket
import ssl
import subprocess
import threading
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from livestory.cli import livestory
from tests.export.answering_server import Asked, answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "s3cr3t-t0ken"  # noqa: S105 - a made-up one, to look for in messages
_released = threading.Event()


def asks(url: str, out: Path, *more: str, **environ: str) -> tuple[int, str]:
    """The exit status and the message of an export whose output exists already, which has to stay as it is."""
    out.write_text("time,wealth\n2024-01-01T00:00:00Z,1\n", "utf-8")
    kept = out.read_bytes()
    command = ["export", "--prometheus", url, "--out", str(out), *more]
    done = CliRunner().invoke(
        livestory, command, env={"LIVESTORY_PROMETHEUS__TIMEOUT": "300ms", **environ}, prog_name="livestory"
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    if done.exit_code:
        assert len(done.stderr.strip().split("\n")) <= 2, done.stderr
        assert out.read_bytes() == kept
    assert [path.name for path in out.parent.iterdir() if path.suffix == ".tmp"] == []
    return done.exit_code, done.stderr


def slow(asked: Asked) -> None:
    """Answer when the test is over."""
    _released.wait(5)
    asked.succeed()


def drips(asked: Asked) -> None:
    """Send a byte now and then, so that no single read ever waits long."""
    asked.send_response(200)
    asked.send_header("Content-Length", "1000")
    asked.end_headers()
    try:
        while not _released.wait(0.05):
            asked.wfile.write(b" ")
    except OSError:
        return


def cut_off(asked: Asked) -> None:
    """Promise more than comes."""
    asked.reply(200, b'{"status":"success","data":[', Content_Length="1000")


def late_failure(asked: Asked) -> None:
    """Fail after the first rows were made."""
    if asked.what == "query" and float(asked.asked["time"][0]) > 1_733_227_200 + 3 * 86_400:
        asked.refuse(503, "storage gone")
    else:
        asked.succeed()


BAD: dict[str, tuple[Callable[[Asked], None], int, str]] = {
    "slow": (slow, 1, r"no answer within 0.3 s"),
    "dripping": (drips, 1, r"no answer within 0.3 s"),
    "cut off": (cut_off, 1, "complete message body"),
    "damaged": (lambda asked: asked.reply(200, b'{"status":"succ'), 1, "JSON that is cut off or damaged"),
    "nested": (lambda asked: asked.reply(200, b'{"status":' + b"[" * 10_000), 1, "JSON that is cut off or damaged"),
    "a failure": (lambda asked: asked.refuse(500, "out of disk"), 1, "out of disk"),
    "a failure behind a proxy": (
        lambda asked: asked.reply(502, b"<html>Bad Gateway</html>", "text/html"),
        1,
        "answers 502; try again later",
    ),
    "failing half-way": (late_failure, 1, "storage gone"),
    "partial": (lambda asked: asked.succeed(warnings=["store 2 unreachable"]), 1, "incomplete: store 2 unreachable"),
    "a page": (lambda asked: asked.reply(200, b"<html>Hello</html>", "text/html"), 2, "not as Prometheus does"),
    "no such page": (lambda asked: asked.reply(404, b"<html>?</html>", "text/html"), 2, "answers 404, but not"),
    "moved": (lambda asked: asked.reply(301, b"", Location="https://elsewhere.example/"), 2, "answers 301, but not"),
    "another API": (lambda asked: asked.reply(200, b'{"status":"success","data":7}'), 2, "not as Prometheus does"),
    "locked": (lambda asked: asked.reply(401, b"", "text/plain"), 2, r"let us in \(401\); set PROMETHEUS_TOKEN"),
    "forbidden": (lambda asked: asked.refuse(403, "no"), 2, r"let us in \(403\)"),
    "a refusal": (
        lambda asked: asked.refuse(400, "parse\nerror\x1b[31m"),
        2,
        r"refuses the question: parse error \[31m",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_server_is_told_in_one_message(case: str, tmp_path: Path) -> None:
    """And the table that is there stays as it is."""
    answer, status, message = BAD[case]
    _released.clear()
    try:
        with answering(answer) as url:
            found, told = asks(url, tmp_path / "export.csv", "--start", "2024-12-01", "--end", "2025-12-01")
            _released.set()
    finally:
        _released.set()
    assert found == status
    assert told.startswith(f"{url}: ")
    assert re.search(message, told), told


def test_a_server_that_is_down_is_told(tmp_path: Path) -> None:
    """With its address."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        status, told = asks(url, tmp_path / "export.csv")
    assert (status, told) == (1, f"{url}: [Errno 111] Connection refused; is it running?\n")


def test_a_server_that_hangs_up_is_told(tmp_path: Path) -> None:
    """Without a word."""
    with answering(lambda asked: asked.connection.shutdown(socket.SHUT_RDWR)) as url:
        status, told = asks(url, tmp_path / "export.csv")
    assert status == 1
    assert told.startswith(f"{url}: ")


@pytest.mark.parametrize(
    ("environ", "header"),
    [
        ({"PROMETHEUS_TOKEN": SECRET}, f"Bearer {SECRET}"),
        (
            {"PROMETHEUS_USER": "ann", "PROMETHEUS_PASSWORD": SECRET},
            f"Basic {b64encode(f'ann:{SECRET}'.encode()).decode()}",
        ),
    ],
)
def test_secrets_are_sent_and_never_shown(
    environ: dict[str, str], header: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a message, though the server repeats them, and not in a log, however much it says."""
    sent = []

    def answer(asked: Asked) -> None:
        sent.append(asked.headers["Authorization"])
        asked.refuse(400, f"what is {SECRET}?")

    with caplog.at_level(logging.DEBUG), answering(answer) as url:
        status, told = asks(url, tmp_path / "export.csv", **environ)
    assert sent == [header]
    assert (status, told) == (2, f"{url}: refuses the question: what is …?\n")
    assert SECRET not in caplog.text
    assert url not in caplog.text


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PROMETHEUS_TOKEN": f"{SECRET}\n{SECRET}"}, "PROMETHEUS_TOKEN holds a line end (U+000A)"),
        ({"PROMETHEUS_TOKEN": f"{SECRET} {SECRET}"}, "PROMETHEUS_TOKEN holds a blank"),
        ({"PROMETHEUS_PASSWORD": f"'{SECRET}'"}, "PROMETHEUS_PASSWORD holds a secret in quotes"),
        ({"PROMETHEUS_TOKEN": SECRET, "PROMETHEUS_USER": "ann"}, "both set"),
        ({"PROMETHEUS_PASSWORD": SECRET}, "without PROMETHEUS_USER"),
    ],
)
def test_secrets_that_cannot_be_sent_are_told_by_name(environ: dict[str, str], message: str, tmp_path: Path) -> None:
    """Never by what they are."""
    status, told = asks("http://127.0.0.1:9", tmp_path / "export.csv", **environ)
    assert status == 2
    assert message in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"http://ann:{SECRET}@127.0.0.1:9", "holds an @; set PROMETHEUS_USER and PROMETHEUS_PASSWORD instead"),
        ("127.0.0.1:9090", "not the address of a Prometheus server"),
        ("ftp://127.0.0.1", "not the address of a Prometheus server"),
        ("http://127.0.0.1:9/?x=1", "not the address of a Prometheus server"),
        ("http://[::1", "http://[::1: not an address"),
    ],
)
def test_an_address_that_is_none_is_told(url: str, message: str, tmp_path: Path) -> None:
    """Without what stands before its @."""
    status, told = asks(url, tmp_path / "export.csv")
    assert status == 2
    assert message in told
    assert SECRET not in told


def test_certificates_that_are_none_are_told(tmp_path: Path) -> None:
    """By their file."""
    (tmp_path / "ca.pem").write_text("hello", "utf-8")
    for name, reason in (("ca.pem", "no certificates in it"), ("nowhere.pem", "No such file or directory")):
        status, told = asks("https://127.0.0.1:9", tmp_path / "export.csv", "--ca", str(tmp_path / name))
        assert status == 2
        assert f"{name}: can't be used to check https ({reason})" in told


def test_a_server_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    """Is trusted by its certificate, and not without."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=test -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *made.split(), "-out", cert, "-keyout", key], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with answering(lambda asked: asked.succeed(), context) as url:
        status, told = asks(url, tmp_path / "export.csv", "--start", "2024-12-01")
        assert status == 1
        assert told.endswith("; name its certificate with --ca FILE\n")
        assert asks(url, tmp_path / "export.csv", "--start", "2024-12-01", "--ca", str(cert))[0] == 0


def test_a_question_that_is_too_large_is_asked_in_parts(tmp_path: Path) -> None:
    """As a server with a limit on samples wants it."""
    spans = []

    def answer(asked: Asked) -> None:
        if asked.what == "query":
            spans.append(int(asked.asked["query"][0].rpartition("[")[2].removesuffix("ms]")))
            if spans[-1] > 7_200_000:
                asked.refuse(422, "query processing would load too many samples into memory in query execution")
                return
        asked.succeed()

    with answering(answer) as url:
        status, told = asks(url, tmp_path / "export.csv", "--start", "2024-12-03", "--end", "2024-12-04")
    assert (status, told) == (0, f"{tmp_path / 'export.csv'}: 1 row written\n")
    assert spans[0] == 86_400_000
    assert sum(span for span in spans if span <= 7_200_000) == 86_400_000


def test_a_healthy_answer_is_taken(tmp_path: Path) -> None:
    """The same servers, in good health: so that the cases above fail for their reasons."""
    with answering(lambda asked: asked.succeed()) as url:
        status, _ = asks(url, tmp_path / "export.csv", "--start", "2024-12-01", "--end", "2024-12-05")
    assert status == 0
    assert (tmp_path / "export.csv").read_text("utf-8") == "time,wealth\n2024-12-03T12:00:00Z,1733227200\n"
