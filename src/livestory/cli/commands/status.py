"""`livestory status`: how the bot is, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option
from livestory.cli.output import print_rows, size
from livestory.cli.story_folder import story_in
from livestory.clock import SystemClock
from livestory.story.halt_reasons import ENDED_BY_OWNER
from livestory.story.wording import numbers, performance
from livestory.story.wording.beside import beside
from livestory.story.wording.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.story.files.layout import Layout
    from livestory.story.inputs import Observation
    from livestory.story.journal.entry import Kept
    from livestory.story.snapshot import OpenPosition, Peak, Snapshot

_UNKNOWN = "not known"
_ROUNDING = 0.0005  # between the bot's own drawdown and the story's: half of the digit that is shown


@click.command(short_help="How the bot is, in a few lines.")
@dir_option()
@click.option("--check", is_flag=True, help="Exit with 1 where it is not heard, or not running and not stopped.")
@click.pass_context
def status(ctx: click.Context, folder: Path, *, check: bool) -> None:
    """Tell how the bot is: running or not, trading or halted and what it waits for, what it has, when it was heard.

    It reads what the bot last reported; what the bot doesn't report is "not known". A trouble that has no end yet (an
    exchange that is down, an order nobody knows of) is there with the line that told it. Exit status: 0, and 1 for a
    bot that was killed or has crashed, which the first line says then.

    \b
    livestory status
    watch -n 60 livestory status
    livestory status --check || echo "look after the bot"
    """
    from livestory.story.journal.lock import holder
    from livestory.story.journal.reader import JournalReader
    from livestory.story.snapshot import Snapshot

    layout = story_in(folder)
    with JournalReader.open(layout.db) as reader:
        bot, copy = Snapshot.read(reader), reader.replica
        last = reader.event(reader.last_seq)
        troubles = sorted(event.line for kind in bot.troubles if (event := reader.last_of({kind})) is not None)
    writer = holder(layout.lock) if copy is None else copy  # whether a copy's bot runs is known on its machine alone
    gone = writer is None and bot.lifecycle is not None and bot.stopped is None
    rows = [("bot", _bot(bot)), ("process", _process(writer, copy))]
    if bot.observation is not None:
        rows += _seen(bot.observation, bot, running=writer is not None)
    else:
        now = last.time if last is not None else 0
        rows += [("state", _unheard(bot)), *_results(bot), *_positions(bot, now)]
    if gone:
        was = next(place for place, (name, _) in enumerate(rows) if name == "state")
        state = rows.pop(was)[1]
        rows.insert(0, ("state", _gone(bot, last) + ("" if state.startswith(_UNKNOWN) else f"; was {state}")))
    rows += [("trouble", line) for line in troubles]
    rows += [("last line", f"#{last.seq}: {last.line}" if last else "none yet"), ("files", _files(layout))]
    rows.append(("journal", _journal(layout)))
    wrong = trouble(bot, SystemClock().now(), written=writer is not None)
    if check:
        rows.append(("check", wrong or "healthy"))
    print_rows(rows)
    if gone or (check and wrong is not None):
        ctx.exit(1)


def _process(writer: str | None, copy: str | None) -> str:
    if copy is not None:
        return f"on another machine; this is a copy of {copy}"
    return f"running ({writer})" if writer else "not running"


def trouble(bot: Snapshot, now: int, *, written: bool) -> str | None:
    """What is wrong with the bot, in a few words; None where all is well. ``written``: a process writes its story.

    One that was stopped is well, and so is one that has heard no bar yet.
    """
    if bot.stopped is not None:
        return "an error stopped it" if bot.stopped_by == "error" and not written else None
    if not written:
        return "not running, and it did not say goodbye"
    limit = bot.overdue_from()
    return "the next bar is overdue" if limit is not None and now > limit else None


def _gone(bot: Snapshot, last: Kept | None) -> str:
    """What is said of a bot that is neither running nor stopped; ``last`` is its story's last event."""
    # Who tells through StoryWriter may end without a word; livestory's own bot says goodbye whenever it can.
    how = "killed or crashed" if bot.identity.mode is not None else "killed, or ended without a goodbye"
    if bot.on_bars_time:
        return f"{how}: not running, and it did not say goodbye"
    heard = max(event.told for event in (last, bot.lifecycle) if event is not None)
    heard = heard if bot.observation is None else max(heard, bot.observation.time)
    ago = numbers.duration(max(SystemClock().now() - heard, 0))
    return f"{how}: not running since {numbers.stamp(heard)} UTC ({ago} ago), when it was last heard"


