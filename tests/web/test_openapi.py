"""docs/openapi.yaml describes the API that is there: every route is asked anything, and the answers are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from livestory.clock import SystemClock
from livestory.outlets.web import app
from tests.web.serving import served, settled
from tests.web.teller import week

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
SHARED = {"/shared/{secret}", "/shared/{secret}/card.svg", "/shared/{secret}/story.json"}  # docs/sharing.md
PAGE = {"/", "/login", "/logout", "/static/{name}"} | SHARED
CONFORMS = [status_code_conformance, content_type_conformance, response_schema_conformance]

api = schemathesis.openapi.from_path(DOCUMENT)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A week's story, served."""
    journal = tmp_path_factory.mktemp("story") / "live_story.txt"
    with week(journal, SystemClock().now()), served(journal) as server:
        settled(server)
        yield server.url.rstrip("/")


@api.exclude(path="/api/stream").parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_it_is_described(case: Case[Any], url: str) -> None:
    """Status, type and schema, whatever the parameters; what is not described, such as 500, fails."""
    case.call_and_validate(base_url=url, checks=CONFORMS)


def test_every_route_is_described_and_no_other() -> None:
    """The page's own files and the login apart."""
    source = Path(app.__file__).read_text(encoding="utf-8")
    there = set(re.findall(r'\("(/[^"]*)", ', source)) | set(re.findall(r'Route\("(/[^"]*)"', source))
    assert set(api.raw_schema["paths"]) == there - PAGE
