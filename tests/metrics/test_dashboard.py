"""The dashboard and the alert rules ask for metrics that exist, and Prometheus takes them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from livestory.story.kinds import KINDS
from tests.export.prometheus_process import program

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples" / "prometheus" / "livestory.rules.yml"
DASHBOARD = ROOT / "examples" / "grafana" / "livestory.json"


def documented() -> dict[str, set[str]]:
    """The metrics of docs/metrics.md, which another test holds against what is exposed, each with its labels."""
    rows = re.findall(
        r"^\| `(livestory_\w+)` \| \w+ \| ([^|]*) \|", (ROOT / "docs" / "metrics.md").read_text("utf-8"), re.MULTILINE
    )
    return {name: {"bot", "symbol", *re.findall(r"`(\w+)`", labels)} for name, labels in rows}


def dashboard() -> dict[str, Any]:
    """The dashboard, as Grafana reads it."""
    read: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return read


def queries() -> list[str]:
    """Every query of the dashboard and of the rules, each once."""
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    notes = [note["expr"] for note in dashboard()["annotations"]["list"]]
    chosen = [one["query"]["query"] for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    return sorted({*panels, *notes, *chosen, *re.findall(r"^ *expr: (.*)$", RULES.read_text("utf-8"), re.MULTILINE)})


@pytest.mark.parametrize("query", queries())
def test_a_query_names_metrics_labels_and_kinds_that_exist(query: str) -> None:
    """Each metric is documented, has the labels that it is chosen by, and the kinds of events are kinds."""
    known = documented()
    names = re.findall(r"livestory_\w+", query)
    assert names
    assert set(names) <= known.keys()
    asked = set(re.findall(r"(\w+)=~?\"", query))
    assert all(asked <= known[name] for name in names)
    kinds = {kind for text in re.findall(r"kind=~?\"([^\"]+)\"", query) for kind in text.split("|")}
    assert kinds <= KINDS.keys()


def test_no_panel_lies_on_another() -> None:
    """And each has an id and a title of its own."""
    places = [(panel["gridPos"], panel["id"], panel["title"]) for panel in dashboard()["panels"]]
    cells = [
        (x, y)
        for place, _, _ in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({number for _, number, _ in places}) == len({title for _, _, title in places}) == len(places)


def test_prometheus_takes_the_rules() -> None:
    """By its own promtool."""
    checked = subprocess.run(
        [program("promtool"), "check", "rules", str(RULES)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
