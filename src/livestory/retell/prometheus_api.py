"""Prometheus' HTTP API, as far as an export needs it: which series there are, and their real samples.

`query_range` repeats the last value for five minutes into a gap and so invents data. The instant query of a range
selector (``name[1d]``) returns the samples that were scraped, at the times they were scraped at, and no others.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from livestory.clock import HOUR, SECOND
from livestory.credentials import checked
from livestory.durations import Duration
from livestory.errors import InputError, LivestoryError
from livestory.extras import missing

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    import httpx2

_MOST_BYTES = 128 << 20  # of one answer; a query of that size is asked again in parts
_CONNECT = 10.0  # seconds
_LONGEST = 200  # characters of a server's own words that a message repeats
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")
_HEADER = re.compile(r"[\x21-\x7e]+")
_VARIABLES = ("PROMETHEUS_USER", "PROMETHEUS_PASSWORD", "PROMETHEUS_TOKEN")
_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _UNPROCESSABLE = 200, 400, 401, 403, 422

Answer = TypeVar("Answer")


class PrometheusSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where `livestory export` finds Prometheus; a token or a password stands in the environment alone."""

    url: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="Its address, without user and password; off: named by --prometheus.",
                extra_json_schema={"example": "http://127.0.0.1:9090"},
            ),
        ]
        | None
    ) = None
    ca_file: (
        Annotated[str, Meta(min_length=1, description="Certificates (PEM) to check its https with; off: the system's.")]
        | None
    ) = None
    timeout: Annotated[Duration, Meta(ge=SECOND // 10, le=HOUR, description="The longest one answer may take.")] = (
        60 * SECOND
    )


class Credentials(Struct, frozen=True):
    """What lets us in; never shown."""

    user: str = ""
    password: str = ""
    token: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Those of the environment. Raises InputError where they contradict each other or can't be sent."""
        found = cls(*(checked(name, environ.get(name, "")) for name in _VARIABLES))
        if found.token and (found.user or found.password):
            message = "PROMETHEUS_TOKEN and PROMETHEUS_USER are both set; unset one of them"
            raise InputError(message)
        if found.password and not found.user:
            message = "PROMETHEUS_PASSWORD is set without PROMETHEUS_USER; set both"
            raise InputError(message)
        if found.token and not _HEADER.fullmatch(found.token):
            message = "PROMETHEUS_TOKEN holds a blank, a line end or another character that a token can't have"
            raise InputError(message)
        return found

    def __repr__(self) -> str:
        return "Credentials(…)"

    def removed_from(self, text: str) -> str:
        """The text without them."""
        for secret in (self.token, self.password):
            text = text.replace(secret, "…") if secret else text
        return text


# Checked where they come in: what follows reads them as numbers.
_Time = Annotated[float, Meta(ge=0, lt=253_370_764_800)]  # seconds, before the year 9999
_Value = Annotated[str, Meta(pattern=r"^(?:NaN|[+-]?Inf|[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\Z")]


class Series(Struct):
    """The samples of one series, in order: seconds since the epoch, and the value as Prometheus writes it."""

    labels: dict[str, str] = msgspec.field(name="metric")
    samples: list[tuple[_Time, _Value]] = msgspec.field(name="values", default_factory=list)


class TooManySamples(LivestoryError):
    """The server, or we, can't hold the answer; a shorter range may do."""


class _Envelope(Struct):
    status: str
    data: Raw = Raw()
    error: str = ""
    warnings: list[str] = []


class _Matrix(Struct):
    series: list[Series] = msgspec.field(name="result")


class Prometheus:
    """A Prometheus server. Every method raises InputError where what was asked for is wrong, else LivestoryError."""

    def __init__(self, settings: PrometheusSettings, credentials: Credentials) -> None:
        """Prepare; nothing is asked yet. Raises InputError where the address or the certificates can't be used."""
        self.url = _checked(settings.url)
        self._timeout = settings.timeout / SECOND
        self._credentials = credentials
        self._client = self._connected(settings.ca_file)

    def _connected(self, ca_file: str | None) -> httpx2.Client:
        try:
            import httpx2  # noqa: PLC0415 - an extra, and slow to import

            from livestory.http_clients import opened  # noqa: PLC0415 - needs it
        except ImportError as error:
            raise missing(error, "export from Prometheus", "retell") from None
        for name in ("httpx2", "httpcore2"):  # their lines have addresses in them
            logging.getLogger(name).setLevel(logging.WARNING)
        own = self._credentials
        return opened(
            httpx2.Client,
            auth=(own.user, own.password) if own.user else None,
            headers={"Authorization": f"Bearer {own.token}"} if own.token else {},
            timeout=httpx2.Timeout(self._timeout, connect=min(_CONNECT, self._timeout)),
            verify=_certificates(ca_file),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def series(self, selector: str, start: int, end: int) -> list[dict[str, str]]:
        """The labels of every series that ``selector`` matches with a sample near start to end, in milliseconds."""
        asked = {"match[]": selector, "start": _seconds(start), "end": _seconds(end)}
        return self._ask("series", asked, list[dict[str, str]])

    def samples(self, selector: str, after: int, end: int) -> list[Series]:
        """The samples at after < time <= end, in milliseconds. Raises TooManySamples where these are."""
        asked = {"query": f"{selector}[{end - after}ms]", "time": _seconds(end), "timeout": f"{self._timeout:g}s"}
        found = self._ask("query", asked, _Matrix).series
        for each in found:
            # Before version 3 a range includes its beginning.
            if each.samples and round(each.samples[0][0] * 1000) <= after:
                del each.samples[0]
        return found

    def _ask(self, what: str, parameters: Mapping[str, str], kind: type[Answer]) -> Answer:
        status, is_json, body = self._get(f"{self.url}/api/v1/{what}", parameters)
        try:
            envelope = msgspec.json.decode(body, type=_Envelope)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self._not_prometheus(status, is_json=is_json) from None
        if envelope.status != "success":
            raise self._refusal(status, envelope.error)
        if envelope.warnings:
            message = f"the answer may be incomplete: {self._words(envelope.warnings[0])}; nothing is made of a part"
            raise self._failure(message)
        try:
            return msgspec.json.decode(envelope.data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            message = f"{self.url}: answers, but not as Prometheus does ({error}); check the address"
            raise InputError(message) from None

    def _get(self, address: str, parameters: Mapping[str, str]) -> tuple[int, bool, bytes]:
        import httpx2  # noqa: PLC0415 - as above

        deadline = time.monotonic() + self._timeout
        body = bytearray()
        try:
            with self._client.stream("GET", address, params=dict(parameters)) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        message = f"{self.url}: an answer of more than {_MOST_BYTES >> 20} MiB"
                        raise TooManySamples(message)
                    if time.monotonic() > deadline:
                        raise self._slow()
                return response.status_code, "json" in response.headers.get("content-type", ""), bytes(body)
        except httpx2.TimeoutException:
            raise self._slow() from None
        except httpx2.InvalidURL as error:
            message = f"{self.url}: not an address ({self._words(str(error))})"
            raise InputError(message) from None
        except (httpx2.HTTPError, OSError, ValueError) as error:
            hint = "; is it running?" if isinstance(error, httpx2.ConnectError) else ""
            hint = "; name its certificate with --ca FILE" if "CERTIFICATE" in str(error) else hint
            raise self._failure(self._words(str(error) or type(error).__name__) + hint) from None

    def _refusal(self, status: int, error: str) -> LivestoryError:
        words = self._words(error) or f"status {status}"
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            return self._no_entry(status)
        if status == _UNPROCESSABLE and "too many samples" in error:
            return TooManySamples(f"{self.url}: {words}")
        if status == _BAD_REQUEST:
            return InputError(f"{self.url}: refuses the question: {words}")
        return self._failure(words)

    def _not_prometheus(self, status: int, *, is_json: bool) -> LivestoryError:
        if status in {_UNAUTHORIZED, _FORBIDDEN}:
            return self._no_entry(status)
        if status >= 500:  # noqa: PLR2004 - HTTP's server errors
            return self._failure(f"answers {status}; try again later")
        if is_json and status == _OK:
            return self._failure("answers with JSON that is cut off or damaged; try again")
        return InputError(f"{self.url}: answers {status}, but not as Prometheus does; check the address")

    def _no_entry(self, status: int) -> InputError:
        remedy = "set PROMETHEUS_TOKEN, or PROMETHEUS_USER and PROMETHEUS_PASSWORD, in the environment"
        return InputError(f"{self.url}: does not let us in ({status}); {remedy}")

    def _slow(self) -> LivestoryError:
        return self._failure(f"no answer within {self._timeout:g} s; ask for less, or raise [prometheus] timeout")

    def _failure(self, what: str) -> LivestoryError:
        return LivestoryError(f"{self.url}: {what}")

    def _words(self, text: str) -> str:
        """Somebody else's words, on one line, without secrets."""
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return self._credentials.removed_from(line)[:_LONGEST]


def _checked(url: str | None) -> str:
    if url is None:
        message = "no address of a Prometheus server; name it with --prometheus URL, or as url in [prometheus]"
        raise InputError(message)
    if "@" in url:  # not repeated: what stands before it is a secret
        message = "the address of Prometheus holds an @; set PROMETHEUS_USER and PROMETHEUS_PASSWORD instead"
        raise InputError(message)
    if not _URL.fullmatch(url):
        message = f"{url}: not the address of a Prometheus server, such as http://127.0.0.1:9090"
        raise InputError(message)
    return url.rstrip("/")


def _certificates(ca_file: str | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    import ssl  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        reason = "no certificates in it" if isinstance(error, ssl.SSLError) else error.strerror
        message = f"{ca_file}: can't be used to check https ({reason}); name a file of certificates in PEM"
        raise InputError(message) from None


def _seconds(millis: int) -> str:
    return f"{millis / 1000:.3f}"
