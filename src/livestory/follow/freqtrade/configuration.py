"""freqtrade's own configuration: where the bot's database lies, where its API listens. Its keys are never decoded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct, field

from livestory.credentials import Secret
from livestory.errors import ConfigError
from livestory.follow.database import ALLOW, Database

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RATIO = 0.99
"""The share of the stake currency that freqtrade uses where nothing else is set."""
S = TypeVar("S", bound=Struct)

_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_DEEPEST = 5  # files that name further ones, as freqtrade itself has it
_PRODUCTION, _DRY_RUN = "sqlite:///tradesv3.sqlite", "sqlite:///tradesv3.dryrun.sqlite"
_SQLITE = "sqlite:///"
_VARIABLE = "FREQTRADE__"
_NO = {"false", "0", "no", "f", "n"}
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where it listens, and how it is reached from here
_OWN_FILE = "Name freqtrade's own config.json, or its database with --db."


class _Exchange(Struct):
    """All that is read of the exchange: its name, and nothing of what opens it."""

    name: str | None = None


class _ApiServer(Struct):
    """Where freqtrade's API listens, and who may ask there."""

    enabled: bool | None = None
    listen_ip_address: str | None = None
    listen_port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    username: str | None = None
    password: str | None = None
    ws_token: str | list[str] | None = None


class _File(Struct):
    """What is read of a configuration; all else in it is passed over."""

    db_url: str | None = None
    dry_run: bool | None = None
    bot_name: str | None = None
    stake_currency: str | None = None
    tradable_balance_ratio: Annotated[float, Meta(ge=0, le=1)] | None = None
    exchange: _Exchange | None = None
    api_server: _ApiServer | None = None
    add_config_files: list[str] = field(default_factory=list)


class ApiAccess(Struct, frozen=True, kw_only=True):
    """Where freqtrade's API is, and what opens it."""

    url: str
    username: str = ""
    password: Secret = Secret("")
    ws_token: Secret | None = None  # None: the login opens the messages too


class FreqtradeConfiguration(Struct, frozen=True, kw_only=True):
    """Which bot it is, where its database lies, and where its API is."""

    places: tuple[Path, ...]  # where its database may lie, the likeliest first
    dry_run: bool
    bot_name: str | None = None
    exchange: str | None = None
    stake_currency: str | None = None
    ratio: float = RATIO  # the share of the stake currency that the bot may use
    api: ApiAccess | None = None  # None: it is off

    @property
    def database(self) -> Path:
        """Where its database lies."""
        return Database(*self.places).path

    @classmethod
    def read(cls, files: Sequence[Path], environ: Mapping[str, str], api: str | None = None) -> FreqtradeConfiguration:
        """As freqtrade reads it: the environment over the files, a later file over an earlier, each over those it adds.

        ``api`` is where its API is reached, where that is not where it listens.

        Raises ConfigError, which holds nothing of the files' contents.
        """
        merged = _File()
        for file in files:
            merged = _over(_read(file), merged)
        dry_run = merged.dry_run is not False
        if (said := environ.get(f"{_VARIABLE}DRY_RUN")) is not None:
            dry_run = said.strip().lower() not in _NO
        url = environ.get(f"{_VARIABLE}DB_URL") or merged.db_url or _PRODUCTION
        if dry_run and url == _PRODUCTION:
            url = _DRY_RUN
        places = _places(url, files[-1])
        if url == _DRY_RUN:  # freqtrade's docker-compose.yml names the other one on the command line, also then
            places += (files[-1].resolve().with_name(_PRODUCTION.removeprefix(_SQLITE)),)
        return cls(
            places=places,
            dry_run=dry_run,
            bot_name=environ.get(f"{_VARIABLE}BOT_NAME") or merged.bot_name,
            exchange=environ.get(f"{_VARIABLE}EXCHANGE__NAME") or (merged.exchange.name if merged.exchange else None),
            stake_currency=environ.get(f"{_VARIABLE}STAKE_CURRENCY") or merged.stake_currency,
            ratio=merged.tradable_balance_ratio or RATIO,  # 0 would be nothing that it may use
            api=api_access(api, merged.api_server, environ),
        )


