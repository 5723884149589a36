"""What shells and `man` know of the commands."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from livestory.cli import livestory as commands
from tests.cli.program import COMMAND, environment, inside

if TYPE_CHECKING:
    from pathlib import Path

COMPLETED = """{script}
COMP_WORDS=(livestory ser); COMP_CWORD=1; _livestory_completion livestory; echo "${{COMPREPLY[@]}}"
"""


def test_bash_completes_a_command(tmp_path: Path) -> None:
    """The script that is printed, in a real bash, asking the real program."""
    program = tmp_path / "livestory"
    program.write_text(f'#!/bin/sh\nexec {COMMAND[0]} -m livestory "$@"\n')
    program.chmod(0o755)
    script = inside("completion", "bash", cwd=tmp_path).stdout
    given = environment(PATH=f"{tmp_path}:/usr/bin:/bin", PYTHONWARNINGS="")
    done = subprocess.run(
        ["/bin/bash", "-c", COMPLETED.format(script=script)],
        env=given, capture_output=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout.split() == ["serve", "service"], done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_theirs(shell: str, tmp_path: Path) -> None:
    """It asks the program in its own form, and where the shell is there, it can read it."""
    script = inside("completion", shell, cwd=tmp_path)
    assert (script.returncode, f"_LIVESTORY_COMPLETE={shell}_complete" in script.stdout) == (0, True)
    if (program := shutil.which(shell)) is not None:
        assert subprocess.run([program, "-n"], input=script.stdout, encoding="utf-8", check=False).returncode == 0


def test_every_command_has_a_manual_page(tmp_path: Path) -> None:
    """With all of its options, and nothing that man itself would warn of."""
    assert inside("man", tmp_path / "man1", cwd=tmp_path).returncode == 0
    pages = {path.stem: path.read_text() for path in (tmp_path / "man1").iterdir()}
    assert {"livestory", "livestory-share-make", *(f"livestory-{name}" for name in commands.commands)} <= set(pages)
    assert "\\-\\-annotations" in pages["livestory-export"]
    assert all(".SH NAME" in page and "\b" not in page for page in pages.values())
    groff = shutil.which("groff")
    if groff is not None:
        for page in pages.values():
            told = subprocess.run(
                [groff, "-Kutf8", "-man", "-ww", "-Tutf8", "-z"],
                input=page,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            assert told.stderr == ""
