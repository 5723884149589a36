"""freqtrade's REST API, as far as it is asked: how the bot is at this moment. Nothing but GET is ever sent to it.

But where no token for the messages is configured, the login is exchanged for one, as freqtrade's own page does it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import quote

from msgspec import Meta, Struct

from livestory.credentials import redacted
from livestory.errors import LivestoryError
from livestory.extras import missing
from livestory.follow.freqtrade.answers import read
from livestory.follow.freqtrade.records import decimal_of
from livestory.http_clients import opened
from livestory.story.inputs import PositionReading

try:
    import httpx2
except ImportError as error:
    what = "following freqtrade's API"
    raise missing(error, what, "follow") from error

if TYPE_CHECKING:
    from typing import Self

    from livestory.follow.freqtrade.configuration import ApiAccess

T = TypeVar("T")

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_PATIENCE = 5.0  # seconds for an answer
_MOST = 20_000_000  # bytes of one
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_STATES = frozenset({"running", "paused", "stopped", "reload_config"})


Name = Annotated[str, Meta(max_length=200)]
"""What stands in lines as it is: no name of freqtrade's is as long."""
Amount = Annotated[float, Meta(ge=-1e30, le=1e30)]
"""What can be reckoned with."""


class ApiNotNow(LivestoryError):
    """The API does not answer as freqtrade's does."""


class Config(Struct, frozen=True, kw_only=True):
    """What is read of the answer to ``show_config``."""

    state: str
    dry_run: bool | None = None
    bot_name: Name | None = None
    exchange: Name | None = None
    stake_currency: Name | None = None
    stake_amount: Name | Amount | None = None
    available_capital: Amount | None = None
    max_open_trades: Amount | None = None
    timeframe: Name | None = None
    timeframe_ms: int | None = None
    strategy: Name | None = None
    short_allowed: bool = False
    stoploss: Amount | None = None
    trailing_stop: bool | None = None
    minimal_roi: Annotated[dict[Name, Amount], Meta(max_length=100)] | None = None


class Health(Struct, frozen=True):
    """What is read of the answer to ``health``, in seconds since 1970."""

    last_process_ts: int | None = None
    bot_start_ts: int | None = None
    bot_startup_ts: int | None = None


class _Order(Struct, frozen=True):
    is_open: bool = False
    filled: Amount | None = None


class OpenTrade(Struct, frozen=True, kw_only=True):
    """One trade of the answer to ``status``."""

    pair: Name
    is_short: bool = False
    amount: Amount = 0.0
    open_rate: Amount | None = None
    current_rate: Amount | None = None
    profit_abs: Amount | None = None
    realized_profit: Amount | None = None  # of parts that were sold
    leverage: Amount | None = None
    liquidation_price: Amount | None = None
    orders: list[_Order] = []

    @property
    def is_partly_filled(self) -> bool:
        """Whether an order is filled in part: freqtrade counts it to the trade only once it is done."""
        return any(order.is_open and order.filled for order in self.orders)

    def position(self) -> PositionReading | None:
        """What is held; None: nothing yet."""
        if not self.amount:
            return None
        return PositionReading(
            quantity=(decimal_of(self.amount) or Decimal(0)) * (-1 if self.is_short else 1),
            price=decimal_of(self.current_rate),
            entry=decimal_of(self.open_rate),
            unrealised=decimal_of(self.profit_abs),
            leverage=decimal_of(self.leverage) if self.leverage not in {None, 1.0} else None,
            liquidation=decimal_of(self.liquidation_price) if self.liquidation_price else None,
        )


class _Currency(Struct, frozen=True):
    currency: str = ""
    est_stake: Amount | None = None
    est_stake_bot: Amount | None = None
    is_bot_managed: bool = True
    is_position: bool = False


