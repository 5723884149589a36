"""A settings struct as the configuration shows it: sections that hold settings, and what each setting takes."""

from __future__ import annotations

import json
import math
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

import msgspec
from msgspec import Struct, inspect, structs

from livestory.durations import duration, duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OFF = "off"
_LONGEST = 60  # characters of a value that a message repeats
_MANY = 1e9  # from here on a number is easier to read with an exponent
_KINDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DecimalType: "a number",
    inspect.FloatType: "a number",
    inspect.IntType: "a whole number",
    inspect.StrType: "a text",
}
# A bound's name in msgspec, its name in JSON Schema (for a Decimal, which msgspec can't bound), and its words.
_BOUNDS = (
    ("gt", "exclusiveMinimum", "above"),
    ("ge", "minimum", "at least"),
    ("lt", "exclusiveMaximum", "below"),
    ("le", "maximum", "at most"),
)
NAME = "NAME"
"""Stands for the name that the owner gives a section."""


class Section(Struct, frozen=True, kw_only=True):
    """A settings struct at its defaults; the whole configuration is the section whose ``path`` is empty."""

    path: tuple[str, ...]
    defaults: Struct
    settings: dict[str, Setting]
    sections: dict[str, Section]
    each: Section | None = None  # of a section whose sections the owner names: what each of them is

    @classmethod
    def of(cls, defaults: Struct, path: tuple[str, ...] = ()) -> Section:
        """The section that a settings struct is; each struct in its fields is a section of its own."""
        settings, sections = {}, {}
        for field in structs.fields(defaults):
            default, here = getattr(defaults, field.name), (*path, field.name)
            if isinstance(default, Struct):
                sections[field.name] = cls.of(default, here)
            elif isinstance(default, dict):
                one = cls.of(get_args(field.type)[1](), (*here, NAME))
                sections[field.name] = cls(path=here, defaults=one.defaults, settings={}, sections={}, each=one)
            else:
                settings[field.name] = Setting.of(here, field.type, default)
        return cls(path=path, defaults=defaults, settings=settings, sections=sections)

    @property
    def name(self) -> str:
        """Its name as the file writes it: "[strategy.trend]"."""
        return f"[{'.'.join(self.path)}]"

    @property
    def description(self) -> str:
        """What it sets: the first line of its struct's docstring."""
        return (type(self.defaults).__doc__ or "").partition("\n")[0].replace("``", "`")

    def naming(self, document: Mapping[str, Any]) -> Section:
        """Itself with the sections that the owner has named in ``document``, its part of the file."""
        if self.each is not None:
            named = {name: Section.of(self.each.defaults, (*self.path, name)) for name in document}
            return structs.replace(self, sections=named)
        parts = {name: document.get(name) for name in self.sections}
        named = {
            name: section.naming(part) if isinstance(part := parts[name], dict) else section
            for name, section in self.sections.items()
        }
        return structs.replace(self, sections=named)

    def walk(self) -> Iterator[Section]:
        """Itself and every section within, in the order of the file."""
        yield self
        for section in self.sections.values():
            yield from section.walk()

    def build(self, values: Mapping[tuple[str, ...], Any]) -> tuple[Any, list[tuple[Section, str]]]:
        """Its struct with the values given by path, and what the struct's own check across settings objects to."""
        objections, given = [], {}
        for name, section in self.sections.items():
            given[name], more = section.build(values)
            objections += more
        if self.each is not None:
            return given, objections
        given |= {name: values[setting.path] for name, setting in self.settings.items() if setting.path in values}
        try:
            return type(self.defaults)(**structs.asdict(self.defaults) | given), objections
        except ValueError as error:
            return self.defaults, [*objections, (self, str(error))]


