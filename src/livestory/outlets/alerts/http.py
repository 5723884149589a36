"""One request to a service, and what its answer means. No address, which may be a secret, is ever shown."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ParamSpec, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx2
import msgspec
from msgspec import Struct

from livestory.credentials import Secret, redacted
from livestory.errors import ConfigError
from livestory.http_clients import opened
from livestory.story.wording.text import encodable, escape

_LEAST = 8  # characters; a shorter part of an address opens nothing
_CONNECT = 10.0  # seconds
_MOST_BYTES = 65_536  # of an answer that are read
_LONGEST = 160  # characters of others' words that are repeated
_LONGEST_WAIT = 3600.0  # seconds that a service's wish to be left alone is kept, whatever it asks
_SUCCESS, _REDIRECT, _CLIENT, _TOO_LONG, _TOO_MANY, _SERVER = 200, 300, 400, 413, 429, 500
_OF_THE_MESSAGE = frozenset({400, 406, 409, 411, 413, 414, 415, 417, 422, 431, 451})
_TOO_LONG_WORDS = re.compile(rb"too[ _](?:long|large|big)|or fewer in length|max(?:imum)?[ _]length", re.IGNORECASE)
_REMEDIES = {
    400: "what is sent is refused: check the settings of this channel",
    401: "the token is refused: check it",
    403: "access is refused: check the token and what it is allowed",
    404: "there is no such address, bot or webhook: check the address and the token",
    413: "the message is too long for it",
    429: "too many messages",
}


class NotAccepted(Exception):
    """A message was not accepted, or nobody knows; its text says why, without any secret."""

    def __init__(
        self, problem: str, *, in_doubt: bool, wait: float | None = None, answer: Answer | None = None
    ) -> None:
        """``in_doubt``: it may have been accepted; ``wait``: the service asks to wait so many seconds, at most an hour.

        ``answer`` is what it said, None where it did not say a thing that concerns this message or this channel.
        """
        super().__init__(problem)
        self.in_doubt = in_doubt
        self.wait = wait
        self.answer = answer

    @property
    def refused(self) -> bool:
        """Whether the service said no, and did not ask to come again."""
        return self.answer is not None and self.wait is None

    @property
    def of_the_message(self) -> bool:
        """Whether it said no to what the message holds, as far as its status tells."""
        return self.refused and self.answer is not None and self.answer.status in _OF_THE_MESSAGE

    @property
    def too_long(self) -> bool:
        """Whether it said that the message is too long."""
        if self.answer is None or not self.of_the_message:
            return False
        return self.answer.status == _TOO_LONG or _TOO_LONG_WORDS.search(self.answer.body) is not None


class Answer(Struct):
    """What a service said to a message that it took."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        """Its body; empty where that is no JSON object."""
        with suppress(msgspec.MsgspecError, ValueError, RecursionError):
            return msgspec.json.decode(self.body, type=dict[str, Any])
        return {}


class Http:
    """Sends requests; one at a time on a connection of its own, so that no stale one leaves a message in doubt."""

    def __init__(self, patience: float) -> None:
        """``patience``: the seconds that one answer may take. Raises ConfigError as `opened` does."""
        for name in ("httpx2", "httpcore2"):  # their lines have addresses in them
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._patience = patience
        self._client = opened(
            httpx2.AsyncClient,
            timeout=httpx2.Timeout(patience, connect=min(_CONNECT, patience)),
            limits=httpx2.Limits(max_keepalive_connections=0),
            headers={"User-Agent": "livestory", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_default_executor(Lookups())  # which alone looks names up
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def post(self, url: str, content: bytes, headers: Mapping[str, str], secrets: Iterable[Secret]) -> Answer:
        """Send it. Raises NotAccepted for every answer but 2xx, and for none."""
        return await self._ask("POST", url, content, headers, secrets)

    async def get(self, url: str, secrets: Iterable[Secret]) -> Answer:
        """Ask for it. Raises NotAccepted as `post` does."""
        return await self._ask("GET", url, b"", {}, secrets)

    async def _ask(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str], secrets: Iterable[Secret]
    ) -> Answer:
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._patience),
                self._client.stream(method, url, content=content, headers=dict(headers)) as response,
            ):
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        break
        except (httpx2.ConnectTimeout, httpx2.ConnectError, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            problem = f"can't be reached ({_words(str(error) or 'no answer', secrets)})"
            raise NotAccepted(problem, in_doubt=False) from None
        except (TimeoutError, httpx2.TimeoutException):
            problem = f"gives no answer within {self._patience:g}s"
            raise NotAccepted(problem, in_doubt=True) from None
        except Exception as error:  # noqa: BLE001 - whatever an answer makes a library raise ends this try and no more
            problem = f"the connection broke ({_words(str(error) or type(error).__name__, secrets)})"
            raise NotAccepted(problem, in_doubt=True) from None
        answer = Answer(response.status_code, bytes(body))
        if not response.is_success:
            raise _refusal(answer, response.headers, secrets)
        return answer


def checked(what: str, address: str) -> str:
    """An address that can be sent to. Raises ConfigError, which does not show it."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        usable = usable and bool(httpx2.URL(address).host) and address.isprintable() and " " not in address
    except (ValueError, httpx2.InvalidURL):
        usable = False
    if not usable:
        message = f"{what}: what it holds is no http or https address\nCopy the whole address, from http on."
        raise ConfigError(message)
    if "#" in address:
        message = (
            f"{what}: holds a #, and what stands behind one is sent to no server\nTake it out, or write it as %23."
        )
        raise ConfigError(message)
    return address


