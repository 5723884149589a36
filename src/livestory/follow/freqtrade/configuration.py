"""freqtrade's own configuration, as far as it says where the bot's database lies. Its keys are never decoded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec
from msgspec import Struct, field

from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_DEEPEST = 5  # files that name further ones, as freqtrade itself has it
_PRODUCTION, _DRY_RUN = "sqlite:///tradesv3.sqlite", "sqlite:///tradesv3.dryrun.sqlite"
_SQLITE = "sqlite:///"
_VARIABLE = "FREQTRADE__"
_NO = {"false", "0", "no", "f", "n"}


class _Exchange(Struct):
    """All that is read of the exchange: its name, and nothing of what opens it."""

    name: str | None = None


class _File(Struct):
    """What is read of a configuration; all else in it is passed over."""

    db_url: str | None = None
    dry_run: bool | None = None
    bot_name: str | None = None
    exchange: _Exchange | None = None
    add_config_files: list[str] = field(default_factory=list)


class FreqtradeConfiguration(Struct, frozen=True, kw_only=True):
    """Which bot it is, and where its database lies."""

    database: Path
    dry_run: bool
    bot_name: str | None = None
    exchange: str | None = None

    @classmethod
    def read(cls, file: Path, environ: Mapping[str, str]) -> FreqtradeConfiguration:
        """As freqtrade reads it: the environment over the file, the file over those that it adds.

        Raises ConfigError, which holds nothing of the file's contents.
        """
        merged = _read(file)
        dry_run = merged.dry_run is not False
        if (said := environ.get(f"{_VARIABLE}DRY_RUN")) is not None:
            dry_run = said.strip().lower() not in _NO
        url = environ.get(f"{_VARIABLE}DB_URL") or merged.db_url or _PRODUCTION
        if dry_run and url == _PRODUCTION:
            url = _DRY_RUN
        return cls(
            database=_database(url, file),
            dry_run=dry_run,
            bot_name=environ.get(f"{_VARIABLE}BOT_NAME") or merged.bot_name,
            exchange=environ.get(f"{_VARIABLE}EXCHANGE__NAME") or (merged.exchange.name if merged.exchange else None),
        )


def _read(file: Path, depth: int = 0) -> _File:
    if depth > _DEEPEST:
        message = f"{file}: configurations that add one another, more than {_DEEPEST} deep"
        raise ConfigError(message)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        message = f"{file}: can't be read: {reason}\nName freqtrade's own config.json, or its database with --db."
        raise ConfigError(message) from None
    plain = _TRAILING.sub(_kept, _COMMENTS.sub(_kept, text))
    try:
        found = msgspec.json.decode(plain, type=_File)
    except msgspec.DecodeError as error:
        message = f"{file}: not a configuration of freqtrade's: {error}"
        raise ConfigError(message) from None
    for name in found.add_config_files:
        added = _read(file.resolve().parent / name, depth + 1)
        for key in ("db_url", "dry_run", "bot_name", "exchange"):
            if getattr(found, key) is None:
                setattr(found, key, getattr(added, key))
    return found


def _kept(match: re.Match[str]) -> str:
    """A text stands as it is; of a comment only its lines are left, so that an error's place stays right."""
    return match[1] or re.sub(r"[^\n]", " ", match[0])


def _database(url: str, file: Path) -> Path:
    """The file of a database's URL: from the working folder, else the configuration's, as a container has it."""
    if not url.startswith(_SQLITE) or url == _SQLITE:
        kind = url.partition(":")[0]
        message = f"{file}: its db_url is {kind}'s: livestory reads a freqtrade's SQLite database, kept in a file"
        raise ConfigError(message)
    path = Path(unquote(url.removeprefix(_SQLITE).partition("?")[0]))
    folder = file.resolve().parent
    places = [path, folder / path, folder / path.name, folder.parent / path]
    return next((place for place in places if place.is_file()), path)
