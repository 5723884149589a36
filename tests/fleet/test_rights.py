"""A bot may call `head` and `push` for itself, and nothing else; nobody sees a password."""

# ruff: noqa: S608 - the names in these queries are the fleet's own tables
from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from livestory.outlets.fleet.address import PASSWORD, FleetAddress
from livestory.outlets.fleet.database import FleetRefused
from livestory.outlets.fleet.setup import HUB, make
from tests.fleet.fleets import ABot, AFleet, assert_equal
from tests.fleet.postgres_process import ADMIN_PASSWORD, PostgresProcess

if TYPE_CHECKING:
    from pathlib import Path

GRID = "livestory_grid"


@pytest.fixture
def pushed(fleet: AFleet, tmp_path: Path) -> AFleet:
    """A fleet that has something of scout's."""
    bot = ABot(tmp_path / "bot")
    bot.tells(10)
    fleet.pushed(bot)
    return fleet


def tables(fleet: AFleet) -> list[str]:
    """Every table of the fleet, partitions too."""
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'livestory'::regnamespace AND relkind IN ('r', 'p')"
    found = [name for (name,) in fleet.ask(query)]
    assert {"bots", "heads", "events", "events_default", "observations_default", "quarantine"} < set(found)
    assert any(name.startswith("events_2") for name in found)
    return found


def test_another_bots_credentials_reach_no_table_and_no_partition(pushed: AFleet) -> None:
    """Neither to read, nor to write, nor to delete; a new partition of tomorrow neither."""
    pushed.ask("SELECT livestory.make_partitions(6)")
    with pushed.connected(GRID) as grid:
        for table in tables(pushed):
            for query in (
                f"SELECT * FROM livestory.{table}",
                f"INSERT INTO livestory.{table} DEFAULT VALUES",
                f"UPDATE livestory.{table} SET bot = 'grid'",
                f"DELETE FROM livestory.{table}",
                f"TRUNCATE livestory.{table}",
                f"DROP TABLE livestory.{table}",
            ):
                with pytest.raises(psycopg.Error, match=r"permission denied|must be owner|does not exist"):
                    grid.execute(query.encode())


def test_another_bots_credentials_call_two_functions_alone(pushed: AFleet) -> None:
    """What administrators and hubs call is refused, and so is a function of its own in the fleet's schema."""
    query = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'livestory'::regnamespace"
    functions = {name for (name,) in pushed.ask(query)}
    query = "SELECT has_function_privilege(%s, %s, 'EXECUTE')"
    may = {name.partition("(")[0] for name in functions if pushed.ask(query, GRID, name)[0][0]}
    assert may == {"livestory.head", "livestory.push"}
    for call in ("make_partitions(1)", "drop_before(now())", "bot()"):
        with pytest.raises(psycopg.Error, match="permission denied"):
            pushed.ask(f"SELECT livestory.{call}", role=GRID)
    with pytest.raises(psycopg.Error, match="permission denied"):
        pushed.ask("CREATE FUNCTION livestory.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", role=GRID)
    for role in ("livestory_owner", "livestory_scout", HUB):
        with pytest.raises(psycopg.Error, match="permission denied"):
            pushed.ask(f"SET ROLE {role}", role=GRID)


def test_what_a_bot_pushes_is_its_own_whatever_it_says(pushed: AFleet, tmp_path: Path) -> None:
    """Of another's journal it learns nothing, and to it it adds nothing: who it is says its login alone."""
    (journal,) = pushed.ask("SELECT journal FROM livestory.heads")[0]
    (head,) = pushed.ask("SELECT livestory.head(%s)", journal, role=GRID)[0]
    assert (head["bot"], head["epochs"]) == ("grid", [])
    theirs = pushed.ask("SELECT * FROM livestory.events WHERE bot = 'scout' ORDER BY seq")
    bot = ABot(tmp_path / "bot")
    bot.told = 10
    bot.tells(5)
    pushed.pushed(bot, "grid")
    assert pushed.ask("SELECT * FROM livestory.events WHERE bot = 'scout' ORDER BY seq") == theirs
    assert pushed.ask("SELECT bot, seq FROM livestory.heads ORDER BY bot") == [("grid", 15), ("scout", 10)]