class Balance(Struct, frozen=True, kw_only=True):
    """What the bot has, by the answer to ``balance``; not its ``total_bot``, which lacks what open orders hold."""

    currencies: list[_Currency]
    stake: str
    starting_capital: Amount | None = None

    @property
    def wealth(self) -> float:
        """The stake currency with what orders hold of it, what is held of each trade's coin, and contracts' worth."""
        return sum(self._share(each) or 0.0 for each in self.currencies if each.is_bot_managed)

    def _share(self, each: _Currency) -> float | None:
        whole = each.currency == self.stake or each.is_position or each.est_stake_bot is None
        return each.est_stake if whole else each.est_stake_bot


class _Logs(Struct, frozen=True):
    logs: list[tuple[str, float, str, str, str]]


class OpenLock(Struct, frozen=True):
    """One lock that holds, of the answer to ``locks``; freqtrade's own one after each exit among them."""

    pair: str


class _Locks(Struct, frozen=True):
    locks: list[OpenLock]


class LogLine(Struct, frozen=True):
    """One line of freqtrade's log."""

    time: float  # since 1970, in microseconds
    logger: str
    text: str


class FreqtradeApi:
    """Questions to one freqtrade, on one kept connection. Every one raises ApiNotNow where there is no good answer."""

    def __init__(self, access: ApiAccess) -> None:
        """Raises InputError where a package is missing, ConfigError where no client can be made."""
        self._access = access
        self._client = opened(
            httpx2.Client,
            auth=(access.username, access.password.reveal()),
            timeout=_PATIENCE,
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=2),
        )

    def config(self) -> Config:
        """The bot's settings and state."""
        found = self._ask("show_config", Config)
        if found.state not in _STATES:
            message = "there is a freqtrade, and no trading bot: it runs as a web server alone"
            raise ApiNotNow(message)
        return found

    def health(self) -> Health:
        """When its loop came round last, and when it was started."""
        return self._ask("health", Health)

    def open_trades(self) -> list[OpenTrade]:
        """What is held, and what is about to be."""
        return self._ask("status", list[OpenTrade])

    def balance(self) -> Balance:
        """What the bot has, by currency."""
        return self._ask("balance", Balance)

    def locks(self) -> list[OpenLock]:
        """What locks entries at this moment."""
        return self._ask("locks", _Locks).locks

    def logs(self) -> list[LogLine]:
        """The last lines of its log, oldest first."""
        return [LogLine(at * 1000, logger, text) for _, at, logger, _, text in self._ask("logs", _Logs).logs]

    def messages_address(self) -> str:
        """Where its messages come from, the token in it."""
        token = self._access.ws_token
        secret = (
            token.reveal() if token is not None else self._ask("token/login", dict[str, str], "POST")["access_token"]
        )
        scheme, _, rest = self._access.url.partition("://")
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/api/v1/message/ws?token={quote(secret, safe='')}"

    def _ask(self, what: str, kind: type[T], method: str = "GET") -> T:
        try:
            response = self._client.request(method, f"{self._access.url}/api/v1/{what}")
        except httpx2.TimeoutException:
            message = "no answer in time"
            raise ApiNotNow(message) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            message = f"no answer: {redacted(_ERRNO.sub('', str(error)), [self._access.password])}"
            raise ApiNotNow(message) from None
        if response.status_code in {_UNAUTHORIZED, _FORBIDDEN}:
            message = f"it refuses the login ({response.status_code}): {_LOGIN}"
            raise ApiNotNow(message)
        if response.status_code == _NOT_FOUND:
            message = f"no freqtrade answers there ({response.status_code})"
            raise ApiNotNow(message)
        if not response.is_success or len(response.content) > _MOST:
            message = f"{what}: it answers {response.status_code}"
            raise ApiNotNow(message)
        try:
            return read(response.content, kind)
        except ValueError as error:
            message = f"{what}: not freqtrade's answer: {error}"
            raise ApiNotNow(message) from None

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_LOGIN = "api_server's username and password of its configuration, or FREQTRADE__API_SERVER__USERNAME and …PASSWORD"
