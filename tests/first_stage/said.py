"""What the program says, without what differs from run to run."""

from __future__ import annotations

import lzma
import re
import signal
import time
import urllib.request
from itertools import product
from typing import TYPE_CHECKING

from click.testing import CliRunner
from msgspec import json

from livestory.cli import livestory
from tests.cli.program import started
from tests.first_stage.packed import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MASKS = (
    (r'"(now|committed)":\d+', r'"\1":0'),
    (r'"(hash|journal)":"[0-9a-f]+"', r'"\1":""'),  # of a journal's own, drawn when it was begun
    (r"127\.0\.0\.1:\d+", "<host>"),
    (r"\b(process|pid) \d+", r"\1 <pid>"),
    (r"(heard|silent|for|last) [^ ,;|]+( [^ ,;|]+)? ago", r"\1 <age> ago"),
    (r"[\d.]+ (kB|MB|KB|KiB|MiB)\b", "<size>"),
    (r"live_story-\d{8}T\d{6}Z", "live_story-<time>"),
)


_THEN = {"LIVESTORY_STORY__DETAIL": "all"}
"""The settings of the first stage that have another default now."""


def plain(text: str, folder: Path) -> str:
    """With paths, addresses, process ids, ages and sizes in a stable form."""
    text = text.replace(str(folder), "<folder>")
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    return text


def said(folder: Path, *arguments: object) -> str:
    """The exit status of a command and what it prints, run in this process."""
    done = CliRunner(env=_THEN).invoke(livestory, [str(argument) for argument in arguments], prog_name="livestory")
    given = plain(" ".join(map(str, arguments)), folder)
    return plain(f"$ livestory {given}\n{done.output}exit {done.exit_code}\n", folder)


def served(folders: list[Path], paths: tuple[str, ...]) -> Iterator[tuple[Path, str, str]]:
    """What the page's server answers about each folder to each path."""
    options = [option for folder in folders for option in ("--dir", folder)]
    server = started("serve", *options, "--port", "0", cwd=folders[0].parent)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        found = re.search(r"http://[^/ ]+", line)
        assert found is not None, line
        for folder, path in product(folders, paths):
            url = f"{found[0]}/{path}{'&' if '?' in path else '?'}story={folder.name}"
            while '"state":"loading"' in _answer(f"{found[0]}/api/status?story={folder.name}"):
                time.sleep(0.05)
            yield folder, path, plain(_answer(url), folder)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate()


def _answer(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


def recorded(group: str) -> dict[str, str]:
    """What was recorded, by name."""
    return json.decode(lzma.decompress((HERE / f"{group}.json.xz").read_bytes()), type=dict[str, str])


def keep(group: str, told: dict[str, str]) -> None:
    """Record it."""
    (HERE / f"{group}.json.xz").write_bytes(lzma.compress(json.encode(told), preset=9))
