"""A table whose last row is cut off, as a program was interrupted while it wrote: all before it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.retell.explaining import explained

if TYPE_CHECKING:
    from pathlib import Path

WEALTH = "time,wealth,price\n2024-01-01 00:00,1,2\n2024-01-02 00:00,1.1,2\n"
TRIPS = "entry_time,exit_time,entry_price,exit_price,side,qty\n2024-01-01 00:00:00,2024-01-02 00:00:00,1,2,long,1\n"
FILLS = "time,side,quantity,price\n2024-01-01 00:00:00,buy,1,2\n"


@pytest.mark.parametrize(
    ("table", "line"),
    [(WEALTH + "2024-01-03 00:00,1.2", 4), (TRIPS + "2024-01-02 00:00:00,2024-0", 3), (FILLS + "2024-01-02 00:0", 3)],
)
def test_a_last_row_that_is_cut_off_is_left_out_and_said(table: str, line: int, tmp_path: Path) -> None:
    """The head names its line."""
    told = explained(tmp_path, table)
    assert told.exit_code == 0
    assert f"; 1 row left out: line {line} is cut off" in told.stdout.partition("\n")[0]
    assert told.stdout.partition("\n")[2] == explained(tmp_path, table.rpartition("\n")[0]).stdout.partition("\n")[2]


@pytest.mark.parametrize("place", [-1, 1], ids=["at the end", "in the middle"])
@pytest.mark.parametrize("table", [WEALTH, TRIPS, FILLS])
def test_a_row_that_is_too_short_is_left_out_and_said(table: str, place: int, tmp_path: Path) -> None:
    """With its line end: the program was interrupted, and what began anew wrote on."""
    lines = table.splitlines()
    line = len(lines) + 1 if place < 0 else place + 1
    cut = [*lines[: line - 1], "2024-01-01 00:00,1.2", *lines[line - 1 :], ""]
    told = explained(tmp_path, "\n".join(cut))
    assert told.exit_code == 0
    assert f"; 1 row left out: line {line} is cut off" in told.stdout.partition("\n")[0]
    assert told.stdout.partition("\n")[2] == explained(tmp_path, table).stdout.partition("\n")[2]


def test_many_rows_that_are_too_short_are_refused(tmp_path: Path) -> None:
    """They were written so: a column is missing."""
    told = explained(tmp_path, WEALTH + "2024-01-03 00:00,1.2\n" * 4)
    assert told.exit_code == 2
    assert "t.csv:7:3: fields: 2, where the first row has 3" in told.stderr, told.stdout


def test_a_table_of_a_row_that_is_cut_off_tells_nothing(tmp_path: Path) -> None:
    """Nothing is left of it."""
    told = explained(tmp_path, "time,wealth,price\n2024-01-03 00:00,1.2")
    assert told.exit_code == 2
    assert "Traceback" not in told.stderr


def test_each_row_of_fills_counts_once(tmp_path: Path) -> None:
    """Whatever a row says besides its fill, such as a balance."""
    rows = "".join(f"2024-01-0{day} 10:00:00,buy,1,2,{100 - day}.5\n" for day in range(1, 5))
    told = explained(tmp_path, "time,side,quantity,price,wealth\n" + rows)
    assert "| 4 rows," in told.stdout


def test_taxes_are_paid_like_a_commission(tmp_path: Path) -> None:
    """As MetaTrader has them beside it."""
    header = "time,symbol,side,quantity,price,fee,taxes\n"
    told = explained(tmp_path, header + "2024-01-01 10:00:00,ETH/BTC,buy,1,0.05,0.001,0.002\n", "--format", "json")
    assert '"fee":"0.003"' in told.stdout


def test_an_option_is_told_by_the_contract_and_doubted(tmp_path: Path) -> None:
    """How much one is nobody knows who has only the table."""
    header = "time,symbol,side,quantity,price\n"
    told = explained(tmp_path, header + "2024-01-01 10:00:00,AAPL240119C00150000,buy,1,5\n")
    assert "AAPL240119C00150000 is an option: how much one contract is, nothing says" in told.stdout