def _unheard(bot: Snapshot) -> str:
    """The state of a bot that has heard no bar."""
    halt = bot.halt_change
    if bot.stopped is not None:
        return f"stopped ({bot.stopped.line.split(' | ')[2]})"
    if halt is None or not halt.halted:
        return f"{_UNKNOWN}: no bar heard yet"
    if halt.until is not None:
        return f"{_halted(halt.reason)}; waits for {numbers.minute(halt.until)} UTC"
    return _halted(halt.reason) + ("; waits for you" if halt.reason in ENDED_BY_OWNER else "")


def _halted(reason: str | None) -> str:
    return f"HALTED ({reason})" if reason else "HALTED"


def _bot(bot: Snapshot) -> str:
    who, mode = bot.identity, bot.identity.mode or bot.mode
    traded = "several pairs" if bot.several and not who.symbol else who.symbol or f"pair {_UNKNOWN}"
    return ", ".join((who.bot or f"name {_UNKNOWN}", traded, escape(mode) if mode else f"mode {_UNKNOWN}"))


def _seen(o: Observation, bot: Snapshot, *, running: bool) -> Iterator[tuple[str, str]]:
    unit = bot.identity.unit or ""
    stopped = bot.stopped
    goodbye = f"stopped ({stopped.line.split(' | ')[2]}); was " if stopped and not running else ""
    yield "state", goodbye + _state(o)
    yield "wealth", f"{numbers.wealth(o.wealth, unit)} {unit}".rstrip() if o.wealth is not None else _UNKNOWN
    drawdown = o.drawdown if o.drawdown is not None else bot.drawdown
    yield "drawdown", f"{numbers.percent(drawdown)}{_since(drawdown, bot.peak)}" if drawdown is not None else _UNKNOWN
    yield from _results(bot)
    if bot.positions is None or o.regime is not None or o.score is not None:
        yield "regime", f"{o.regime or _UNKNOWN}, score {_score(o)}"
    if bot.positions is None or o.position is not None:
        yield "position", _position(o, (bot.identity.symbol or "").partition("/")[0])
    yield from _positions(bot, o.time)
    yield "last bar", _last_bar(o, bot, running=running)


def _results(bot: Snapshot) -> Iterator[tuple[str, str]]:
    """What a bot with several symbols, shorts or no wealth has made: of its wealth, and by what was closed."""
    total = bot.total
    if total is not None and total.change is not None and (bot.positions is not None or bot.results):
        since = f" since {numbers.minute(total.since)} UTC" if total.since is not None else ""
        held = f", holding {performance.basket(bot.benchmark)}" if bot.benchmark else ""
        made = f": {numbers.percent(total.holding)}" if total.holding is not None else f": {_UNKNOWN}"
        yield "total", f"{numbers.percent(total.change)}{since}{held}{made if held else ''}"
    for each in bot.results:
        yield "result", performance.standing(each, bot.began if each.asset == bot.identity.unit else None)


def _score(o: Observation) -> str:
    """The score, told apart from what it is compared with: the threshold, and in a halt what it waits for."""
    threshold = f" (threshold {numbers.bound(o.threshold)})" if o.threshold is not None else ""
    if o.score is None:
        return _UNKNOWN + threshold
    limits = [limit for limit in (o.threshold, o.resume_score if o.halted else None) if limit is not None]
    told = [beside(o.score, limit, numbers.score, numbers.bound)[0] for limit in limits]
    return max(told, key=len, default=numbers.score(o.score)) + threshold


