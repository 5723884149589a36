"""What the owner can choose about alerts: the channels, what goes to each, and when."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from livestory.clock import DAY, HOUR, MINUTE
from livestory.durations import Duration
from livestory.story.kinds import KINDS

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
_HTTP = "^https?://[^\\s/]\\S*$"

# What is no name may be the secret itself, put into the wrong place: no error repeats it.
Named = Annotated[str, Meta(pattern=_VARIABLE, extra_json_schema={"writeOnly": True, "example": "PHONE_TOKEN"})]
Period = Literal["day", "week", "month", "year"]
Service = Literal["telegram", "discord", "ntfy", "webhook", "apprise"]


class ChannelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel of alerts, which has the name that the section ends with; any number of them (docs/alerts.md)."""

    service: Annotated[Service, Meta(description="What it is delivered by.")] = "ntfy"
    address_env: Annotated[Named, Meta(description="Variable with its secret address; not for telegram.")] | None = None
    address_file: (
        Annotated[str, Meta(min_length=1, description="File of mode 0600 with the address, instead.")] | None
    ) = None
    token_env: (
        Annotated[Named, Meta(description="Variable with telegram's bot token, ntfy's, or a webhook's signing key.")]
        | None
    ) = None
    token_file: Annotated[str, Meta(min_length=1, description="File of mode 0600 with the token, instead.")] | None = (
        None
    )
    to: Annotated[str, Meta(max_length=100, description="Telegram's chat id; @name for a public channel.")] = ""
    api: Annotated[str, Meta(pattern=_HTTP, description="Telegram's server, if it is one of your own.")] = (
        "https://api.telegram.org"
    )
    severity: Annotated[
        Literal["critical", "all"], Meta(description="Which lines it gets, where kinds names none.")
    ] = "critical"
    kinds: Annotated[
        tuple[str, ...],
        Meta(
            description="The kinds of lines it gets (docs/events.md); none named: by severity.",
            extra_json_schema={"example": ["trade", "breaker"]},
        ),
    ] = ()
    digest: Annotated[
        tuple[Period, ...],
        Meta(
            description="Periods of which it gets the digest when they end, whatever else it gets.",
            extra_json_schema={"example": ["week", "month"]},
        ),
    ] = ()
    quiet: (
        Annotated[
            str,
            Meta(
                pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
                description="Hours of the day in which only critical lines pass; the others wait for their end.",
                extra_json_schema={"example": "22:00-07:00"},
            ),
        ]
        | None
    ) = None
    time_zone: Annotated[str, Meta(description="Whose time its quiet hours and its messages have.")] = "UTC"
    gather: Annotated[
        Duration,
        Meta(
            le=DAY, description="Time after a message in which similar lines are gathered into one; not of a webhook."
        ),
    ] = 10 * MINUTE
    most_per_hour: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="Most messages an hour, critical ones apart; then lines are gathered. Not of a webhook.",
            extra_json_schema={"unit": "messages"},
        ),
    ] = 30

    @property
    def needs(self) -> Literal["address", "token"]:
        """The secret without which its service can't be reached."""
        return "token" if self.service == "telegram" else "address"

    @property
    def has_token(self) -> bool:
        """Whether a token is named, or a signing key."""
        return bool(self.token_env or self.token_file)

    def objection(self) -> str | None:
        """What is wrong with it as a whole; None: nothing."""
        has_address = bool(self.address_env or self.address_file)
        if not (self.has_token if self.needs == "token" else has_address):
            return f"{self.service} needs {self.needs}_env or {self.needs}_file"
        if self.service == "telegram" and not re.fullmatch(r"-?\d+|@\w+", self.to):
            return 'telegram needs to, the chat\'s id, such as to = "123456789"'
        if self.quiet and self.quiet[:5] == self.quiet[6:]:
            return f"quiet {self.quiet} has no length"
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            return f"kinds: {unknown[0]} is unknown; known: {', '.join(KINDS)}"
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, KeyError):
            return f"time_zone: {self.time_zone} is unknown; write it like Europe/Berlin"
        return None


class AlertsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Alerts, delivered by `livestory alert`; secrets stand in variables or files of mode 0600, never here."""

    link: (
        Annotated[
            str,
            Meta(
                pattern=_HTTP,
                description="The live page's address, which messages then lead to.",
                extra_json_schema={"example": "https://bot.example.org/"},
            ),
        ]
        | None
    ) = None
    grace: (
        Annotated[
            Duration,
            Meta(
                description="How long an observation may be overdue until it is said; off: by its interval, at most 5m."
            ),
        ]
        | None
    ) = None
    give_up: Annotated[Duration, Meta(ge=MINUTE, description="How long a message is tried before it is given up.")] = (
        DAY
    )
    ping_env: (
        Annotated[Named, Meta(description="Variable with the secret address that is asked for while all is well.")]
        | None
    ) = None
    ping_file: (
        Annotated[str, Meta(min_length=1, description="File of mode 0600 with that address, instead.")] | None
    ) = None
    ping_every: Annotated[Duration, Meta(ge=MINUTE // 6, le=HOUR, description="How often it is asked for.")] = MINUTE
    channels: dict[str, ChannelSettings] = {}

    def __post_init__(self) -> None:
        """Refuse a channel that can't work."""
        for name, channel in self.channels.items():
            wrong = channel.objection()
            if not _NAME.fullmatch(name):
                wrong = "a channel's name has up to 40 letters, digits, - and _"
            if wrong:
                message = f"channels.{name}: {wrong}"
                raise ValueError(message)
