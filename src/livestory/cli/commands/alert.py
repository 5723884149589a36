"""`livestory alert`: the story's lines on a phone."""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import click

from livestory.cli.options import PATH, config_option, configuration, dir_option
from livestory.cli.output import print_rows
from livestory.cli.story_folder import story_in
from livestory.cli.supervisor import Supervisor
from livestory.clock import SECOND, SystemClock
from livestory.errors import InputError, LivestoryError
from livestory.extras import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from livestory.outlets.alerts.alerts import Alerts, Opened
    from livestory.outlets.alerts.http import Http
    from livestory.outlets.alerts.outbox import ChannelState, Outbox
    from livestory.outlets.alerts.settings import AlertsSettings
    from livestory.story.files.layout import Layout

_FIND = 1.0  # seconds between two looks for stories that have come
_PATIENCE = 2.0  # seconds that the alerts may take to end
_NICE = 5  # a bot on the same machine goes first


@click.group(invoke_without_command=True, short_help="Deliver the story's lines to a phone.")
@dir_option()
@config_option()
@click.pass_context
def alert(context: click.Context, folder: Path, configured: Path | None) -> None:
    """Deliver the lines of a story to the channels of livestory.toml, until it is stopped (Ctrl-C or SIGTERM).

    Telegram, Discord, ntfy, webhooks, and all that Apprise knows. What a channel asked for is kept while its service
    is down and comes once it is back, also after a restart. How to set one up: docs/alerts.md.

    \b
    livestory alert test          send a test message to every channel
    livestory alert               deliver
    livestory alert list          what waits, was delivered, failed
    livestory alert --dir results/demo --config scout.toml
    """
    context.obj = folder, configured
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import os

    layout, settings = story_in(folder), configuration(configured).alerts
    alerts = _prepared(settings, _opened(settings))(layout)
    os.nice(_NICE)
    click.echo(f"delivers the lines of {layout.db} to {', '.join(alerts.names)}", err=True)
    asyncio.run(_until_signalled(alerts, f"delivers to {', '.join(alerts.names)}"))


