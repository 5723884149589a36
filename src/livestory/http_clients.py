"""Making the clients that speak HTTP: what the environment says of proxies and certificates is checked in one place."""

from __future__ import annotations

import os
import re
import ssl
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.request import getproxies

from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Client = TypeVar("Client")

_SCHEMES = ("http", "https", "all")
_KNOWN = {"http", "https", "socks5", "socks5h"}
_REMEDY = "Write it like http://proxy.example.org:3128, or unset it."


def opened(kind: type[Client], **settings: Any) -> Client:
    """A client of httpx2 with these settings.

    Raises ConfigError, which names the variable of the environment that stands in the way and never shows what it
    holds: a proxy's address may have a password in it.
    """
    proxies = getproxies()
    if "*" not in {each.strip() for each in proxies.get("no", "").split(",")}:
        for scheme in _SCHEMES:
            if proxies.get(scheme):
                _check(_variable(scheme, os.environ), proxies[scheme])
    try:
        return kind(**settings)
    except OSError as error:  # ssl.SSLError is one
        name = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
        if name is None:
            raise
        reason = "no certificates in it" if isinstance(error, ssl.SSLError) else error.strerror
        message = f"{name}: can't be used to check https ({reason})\nName a file of certificates in PEM, or unset it."
        raise ConfigError(message) from None


def _check(variable: str, address: str) -> None:
    """Raise ConfigError where the proxy's address is none that can be used."""
    import httpx2  # noqa: PLC0415 - an extra, and slow to import

    whole = address if "://" in address else f"http://{address}"
    scheme = whole.partition("://")[0].lower()
    try:
        url = httpx2.URL(whole)
        usable = bool(url.host) and (url.port is None or 0 < url.port < 65_536)  # noqa: PLR2004 - TCP's ports
    except httpx2.InvalidURL:
        usable = False
    if scheme not in _KNOWN and re.fullmatch(r"[a-z][a-z0-9+.-]{0,20}", scheme):
        message = f"{variable}: no proxy is known that is spoken to by {scheme}://\n{_REMEDY}"
    elif not usable or not address.isprintable() or " " in address or scheme not in _KNOWN:
        message = f"{variable}: is no address of a proxy\n{_REMEDY}"
    elif scheme.startswith("socks") and find_spec("socksio") is None:
        message = (
            f"{variable}: a {scheme}:// proxy needs a package that is not installed\n"
            "Install it with: pip install socksio, or unset the variable."
        )
    else:
        return
    raise ConfigError(message)


def _variable(scheme: str, environ: Mapping[str, str]) -> str:
    """The variable that names the proxy: one in small letters counts before another."""
    name = f"{scheme}_proxy"
    return name if environ.get(name) else next((each for each in environ if each.lower() == name), name.upper())
