"""Makes a fleet in a database: tables, functions, and a role for the hub and for each bot."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from livestory.credentials import Secret
from livestory.errors import InputError
from livestory.outlets.fleet.database import FleetRefused, asked, opened
from livestory.outlets.fleet.schema import STEPS, VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import psycopg

    from livestory.outlets.fleet.address import FleetAddress

HUB = "livestory_hub"
_BOT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TAKEN = {"bots", "former", "hub", "owner"}
_LOCK = 0x4C495645  # "LIVE": two that make one fleet at once


class Access(NamedTuple):
    """What a bot or a hub logs in with."""

    role: str
    password: Secret | None  # None: the role was there already, and keeps the one it has


def role_of(bot: str) -> str:
    """The role that a bot logs in with. Raises InputError for a name that is none."""
    if not _BOT.fullmatch(bot) or bot in _TAKEN:
        message = (
            f"{bot}: not a name for a bot of a fleet\n"
            f"Take up to 40 of a-z, 0-9, - and _, no sign first, and none of {', '.join(sorted(_TAKEN))}."
        )
        raise InputError(message)
    return f"livestory_{bot}"


def make(address: FleetAddress, bots: Sequence[str]) -> tuple[Access, dict[str, Access]]:
    """Make the fleet or bring it up to date, all or nothing; the access of the hub, and of each of the bots.

    Raises InputError, FleetRefused and FleetUnreachable.
    """
    roles = {bot: role_of(bot) for bot in bots}
    with opened(address, "fleet init") as connection, _allowed(address, connection), connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        for group in ("livestory_owner", "livestory_bots"):
            if not _is_there(connection, group):
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(group)))
        hub, given = _login(connection, HUB), {bot: _login(connection, role) for bot, role in roles.items()}
        for role in roles.values():
            connection.execute(sql.SQL("GRANT livestory_bots TO {}").format(sql.Identifier(role)))
        connection.execute("GRANT livestory_owner TO CURRENT_USER")
        _upgrade(connection, address)
        known = "INSERT INTO livestory.bots (bot, role) VALUES (%s, %s) ON CONFLICT DO NOTHING"
        for bot, role in roles.items():
            connection.execute(known, (bot, role))
    return hub, given


def _allowed(address: FleetAddress, connection: psycopg.Connection[Any]) -> AbstractContextManager[None]:
    user, database = connection.info.user, connection.info.dbname
    needs = (
        f"An administrator lets this user make one: ALTER ROLE {user} CREATEROLE; "
        f"GRANT CREATE ON DATABASE {database} TO {user}\n"
        "Where another user has made the fleet, that one adds its bots."
    )
    return asked(address, connection, needs=needs)


def _upgrade(connection: psycopg.Connection[Any], address: FleetAddress) -> None:
    """Take the steps that the fleet has not taken. Whoever makes it is then its owner, to the transaction's end."""
    if connection.execute("SELECT to_regnamespace('livestory')").fetchone() == (None,):
        connection.execute("CREATE SCHEMA livestory AUTHORIZATION livestory_owner")
    connection.execute("SET LOCAL ROLE livestory_owner")
    row = None
    if connection.execute("SELECT to_regclass('livestory.fleet')").fetchone() != (None,):
        row = connection.execute("SELECT version FROM livestory.fleet").fetchone()
    version = row[0] if row is not None else 0
    if version > VERSION:
        message = (
            f"{address.name}: a fleet of schema {version}, and this livestory knows {VERSION}\nUpgrade livestory here."
        )
        raise FleetRefused(message)
    for step in STEPS[version:]:
        connection.execute(step.encode())
    known = "INSERT INTO livestory.fleet (version) VALUES (%s) ON CONFLICT (only_row) DO UPDATE SET version = %s"
    connection.execute(known, (VERSION, VERSION))
    connection.execute("SELECT livestory.make_partitions()")


def _is_there(connection: psycopg.Connection[Any], role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is not None


def _login(connection: psycopg.Connection[Any], role: str) -> Access:
    """A role that may log in. The server gets what proves its password, and so its log never holds that itself."""
    if _is_there(connection, role):
        return Access(role, None)
    text = secrets.token_urlsafe(24)
    proof = connection.pgconn.encrypt_password(text.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(proof)))
    return Access(role, Secret(text))
