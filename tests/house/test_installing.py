"""`make run` on a machine that is not ours: behind a company's proxy, off the network, with a lock that is too old."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
STORE = Path("/etc/ssl/certs/ca-certificates.crt")
NOBODY = "https://127.0.0.1:9/simple"  # nothing listens there
_NEEDED = ("Makefile", "pyproject.toml", "requirements.lock", "tools/installing.sed")


class _Index(BaseHTTPRequestHandler):
    """A package index that has nothing."""

    def do_GET(self) -> None:
        """Answer any question."""
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that no machine knows, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    made = tmp_path_factory.mktemp("company") / "company.pem"
    how = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=company -addext subjectAltName=IP:127.0.0.1"
    leaf = "-addext basicConstraints=critical,CA:FALSE"
    subprocess.run(
        [openssl, *how.split(), *leaf.split(), "-out", made, "-keyout", made], check=True, capture_output=True
    )
    return made


@contextmanager
def index(certificate: Path) -> Iterator[str]:
    """A package index under that certificate; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What `make run` reads of a clone, whose environment has uv and nothing else yet."""
    for name in _NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    bin_ = tmp_path / ".venv" / "bin"
    bin_.mkdir(parents=True)
    for name in ("uv", "python"):
        (bin_ / name).symlink_to((ROOT / ".venv" / "bin" / name).resolve())
    shutil.copy(ROOT / ".venv" / "pyvenv.cfg", tmp_path / ".venv")
    return tmp_path


def said(clone: Path, address: str, *before: str, **changes: str) -> str:
    """What `make` says of an installation that fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "SSL_", "MAKE"))}
    uv = {"UV_DEFAULT_INDEX": address, "UV_NO_CACHE": "1", "UV_HTTP_RETRIES": "0", "UV_NO_CONFIG": "1"}
    done = subprocess.run(
        [*before, "make", ".venv/installed"],
        cwd=clone,
        env=kept | uv | {"NO_PROXY": "*"} | changes,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Installing the locked packages" in done.stdout
    return done.stderr


def test_a_proxy_whose_certificate_the_machine_does_not_know(clone: Path, certificate: Path) -> None:
    """The hint is about certificates, and not about the lock."""
    with index(certificate) as address:
        told = said(clone, address)
    assert "invalid peer certificate" in told
    assert "SSL_CERT_FILE=/path/to/company.pem" in told
    assert "make lock" not in told


def test_a_proxy_whose_certificate_was_named(clone: Path, certificate: Path) -> None:
    """By its file, as the hint says: the index is reached."""
    with index(certificate) as address:
        told = said(clone, address, SSL_CERT_FILE=str(certificate))
    assert "certificate" not in told
    assert told.splitlines()[-2] == "The package index lacks it."


def test_a_proxy_whose_certificate_is_in_the_machines_store(clone: Path, certificate: Path, tmp_path: Path) -> None:
    """It is enough that the company has put it there."""
    if os.geteuid() or shutil.which("unshare") is None or not STORE.exists():
        pytest.skip("needs root, unshare and Debian's store of certificates")
    store = tmp_path / "store.crt"
    store.write_text(STORE.read_text("utf-8") + certificate.read_text("utf-8"), "utf-8")
    mounted = ("unshare", "-m", "sh", "-c", f'mount --bind {store} {STORE} && exec "$@"', "sh")
    if subprocess.run([*mounted, "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    with index(certificate) as address:
        told = said(clone, address, *mounted)
    assert "certificate" not in told
    assert told.splitlines()[-2] == "The package index lacks it."


def test_no_way_to_the_package_index(clone: Path) -> None:
    """The hint is about the way there."""
    assert said(clone, NOBODY).splitlines()[-2].startswith("The package index can't be reached.")


@pytest.mark.parametrize(
    ("installer", "hint"),
    [
        ("error: Hash-checking is required, but no trusted hash was provided for: `flask`", "Changed pyproject.toml?"),
        ("error: No solution found when resolving dependencies\n  cause: Because …", "Changed pyproject.toml?"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "Changed pyproject.toml?"),
        (
            "WARNING: Retrying (Retry(total=4))\nERROR: No matching distribution found",
            "The package index",
        ),
        ("error: failed to write to file\n  cause: No space left on device (os error 28)", ""),
    ],
)
def test_only_a_lock_that_is_too_old_is_to_be_made_anew(installer: str, hint: str) -> None:
    """As uv and pip say it; what is none of these kinds stands for itself."""
    script = ["sed", "-n", "-f", str(ROOT / "tools" / "installing.sed")]
    done = subprocess.run(script, input=f"{installer}\n", capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.startswith(hint)
    assert bool(done.stdout) == bool(hint)
