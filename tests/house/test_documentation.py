"""The build checks the prose: what the program has is documented, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click

from livestory import StoryWriter
from livestory.cli import livestory
from livestory.outlets.alerts.settings import Service
from livestory.story import detectors
from livestory.story.kinds import KINDS
from livestory.story.public.reading import schema
from livestory.trading.strategy.choice import Choice
from tools import files_page

DOCS = Path(__file__).parents[2] / "docs"
_PROSE = {"architecture.md", "performance.md"}  # where a sentence may begin with the program's name


def test_every_event_kind_has_its_row_and_every_row_its_kind() -> None:
    """docs/events.md lists exactly the kinds of the vocabulary."""
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "events.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(KINDS)


def test_every_detector_has_its_paragraph() -> None:
    """docs/events.md has a paragraph that begins with the detector's name."""
    text = (DOCS / "events.md").read_text(encoding="utf-8")
    paragraphs = set(re.findall(r"^\*\*(\w+)\*\* ", text, re.MULTILINE))
    assert paragraphs == set(detectors.__all__)


def test_every_alert_service_has_its_example() -> None:
    """docs/alerts.md shows a channel of each service that there is, to be copied."""
    shown = re.findall(r'^service = "(\w+)"', (DOCS / "alerts.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(get_args(Service))


def test_every_call_of_a_story_writer_is_on_its_page() -> None:
    """docs/story_writer.md is all that the owner of a loop has to read."""
    page = (DOCS / "story_writer.md").read_text(encoding="utf-8")
    calls = {name for name, member in vars(StoryWriter).items() if callable(member) and not name.startswith("_")}
    assert sorted(name for name in calls if not re.search(rf"`(?:await story\.)?{name}\(", page)) == []


def test_every_command_on_a_page_is_one_with_its_options() -> None:
    """As they are copied: README and each page, in blocks and in running text."""
    wrong = []
    for page in (DOCS.parent / "README.md", *DOCS.glob("*.md")):
        for said in re.findall(
            r"(?:^|[`|&$] ?|bin/)livestory ((?:[a-z]+ )?[^`|&#\n]*)", page.read_text("utf-8"), re.MULTILINE
        ):
            command: click.Command = livestory
            words = re.split(r" {2,}| -- ", said)[0].split()
            while isinstance(command, click.Group) and words and command.get_command(click.Context(command), words[0]):
                found = command.get_command(click.Context(command), words.pop(0))
                command = found or command
            options = {name for each in command.params for name in each.opts} | {"-h", "--help"}
            asked = {word.partition("=")[0].rstrip(",.:;)") for word in words if re.match(r"--?[a-z]", word)}
            wrong += [f"{page.name}: livestory {said}" for _ in asked - options]
            if command is livestory and words and not words[0].startswith("-") and page.name not in _PROSE:
                wrong.append(f"{page.name}: livestory {said}")
    assert wrong == []


def test_every_strategy_is_explained() -> None:
    """docs/executor.md names each value that `[strategy] kind` may have."""
    (named,) = re.findall(
        r"^`\[strategy\] kind` chooses (.*?)\.", (DOCS / "executor.md").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(re.findall(r"`(\w+)`", named)) == sorted(get_args(Choice))


def test_the_architecture_page_names_what_there_is() -> None:
    """Each path on it exists, and its table leads to at least as many changes as people ask for."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:src|tests|docs)/[\w/.]+)`", page)
    assert [path for path in named if not (DOCS.parent / path).exists()] == []
    table = page.partition("## Where do I change what")[2].partition("## Words")[0]
    assert len(re.findall(r"^\| .* \|$", table, re.MULTILINE)) >= 25 + 2


def test_every_file_says_in_a_sentence_what_it_is() -> None:
    """docs/files.md is written by `make docs`, as new as the files, and none of them is left without a sentence."""
    text = (DOCS / "files.md").read_text("utf-8")
    assert text == files_page.page()
    assert not re.findall(r"^\| `[\w.]+` \| +\|$", text, re.MULTILINE)


def test_each_name_in_the_table_is_in_the_files_of_its_row() -> None:
    """Who opens what a row of docs/architecture.md says finds the class, function or setting there that it names."""
    table = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## Where do I change what")[2]
    absent = []
    for row in re.findall(r"^\| .* \|$", table.partition("## One word")[0], re.MULTILINE):
        paths = [DOCS.parent / path for path in re.findall(r"`((?:src|tests|docs)/[\w/.]+)`", row)]
        files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*.*"))]
        read = {".py", ".js", ".sql", ".txt"}
        text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.suffix in read)
        names = re.findall(r"`(?:\w+\.)?([A-Za-z_]+)`", row.partition(" | ")[2])
        absent += [f"{name}: {row}" for name in names if not re.search(rf"\b{name}\b", text)]
    assert absent == []


def test_the_page_of_tell_has_every_field_of_a_public_input_with_its_meaning() -> None:
    """In the order of the JSON Schema, whose words they are."""
    published = schema()
    rows = []
    for kind, place in published["discriminator"]["mapping"].items():
        part = published["$defs"][place.rpartition("/")[2]]
        for name, field in part["properties"].items():
            if name not in {"input", "id", "time"}:
                needed = " (needed)" if name in part["required"] else ""
                rows.append(f"| `{kind}` | `{name}`{needed} | {field['description']} |")
    page = (DOCS / "tell.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `\w+` \| `.*$", page, re.MULTILINE) == rows
