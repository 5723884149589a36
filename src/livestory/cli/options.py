"""Options that several commands have, and how they are read."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livestory.cli.page import PORT
from livestory.story.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from livestory.config import Configuration

MICROSECOND = timedelta(microseconds=1)
_CONFIGURATION = Path("livestory.toml")

PATH = click.Path(path_type=Path)
"""An argument or option that names a file or a folder."""


def dir_option(default: str = "results") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --dir of a command that is about one story; `livestory.cli.story_folder.story_in` reads it."""
    return click.option(
        "--dir",
        "folder",
        type=PATH,
        default=default,
        show_default=True,
        help="Folder of the story live_story.txt, or the story's own file.",
    )


def config_option(
    what: str = "Configuration", otherwise: str = f"./{_CONFIGURATION}"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --config of a command; `configuration` reads it. Its help says ``what`` is named, or else read."""
    return click.option(
        "--config",
        "configured",
        type=PATH,
        metavar="FILE",
        help=f"{what}; without it {otherwise}, if it is there.",
    )


def metrics_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option --metrics-port of a command that tells a story; `livestory.cli.metrics_port.exposed` takes it."""
    return click.option(
        "--metrics-port",
        type=click.IntRange(0, 65535),
        metavar="N",
        help="Expose metrics to Prometheus there while it runs.  [default: port of [metrics] in the configuration]",
    )


def serve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options --serve and --port of a command that tells a story; `livestory.cli.page.served` takes them."""
    serves = click.option(
        "--serve", "serves", is_flag=True, help="Show the live page while it runs; see livestory serve."
    )
    port = click.option(
        "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Of the live page."
    )
    return serves(port(command))


def config_file(configured: Path | None) -> Path | None:
    """The file that --config names, else livestory.toml of the present folder; None where there is neither."""
    return configured or (_CONFIGURATION if _CONFIGURATION.exists() else None)


def configuration(configured: Path | None, defaults: Configuration | None = None) -> Configuration:
    """All settings, with those of `config_file` and of the environment. Raises ConfigError and OSError."""
    from livestory import config

    return config.load(config_file(configured), defaults=defaults)


def time_or_ago(example: str) -> Callable[[str], int | timedelta]:
    """The type of an option that takes a time, read as its instant, or how long before another, such as ``example``."""

    def read(text: str) -> int | timedelta:
        from livestory.clock import instant
        from livestory.durations import duration

        with suppress(ValueError):
            return timedelta(microseconds=duration(text))
        try:
            return instant(text)
        except ValueError:
            message = f"{text!r} is neither a duration such as {example} nor a time such as 2024-12-03T15:00"
            raise click.BadParameter(message) from None

    return read


def time_or_before_now(text: str) -> int:
    """The instant of a timestamp, or of a duration before now."""
    from livestory.clock import SystemClock

    time = time_or_ago("7d")(text)
    return time if isinstance(time, int) else SystemClock().now() - time // MICROSECOND


def event_kinds(text: str) -> frozenset[str]:
    """Kinds of events, from their names with commas between; one that is unknown is told with the nearest."""
    from difflib import get_close_matches

    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in KINDS:
            near = get_close_matches(name, KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(KINDS)}"
            message = f"no kind of event is called {name!r}; {hint}"
            raise click.BadParameter(message)
    return frozenset(names)