def test_another_bot_holds_up_no_push_by_a_lock_that_anybody_may_take(fleet: AFleet, tmp_path: Path) -> None:
    """Advisory locks have no owner: no push waits for one. Its own search path and functions are not looked at."""
    bot = ABot(tmp_path / "bot")
    bot.tells(3)
    with fleet.connected(GRID) as grid:
        for name in ("scout", "grid"):
            grid.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"livestory {name}",))
        grid.execute("CREATE FUNCTION pg_temp.cardinality(anyarray) RETURNS int LANGUAGE sql AS 'SELECT 1/0'")
        grid.execute("SET search_path = pg_temp, livestory, pg_catalog")
        assert fleet.pushed(bot) == []
        assert grid.execute("SELECT livestory.head('0')->>'bot'").fetchone() == ("grid",)
        with pytest.raises(psycopg.Error, match="permission denied"):
            grid.execute("SET SESSION AUTHORIZATION livestory_scout")
    assert fleet.ask("SELECT bot, seq FROM livestory.heads") == [("scout", 3)]


def test_beneath_the_functions_the_rows_themselves_are_guarded(pushed: AFleet) -> None:
    """Even with the owner's rights, a bot that has logged in finds no row but its own."""
    pushed.ask("GRANT livestory_owner TO livestory_grid")
    try:
        for table in ("heads", "events", "observations", "positions"):
            found = pushed.ask(f"SELECT count(*) FROM livestory.{table}", role=GRID)
            assert found == [(0,)], table
    finally:
        pushed.ask("REVOKE livestory_owner FROM livestory_grid")


def test_the_hub_reads_all_and_changes_nothing(pushed: AFleet) -> None:
    """But what it notes of rows that it does not believe."""
    assert pushed.ask("SELECT count(*) FROM livestory.events", role=HUB) == [(10,)]
    with pushed.connected(HUB) as hub:
        for table in tables(pushed):
            for query in (f"DELETE FROM livestory.{table}", f"UPDATE livestory.{table} SET bot = 'grid'"):
                if table != "quarantine":
                    with pytest.raises(psycopg.Error, match=r"permission denied|does not exist"):
                        hub.execute(query.encode())
    with pytest.raises(psycopg.Error, match="permission denied"):
        pushed.ask("SELECT livestory.head('0')", role=HUB)


def test_who_owns_a_database_and_may_make_roles_makes_a_fleet_and_who_may_not_is_told(tmp_path: Path) -> None:
    """As a managed database gives it, without a superuser; a bot pushes to it, and a hub pulls."""
    server = PostgresProcess()
    try:
        for name, may in (("admin", "CREATEROLE"), ("guest", "")):
            server.ask("postgres", f"CREATE ROLE {name} LOGIN PASSWORD '{ADMIN_PASSWORD}' {may}")
            server.ask("postgres", f"CREATE DATABASE {name} OWNER {name}")
        of = {
            name: FleetAddress.read(server.url(name, name), environ={PASSWORD: ADMIN_PASSWORD})
            for name in ("admin", "guest")
        }
        with pytest.raises(FleetRefused, match="permission denied to create role\nAn administrator lets this user"):
            make(of["guest"], ["scout"])
        hub, given = make(of["admin"], ["scout"])
        for access in (hub, given["scout"], *make(of["admin"], ["grid"])[1].values()):
            assert access.password is not None
            server.passwords[access.role] = access.password
        fleet, bot = AFleet(server, "admin", tmp_path), ABot(tmp_path / "bot")
        bot.tells(5)
        assert fleet.pushed(bot) == fleet.pulled() == []
        assert_equal(bot.story, fleet.story())
    finally:
        server.close()


def test_a_password_is_proved_to_the_server_and_never_sent_to_it(pushed: AFleet) -> None:
    """Its log has none of them, though it logs each statement."""
    said = pushed.server.log()
    assert "livestory" in said
    for role in (GRID, HUB, "livestory_scout"):
        assert pushed.password(role).reveal() not in said
