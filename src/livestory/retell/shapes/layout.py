"""What a table's rows are, and which of its columns is which."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from livestory.retell.columns import OBSERVATION, TIME
from livestory.retell.readers import NEEDED
from livestory.retell.shapes import declared
from livestory.retell.shapes.declared import Shape


class Layout(Struct, frozen=True):
    """A table's shape, and its columns in livestory's own names, each with its field from 0."""

    shape: Shape
    fields: dict[str, int]
    given: frozenset[str] = frozenset()  # those that the caller named
    lone_position: bool = False  # nothing names a target beside it: it is the target, if it can be a weight
    writer: str | None = None
    unit: str | None = None  # of its wealth, by the column's name
    quote: str | None = None  # of its prices or results, by the column's name
    unused: tuple[str, ...] = ()
    gross: bool = False  # results are before fees, and what holding cost

    @property
    def fills(self) -> bool:
        """Whether its rows may be fills."""
        return self.shape is not declared.WEALTH and self.shape is not declared.RETURNS

    @property
    def known(self) -> frozenset[str]:
        """What it says: fields of `Observation`, and ``fill``."""
        if self.shape is declared.RETURNS:
            return frozenset({TIME, "wealth"})
        return (frozenset(self.fields) & frozenset(OBSERVATION)) | ({"fill"} if self.fills else set()) | {TIME}

    def can_spare(self, column: str) -> bool:
        """Whether there is something to tell without a column, which nobody has asked for by name."""
        others = self.fields.keys() - {column, TIME}
        told = others & {*OBSERVATION, "fill_side", "fill_quantity", "entry_price", "fill_price"}
        return bool(told) and column not in NEEDED and column not in self.given

    def without(self, column: str) -> Layout:
        """The layout in which one column is not read."""
        fields = {name: field for name, field in self.fields.items() if name != column}
        return replace(self, fields=fields)

    def with_target(self) -> Layout:
        """The layout where a lone position is what the bot wants."""
        fields = {("target_weight" if name == "position" else name): self.fields[name] for name in self.fields}
        return replace(self, fields=fields, lone_position=False)
