"""The services that are spoken to natively, and every other through Apprise.

Sources: Telegram Bot API, sendMessage and ResponseParameters; Discord developer documentation, Execute Webhook and Rate
Limits; ntfy documentation, Publish as JSON and sequence ids.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import msgspec

from livestory import credentials
from livestory.credentials import Secret
from livestory.errors import ConfigError
from livestory.extras import missing
from livestory.outlets.alerts.http import Answer, Http, NotAccepted, checked, forms, malformed
from livestory.outlets.alerts.message import Message, clipped, unmentioned, utf8, utf16
from livestory.outlets.alerts.settings import ChannelSettings, Service

_MANY = 10_000  # lines that a message for a person stands for at most
_CUT = 16_384  # characters of a line that a webhook calls too long, halved each time
_APPRISE = 2000  # characters; it shortens further for a service that takes less
_NO_CONTENT = 204  # which Discord answers as well
_JSON = {"Content-Type": "application/json"}
# What Discord's Markdown reads: marks anywhere, a link, a list's beginning.
_MARKUP = re.compile(r"([\\*_~`|<>#\[\]()@]|:(?=//)|^[-+](?= )|\.(?=\s))", re.MULTILINE)


class Channel(Protocol):
    """Something that takes messages."""

    most_lines: int
    """Lines that one message may have."""

    async def send(self, message: Message, http: Http) -> None:
        """Deliver it: returns once the service has accepted it. Raises NotAccepted."""


class Telegram:
    """A bot's message to a chat; plain text, for which Telegram knows no markup."""

    most_lines = _MANY

    def __init__(self, section: str, settings: ChannelSettings, token: Secret, _: Secret | None) -> None:
        """Raises ConfigError where the token is none."""
        if not re.fullmatch(r"\d+:[\w-]+", token.reveal()):
            message = (
                f"the token of {section}: not a Telegram bot's\nCopy what BotFather gave you, such as 110201543:AAH…"
            )
            raise ConfigError(message)
        self._url = checked(section, f"{settings.api.rstrip('/')}/bot{token.reveal()}/sendMessage")
        self._section = section
        self._to = settings.to
        self._secrets = forms(token)

    async def send(self, message: Message, http: Http) -> None:
        """At most 4,096 UTF-16 units."""
        body = {
            "chat_id": self._to,
            "text": message.text(4096, size=utf16, safe=unmentioned),
            "link_preview_options": {"is_disabled": True},
            "disable_notification": not message.critical,
        }
        try:
            answer = await http.post(self._url, msgspec.json.encode(body), _JSON, self._secrets)
        except NotAccepted as error:
            self._follow(error)
            raise
        if answer.json().get("ok") is not True:
            raise malformed(self._secrets, answer)

    def _follow(self, error: NotAccepted) -> None:
        """Where the group has become a supergroup it has another id, which is taken from the next try on."""
        told = error.answer.json().get("parameters") if error.answer is not None else None
        new = told.get("migrate_to_chat_id") if isinstance(told, dict) else None
        if isinstance(new, int) and not isinstance(new, bool) and str(new) != self._to:
            self._to = str(new)
            problem = (
                f'the group has a new id, taken until the end of this process: set to = "{new}" in {self._section}'
            )
            raise NotAccepted(problem, in_doubt=False, wait=0.0) from None


class Discord:
    """A webhook's message; it mentions nobody and shows no previews."""

    most_lines = _MANY

    def __init__(self, section: str, _settings: ChannelSettings, address: Secret, _: Secret | None) -> None:
        """Raises ConfigError where the address is none."""
        url = urlsplit(checked(f"the address of {section}", address.reveal()))
        # Without wait=true an acceptance is not told.
        asked = [*(each for each in url.query.split("&") if each and not each.startswith("wait=")), "wait=true"]
        self._url = urlunsplit(url._replace(query="&".join(asked)))
        self._secrets = forms(address)

    async def send(self, message: Message, http: Http) -> None:
        """At most 2,000 UTF-16 units."""
        body = {
            "content": message.text(2000, size=utf16, safe=lambda text: _MARKUP.sub(r"\\\1", text)),
            "allowed_mentions": {"parse": []},
            "flags": 4,  # SUPPRESS_EMBEDS
        }
        answer = await http.post(self._url, msgspec.json.encode(body), _JSON, self._secrets)
        if answer.status != _NO_CONTENT and "id" not in answer.json():
            raise malformed(self._secrets, answer)


