"""What every command owes whoever feeds it anything at all."""

from __future__ import annotations

import os
import signal
import traceback
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from click.testing import CliRunner, Result

from livestory.cli import livestory
from livestory.story.line import parse, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HANGS = 60  # seconds until an input counts as one that is never done with
_MEMORY = 256 << 20  # bytes that an input of a few kilobytes may cost at most
_SHOWN = frozenset("\n\u200c\u200d")  # the line's end, and the joiners of scripts and emoji
_STATUS = Path("/proc/self/status")


def asked(*arguments: object, env: Mapping[str, str | None] | None = None, lines: int = 2) -> Result:
    """Run a command to its end: status 0, 1 or 2, and where it fails one message of so many lines; never a traceback.

    Whatever it prints leaves a terminal as it was.
    """
    own = dict.fromkeys(name for name in os.environ if name.startswith("LIVESTORY_"))
    result = CliRunner().invoke(livestory, [str(each) for each in arguments], env={**own, **(env or {})})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError("".join(traceback.format_exception(result.exception)))
    assert result.exit_code in {0, 1, 2}
    assert is_harmless(result.stdout), ascii(result.stdout)
    assert is_harmless(result.stderr), ascii(result.stderr)
    assert "Traceback" not in result.stderr
    if result.exit_code == 0:
        return result
    assert 0 < (result.stderr or result.stdout).rstrip("\n").count("\n") + 1 <= lines, result.stderr
    return result


def is_harmless(text: str) -> bool:
    """Whether a terminal shows all of it and does nothing else."""
    return (text.isascii() and text.replace("\n", "").isprintable()) or all(
        character in _SHOWN or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for character in text
    )


def are_of_a_story(lines: Iterable[str]) -> bool:
    """Whether each is a line that a story would have, so that none is forged, split or torn."""
    return all(render(parse(line)) == line for line in lines)


@contextmanager
def bounded() -> Iterator[None]:
    """Fail where what is done within hangs, or takes far more memory than the small inputs that it is given."""
    before = _reset_peak()
    previous = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(_HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert _status("VmHWM") - before < _MEMORY


def still_at_it() -> None:
    """Another input is begun: it has all the time again."""
    signal.alarm(_HANGS)


def _hangs(*_: object) -> NoReturn:
    message = "it hangs"
    raise AssertionError(message)


def _reset_peak() -> int:
    """Let the peak of resident memory begin anew (proc_pid_clear_refs(5)); what is resident now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    return _status("VmRSS")


def _status(name: str) -> int:
    line = next(line for line in _STATUS.read_text("ascii").splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) << 10
