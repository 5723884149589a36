"""A section of the configuration: a settings struct, seen as the settings and sections that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct, structs

from livestory.config.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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
