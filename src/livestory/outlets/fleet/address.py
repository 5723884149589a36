"""Where a fleet's database is: an address read strictly, its connection encrypted, its password shown nowhere."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from msgspec import Struct

from livestory import credentials
from livestory.credentials import Secret
from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD = "LIVESTORY_FLEET_PASSWORD"  # noqa: S105 - the name of a variable
EXAMPLE = "postgresql://livestory_scout@db.example.net:5432/fleet"
# A connection whose other end is gone is noticed, also while it waits.
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 15_000}
_CONNECT = 10  # seconds


class FleetAddress(Struct, frozen=True):
    """A database, who logs in, and with what."""

    url: str  # as it was given: it holds no password
    parameters: dict[str, Any]
    password: Secret | None

    @classmethod
    def read(
        cls, url: str, password_file: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None
    ) -> FleetAddress:
        """The database at ``url``; the password is the file's or the environment's, else libpq finds it (~/.pgpass).

        Off this machine the server has to prove who it is (sslmode=verify-full), unless the address says otherwise.
        Raises ConfigError, which repeats nothing of an address that may hold a password.
        """
        environ = os.environ if environ is None else environ
        if not url.startswith(("postgresql://", "postgres://")):
            message = f"not the address of a PostgreSQL database\nWrite it like {EXAMPLE}"
            raise ConfigError(message)
        try:
            parameters: dict[str, Any] = dict(psycopg.conninfo.conninfo_to_dict(url))
            for port in str(parameters.get("port") or "").split(","):
                int(port or 0)
        except (psycopg.Error, ValueError, UnicodeError):
            message = f"the address of the fleet's database can't be read\nWrite it like {EXAMPLE}"
            raise ConfigError(message) from None
        if parameters.keys() & {"password", "sslpassword", "passfile"}:
            message = (
                "the address of the fleet's database holds a password, which every user of this machine can see\n"
                f"Take it out, and set {PASSWORD} or name a file of mode 0600 with --password-file."
            )
            raise ConfigError(message)
        if not _stays_here(parameters, environ):
            parameters.setdefault("sslmode", environ.get("PGSSLMODE") or "verify-full")
            if parameters["sslmode"].startswith("verify") and "sslrootcert" not in parameters:
                parameters.update(_authorities())
        secret = None
        if password_file is not None or environ.get(PASSWORD, "").strip():
            variable = PASSWORD if password_file is None else None
            secret = credentials.read("the password of the fleet", variable, password_file, environ)
        return cls(url, {**_ALIVE, "connect_timeout": _CONNECT, **parameters}, secret)

    @property
    def name(self) -> str:
        """What the database is called to a person: ``fleet at db.example.net``, as far as the address says."""
        database = self.parameters.get("dbname") or self.parameters.get("user") or "the database"
        host = self.parameters.get("host") or self.parameters.get("hostaddr") or "this machine"
        port = self.parameters.get("port")
        return f"{database} at {host}" + (f":{port}" if port else "")

    def connect(self, purpose: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement, named ``purpose`` on the server. Raises psycopg.Error."""
        secret: dict[str, Any] = {} if self.password is None else {"password": self.password.reveal()}
        return psycopg.Connection.connect(
            **self.parameters,
            **secret,
            application_name=f"livestory {purpose}",
            autocommit=True,
            prepare_threshold=None,  # a pooler may give each statement to another server process
        )

    def url_for(self, user: str) -> str:
        """The address with another user in it."""
        return re.sub(r"^(postgres(?:ql)?://)(?:[^@/?]*@)?", rf"\1{user}@", self.url)


def _stays_here(parameters: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether the connection never leaves this machine. libpq takes what the address leaves open from PG…."""
    found = (str(parameters.get(name) or environ.get(f"PG{name.upper()}", "")) for name in ("host", "hostaddr"))
    return "service" not in parameters and all(_is_here(host) for each in found for host in each.split(","))


def _is_here(host: str) -> bool:
    if host in {"", "localhost"} or host.startswith(("/", "@")):
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _authorities() -> dict[str, str]:
    """Whom this machine trusts to vouch for servers, where the user has named nobody for PostgreSQL alone."""
    if (Path.home() / ".postgresql" / "root.crt").exists():
        return {}
    found = ssl.get_default_verify_paths().cafile
    return {"sslrootcert": found} if found else {}
