"""Which metric fills which column: the file that `livestory export --metrics FILE` reads, and the presets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from livestory.errors import InputError
from livestory.retell.columns import OBSERVATION, TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRESETS = Path(__file__).parent / "presets"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*'
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:\{{((?:{_LABEL},?)*)\}})?\s*")
_COLUMNS = frozenset(OBSERVATION) - {"no_trade_reason"}  # a reason has numbers, which a label can't hold
FLOW = "flow"


class _Written(Struct, forbid_unknown_fields=True):
    metric: str = ""
    label: str = ""
    increase: str = ""
    decrease: str = ""


class _File(Struct, forbid_unknown_fields=True):
    columns: dict[str, str | list[str] | _Written]
    identity: list[str] = []


class MetricSelector(Struct, frozen=True):
    """Where a column's values come from: the series of one metric with these labels."""

    metric: str
    labels: dict[str, str] = {}
    label: str = ""  # the value is this label's text, where the series' own value isn't 0

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether a series with these labels is one of them; its name is not compared."""
        return all(labels.get(name, "") == value for name, value in self.labels.items())


class MetricNames(Struct, frozen=True, kw_only=True):
    """What an export looks for."""

    columns: dict[str, tuple[MetricSelector, ...]]  # of several, the first that has a value; without flow
    deposits: MetricSelector | None = None  # a counter
    withdrawals: MetricSelector | None = None  # a counter
    identity: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """Every metric that is looked for."""
        sources = [selector for each in self.columns.values() for selector in each]
        counters = [selector for selector in (self.deposits, self.withdrawals) if selector is not None]
        return list(dict.fromkeys(selector.metric for selector in sources + counters))

    def present(self, found: set[str]) -> list[str]:
        """The columns that can be filled from the metrics in ``found``, in the table's order; time is always there."""
        named = {column for column, sources in self.columns.items() if any(each.metric in found for each in sources)}
        if self.deposits is not None and self.deposits.metric in found:
            named.add(FLOW)
        return [column for column in OBSERVATION if column == TIME or column in named]


def presets() -> list[str]:
    """The names of the presets."""
    return sorted(file.stem for file in _PRESETS.glob("*.toml"))


def load(name: str) -> MetricNames:
    """The metrics that a preset or a file names. Raises InputError."""
    preset = name in presets()
    path = _PRESETS / f"{name}.toml" if preset else Path(name)
    try:
        written = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
        return _names(written)
    except FileNotFoundError:
        message = f"{name}: no such file, and no preset; presets: {', '.join(presets())}"
        raise InputError(message) from None
    except OSError as error:
        message = f"{path}: can't be read ({error.strerror})"
        raise InputError(message) from None
    except ValueError as error:  # of TOML, UTF-8, msgspec and our own
        message = f"{path}: {error}"
        raise InputError(message) from None


def _names(written: _File) -> MetricNames:
    unknown = [column for column in written.columns if column not in _COLUMNS]
    if unknown:
        message = f"[columns] {unknown[0]}: no column of this name; there are {', '.join(sorted(_COLUMNS))}"
        raise ValueError(message)
    columns = {name: tuple(_selectors(name, value)) for name, value in written.columns.items() if name != FLOW}
    if not columns.keys() - {TIME}:
        message = "[columns]: names no metric but the time's; nothing could be told"
        raise ValueError(message)
    deposits = withdrawals = None
    if FLOW in written.columns:
        deposits, withdrawals = _counters(written.columns[FLOW])
    return MetricNames(
        columns=columns, deposits=deposits, withdrawals=withdrawals, identity=tuple(written.identity)
    )  # fmt: skip


def _selectors(column: str, value: str | list[str] | _Written) -> Iterator[MetricSelector]:
    if isinstance(value, _Written):
        if not value.metric or not value.label or value.increase or value.decrease:
            message = f'[columns] {column}: expected a metric, or {{ metric = "…", label = "…" }}'
            raise ValueError(message)
        yield _selected(column, value.metric, value.label)
        return
    for selector in [value] if isinstance(value, str) else value:
        yield _selected(column, selector)


def _counters(value: str | list[str] | _Written) -> tuple[MetricSelector, MetricSelector | None]:
    if not isinstance(value, _Written) or not value.increase or value.metric or value.label:
        message = '[columns] flow: expected counters: { increase = "…", decrease = "…" }'
        raise ValueError(message)
    decrease = _selected(FLOW, value.decrease) if value.decrease else None
    return _selected(FLOW, value.increase), decrease


def _selected(column: str, selector: str, label: str = "") -> MetricSelector:
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        message = f'[columns] {column}: {selector!r} is no metric, such as wealth or exposure{{kind="target"}}'
        raise ValueError(message)
    labels = {name: re.sub(r"\\(.)", r"\1", text) for name, text in re.findall(_LABEL, match[2] or "")}
    return MetricSelector(match[1], labels, label)
