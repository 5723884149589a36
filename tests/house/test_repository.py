"""What holds for every file of the repository."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from livestory import config

ROOT = Path(__file__).parents[2]
_MADE = {".git", ".venv", "build", "dist", "results", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache"}
_FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
_TERM = re.compile("order_manager|OrderManager")  # the field's own word for what sends, follows and withdraws orders
# The hosts are put together here, so that not even this file names one.
_HOSTS = tuple(f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs")))
_REGISTRIES = re.compile("|".join((*map(re.escape, _HOSTS), "--(?:extra-)?index-url", "--find-links")))
_MACHINE_PATHS = re.compile(r"(?<![\w.~}])/(?:work|root|opt|Users|home/\w+|usr/local)/\w")


def files() -> list[Path]:
    """The files that are tracked or would be; without git, every file that no tool made."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=False, capture_output=True, text=True)
        if listed.returncode == 0:
            return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [file for file in ROOT.rglob("*") if file.is_file() and not _MADE & set(file.relative_to(ROOT).parts)]


def texts() -> dict[str, str]:
    """The text of each file that has one, by its path from the root."""
    found = {}
    for file in files():
        content = file.read_bytes()
        if b"\0" not in content:
            found[str(file.relative_to(ROOT))] = content.decode("utf-8", "replace")
    return found


def test_no_file_names_a_registry_or_a_machine() -> None:
    """A clone works anywhere: no registry's host, no absolute path of the machine it was written on."""
    here = str(Path(__file__).relative_to(ROOT))
    found = [
        f"{name}:{number}: {match[0]}"
        for name, text in texts().items()
        if name != here
        for number, line in enumerate(text.split("\n"), 1)
        for match in (_REGISTRIES.search(line.replace("--no-emit-index-url", "")), _MACHINE_PATHS.search(line))
        if match
    ]
    assert found == []


def test_the_patterns_find_registries_and_machine_paths() -> None:
    """And leave alone what any machine has."""
    assert _REGISTRIES.search(f"see https://{_HOSTS[0]}/simple")
    assert _MACHINE_PATHS.search("open('/home/alice/bars.csv')")
    assert _MACHINE_PATHS.search("cd /root/bars")
    assert not _MACHINE_PATHS.search("../shared/work/x https://site.example/opt/x ~/opt/x #!/usr/bin/env /dev/full")


def test_names_say_what_things_are() -> None:
    """No utils, helpers, manager, common or misc, in a file's name or a class's."""
    for file in files():
        words = {
            word for part in file.relative_to(ROOT).parts for word in re.split(r"[^a-z]+", _TERM.sub("", part).lower())
        }
        assert not words & _FORBIDDEN_NAMES, file
        if file.suffix == ".py":
            classes = [
                node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.ClassDef)
            ]
            for name in classes:
                assert (
                    not {word.lower() for word in re.findall("[A-Z][a-z]*", _TERM.sub("", name))} & _FORBIDDEN_NAMES
                ), (file, name)


def test_the_lock_pins_every_dependency_with_its_hashes() -> None:
    """Whatever pyproject.toml asks for; `make lock` writes it anew."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    asked = [*project["project"]["dependencies"], *(name for extra in extras.values() for name in extra)]
    asked += [name for group in project["dependency-groups"].values() for name in group if isinstance(name, str)]
    names = {re.split(r"[\[>=<]", each)[0].lower() for each in asked} - {"livestory"}
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)[^\n]*\\\n +--hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE))
    assert names <= pinned.keys()
    assert len(pinned) == len({line.split("==")[0] for line in lock.split("\n") if re.match("[a-z]", line)})


def test_the_configuration_page_has_every_setting() -> None:
    """docs/configuration.md is written by `make docs`, and as new as the settings."""
    assert (ROOT / "docs" / "configuration.md").read_text("utf-8") == config.reference()


def test_links_between_the_pages_lead_somewhere() -> None:
    """Every relative link of a Markdown file names a file that is there."""
    pages = [file for file in files() if file.suffix == ".md"]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []
