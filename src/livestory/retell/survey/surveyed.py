"""A table's first rows -> how all of it is to be read, judge after judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.retell.balances import is_cash
from livestory.retell.shapes import declared
from livestory.retell.survey.cells import decimal_mark, leave_out_words, reader_for, unit_of
from livestory.retell.survey.one_account import judge_symbols, refuse_series
from livestory.retell.survey.results import are_fees_negative, judge_options, judge_results
from livestory.retell.survey.sides import judge_sides, judge_trips
from livestory.retell.survey.survey import Survey
from livestory.retell.survey.times import clock_column, find_times
from livestory.retell.survey.wealth import (
    is_in_coins,
    judge_drawdown,
    judge_score,
    refuse_nothing,
    refuse_statement,
    weigh,
    weigh_returns,
    weigh_sums,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from livestory.retell.remarks import Remarks
    from livestory.retell.shapes.layout import Layout
    from livestory.retell.survey.sample import Sample


def surveyed(sample: Sample, layout: Layout, zone: tzinfo | None, now: int, remarks: Remarks) -> Survey:
    """What the first rows of a table with that layout say. Raises TableError for what is refused by its cells."""
    survey = Survey(sample, layout, now, remarks)
    survey.mark = decimal_mark(survey)
    survey.clock = clock_column(survey)
    find_times(survey, zone)
    survey.readers = {own: reader_for(survey, own) for own in layout.fields if own not in survey.times}
    if layout.shape is declared.WEALTH:
        refuse_series(survey)
        judge_symbols(survey)
    leave_out_words(survey)
    _find_units(survey)
    survey.fees_are_negative = are_fees_negative(survey)
    _judge_numbers(survey)
    survey.in_coins = is_in_coins(survey)
    if survey.layout.shape is declared.TRIPS:
        judge_trips(survey)
    elif survey.layout.shape is declared.FILLS:
        judge_sides(survey)
        judge_options(survey)
    return survey


def _find_units(survey: Survey) -> None:
    survey.unit = survey.unit or unit_of(survey, "wealth", refuse=True)
    for own in ("fill_price", "fill_result", "entry_price"):
        survey.quote = survey.quote or unit_of(survey, own)
    survey.base = unit_of(survey, "fill_quantity")


def _judge_numbers(survey: Survey) -> None:
    """Find out in what the numbers of each column are, and leave out those that say nothing or contradict."""
    for own in ("weight", "target_weight"):
        weigh(survey, own)
    shape = survey.layout.shape
    if shape is declared.RETURNS:
        weigh_returns(survey)
        weigh_sums(survey)
    elif shape is declared.WEALTH:
        judge_drawdown(survey)
        judge_score(survey)
        refuse_nothing(survey)
        refuse_statement(survey)
    elif shape in {declared.TRIPS, declared.FILLS}:
        judge_results(survey)
        if shape is declared.FILLS and is_cash(survey.rows("wealth", "fill_side", "fill_quantity", "fill_price")):
            survey.drop("wealth", "it is the cash, without what was bought for it")