class Setting(Struct, frozen=True, kw_only=True):
    """A field of a settings struct; ``path`` is its section's names and its own, such as ("risk", "breaker")."""

    path: tuple[str, ...]
    default: Any
    annotation: Any
    type: inspect.Type  # what is annotated, without Meta and None
    schema: dict[str, Any]  # what the Metas say besides bounds: description, unit, example
    optional: bool

    @classmethod
    def of(cls, path: tuple[str, ...], annotation: Any, default: Any) -> Setting:
        """The setting that a struct's field is."""
        kind, schema, optional = _bare(inspect.type_info(annotation))
        return cls(path=path, default=default, annotation=annotation, type=kind, schema=schema, optional=optional)

    @property
    def name(self) -> str:
        """Its own name, without the section's."""
        return self.path[-1]

    @property
    def description(self) -> str:
        """What it means, in a sentence."""
        return str(self.schema.get("description", ""))

    @property
    def unit(self) -> str:
        """What it counts or measures, "" where a bare number or text needs none."""
        return str(self.schema.get("unit", ""))

    @property
    def kind(self) -> str:
        """What is written for it: "a whole number", '"ema" or "sma"'."""
        if isinstance(self.type, inspect.LiteralType):
            return _one_of(self.type)
        if self.unit == "duration":
            return "a duration"
        if isinstance(self.type, inspect.VarTupleType):
            item = _bare(self.type.item_type)[0]
            return f"a list, each {_one_of(item) if isinstance(item, inspect.LiteralType) else _KINDS[type(item)]}"
        return _KINDS[type(self.type)]

    @property
    def range(self) -> str:
        """Its bounds, "above 0 and at most 1" or "from 1 to 40 characters"; "" where there are none."""
        bounds, of = [(words, self.text(bound)) for words, bound in self._bounds()], ""
        if isinstance(self.type, inspect.StrType | inspect.VarTupleType):
            lengths = (("at least", self.type.min_length), ("at most", self.type.max_length))
            bounds = [(words, str(length)) for words, length in lengths if length is not None]
            of = " characters" if isinstance(self.type, inspect.StrType) else " values"
        if [words for words, _ in bounds] == ["at least", "at most"]:
            return f"from {bounds[0][1]} to {bounds[1][1]}{of}"
        return " and ".join(f"{words} {bound}{of}" for words, bound in bounds)

    @property
    def takes(self) -> str:
        """What may be written for it, in a few words: 'a duration at least "1h", or "off"'."""
        words = f"{self.kind} {self.range}".rstrip()
        return f'{words}, or "{OFF}"' if self.optional else words

    @property
    def example(self) -> str:
        """A value that it takes, in the file's notation, where its kind alone leaves a person guessing."""
        example = self.schema.get("example", "12h" if self.unit == "duration" else None)
        return "" if example is None else _toml(example)

    def text(self, value: Any) -> str:
        """A value of this setting as the file writes it."""
        if self.unit == "duration" and value is not None:
            return _toml(duration_text(int(value)))
        return _toml(OFF if value is None else value)

    def read(self, written: Any) -> Any:
        """The value that is meant by what the file, read with exact decimals, has.

        Raises ValueError, "1.5 is not a number above 0 and at most 1", where none is.
        """
        try:
            return self._convert(written)
        except ValueError:  # msgspec's ValidationError is one
            shown = _toml(written)
            shown = shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
            if self.schema.get("writeOnly"):  # somebody may have written a secret where its variable's name belongs
                shown = "what is written"
            such_as = f", such as {self.example}" if self.example else ""
            message = f"{shown} is not {self.takes}{such_as}"
            raise ValueError(message) from None

    def read_text(self, written: str) -> Any:
        """The value that is meant by a text without TOML's quotes, as an environment variable has it."""
        if isinstance(self.type, inspect.StrType):
            return self.read(written)
        try:
            value = tomllib.loads(f"value = {written}", parse_float=Decimal)["value"]
        except (ValueError, RecursionError):
            value = written
        return self.read(value)

    def _convert(self, written: Any) -> Any:
        if self.optional and written == OFF:
            return None
        if self.unit == "duration":
            written = duration(written if isinstance(written, str) else "")
        if isinstance(self.type, inspect.DecimalType):
            return self._exact(written)
        return msgspec.convert(_inexact(written), self.annotation)

    def _exact(self, written: Any) -> Decimal:
        if isinstance(written, bool) or not isinstance(written, int | Decimal):
            raise ValueError
        value = Decimal(written)
        within = {"above": value.__gt__, "at least": value.__ge__, "below": value.__lt__, "at most": value.__le__}
        if not value.is_finite() or not all(within[words](Decimal(str(bound))) for words, bound in self._bounds()):
            raise ValueError
        return value

    def _bounds(self) -> Iterator[tuple[str, Any]]:
        for attribute, keyword, words in _BOUNDS:
            bound = getattr(self.type, attribute, None)
            bound = self.schema.get(keyword) if bound is None else bound
            if bound is not None:
                yield words, bound


def _one_of(choice: inspect.LiteralType) -> str:
    *most, last = map(_toml, choice.values)
    return f"{', '.join(most)} or {last}" if most else last


def _bare(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any], bool]:
    """The type within Metas and ``| None``, what the Metas say (the outer ones win), and whether None is allowed."""
    if isinstance(kind, inspect.Metadata):
        bare, schema, optional = _bare(kind.type)
        return bare, schema | (kind.extra_json_schema or {}), optional
    if isinstance(kind, inspect.UnionType):
        others = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        if len(others) == 1:
            bare, schema, _ = _bare(others[0])
            return bare, schema, True
    return kind, {}, False


def _inexact(written: Any) -> Any:
    """What was written, with its decimals as floats; raises ValueError for NaN and infinity."""
    if isinstance(written, list):
        return [_inexact(each) for each in written]
    if not isinstance(written, Decimal):
        return written
    value = float(written)
    if not math.isfinite(value):
        raise ValueError
    return value


def _toml(value: Any) -> str:
    """A value in TOML's notation."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(each) for each in value)}]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        short = f"{value:g}"  # 1e+15, where repr has all its zeros
        return (
            short if float(short) == value and abs(value) >= _MANY else f"{Decimal(repr(value)):f}".removesuffix(".0")
        )
    return str(value)
