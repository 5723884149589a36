"""How a line looks on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.outlets.terminal import TerminalPrinter, coloured, fitted, style, takes_colour, width_of, wrapped
from livestory.story.event import Event
from livestory.story.kinds.risk import BreakerTripped, DailyLimit, Halted, Phoenix
from livestory.story.kinds.telling import JournalSetAside, Note
from livestory.story.line import tell

NOON = 1_733_238_000_000_000
TEXT = "a | b \x1b[31m \n c"


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_a_coloured_line_without_its_colours_is_the_line() -> None:
    """Columns and words stay as they are, whatever is in them; nothing of anybody's text reaches the terminal raw."""
    line = tell(NOON, Note(topic=TEXT, text=TEXT))
    shown = coloured(line, Note(text=TEXT))
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == line
    assert "\x1b" not in line
    assert shown.startswith("\x1b[2m2024-12-03 15:00:00\x1b[0m | ")


def test_what_is_critical_is_bold_and_the_why_is_plain() -> None:
    """A trip, a halt, a damaged journal in red; a resume is critical and good news."""
    critical = (BreakerTripped(), Halted(), DailyLimit(), JournalSetAside(name="x", trouble="y"))
    assert {style(facts) for facts in critical} == {"1;31"}
    assert style(Phoenix()) == "1;32"
    line = "2024-12-03 18:00:00 | 🚨 SAFETY BREAKER TRIPPED | DD: -21.2% | limit -20.0%"
    shown = coloured(line, BreakerTripped())
    assert shown.endswith("\x1b[1;31m🚨 SAFETY BREAKER TRIPPED | DD: -21.2%\x1b[0m | limit -20.0%")


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(environ: dict[str, str], *, wanted: bool) -> None:
    """As no-color.org has it: any value but the empty one is a no."""
    assert takes_colour(Terminal(), environ) is wanted
    assert takes_colour(io.StringIO(), environ) is False


def test_a_printer_whose_reader_has_gone_says_so_once() -> None:
    """And prints no more, so that a bot is not disturbed."""

    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    said = []
    printer = TerminalPrinter(Closed(), when_closed=lambda: said.append("closed"))
    event = Event(NOON, Note(text="x"), tell(NOON, Note(text="x")))
    printer(event)
    printer(event)
    assert said == ["closed"]


@given(st.text(st.sampled_from("ab 🚀é\u0301漢|"), max_size=200), st.integers(3, 100))
def test_a_wrapped_line_has_all_its_words_and_no_part_wider_than_the_window(text: str, width: int) -> None:
    """Unless one word is; the further parts hang under the first."""
    line = " ".join(text.split())
    told = wrapped(line, width)
    first, *further = told.split("\n")
    assert " ".join([first, *(part.lstrip(" ") for part in further)]) == line
    for part in further:
        assert part.startswith("  ")
    for part in (first, *further):
        wide = sum({"🚀": 2, "漢": 2, "\u0301": 0}.get(char, 1) for char in part)
        assert wide <= width or " " not in part.strip(" ")


def test_colours_take_no_room_and_a_pipe_is_not_wrapped() -> None:
    """A line of 30 columns with colours stays whole in 30; what is no terminal has no width."""
    painted = "\x1b[2m2024-12-03\x1b[0m | \x1b[1;31mSAFETY BREAKER\x1b[0m | x"
    assert wrapped(painted, 31) == painted
    assert "\n" in wrapped(painted, 29)
    assert width_of(io.StringIO()) == 0


def test_a_text_in_blocks_is_wrapped_line_by_line_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it is cut into blocks; what is no terminal gets the blocks as they are."""
    blocks = ["2024-12-03 | a wo", "rd\nand another line", " of words\nthe end"]
    assert list(fitted(blocks, io.StringIO())) == [*blocks, ""]
    monkeypatch.setattr("livestory.outlets.terminal.width_of", lambda _: 20)
    told = "".join(fitted(blocks, Terminal()))
    assert told == "2024-12-03 | a word\nand another line of\n  words\nthe end"