class Ntfy:
    """A notification of a topic. Its sequence id lets a phone replace a message that comes again (ntfy 2.16)."""

    most_lines = _MANY

    def __init__(self, section: str, _settings: ChannelSettings, address: Secret, token: Secret | None) -> None:
        """Raises ConfigError where the address is none with a topic."""
        parts = urlsplit(checked(f"the address of {section}", address.reveal()))
        base, _, self._topic = parts.path.rstrip("/").rpartition("/")
        if not re.fullmatch(r"[-\w]{1,64}", self._topic, re.ASCII):
            message = f"the address of {section}: names no topic\nWrite it like https://ntfy.sh/my-secret-topic."
            raise ConfigError(message)
        if token and parts.username is not None:
            message = f"{section}: its address holds a user, and a token is named as well\nName one of them."
            raise ConfigError(message)
        self._url = urlunsplit((parts.scheme, parts.netloc, f"{base}/", parts.query, ""))  # ?auth= opens a topic too
        self._headers = _JSON | ({"Authorization": f"Bearer {token.reveal()}"} if token else {})
        self._secrets = forms(address, token)

    async def send(self, message: Message, http: Http) -> None:
        """At most 4,096 bytes: a longer one would become an attachment."""
        body: dict[str, Any] = {
            "topic": self._topic,
            "title": message.title[:200],
            "message": message.text(4000, size=utf8, titled=False, linked=False),
            "priority": 5 if message.critical else 3,
            "sequence_id": message.id,
        }
        if message.url is not None:
            body["click"] = message.url
        answer = await http.post(self._url, msgspec.json.encode(body), self._headers, self._secrets)
        if "id" not in answer.json():
            raise malformed(self._secrets, answer)


class Webhook:
    """The lines as JSON with their records, for a program of the owner's; signed where a key is named."""

    most_lines = 100

    def __init__(self, section: str, _settings: ChannelSettings, address: Secret, token: Secret | None) -> None:
        """Raises ConfigError where the address is none."""
        self._url = checked(f"the address of {section}", address.reveal())
        self._key = token
        self._secrets = forms(address, token)

    async def send(self, message: Message, http: Http) -> None:
        """Any answer of 2xx accepts it. A line that is cut comes without its record, which may be what is long."""
        longest = max(len(line.line) for line in message.lines)
        cut = message.cut and min(_CUT, longest) >> (message.cut - 1)
        content = msgspec.json.encode(
            {
                "id": message.id,
                "again": message.again,
                "story": message.title,
                "link": message.url,
                "events": [
                    {
                        "seq": line.seq,
                        "id": line.key,
                        "kind": line.kind,
                        "critical": line.critical,
                        "line": clipped(line.line, cut, len) if cut else line.line,
                        "record": msgspec.Raw(line.record) if line.record and not cut else None,
                    }
                    for line in message.lines
                ],
            }
        )
        headers = {**_JSON, "Idempotency-Key": message.id}
        if self._key is not None:
            headers |= signature(self._key, str(int(time.time())), content)
        await http.post(self._url, content, headers, self._secrets)


def signature(key: Secret, timestamp: str, content: bytes) -> dict[str, str]:
    """The headers that prove who sent it and when: HMAC-SHA256 over the timestamp in seconds, a dot, and the body."""
    signed = hmac.new(key.reveal().encode(), f"{timestamp}.".encode() + content, "sha256").hexdigest()
    return {"Livestory-Timestamp": timestamp, "Livestory-Signature": f"sha256={signed}"}


