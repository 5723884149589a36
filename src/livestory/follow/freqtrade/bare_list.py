"""freqtrade's backtest results of 2018 and 2019: a list of trades, each a list without names and without quantities."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from livestory.errors import InputError
from livestory.follow.freqtrade.backtest import FreqtradeBacktest
from livestory.story.inputs import Input, Statement
from livestory.story.kinds.telling import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PAIR, _SHARE, _OPENED, _CLOSED, _, _, _OPEN_RATE, _CLOSE_RATE, _IS_OPEN, _REASON = range(10)
_CELLS = 10
_SAID = "freqtrade kept no quantities and fees here: each trade is told as of 1, with freqtrade's own result in percent"


def is_bare_list(document: object) -> bool:
    """Whether a JSON document is such a result."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(row, list) and len(row) == _CELLS and "/" in str(row[_PAIR]) for row in document)
    )


class FreqtradeBareList(FreqtradeBacktest):
    """Such a result, told as a newer one. It has no quantities: each trade is of 1."""

    def __init__(self, name: str, rows: list[list[Any]]) -> None:
        """Raises InputError where a row is no trade."""
        try:
            trades = [_trade(row) for row in rows]
        except (TypeError, ValueError, ArithmeticError) as error:
            message = f"{name}: a trade in it can't be read ({error!r})"
            raise InputError(message) from error
        super().__init__(name, {"": {"trades": trades}})

    def inputs(self, *, in_order: bool) -> Iterator[Sequence[Input]]:
        """All of it in the order of time, after a word about what it does not say."""
        for inputs in super().inputs(in_order=in_order):
            yield [Statement(inputs[0].time, (Note(text=_SAID),)), *inputs[:-1]]  # it reports no totals


def _trade(row: list[Any]) -> dict[str, Any]:
    opened = Decimal(str(row[_OPEN_RATE]))
    return {
        "pair": row[_PAIR],
        "amount": 1,
        "open_timestamp": float(row[_OPENED]) * 1000,
        "close_timestamp": float(row[_CLOSED]) * 1000,
        "open_rate": opened,
        "close_rate": row[_CLOSE_RATE],
        "profit_abs": Decimal(str(row[_SHARE])) * opened,
        "sell_reason": row[_REASON],
    }
