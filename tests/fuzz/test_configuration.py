"""Whatever livestory.toml or the environment holds, it is a configuration or faults with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livestory import config
from livestory.errors import ConfigError
from livestory.story.wording.text import visible
from tests.fuzz.inputs import corpus
from tests.fuzz.mutation import Example, examples
from tests.fuzz.oracle import asked, bounded, is_harmless, still_at_it

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fuzz.conftest import Tried

FILES = corpus("configuration") | {"template.toml": config.template().encode()}
_MOST_LINES = 11
_ODD = (
    b"\0", b"\x1b[31m", b"\xff", b"\r", b'"', b"'''", b"[", b"[[", b"]", b"{", b"}", b"=", b".", b"#", b"\n",
    b"1e400", b"-0", b"nan", b"inf", b"9" * 400, b"0x", b"1979-05-27T07:32:00Z", b'"off"', b'"7d"', b'"99999999d"',
    b"[story]\n", b"[risk.x]\n", b"a.b.c=1\n", b'"\\u001b[2J" = 1\n', b'"\\u2028" = "\\u202e"\n', b'"a\\nb" = 1\n',
    b'[alerts.channels."\\n"]\n', b"a" * 3_000 + b" = 1\n", b"[" * 2_000, b"\xe2\x80\xa8",
)  # fmt: skip
_TEXTS = (
    *(odd.decode("utf-8", "replace") for odd in _ODD if b"\0" not in odd), "", "off", "1", "-1", "true", "12h",
    "ETH/BTC", "[1, 2]", "\udcff", "x" * 5_000,
)  # fmt: skip


def loaded(path: Path | None, environ: dict[str, str]) -> str:
    """What came of it: "taken", or "refused" in a few lines, each with the file and its place or the variable."""
    still_at_it()
    try:
        config.load(path, environ)
    except ConfigError as error:
        refusal = str(error)
    else:
        return "taken"
    lines = refusal.split("\n")
    assert len(lines) <= _MOST_LINES
    assert all(line.startswith((f"{path}:", "LIVESTORY_", "[", "… and ")) for line in lines), lines
    assert all(len(line) < 1_000 for line in lines)
    assert is_harmless(visible(refusal))
    return "refused"


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_corpus_is_taken_or_refused(tmp_path: Path, name: str) -> None:
    """By the command, too."""
    file = tmp_path / "livestory.toml"
    file.write_bytes(FILES[name])
    expected = "refused" if name.startswith("bad_") else "taken"
    with bounded():
        assert loaded(file, {}) == expected
    table = tmp_path / "t.csv"
    table.write_text("time,wealth\n2024-01-01,1\n")
    result = asked("explain", table, "--config", file, lines=_MOST_LINES)
    assert result.exit_code == (2 if expected == "refused" else 0)


def test_a_mutated_file_is_taken_or_refused(tmp_path: Path, tried: Tried) -> None:
    """Bytes changed, lost or put in."""
    contents = list(FILES.values())
    file = tmp_path / "livestory.toml"
    with bounded():
        for example in examples(300, 8_000):
            file.write_bytes(example.mutated(example.random.choice(contents), contents, _ODD))
            try:
                tried("mutated configurations", loaded(file, {}))
            except AssertionError as error:
                error.add_note(f"{example}: {file.read_bytes()!r}")
                raise


def test_any_environment_is_taken_or_refused(tmp_path: Path, tried: Tried) -> None:
    """Any variable of ours, and some that are nearly so, with any value."""
    file = tmp_path / "livestory.toml"
    file.write_bytes(FILES["whole.toml"])
    names = [f"LIVESTORY_{'__'.join(name.split('.')).upper()}" for name in _settings()]
    with bounded():
        for example in examples(300, 8_000):
            environ = _environment(example, names)
            try:
                tried("environments", loaded(example.random.choice((None, file)), environ))
            except AssertionError as error:
                error.add_note(f"{example}: {environ!r}")
                raise


def _settings() -> list[str]:
    """The full name of every setting, as the reference has them."""
    section, names = "", []
    for line in config.reference().split("\n"):
        if line.startswith("## `["):
            section = line[5:-2]
        elif line.startswith("| `"):
            names.append(f"{section}.{line[3:].partition('`')[0]}")
    return names


def _environment(example: Example, names: list[str]) -> dict[str, str]:
    random = example.random
    environ = {random.choice(names): random.choice(_TEXTS) for _ in range(random.randrange(1, 5))}
    if random.random() < 0.2:
        environ[f"LIVESTORY_{random.choice(_TEXTS)[:40].strip(chr(0))}"] = random.choice(_TEXTS)
    return environ