class Apprise:
    """A service by the address that Apprise gives it, such as mailto://user:password@example.org."""

    most_lines = 10_000
    patience = 60.0  # seconds; each of its services has timeouts of its own below that

    def __init__(self, section: str, _settings: ChannelSettings, address: Secret, _: Secret | None) -> None:
        """Raises InputError where Apprise is not installed, ConfigError where it doesn't know the address."""
        logging.getLogger("apprise").disabled = True  # its lines have addresses in them
        for name in ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its hundred plugins' own
            try:
                import apprise  # noqa: PLC0415 - large, and only for who asks for it
            except ImportError as error:
                raise missing(error, section, "alerts") from None
            asset = apprise.AppriseAsset(storage_mode="memory", interpret_escapes=False, allow_templates=False)
            self._apprise = apprise.Apprise(asset=asset)
            self._at_work: threading.Thread | None = None
            known = self._apprise.add(address.reveal())
        if not known:
            message = f"the address of {section}: Apprise does not know such a service\nWrite it as its page says."
            raise ConfigError(message)

    async def send(self, message: Message, http: Http) -> None:  # noqa: ARG002 - it has connections of its own
        """Apprise says only whether it was accepted."""
        text = message.text(_APPRISE, safe=unmentioned, titled=False)
        level = "failure" if message.critical else "info"
        if self._at_work is not None and self._at_work.is_alive():
            problem = "gives no answer, and its last message has not ended either"
            raise NotAccepted(problem, in_doubt=True)
        loop = asyncio.get_running_loop()
        told: asyncio.Future[bool | str] = loop.create_future()

        def work() -> None:
            try:
                result: bool | str = bool(self._apprise.notify(text, message.title, level, body_format="text"))
            except BaseException as error:  # noqa: BLE001 - whatever one of a hundred plugins may raise, or exit with
                result = type(error).__name__
            with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
                loop.call_soon_threadsafe(_set_result, told, result)

        # A thread of its own: one that hangs holds up no other channel, and not the end of the program.
        self._at_work = threading.Thread(target=work, name="apprise", daemon=True)
        self._at_work.start()
        try:
            async with asyncio.timeout(self.patience):
                accepted = await told
        except TimeoutError:
            problem = f"gives no answer within {self.patience:g}s"
            raise NotAccepted(problem, in_doubt=True) from None
        if isinstance(accepted, str):
            problem = f"Apprise fails ({accepted})"
            raise NotAccepted(problem, in_doubt=True)
        if not accepted:
            problem = "is not accepted: check the address, or try it with Apprise's own command"
            raise NotAccepted(problem, in_doubt=True, answer=Answer(0, b""))


def _set_result(told: asyncio.Future[bool | str], result: bool | str) -> None:  # noqa: FBT001 - what Apprise says
    if not told.done():
        told.set_result(result)


# Each is given the secret that its service needs, and a token where it needs an address and one is named as well.
_SERVICES: dict[Service, Callable[[str, ChannelSettings, Secret, Secret | None], Channel]] = {
    "telegram": Telegram,
    "discord": Discord,
    "ntfy": Ntfy,
    "webhook": Webhook,
    "apprise": Apprise,
}


def opened(name: str, settings: ChannelSettings, environ: Mapping[str, str] | None = None) -> Channel:
    """The channel of that name. Raises InputError where a secret of it can't be read or used."""
    section = f"[alerts.channels.{name}]"

    def token() -> Secret:
        return credentials.read(f"the token of {section}", settings.token_env, settings.token_file, environ, plain=True)

    make = _SERVICES[settings.service]
    if settings.needs == "token":
        return make(section, settings, token(), None)
    address = credentials.read(f"the address of {section}", settings.address_env, settings.address_file, environ)
    return make(section, settings, address, token() if settings.has_token else None)
