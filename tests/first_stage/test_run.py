"""The commands, the metrics, the names of what is saved and the public names: as they were in the first stage."""

from __future__ import annotations

import pytest

from tests.first_stage import structs
from tests.first_stage.packed import HERE
from tests.first_stage.run import run_and_read
from tests.first_stage.said import recorded

STRUCTS = HERE / "saved_names.txt"


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What everything says of one run."""
    return run_and_read(tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("name", recorded("run"))
def test_it_says_what_it_said(said: dict[str, str], name: str) -> None:
    """Byte for byte; where a change is meant: ``python -m tests.first_stage.record run``."""
    assert said[name] == recorded("run")[name]


def test_what_is_new_is_recorded(said: dict[str, str]) -> None:
    """A new command has its help recorded, so that the next change of it is noticed."""
    assert said.keys() == recorded("run").keys()


def test_names_and_defaults_of_what_is_saved_stay() -> None:
    """A renamed field of a saved state is read as its default without a word; a new one is no harm."""
    gone = set(STRUCTS.read_text("utf-8").splitlines()) - set(structs.lines())
    assert gone == set(), "where a choice was only added: python -m tests.first_stage.record saved_names"
