"""What a hub is set up with: each query of the dashboard runs as the hub's role, and the composition's commands are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from livestory.cli import livestory
from livestory.outlets.fleet.address import FleetAddress
from livestory.outlets.fleet.setup import HUB
from livestory.story.kinds import KINDS
from tests.fleet.fleets import START, ABot, AFleet

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
MACROS = {
    "$__unixEpochFrom()": str(START // 1_000_000 - 1),
    "$__unixEpochTo()": str(START // 1_000_000 + 10**9),
    "$bot": "'scout','grid'",
}


def queries() -> Iterator[tuple[str, str]]:
    """The dashboard's, each with the title of its panel."""
    dashboard: dict[str, Any] = json.loads((EXAMPLES / "grafana" / "fleet.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        yield from ((panel["title"], target["rawSql"]) for target in panel["targets"])
    for note in dashboard["annotations"]["list"]:
        yield note["name"], note["rawQuery"]
    for choice in dashboard["templating"]["list"]:
        if choice["type"] == "query":
            yield choice["label"], choice["query"]


def test_every_query_of_the_dashboard_runs_as_the_hubs_role(fleet: AFleet, tmp_path: Path) -> None:
    """On typed columns of a fleet as `fleet init` makes it; only what it did not tell finds no row."""
    bot = ABot(tmp_path / "bot")
    bot.tells(20)
    fleet.pushed(bot)
    found = {}
    with fleet.connected(HUB) as hub:
        for title, query in queries():
            sql = query
            for macro, value in MACROS.items():
                sql = sql.replace(macro, value)
            assert "$" not in sql, title
            found[title] = len(hub.execute(sql.encode()).fetchall())
    assert {title for title, rows in found.items() if not rows} == {
        "Drawdown",
        "Weight",
        "Regime score",
        "Breaker and halts",
    }
    assert (found["Bots"], found["Wealth"], found["Bot"]) == (1, 20, 2)
    named = {kind for _, query in queries() for kind in ("breaker", "halted") if f"'{kind}'" in query}
    assert named <= KINDS.keys()


def test_the_composition_of_a_hub_is_closed_and_its_commands_are_ours() -> None:
    """No secret stands in it, no port is open to other machines, and both addresses are ones that are taken."""
    text = (EXAMPLES / "fleet" / "compose.yaml").read_text("utf-8")
    services = yaml.safe_load(text)["services"]
    assert list(services) == ["database", "init", "hub"]
    for service in services.values():
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    hub = services["hub"]
    assert (hub["read_only"], hub["cap_drop"]) == (True, ["ALL"])
    command, *words = hub["command"]
    given = livestory.commands[command].make_context(command, [*words], resilient_parsing=False).params
    assert FleetAddress.read(given["url"], environ={}).parameters["user"] == HUB
    init = next(line for line in text.splitlines() if "fleet init" in line).split("init fleet ", 1)[1].split()
    group = livestory.commands["fleet"]
    assert isinstance(group, click.Group)
    made = group.commands[init[0]].make_context("init", init[1:]).params
    assert (FleetAddress.read(made["url"], environ={}).parameters["dbname"], made["bots"]) == ("fleet", ("scout",))


@pytest.mark.parametrize("path", ["examples/fleet/compose.yaml", "examples/grafana/fleet.json"])
def test_the_page_of_the_fleet_names_it(path: str) -> None:
    """So that somebody finds it."""
    assert path in (EXAMPLES.parent / "docs" / "fleet.md").read_text("utf-8")
