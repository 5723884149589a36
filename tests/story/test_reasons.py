"""Reasons are declared: a typo is an error when it is written, not a word in somebody's story."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import livestory
from livestory.story import reasons
from livestory.story.reason import BarCount, Reason
from livestory.story.reasons import DECLARED, NO_TREND_UP, DeclaredReason, because, counted

SOURCES = Path(livestory.__file__).parent
OF_OLDER_JOURNALS = {"SIZE_CAP", "ORDER_LIMIT"}  # no longer given


def test_no_module_gives_a_reason_by_a_bare_key() -> None:
    """A key stands in its declaration alone; whoever gives the reason calls what is declared."""
    given = [
        f"{file.relative_to(SOURCES)}:{node.lineno}: {ast.unparse(node)}"
        for file in sorted(SOURCES.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Reason" and node.args
        if isinstance(node.args[0], ast.Constant) and node.args[0].value != ""
    ]
    assert given == []


def test_every_declared_reason_is_given_by_somebody() -> None:
    """One that nobody gives any more has words for the journals that have it, and is named here."""
    declared = {name for name, each in vars(reasons).items() if isinstance(each, DeclaredReason)}
    declared |= set(reasons.MeanReversionReasons._fields)
    texts = [file.read_text("utf-8") for file in SOURCES.rglob("*.py") if file.name != "reasons.py"]
    used = {
        node.id if isinstance(node, ast.Name) else node.attr
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name | ast.Attribute)
    }
    assert declared - used == OF_OLDER_JOURNALS


def test_every_declared_reason_stands_under_its_own_key() -> None:
    """No two share one; those of mean reversion are declared for both of its measures."""
    assert len(DECLARED) > 40
    assert {key: reason.key for key, reason in DECLARED.items()} == dict(zip(DECLARED, DECLARED, strict=True))
    deviations = {key for key in DECLARED if "dip" in key or "recovered" in key}
    assert {key for key in deviations if not key.endswith("_roc")} == {
        key.removesuffix("_roc") for key in deviations if key.endswith("_roc")
    }


@pytest.mark.parametrize("reason", DECLARED.values(), ids=DECLARED)
def test_every_declared_reason_has_words(reason: DeclaredReason) -> None:
    """A sentence for a reader, with numbers and without them, and never the bare key with underscores."""
    for given in (reason(), reason(-0.019, -0.025, 0.03, "12h")):
        assert reason.made(given)
        assert "_" not in because(given)
        told = counted([BarCount(1, given)])
        assert told
        assert "_" not in told


def test_a_reason_of_another_key_is_not_taken_for_a_declared_one() -> None:
    """Nor is none at all."""
    assert NO_TREND_UP.made(NO_TREND_UP(value=0.001))
    assert not NO_TREND_UP.made(Reason("no_trend_upp"))
    assert not NO_TREND_UP.made(None)
    assert because(Reason("no_trend_upp")) == "no_trend_upp"
