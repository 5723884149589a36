"""Secrets, such as keys, tokens and webhook addresses: read from the environment or a private file, shown nowhere."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MASK = "***"
"""What stands wherever a secret would."""

_LONGEST = 65_536  # bytes; a private key in PEM has some thousand
_QUOTES = dict(zip("\"'`“”„‘«", "\"'`””“’»", strict=True))
_ASSIGNED = re.compile(r"(export\s+)?[A-Z][A-Z0-9_]{2,}=[^=]|export\s+\w+=")  # base64 has = at its end alone
_PEM = "-----BEGIN "
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """A text seen only where `reveal` is called: printed, formatted or logged it is ``***``; pickled, an error."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for what is sent to the service that it opens and for nothing else."""
        return self._text

    def __repr__(self) -> str:
        """The mask: a settings struct or a list that is printed shows no secret either."""
        return MASK

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Never pickled. Raises TypeError."""
        message = "a secret is not pickled"
        raise TypeError(message)


def read(
    what: str,
    variable: str | None,
    file: str | os.PathLike[str] | None,
    environ: Mapping[str, str] | None = None,
    *,
    plain: bool = False,
) -> Secret:
    """The secret that a configuration names: the environment variable if one is named, else the file.

    ``what`` says in errors what it is, such as "the token of [alerts.channels.phone]". ``environ`` is the process's
    environment unless it is given. ``plain``: of ASCII alone, as keys and tokens are that a service has made.

    Raises ConfigError, which never holds any of the secret: where neither or both are named, the variable is not set,
    the file can't be read or others than its owner may read it, or the secret was copied wrongly (`checked`).
    """
    if variable is not None and file is not None:
        message = f"{what}: both the variable {variable} and the file {file} are named\nName one of them."
        raise ConfigError(message)
    if variable is not None:
        text = _from_environment(what, variable, os.environ if environ is None else environ)
        return Secret(checked(f"{what}: the environment variable {variable}", text, plain=plain))
    if file is not None:
        path = Path(file).expanduser()
        return Secret(checked(f"{what}: {path}", _from_file(what, path), plain=plain))
    message = f"{what}: not named\nName an environment variable (…_env) or a file of mode 0600 (…_file) that holds it."
    raise ConfigError(message)


def checked(where: str, text: str, *, plain: bool = False) -> str:
    """The secret without blanks and line ends around it, where nothing shows that it was copied wrongly.

    Raises ConfigError, which says what is wrong ``where`` (quotes around it, a character that no eye sees) and holds
    nothing of the secret.
    """
    text = text.strip()
    odd = next((each for each in text if not _fits(each, text, plain=plain)), None)
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        problem = "holds a secret in quotes\nTake the quotes away: they count as part of it."
    elif _ASSIGNED.match(text):
        problem = "holds NAME=… and not the secret alone\nTake away all that stands before the secret."
    elif odd is not None:
        problem = f"holds {_named(odd)}, a character that no such secret has\nCopy it again, without line ends."
    else:
        return text
    message = f"{where} {problem}"
    raise ConfigError(message)


def redacted(text: str, secrets: Iterable[Secret]) -> str:
    """The text with the mask wherever one of the secrets stands, as it is or as an address writes it."""
    shown = {form for secret in secrets for form in (secret.reveal(), quote(secret.reveal(), safe="")) if form}
    for form in sorted(shown, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _fits(character: str, text: str, *, plain: bool) -> bool:
    if character in "\r\n":
        return text.startswith(_PEM)
    return character.isprintable() and (character.isascii() or not plain)


def _named(character: str) -> str:
    """``ZERO WIDTH SPACE (U+200B)``."""
    name = "a line end" if character in "\r\n" else unicodedata.name(character, "a control character")
    return f"{name} (U+{ord(character):04X})"


def _from_environment(what: str, variable: str, environ: Mapping[str, str]) -> str:
    text = environ.get(variable, "").strip()
    if not text:
        message = f"{what}: the environment variable {variable} is not set\nSet it where livestory is started."
        if any(each.split()[1:] == [variable] for each in environ):
            message = f"{what}: a variable is named 'export {variable}'\nTake the word export out of the env file."
        raise ConfigError(message)
    return text


def _from_file(what: str, path: Path) -> str:
    try:
        # Not to wait for a pipe's other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            found = os.fstat(descriptor)  # of what was opened, whatever the name leads to by now
            if not stat.S_ISREG(found.st_mode):
                _refuse(what, path, "is not a regular file", "Name a file of mode 0600 that holds it.")
            if found.st_mode & _OTHERS:
                mode = stat.S_IMODE(found.st_mode)
                _refuse(what, path, f"can be read or written by others (mode {mode:04o})", f"chmod 600 {path}")
            if found.st_uid not in {os.geteuid(), 0}:
                _refuse(what, path, "belongs to another user", "Let this user own it.")
            content = file.read(_LONGEST + 1)
    except OSError as error:
        _refuse(what, path, f"can't be read: {error.strerror}", "Check its name and owner.")
    if len(content) > _LONGEST:
        _refuse(what, path, "is too large for a secret", "Name a file that holds nothing else.")
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or "\0" in text:
        _refuse(what, path, "holds no text", "Put the secret in it, and nothing else.")
    return text


def _refuse(what: str, path: Path, problem: str, remedy: str) -> NoReturn:
    message = f"{what}: {path} {problem}\n{remedy}"
    # The cause would hold what was read, as a decoding error does.
    raise ConfigError(message) from None
