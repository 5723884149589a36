"""Where an exchange is, and who asks it: the settings of [exchange], and the keys that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import ip_address
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from livestory.clock import SECOND
from livestory.credentials import Secret, read
from livestory.durations import Duration
from livestory.errors import ConfigError

Variable = Annotated[str, Meta(min_length=1, max_length=100)]
File = Annotated[str, Meta(min_length=1, max_length=1000)]


TIMEOUT = 10 * SECOND
"""Longest wait for one answer of the exchange, unless its settings say otherwise."""


class ExchangeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the exchange is reached, and with which keys orders are placed there."""

    live: Annotated[
        bool, Meta(description="Whether --mode live may trade with real money; both are needed. Risks real money.")
    ] = False
    key_env: Annotated[Variable | None, Meta(description="Environment variable that holds the API key.")] = None
    key_file: Annotated[File | None, Meta(description="File of mode 0600 that holds the API key, instead.")] = None
    secret_env: Annotated[Variable | None, Meta(description="Environment variable that holds the API secret.")] = None
    secret_file: Annotated[File | None, Meta(description="File of mode 0600 that holds the API secret, instead.")] = (
        None
    )
    password_env: Annotated[
        Variable | None,
        Meta(description="Environment variable that holds the API key's password, where the exchange has one."),
    ] = None
    password_file: Annotated[
        File | None, Meta(description="File of mode 0600 that holds the API key's password, instead.")
    ] = None
    base_url: (
        Annotated[
            str,
            Meta(
                pattern="^https?://[^/?#@]+/?$",
                description="Another host in the place of the exchange's own: a proxy, a test server. An address.",
                extra_json_schema={"example": "http://127.0.0.1:8899"},
            ),
        ]
        | None
    ) = None
    timeout: Annotated[
        Duration, Meta(ge=SECOND, le=60 * SECOND, description="Longest wait for one answer of the exchange. Duration.")
    ] = TIMEOUT


class Keys(NamedTuple):
    """What an exchange knows the account by."""

    key: Secret
    secret: Secret
    password: Secret | None = None

    def all(self) -> Iterator[Secret]:
        """The key, the secret, and the password where there is one."""
        return (secret for secret in self if secret is not None)


def keys_of(settings: ExchangeSettings) -> Keys:
    """The keys that the settings name, from the environment or from files.

    Raises ConfigError where one is not named or can't be read; see `livestory.credentials.read`.
    """
    names = settings.password_env, settings.password_file
    return Keys(
        read("the key of [exchange]", settings.key_env, settings.key_file, plain=True),
        read("the secret of [exchange]", settings.secret_env, settings.secret_file, plain=True),
        read("the password of [exchange]", *names) if any(names) else None,
    )


def allow_address(base_url: str, *, real: Collection[str], test: Collection[str], sandbox: bool, signed: bool) -> None:
    """Raise ConfigError where ``base_url`` must not stand in the place of an exchange's own hosts.

    ``real`` are the hosts where it trades real money, ``test`` those of its testnet. With the ``sandbox`` no host may
    be of a domain where real money is; without it, what is ``signed`` goes out encrypted. This machine is always fine.
    """
    address = urlsplit(base_url)
    host = _plain(address.hostname or "")
    if _is_this_machine(host):
        return
    if sandbox and host not in test and (host in real or _domain(host) in {_domain(each) for each in real}):
        message = (
            f"base_url of [exchange] is {host}, where real money is traded, and --mode testnet must not\n"
            "Take base_url out: the exchange's own testnet is known."
        )
        raise ConfigError(message)
    if signed and not sandbox and address.scheme != "https":
        message = (
            f"base_url of [exchange] is {base_url}: orders with real money would go out unencrypted\n"
            "Name it with https://, or take it out."
        )
        raise ConfigError(message)


def _plain(host: str) -> str:
    return host.lower().rstrip(".")


def _domain(host: str) -> str:
    """The last two labels: what belongs to one owner, or now and then to more, where it is refused once too often."""
    return ".".join(_plain(host).split(".")[-2:])


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
