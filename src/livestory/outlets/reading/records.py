"""`Records`: the sequence that `livestory.read` hands out, and its way into pandas, Polars or Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_type_hints, overload

from msgspec import Struct

from livestory.extras import importing

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import polars as pl
    import pyarrow as pa

_SHOWN = 20  # rows of a table in a notebook
_TABULAR = {float, int, bool, str, datetime}


class Record(Struct, frozen=True, kw_only=True):
    """A row: what is unknown in it is None."""


R = TypeVar("R", bound=Record)


class Records(Sequence[R], Generic[R]):
    """Records of one type, in order."""

    def __init__(self, kind: type[R], records: Iterable[R]) -> None:
        self._kind = kind
        self._records = tuple(records)

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> Records[R]: ...
    def __getitem__(self, index: int | slice) -> R | Records[R]:
        if isinstance(index, slice):
            return Records(self._kind, self._records[index])
        return self._records[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self._records == other._records

    def __hash__(self) -> int:
        return hash(self._records)

    def to_pandas(self) -> pd.DataFrame:
        """A data frame of pandas, with numbers as floats. Raises ImportError where that is not installed."""
        with importing("pandas", "to_pandas()"):
            import pandas as pd  # noqa: PLC0415 - only who asks for it needs it

        types = {float: "float64", int: "int64", bool: "boolean", str: "str", datetime: "datetime64[us, UTC]"}
        return pd.DataFrame(
            {name: pd.Series(values, dtype=types[kind]) for name, (kind, values) in self._columns().items()}
        )

    def to_polars(self) -> pl.DataFrame:
        """A data frame of Polars, with numbers as floats. Raises ImportError where that is not installed."""
        with importing("polars", "to_polars()"):
            import polars as pl  # noqa: PLC0415 - as above

        types: dict[type, pl.DataType] = {
            float: pl.Float64(), int: pl.Int64(), bool: pl.Boolean(), str: pl.String(),
            datetime: pl.Datetime("us", "UTC"),
        }  # fmt: skip
        columns = self._columns()
        return pl.DataFrame(
            {name: values for name, (_, values) in columns.items()},
            schema={name: types[kind] for name, (kind, _) in columns.items()},
        )

    def to_arrow(self) -> pa.Table:
        """A table of Arrow, with numbers as floats. Raises ImportError where pyarrow is not installed."""
        with importing("pyarrow", "to_arrow()"):
            import pyarrow as pa  # noqa: PLC0415 - as above

        types = {float: pa.float64(), int: pa.int64(), bool: pa.bool_(), str: pa.string(),
                 datetime: pa.timestamp("us", "UTC")}  # fmt: skip
        return pa.table({name: pa.array(values, types[kind]) for name, (kind, values) in self._columns().items()})

    def _columns(self) -> dict[str, tuple[type, list[Any]]]:
        """The fields that a table can have, each with its type there and its values."""
        columns = {}
        for name, hint in get_type_hints(self._kind).items():
            kind = next(each for each in (get_args(hint) or (hint,)) if each is not NoneType)
            values = [getattr(record, name) for record in self._records]
            if kind is Decimal:
                kind, values = float, [None if value is None else float(value) for value in values]
            if kind in _TABULAR:
                columns[name] = kind, values
        return columns

    def __repr__(self) -> str:
        name = self._kind.__name__
        shown = "\n".join(f"  {record}" for record in self._records[-_SHOWN:])
        return f"{len(self)} × {name}" + (f"\n{shown}" if shown else "")

    def _repr_html_(self) -> str:
        """The last rows as a table, for a notebook."""
        names = self._kind.__struct_fields__
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_shown(getattr(record, name))}</td>' for name in names)}</tr>"
            for record in self._records[-_SHOWN:]
        )
        more = f"<caption>the last {_SHOWN} of {len(self):,}</caption>" if len(self) > _SHOWN else ""
        return f"<table>{more}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return escape(value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value))