@contextmanager
def delivered(find: Callable[[], Sequence[Layout]], configured: Path | None, hub: Path | None = None) -> Iterator[None]:
    """Deliver the alerts of the stories that are found, now or later, on a thread of their own until the block ends.

    ``hub``: they are the copies of a fleet in that folder, whose own alerts are delivered as well. Raises InputError
    and ConfigError; what goes wrong later is told, and changes nothing else.
    """
    import asyncio
    import threading

    settings = configuration(configured).alerts
    use = _opened(settings)
    from livestory.outlets.alerts.delivery import Patience
    from livestory.outlets.alerts.http import Http

    http = Http(Patience().answer / SECOND)  # one for all: what it knows of certificates takes a megabyte
    prepare = _prepared(settings, use, hub, http)
    known = set(find())
    at_work = [prepare(layout) for layout in known]
    if hub is not None:
        at_work.append(_of_hub(settings, use, hub, http))
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def work() -> None:
        async with http:
            await deliver()

    async def deliver() -> None:
        tasks = [asyncio.create_task(_told(each)) for each in at_work]
        while not stopped.is_set():
            for layout in set(find()) - known:
                known.add(layout)
                with _telling():
                    at_work.append(prepare(layout))
                    tasks.append(asyncio.create_task(_told(at_work[-1])))
            for each in at_work:
                each.among(len(at_work))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _FIND)
        for each in at_work:
            each.stop()
        await asyncio.gather(*tasks)

    def run() -> None:
        with closing(loop):
            loop.run_until_complete(work())

    thread = threading.Thread(target=run, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(stopped.set)
        thread.join(_PATIENCE)


async def _told(alerts: Alerts) -> None:
    with _telling():
        await alerts.run()


@contextmanager
def _telling() -> Iterator[None]:
    """Say what ends the alerts of one story: those of the others go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends no more than that story's
        print_trouble(f"alerts: ended: {error if isinstance(error, LivestoryError) else type(error).__name__}")


async def _until_signalled(alerts: Alerts, status: str) -> None:
    import asyncio
    import signal

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as SIGHUP is under nohup
            loop.add_signal_handler(number, alerts.stop)
    async with Supervisor.of().attends(status):
        await alerts.run()


def print_trouble(words: str) -> None:
    """Print trouble, or its end, to standard error."""
    click.echo(words, err=True)


def _opened(settings: AlertsSettings) -> Opened:
    """The channels that can be used. Raises InputError where a package is missing, and ConfigError."""
    try:
        from livestory.outlets.alerts.alerts import open_channels
    except ImportError as error:
        raise missing(error, "alerts", "alerts") from error
    return open_channels(settings, print_trouble)


def _prepared(
    settings: AlertsSettings, use: Opened, hub: Path | None = None, http: Http | None = None
) -> Callable[[Layout], Alerts]:
    """What makes the alerts of a story; of a copy, the hub's own ask for the secret address."""
    from livestory.outlets.alerts.alerts import Alerts
    from livestory.outlets.fleet.hearing import HearingReader

    known_until = HearingReader(hub).until if hub is not None else None
    use = use if hub is None else use._replace(ping=None)
    return lambda layout: Alerts(
        layout, settings, use, SystemClock(), report=print_trouble, known_until=known_until, http=http
    )


def _of_hub(settings: AlertsSettings, use: Opened, hub: Path, http: Http) -> Alerts:
    from livestory.outlets.alerts.fleet_watch import FleetAlerts
    from livestory.outlets.fleet.hearing import HearingReader

    return FleetAlerts(hub, HearingReader(hub), settings, use, SystemClock(), report=print_trouble, http=http)


@alert.command(short_help="Send a test message.")
@click.argument("channel", required=False)
@config_option()
@click.pass_obj
def test(whole: tuple[Path, Path | None], channel: str | None, configured: Path | None) -> None:
    """Send a test message to CHANNEL, or to every channel, and tell what its service answered.

    \b
    livestory alert test
    livestory alert test phone
    """
    import asyncio

    from msgspec.structs import replace

    settings = configuration(configured or whole[1]).alerts
    if channel is not None:
        if channel not in settings.channels:
            known = ", ".join(settings.channels) or "none"
            message = (
                f"{channel}: no such channel; configured: {known}\nAdd [alerts.channels.{channel}] to livestory.toml."
            )
            raise InputError(message)
        settings = replace(settings, channels={channel: settings.channels[channel]})
    use = _opened(settings)
    from livestory.outlets.alerts.alerts import trials
    from livestory.outlets.alerts.delivery import Patience

    found = asyncio.run(trials(settings, use.channels, SystemClock(), Patience()))
    print_rows(
        (name, f"accepted in {result * 1000:.0f} ms" if isinstance(result, float) else f"FAILED: {result}")
        for name, result in found.items()
    )
    if len(use.channels) < len(settings.channels) or not all(isinstance(result, float) for result in found.values()):
        message = "not every channel can be reached"
        raise LivestoryError(message)


@alert.command(name="list", short_help="What waits, was delivered, failed.")
@click.option("--dir", "folder", type=PATH, help="Folder of the story, or its own file.")
@config_option()
@click.pass_obj
def list_(whole: tuple[Path, Path | None], folder: Path | None, configured: Path | None) -> None:
    """Tell for each channel how many lines wait, were delivered, or were given up, and what is wrong with it.

    \b
    livestory alert list
    livestory alert list --dir results/demo
    """
    from livestory.outlets.alerts.outbox import Outbox, outbox_path
    from livestory.story.journal.lock import holder

    settings = configuration(configured or whole[1]).alerts
    path = outbox_path(story_in(folder or whole[0]))
    deliverer = holder(path.with_suffix(".lock"))
    click.echo(f"delivered by {deliverer}" if deliverer else "not being delivered: start livestory alert")
    outbox = Outbox.read(path)
    rows = []
    if outbox is not None:
        with outbox:
            states = {state.name: state for state in outbox.states()}
            rows = [_row(outbox, state, configured=name in settings.channels) for name, state in states.items()]
    rows += [(name, "nothing yet") for name in settings.channels if name not in {row[0] for row in rows}]
    print_rows(rows or [("no channel", "configured: see docs/alerts.md")])


def _row(outbox: Outbox, state: ChannelState, *, configured: bool) -> tuple[str, str]:
    from livestory.story.wording import numbers

    now = SystemClock().now()
    backlog = outbox.backlog(state.name)
    since = f" (since {numbers.duration(max(now - backlog.oldest, 0))})" if backlog.oldest is not None else ""
    told = f"{backlog.lines:,} pending{since}, {state.delivered:,} delivered, {state.failed:,} failed"
    if state.last_delivered is not None:
        told += f"; last {numbers.stamp(state.last_delivered)} UTC"
    if state.trouble:
        told += f"; {state.trouble}"
    return state.name, told if configured else f"{told}; no longer configured"
