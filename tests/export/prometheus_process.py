"""A real Prometheus on loopback, and blocks of samples for it to serve."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_UNPACKED = Path(__file__).resolve().parents[2] / "build" / "debian" / "usr" / "bin"
_READY = 500  # looks, each after 20 ms

Samples = list[tuple[float, float | str]]


def program(name: str) -> str:
    """Where `make test` has unpacked Debian's program, or where PATH has one."""
    unpacked = _UNPACKED / name
    found = str(unpacked) if unpacked.exists() else shutil.which(name)
    if found is None:
        reason = f"needs {name}: make build/debian/usr/bin/prometheus unpacks Debian's"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def openmetrics(series: Iterable[tuple[str, Mapping[str, str], Samples]]) -> str:
    """Series with their samples (seconds since the epoch, value) as OpenMetrics text."""
    lines: dict[str, list[str]] = {}
    for name, labels, samples in series:
        own = ",".join(f'{key}="{value}"' for key, value in labels.items())
        lines.setdefault(name, []).extend(f"{name}{{{own}}} {value} {at:.3f}" for at, value in samples)
    text = [line for name, found in lines.items() for line in (f"# TYPE {name} unknown", *found)]
    return "\n".join([*text, "# EOF", ""])


class PrometheusProcess:
    """One server with a folder of its own; it scrapes ``targets`` ("127.0.0.1:8731") every ``interval``."""

    def __init__(
        self, folder: Path, *, blocks: str | Path = "", targets: Sequence[str] = (), interval: str = "1s"
    ) -> None:
        """Make blocks of OpenMetrics text, or of a file of it, and start serving them; return once it is ready."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        data = folder / "data"
        if blocks:
            written = blocks if isinstance(blocks, Path) else folder / "samples.txt"
            if isinstance(blocks, str):
                written.write_text(blocks, "utf-8")
            # Blocks of two hours, of which a year has thousands, would each read the text anew.
            making = [program("promtool"), "tsdb", "create-blocks-from", "--max-block-duration=2000h", "openmetrics"]
            command = [*making, str(written), str(data)]
            subprocess.run(command, check=True, capture_output=True)
        scrape = f"[{{job_name: bots, static_configs: [{{targets: {list(targets)}}}]}}]"
        config = folder / "prometheus.yml"
        config.write_text(f"{{global: {{scrape_interval: {interval}}}, scrape_configs: {scrape}}}\n", "utf-8")
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [
            program("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={data}",
            "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=error",
        ]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._await_ready()

    def _await_ready(self) -> None:
        for _ in range(_READY):
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):  # noqa: S310 - on loopback
                    return
            except OSError:
                Event().wait(0.02)
        raise AssertionError((self.folder / "log").read_text("utf-8"))

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """`close`."""
        self.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
