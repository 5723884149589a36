"""How the cells of a table are written: what stands before decimals, which unit is in them, what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from livestory.retell import cells
from livestory.retell.readers import ANY_SIDE, AS_LONG, IS_BUYER, OF_NUMBERS, Reader, reader_of
from livestory.retell.shapes import declared
from livestory.retell.words_of_cells import are_effects

if TYPE_CHECKING:
    from livestory.retell.survey.survey import Survey

_LONGEST = 20  # characters of a cell that a remark repeats


def decimal_mark(survey: Survey) -> str:
    """What stands before decimals: one way in all of a table."""
    table = survey.sample.table
    columns = [survey.columns[field] for own, field in survey.layout.fields.items() if own in OF_NUMBERS]
    odd = [texts for texts in columns if "," in (joined := "".join(texts)) or "." in joined.replace(".", "", 1)]
    if not any("," in "".join(texts) for texts in columns) and table.is_of_commas:
        return "."
    mark = cells.decimal_mark(text for texts in odd for text in texts)
    if mark is None:
        mark = "." if table.is_of_commas else ","
        survey.remarks.infer(
            f"nothing says what the comma in numbers is: read as {'thousands' if mark == '.' else 'decimals'}"
        )
    elif mark == ",":
        survey.remarks.infer("numbers have a decimal comma")
    return mark


def reader_for(survey: Survey, own: str) -> Reader:
    """How the cells of a column are read, which of sides may be in several ways."""
    called = survey.called[survey.layout.fields[own]].spellings[0]
    if own == "fill_side" and survey.layout.shape is declared.FILLS:
        if called == "isbuyer":
            return IS_BUYER
        if are_effects(survey.texts(own)):
            return AS_LONG
        return ANY_SIDE
    return reader_of(own, survey.mark)


def leave_out_words(survey: Survey) -> None:
    """Leave out the columns of a usual name in which not one cell is what it should be: words for numbers."""
    for own, reader in survey.readers.items():
        if own not in survey.layout.fields or not survey.layout.can_spare(own):
            continue
        known = survey.texts(own)
        if known and not any(_is_read(reader, text.strip()) for text in known):
            survey.drop(own, f"{known[0].strip()[:_LONGEST]!r} is not {reader.expected}")


def unit_of(survey: Survey, own: str, *, refuse: bool = False) -> str | None:
    """The unit that is written into the cells, where all have the same.

    Raises TableError where they have several, which can't be told as one: ``refuse`` asks for that.
    """
    if own not in survey.layout.fields:
        return None
    units = set()
    for text in survey.texts(own)[:1000]:
        try:
            units.add(cells.written(text, survey.mark).unit)
        except ValueError:
            continue
    named = units - {None}
    if len(named) > 1 and refuse:
        problem = f"{own} in {' and '.join(sorted(filter(None, named)))}; keep the rows of one of them"
        raise survey.error(survey.layout.fields[own], problem)
    return named.pop() if len(units) == len(named) == 1 else None


def _is_read(reader: Reader, text: str) -> bool:
    try:
        reader.read(text)
    except (ValueError, ArithmeticError, msgspec.DecodeError):
        return False
    return True