def _since(drawdown: float, peak: Peak | None) -> str:
    """What a drawdown counts from, where the story's own peak is that."""
    if peak is None or abs(peak.drawdown - drawdown) > _ROUNDING:
        return ""
    told = f"{numbers.wealth(peak.wealth, peak.unit)} of {numbers.minute(peak.time)} UTC"
    if peak.resumed_at is None:
        return f" from the record {told}"
    return f" from {told}, the highest since the resume at {numbers.minute(peak.resumed_at)} UTC"


def _state(o: Observation) -> str:
    if o.halted is None:
        return _UNKNOWN
    if not o.halted:
        return "trading, but no buys until 00:00: daily loss limit" if o.daily_loss_hit else "trading"
    halted = _halted(o.halt_reason)
    if o.halt_reason in ENDED_BY_OWNER:
        return f"{halted}; waits for you"
    waits = []
    if o.resume_at is not None and o.resume_at > o.time:
        waits.append(f"{numbers.moment(o.resume_at, o.time)} UTC")
    if o.resume_score is not None:
        waits.append(f"score ≥ {numbers.bound(o.resume_score)}")
    return f"{halted}; waits for " + (", then for ".join(waits) if waits else f"something {_UNKNOWN}")


def _position(o: Observation, base: str) -> str:
    if o.position is None:
        return _UNKNOWN
    if not o.position:
        return f"none, wants {numbers.weight(o.target_weight)} {base}".rstrip() if o.target_weight else "none"
    held = f"{numbers.exact(o.position)} {base}".rstrip()
    share = f" ({numbers.weight(o.weight)} of wealth)" if o.weight is not None else ""
    wants = o.target_weight
    wanted = f", wants {numbers.weight(wants)}" if wants is not None else ""
    return f"{held}{share}{wanted}"


def _positions(bot: Snapshot, now: int) -> Iterator[tuple[str, str]]:
    if bot.positions is None:
        return
    yield from (("open", _open(position, now)) for position in bot.positions)
    if not bot.positions:
        yield "open", "no position"


def _open(position: OpenPosition, now: int) -> str:
    """A position of a portfolio: what is held, since when, and how it stands."""
    side = "short" if position.quantity < 0 else "long"
    told = f"{position.symbol} {side} {numbers.exact(abs(position.quantity))}"
    told += f" at {numbers.exact(position.entry)}" if position.entry is not None else ""
    told += f", price {numbers.exact(position.price)}" if position.price is not None else ""
    if position.result is not None:
        told += f", result {numbers.signed_wealth(position.result, position.asset)} {position.asset or ''}".rstrip()
    told += f", liquidated at {numbers.exact(position.liquidation)}" if position.liquidation else ""
    return told + (f", since {numbers.moment(position.since, now)} UTC" if position.since is not None else "")


def _last_bar(o: Observation, bot: Snapshot, *, running: bool) -> str:
    """When the last bar was heard; in the present also how long ago, and whether the next is overdue."""
    told = f"{numbers.stamp(o.time)} UTC"
    if bot.on_bars_time:
        return f"{told} ({bot.identity.mode})"
    now = SystemClock().now()
    told += f", {numbers.duration(max(now - o.time, 0))} ago"
    if o.next_due is None:
        return told
    if now > o.next_due:
        return f"{told}; the next is overdue by {numbers.duration(now - o.next_due)}" + (
            "" if running else " (not running)"
        )
    return f"{told}; the next comes in {numbers.duration(o.next_due - now)}"


def _files(layout: Layout) -> str:
    told = [f"{path} {size(path.stat().st_size)}" for path in (layout.text, layout.db) if path.exists()]
    archives = list(layout.archives().values())
    if archives:
        told.append(f"{layout.archive} {len(archives)} days, {size(sum(path.stat().st_size for path in archives))}")
    return "; ".join(told)


def _journal(layout: Layout) -> str:
    """The size of the database together with its log."""
    files = (layout.db, layout.db.with_name(f"{layout.db.name}-wal"))
    count = sum(path.stat().st_size for path in files if path.exists())
    return f"{size(count)} ({count:,} bytes, its log included)"
