"""The roof's configuration: every room's settings in one struct, filled from livestory.toml and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from livestory.config import livestory_toml
from livestory.outlets.alerts.settings import AlertsSettings
from livestory.outlets.fleet.settings import FleetSettings
from livestory.outlets.metrics_settings import MetricsSettings
from livestory.retell.prometheus_api import PrometheusSettings
from livestory.story.settings import StorySettings
from livestory.trading.exchange.access import ExchangeSettings
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.market.candles import CandleSettings
from livestory.trading.risk import RiskSettings
from livestory.trading.strategy.choice import StrategySettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class BotSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which bot it is and what it trades."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="What the story calls the bot.")] = "bot"
    symbol: Annotated[
        str,
        Meta(
            pattern="^\\S+/\\S+$",
            description="The pair it trades, base asset first.",
            extra_json_schema={"example": "ETH/BTC"},
        ),
    ] = "ETH/BTC"
    exchange: Annotated[
        str,
        Meta(
            min_length=1, max_length=40, description="Where it trades; on paper by its candles. A name known to ccxt."
        ),
    ] = "binance"
    unit: (
        Annotated[
            str, Meta(min_length=1, max_length=10, description="What wealth is counted in; off: the quote asset.")
        ]
        | None
    ) = None


class Configuration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting of livestory; a field is a section of the file, a struct within it a section within that."""

    bot: BotSettings = BotSettings()
    story: StorySettings = StorySettings()
    strategy: StrategySettings = StrategySettings()
    risk: RiskSettings = RiskSettings()
    paper: PaperSettings = PaperSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    orders: OrderSettings = OrderSettings()
    market: CandleSettings = CandleSettings()
    metrics: MetricsSettings = MetricsSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    fleet: FleetSettings = FleetSettings()
    alerts: AlertsSettings = AlertsSettings()


def load(
    path: Path | None = None, environ: Mapping[str, str] | None = None, defaults: Configuration | None = None
) -> Configuration:
    """The configuration: the defaults, then the file at ``path`` (None: no file), then LIVESTORY_… of ``environ``.

    ``environ`` is the process's environment unless it is given; ``defaults`` are those of a story that goes on.

    Raises ConfigError with every fault found, each on its line with file, line and column, or the variable's name.
    """
    return livestory_toml.load(path, defaults or Configuration(), environ)


def template() -> str:
    """The commented livestory.toml that `livestory init` writes: every setting at its default, commented out."""
    return livestory_toml.template(Configuration())


def reference() -> str:
    """The page docs/configuration.md, in Markdown: every setting with its unit, range, default and meaning."""
    return livestory_toml.reference(Configuration())