def api_access(url: str | None, configured: _ApiServer | None, environ: Mapping[str, str]) -> ApiAccess | None:
    """What opens the API at ``url``, else where the configuration has it; None where that has it switched off."""
    found, said = configured or _ApiServer(), _said(environ)
    enabled = said["ENABLED"].lower() not in _NO if said["ENABLED"] else found.enabled is True
    if url is None:
        if not enabled:
            return None
        address = said["LISTEN_IP_ADDRESS"] or found.listen_ip_address or "127.0.0.1"
        url = f"http://{_ANYWHERE.get(address, address)}:{said['LISTEN_PORT'] or found.listen_port or 8080}"
    tokens = [found.ws_token] if isinstance(found.ws_token, str) else found.ws_token or [""]
    token = said["WS_TOKEN"] or tokens[0]
    return ApiAccess(
        url=url.rstrip("/"),
        username=said["USERNAME"] or found.username or "",
        password=Secret(said["PASSWORD"] or found.password or ""),
        ws_token=Secret(token) if token else None,
    )


def _said(environ: Mapping[str, str]) -> dict[str, str]:
    names = ("ENABLED", "LISTEN_IP_ADDRESS", "LISTEN_PORT", "USERNAME", "PASSWORD", "WS_TOKEN")
    return {name: environ.get(f"{_VARIABLE}API_SERVER__{name}", "").strip() for name in names}


def _read(file: Path, depth: int = 0) -> _File:
    if depth > _DEEPEST:
        message = f"{file}: configurations that add one another, more than {_DEEPEST} deep"
        raise ConfigError(message)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # a ValueError: not UTF-8, or a name that is none
        reason = error.strerror if isinstance(error, OSError) else error
        problem = "there is no such file" if isinstance(error, FileNotFoundError) else f"can't be read: {reason}"
        message = f"{file}: {problem}\n{ALLOW if isinstance(error, PermissionError) else _OWN_FILE}"
        raise ConfigError(message) from None
    plain = _TRAILING.sub(_kept, _COMMENTS.sub(_kept, text))
    try:
        found = msgspec.json.decode(plain, type=_File)
    except (msgspec.DecodeError, RecursionError) as error:
        message = f"{file}: not a configuration of freqtrade's: {error}\n{_OWN_FILE}"
        raise ConfigError(message) from None
    added = _File()
    for name in found.add_config_files:
        added = _over(_read(file.resolve().parent / name, depth + 1), added)
    return _over(found, added)


def _over(upper: S, lower: S) -> S:
    """Both in one, at every depth: a value of ``upper`` wins over that of ``lower``."""
    merged = {}
    for name in upper.__struct_fields__:
        first, second = getattr(upper, name), getattr(lower, name)
        both = isinstance(first, Struct) and isinstance(second, Struct)
        merged[name] = _over(first, second) if both else second if first is None else first
    return type(upper)(**merged)


def _kept(match: re.Match[str]) -> str:
    """A text stands as it is; of a comment only its lines are left, so that an error's place stays right."""
    return match[1] or re.sub(r"[^\n]", " ", match[0])


def _places(url: str, file: Path) -> tuple[Path, ...]:
    """Of a database's URL: from the working folder, else the configuration's, as a container has it."""
    if not url.startswith(_SQLITE) or url == _SQLITE:
        kind = url.partition(":")[0]
        message = f"{file}: its db_url is {kind}'s: livestory reads a freqtrade's SQLite database, kept in a file"
        raise ConfigError(message)
    path = Path(unquote(url.removeprefix(_SQLITE).partition("?")[0]).partition("\0")[0])
    folder = file.resolve().parent
    return path, folder / path, folder / path.name, folder.parent / path
