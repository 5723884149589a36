"""livestory.toml, read and written: settings with every fault at its place, a template, and a page of documentation."""

from __future__ import annotations

import difflib
import os
import re
import textwrap
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from livestory.config.sections import Section
from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from livestory.config.sections import Setting

PREFIX = "LIVESTORY_"
# Secrets, which `livestory serve`, `listen` and `fleet` read themselves.
_NO_SETTINGS = {"LIVESTORY_TOKEN", "LIVESTORY_LISTEN_TOKEN", "LIVESTORY_FLEET_PASSWORD"}
_MOST_FAULTS = 10
_LONGEST = 600  # characters of a fault
_FEW = 30  # names that a message lists where none is near
_HEADER = re.compile(r"\s*\[{1,2}(?P<name>[^\[\]]+)\]{1,2}\s*(?:#.*)?")
_KEY = re.compile(r"(?P<indent>\s*)(?P<name>[\w\-.\"' ]+?)\s*=")
_SYNTAX = re.compile(
    r"(?P<problem>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)

_WIDTH = 100

_TEMPLATE_HEAD = """\
# livestory.toml: the settings of a livestory bot.
# Each setting stands at its default; take away the # before it to change it. A setting that is off is "off".
# Durations count days, hours, minutes and seconds: "7d", "12h", "15m", "30s", "1d 12h".
"""

_REFERENCE_HEAD = f"""\
# Configuration

`livestory init` writes a `livestory.toml` that holds every setting below at its default, commented out. `make docs`
writes this page from the settings themselves.

- Durations count days, hours, minutes, seconds and milliseconds: `"7d"`, `"12h"`, `"1d 12h"`, `"50ms"`.
- A setting that may be off is written `"off"`.
- An environment variable wins over the file: `{PREFIX}`, the section and the setting, each joined by two underscores,
  as in `{PREFIX}BOT__NAME=scout`.
- An unknown name, a value out of range or a mistake in the notation is told with file, line and column, and nothing
  is started.
"""

Names = tuple[str, ...]  # of the sections that lead to a setting, and its own
Place = tuple[int, int]  # line and column, from 1
Settings = TypeVar("Settings", bound=Struct)


def load(path: Path | None, defaults: Settings, environ: Mapping[str, str] | None = None) -> Settings:
    """``defaults``, changed by the file and then by the environment; see `livestory.config.load`."""
    environ = os.environ if environ is None else environ
    if path is None and not any(variable.startswith(PREFIX) for variable in environ):
        return defaults
    root = Section.of(defaults)
    values: dict[Names, Any] = {}
    places: dict[Names, Place] = {}
    faults: list[str] = []
    if path is not None:
        document = _file(path, places)
        root = root.naming(document)
        found = sorted((_place(names, places), problem) for names, problem in _read(document, root, values))
        faults += [f"{path}:{_text(place)}: {problem}" for place, problem in found]
    faults += _read_environment(environ, root, values)
    settings, objections = root.build(values)
    for section, problem in objections:
        at = f"{path}:{_text(places[section.path])}: " if section.path in places else ""
        faults.append(f"{at}{section.name}: {problem}")
    if faults:
        rest = [f"… and {len(faults) - _MOST_FAULTS} more"] if len(faults) > _MOST_FAULTS else []
        raise ConfigError("\n".join([*map(_on_one_line, faults[:_MOST_FAULTS]), *rest]))
    return settings  # type: ignore[no-any-return]  # a section builds the type of its defaults


def _on_one_line(fault: str) -> str:
    """A name in it may hold line ends, and be of any length."""
    line = fault.replace("\n", "\\n")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _file(path: Path, places: dict[Names, Place]) -> dict[str, Any]:
    """What the file holds; put into ``places`` where each name of it stands."""
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        remedy = "; livestory init writes one" if isinstance(error, FileNotFoundError) else ""
        message = f"{path}: {error.strerror}{remedy}"
        raise ConfigError(message) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        message = f"{path}:{line}:1: not UTF-8; save the file in that encoding"
        raise ConfigError(message) from None
    document = _document(path, text)
    places |= _places(text)
    return document


def _document(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        problem, line, column = "brackets nested too deeply", "1", "1"
    except ValueError as error:  # TOMLDecodeError, or a whole number of thousands of digits
        match = _SYNTAX.fullmatch(str(error))
        problem = match["problem"] if match else "a number of too many digits"
        line = (match and match["line"]) or str(text.count("\n") + 1)
        column = (match and match["column"]) or str(len(text) - text.rfind("\n"))
    message = f"{path}:{line}:{column}: not TOML: {problem}"
    raise ConfigError(message)


def _read(table: dict[str, Any], section: Section, values: dict[Names, Any]) -> Iterator[tuple[Names, str]]:
    """Put a section's settings into ``values``; yield its faults."""
    for name, written in table.items():
        names = (*section.path, name)
        if name in section.settings:
            try:
                values[names] = section.settings[name].read(written)
            except ValueError as error:
                yield names, f"{section.name} {name}: {error}"
        elif name not in section.sections:
            yield names, _unknown(name, section, is_section=isinstance(written, dict))
        elif isinstance(written, dict):
            yield from _read(written, section.sections[name], values)
        else:
            yield names, f"{name} is a section; write {section.sections[name].name} on a line of its own"


def _unknown(name: str, section: Section, *, is_section: bool) -> str:
    if is_section or not section.settings:
        full = ".".join((*section.path, name))
        known = {each.name[1:-1]: each.name for each in section.walk() if each is not section}
        return f"[{full}]: unknown section; {_suggestion(full, known)}"
    return f"{section.name} {name}: unknown setting; {_suggestion(name, {each: each for each in section.settings})}"


def _suggestion(name: str, known: Mapping[str, str]) -> str:
    """The nearest name that is known, else all of them, each as ``known`` shows it."""
    nearest = difflib.get_close_matches(name, known, n=1)
    if nearest:
        return f"did you mean {known[nearest[0]]}?"
    if len(known) > _FEW:
        return "livestory init writes a file that has them all"
    return f"known: {', '.join(known.values())}" if known else "it has no sections"


def _read_environment(environ: Mapping[str, str], root: Section, values: dict[Names, Any]) -> Iterator[str]:
    """Put what LIVESTORY_… variables set into ``values``; yield their faults."""
    settings = {
        PREFIX + "__".join(setting.path).upper(): setting
        for section in root.walk()
        for setting in section.settings.values()
    }
    for variable in sorted(environ):
        if variable in settings:
            try:
                values[settings[variable].path] = settings[variable].read_text(environ[variable])
            except ValueError as error:
                yield f"{variable}: {error}"
        elif variable.startswith(PREFIX) and variable not in _NO_SETTINGS:
            yield f"{variable}: unknown setting; {_suggestion(variable, {each: each for each in settings})}"


def _places(text: str) -> dict[Names, Place]:
    """Where each section and setting is first named. TOML's parser keeps no places; a look at each line finds them."""
    places: dict[Names, Place] = {}
    section: Names = ()
    for number, line in enumerate(text.split("\n"), 1):
        if match := _HEADER.fullmatch(line):
            section = _names(match["name"])
            places.setdefault(section, (number, line.index("[") + 1))
        elif match := _KEY.match(line):
            names = _names(match["name"])
            for length in range(1, len(names) + 1):
                places.setdefault(section + names[:length], (number, len(match["indent"]) + 1))
    return places


def _names(dotted: str) -> Names:
    return tuple(name.strip().strip("\"'") for name in dotted.split("."))


def _place(names: Names, places: Mapping[Names, Place]) -> Place:
    """Where ``names`` stands; what an inline table holds is placed at the table."""
    while names and names not in places:
        names = names[:-1]
    return places.get(names, (1, 1))


def _text(place: Place) -> str:
    return f"{place[0]}:{place[1]}"


def template(defaults: Struct) -> str:
    """A commented livestory.toml; without the ``#`` that stands right before a setting it sets the defaults."""
    return "\n".join([_TEMPLATE_HEAD, *_template_lines(Section.of(defaults))])


def _template_lines(root: Section) -> Iterator[str]:
    for section in root.walk():
        if section.each is not None:
            yield from _example(section.each)
            continue
        if section.path:
            yield from _comment(section.description)
            yield section.name
            yield ""
        for setting in section.settings.values():
            yield from _comment(f"{setting.description} ({setting.takes})")
            yield f"#{setting.name} = {setting.text(setting.default)}"
            yield ""


def _example(section: Section) -> Iterator[str]:
    """A section that exists only once the owner has named it: a comment as a whole."""
    yield from _comment(section.description)
    yield f"# {section.name}"
    for setting in section.settings.values():
        yield from _comment(f"{setting.description} ({setting.takes})")
        yield f"# {setting.name} = {setting.text(setting.default)}"
    yield ""


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def reference(defaults: Struct) -> str:
    """A page of Markdown with one table a section."""
    return "\n".join([_REFERENCE_HEAD, *_reference_lines(Section.of(defaults))])


def _reference_lines(root: Section) -> Iterator[str]:
    for section in (each.each or each for each in root.walk()):
        if section.path:
            yield f"## `{section.name}`\n\n{section.description}\n"
        if section.settings:
            yield "| setting | unit | range | default | meaning |\n| --- | --- | --- | --- | --- |"
            yield from map(_row, section.settings.values())
            yield ""


def _row(setting: Setting) -> str:
    unit = setting.unit or setting.kind
    cells = (f"`{setting.name}`", unit, setting.range, f"`{setting.text(setting.default)}`", setting.description)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
