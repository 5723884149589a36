"""Sections that the owner names: as many as there are, each with the settings of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest
from msgspec import Meta, Struct

from livestory.config import livestory_toml
from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Door(Struct, frozen=True, kw_only=True):
    """A door of the house."""

    width: Annotated[int, Meta(ge=1, description="How wide it is.")] = 90
    key_env: (
        Annotated[str, Meta(pattern="^[A-Z]+$", description="Its key.", extra_json_schema={"writeOnly": True})] | None
    ) = None


class House(Struct, frozen=True, kw_only=True):
    """A house."""

    floors: Annotated[int, Meta(ge=1, description="How high it is.")] = 2
    doors: dict[str, Door] = {}


class Town(Struct, frozen=True, kw_only=True):
    """A configuration with named sections."""

    house: House = House()


def written(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Town:
    """The configuration as a file of this text sets it."""
    file = folder / "livestory.toml"
    file.write_text(text, encoding="utf-8")
    return livestory_toml.load(file, Town(), environ or {})


def test_each_section_that_is_named_is_one(tmp_path: Path) -> None:
    """With its own settings, the others at their defaults, in the order of the file."""
    town = written(tmp_path, "[house]\nfloors = 3\n[house.doors.front]\nwidth = 100\n[house.doors.back]\n")
    assert town == Town(house=House(floors=3, doors={"front": Door(width=100), "back": Door()}))
    assert list(town.house.doors) == ["front", "back"]
    assert written(tmp_path, "[house]\nfloors = 2") == Town()


def test_the_environment_changes_a_section_that_the_file_names(tmp_path: Path) -> None:
    """One that it doesn't name is unknown."""
    text = "[house.doors.front]\nwidth = 100"
    town = written(tmp_path, text, {"LIVESTORY_HOUSE__DOORS__FRONT__WIDTH": "110"})
    assert town.house.doors == {"front": Door(width=110)}
    with pytest.raises(ConfigError, match="LIVESTORY_HOUSE__DOORS__BACK__WIDTH: unknown setting"):
        written(tmp_path, text, {"LIVESTORY_HOUSE__DOORS__BACK__WIDTH": "110"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[house.doors.front]\nwidth = 0", "livestory.toml:2:1: [house.doors.front] width: 0 is not a whole number"),
        ("[house.doors.front]\nheight = 2", "livestory.toml:2:1: [house.doors.front] height: unknown setting; known:"),
        ("[house.doors]\nfront = 2", "livestory.toml:2:1: front is a section; write [house.doors.front] on a line"),
        ("[house.dors.front]\nwidth = 2", "livestory.toml:1:1: [house.dors]: unknown section; did you mean"),
    ],
)
def test_a_fault_in_one_is_told_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    """As in any other section."""
    with pytest.raises(ConfigError) as caught:
        written(tmp_path, text)
    assert str(caught.value).replace(f"{tmp_path}/", "").startswith(fault)


def test_what_was_written_where_a_secrets_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    """It may be the secret itself."""
    with pytest.raises(ConfigError, match="key_env: what is written is not a text") as caught:
        written(tmp_path, '[house.doors.front]\nkey_env = "sesame-canary"')
    assert "canary" not in str(caught.value)


def test_template_and_page_show_one_as_an_example(tmp_path: Path) -> None:
    """In the template it is a comment as a whole: a name is the owner's to give."""
    template = livestory_toml.template(Town())
    assert "# A door of the house.\n# [house.doors.NAME]\n# How wide it is. (a whole number at least 1)\n" in template
    assert written(tmp_path, template) == Town()
    assert "## `[house.doors.NAME]`\n\nA door of the house.\n" in livestory_toml.reference(Town())
