"""The settings in words: the file that `livestory init` writes, and the page of the documentation."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from livestory.config.reading import PREFIX
from livestory.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec import Struct

    from livestory.config.setting import Setting

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
