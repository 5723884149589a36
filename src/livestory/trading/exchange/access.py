"""Where an exchange is, and who asks it: the settings of [exchange], and the keys that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta, Struct

from livestory.clock import SECOND
from livestory.credentials import Secret, read
from livestory.settings import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Variable = Annotated[str, Meta(min_length=1, max_length=100)]
File = Annotated[str, Meta(min_length=1, max_length=1000)]


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
    ] = 10 * SECOND


class Keys(NamedTuple):
    """What an exchange knows the account by."""

    key: Secret
    secret: Secret
    password: Secret | None = None

    def all(self) -> Iterator[Secret]:
        """Each of them."""
        return (secret for secret in self if secret is not None)


def keys_of(settings: ExchangeSettings, environ: Mapping[str, str] | None = None) -> Keys:
    """The keys that the settings name, from the environment or from files.

    Raises ConfigError where one is not named or can't be read; see `livestory.credentials.read`.
    """
    names = settings.password_env, settings.password_file
    return Keys(
        read("the key of [exchange]", settings.key_env, settings.key_file, environ),
        read("the secret of [exchange]", settings.secret_env, settings.secret_file, environ),
        read("the password of [exchange]", *names, environ) if any(names) else None,
    )