def malformed(secrets: Iterable[Secret], answer: Answer) -> NotAccepted:
    """The refusal of an answer that is not the service's own, as that of a hotel's network."""
    start = _words(answer.body[:60].decode("utf-8", "replace"), secrets)
    return NotAccepted(f"answers, but not as it should ({start or 'nothing'})", in_doubt=True, answer=answer)


def _refusal(answer: Answer, headers: httpx2.Headers, secrets: Iterable[Secret]) -> NotAccepted:
    told, status = answer.json(), answer.status
    own = next((told[key] for key in ("description", "message", "error") if isinstance(told.get(key), str)), "")
    others = "fails" if status >= _SERVER else "refuses"
    if status < _CLIENT:
        others = "leads elsewhere: check the address" if status >= _REDIRECT else "answers, but not as it should"
    problem = _REMEDIES.get(status, others)
    own = f": {_words(own, secrets)}" if own else ""
    wait = _wait(told, headers) if status == _TOO_MANY or status >= _SERVER else None
    in_doubt = status >= _SERVER or status < _SUCCESS
    return NotAccepted(f"{problem} (HTTP {status}{own})", in_doubt=in_doubt, wait=wait, answer=answer)


def _wait(told: dict[str, Any], headers: httpx2.Headers) -> float | None:
    """Seconds: Telegram's and Discord's own field, else Retry-After (RFC 9110, 10.2.3); at most an hour."""
    inner = told.get("parameters")
    for found in (inner.get("retry_after") if isinstance(inner, dict) else None, told.get("retry_after")):
        if isinstance(found, int | float) and not isinstance(found, bool) and found >= 0:
            return float(min(found, _LONGEST_WAIT))
    written = headers.get("retry-after", "").strip()
    if written.isdecimal() and written.isascii():
        return min(float(written[:9]), _LONGEST_WAIT)
    with suppress(ValueError, TypeError, OverflowError, IndexError):
        # Reckoned by the service's own clock where it tells it: ours may be off by years.
        there = headers.get("date")
        now = parsedate_to_datetime(there) if there else datetime.now(UTC)
        return min(max((parsedate_to_datetime(written) - now).total_seconds(), 0.0), _LONGEST_WAIT)
    return None


def _words(text: str, secrets: Iterable[Secret]) -> str:
    """Others' words: without secrets and control characters, and short."""
    told = escape(encodable(redacted(" ".join(text.split()), secrets)))
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


def forms(*secrets: Secret | None) -> tuple[Secret, ...]:
    """The secrets and what of an address opens as much as all of it: none of that may be shown."""
    found = []
    for secret in filter(None, secrets):
        found.append(secret)
        if "://" in secret.reveal():
            parts = urlsplit(secret.reveal())
            pieces = [parts.path, parts.query, parts.password or "", parts.username or "", *parts.path.split("/")]
            pieces += [value for _, value in parse_qsl(parts.query)]
            found += [Secret(piece) for piece in pieces if len(piece) >= _LEAST]
    return tuple(found)


P = ParamSpec("P")
T = TypeVar("T")


class Lookups(ThreadPoolExecutor):
    """What an event loop asks for addresses: its own few threads would all wait for the names that hang.

    What is being looked up already is not looked up once more, so there are no more threads than names.
    """

    def __init__(self) -> None:
        super().__init__(1)  # none of which is used
        self._asked: dict[object, Future[Any]] = {}

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The answer, once it is there."""
        key = fn, args
        future: Future[T] | None = self._asked.get(key)
        if future is None or future.done():
            future = self._asked[key] = Future()
            future.set_running_or_notify_cancel()
            threading.Thread(target=_answer, args=(future, fn, args, kwargs), name="lookup", daemon=True).start()
        return future


def _answer(future: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            future.set_exception(error)
        else:
            future.set_result(result)
