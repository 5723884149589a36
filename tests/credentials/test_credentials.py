"""Secrets are read where they may be read, and shown nowhere."""

from __future__ import annotations

import os
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.credentials import MASK, Secret, read, redacted
from livestory.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3a"
WHAT = "the token of [alerts.channels.phone]"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A file that holds the canary, for its owner alone."""
    file = tmp_path / "token"
    file.write_text(CANARY + "\n")
    file.chmod(0o600)
    return file


def test_a_secret_shows_itself_only_where_it_is_revealed() -> None:
    """Printed, formatted, within a list or compared, it is the mask."""
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    assert CANARY not in f"{secret} {secret!r} {[secret]} {secret!s:>20} {vars(type(secret)).keys()}"
    assert (secret == Secret(CANARY), secret == Secret("x"), len({secret, Secret(CANARY)})) == (True, False, 1)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_it_is_read_from_the_variable_or_the_file_that_is_named(private: Path) -> None:
    """The line's end that an editor leaves is no part of it."""
    assert read(WHAT, "TOKEN", None, {"TOKEN": f"{CANARY}\n"}).reveal() == CANARY
    assert read(WHAT, None, private, {}).reveal() == CANARY
    private.chmod(0o400)
    assert read(WHAT, None, private, {}).reveal() == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o610])
def test_a_file_that_others_may_touch_is_refused(private: Path, mode: int) -> None:
    """With the mode that it has and the command that mends it."""
    private.chmod(mode)
    with pytest.raises(ConfigError, match=rf"phone\]: .*token can be read or written by others \(mode {mode:04o}\)"):
        read(WHAT, None, private)
    with pytest.raises(ConfigError, match=r"\nchmod 600 .*token$"):
        read(WHAT, None, private)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff" + CANARY.encode(), b"\0" + CANARY.encode(), b"x" * 70_000])
def test_a_file_without_a_secret_is_refused_and_not_repeated(private: Path, content: bytes) -> None:
    """No part of what was read stands in the error or in what led to it."""
    private.write_bytes(content)
    with pytest.raises(ConfigError, match="token") as refused:
        read(WHAT, None, private)
    told = "".join(traceback.format_exception(refused.value))
    assert CANARY not in told
    assert len(told) < 4_000


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe without a writer, and nothing at all."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(ConfigError, match="pipe is not a regular file"):
        read(WHAT, None, pipe)
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigError):
        read(WHAT, None, tmp_path)
    with pytest.raises(ConfigError, match=r"nowhere can't be read: No such file"):
        read(WHAT, None, tmp_path / "nowhere")


def test_exactly_one_place_must_be_named(private: Path) -> None:
    """And a variable that is not set says which one."""
    with pytest.raises(ConfigError, match="both the variable TOKEN and the file"):
        read(WHAT, "TOKEN", private, {"TOKEN": CANARY})
    with pytest.raises(ConfigError, match="not named"):
        read(WHAT, None, None)
    with pytest.raises(ConfigError, match="variable TOKEN is not set"):
        read(WHAT, "TOKEN", None, {"TOKEN": " "})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'"{CANARY}"', "in quotes"),
        (f" '{CANARY}' \r\n", "in quotes"),
        (f"“{CANARY}”", "in quotes"),
        (f"`{CANARY}`", "in quotes"),
        (f"export TOKEN={CANARY}", "NAME=…"),
        (f"TOKEN={CANARY}", "NAME=…"),
        (f"{CANARY}\u200b", r"ZERO WIDTH SPACE \(U\+200B\)"),
        (f"\ufeff{CANARY}", r"ZERO WIDTH NO-BREAK SPACE \(U\+FEFF\)"),
        (f"{CANARY}\u00a0{CANARY}", r"NO-BREAK SPACE \(U\+00A0\)"),
        (f"{CANARY}\n{CANARY}", "a line end"),
        (f"{CANARY}\x07{CANARY}", r"a control character \(U\+0007\)"),
        (f"{CANARY}\udcff", r"U\+DCFF"),
        (f"{CANARY}\u0410", r"CYRILLIC CAPITAL LETTER A \(U\+0410\)"),
    ],
)
def test_a_secret_that_was_copied_wrongly_is_told_and_not_shown(private: Path, text: str, problem: str) -> None:
    """In quotes, with its name, or with a character that no eye sees: from a variable and from a file."""
    with pytest.raises(ConfigError, match=f"variable TOKEN holds.*{problem}") as refused:
        read(WHAT, "TOKEN", None, {"TOKEN": text}, plain=True)
    assert CANARY not in str(refused.value)
    if text.startswith("\ufeff") or "\udcff" in text:
        return  # a file's mark of its encoding is no part of it
    private.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(ConfigError, match=f"token holds.*{problem}") as refused:
        read(WHAT, None, private, plain=True)
    assert CANARY not in str(refused.value)


def test_what_only_surrounds_a_secret_is_no_part_of_it(private: Path) -> None:
    """Blanks, line ends of any system and the mark of an encoding; a key in PEM has lines, base64 ends in =."""
    private.write_bytes(b"\xef\xbb\xbf " + CANARY.encode() + b" \r\n")
    assert read(WHAT, None, private).reveal() == CANARY
    assert read(WHAT, "TOKEN", None, {"TOKEN": f"\u00a0{CANARY}\t\n"}).reveal() == CANARY
    for text in ("-----BEGIN PRIVATE KEY-----\r\nabc\r\n-----END PRIVATE KEY-----", "ABC==", "pass word", "a'b", '"a'):
        assert read(WHAT, "TOKEN", None, {"TOKEN": text}, plain=True).reveal() == text
    with pytest.raises(ConfigError, match="Take the word export out"):
        read(WHAT, "TOKEN", None, {"export TOKEN": CANARY})


@given(st.text("abcXYZ/+", min_size=1), st.lists(st.text("0123 .\n"), min_size=2))
def test_a_redacted_text_has_the_mask_where_the_secret_stood(secret: str, rest: list[str]) -> None:
    """And everything else as it was."""
    assert redacted(secret.join(rest), [Secret(secret)]) == MASK.join(rest)


def test_a_secret_within_an_address_is_redacted_too() -> None:
    """As an address writes it."""
    assert redacted("https://x/a%2Fb%3Ac/send a/b:c", [Secret("a/b:c"), Secret("")]) == f"https://x/{MASK}/send {MASK}"
