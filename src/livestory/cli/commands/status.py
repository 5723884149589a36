"""`livestory status`: how the bot is, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from livestory.cli.options import dir_option
from livestory.cli.output import print_rows, size
from livestory.cli.story_folder import story_in
from livestory.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livestory.story.account import Account
    from livestory.story.files.layout import Layout
    from livestory.story.halt_told import HaltTold
    from livestory.story.inputs import Observation
    from livestory.story.journal.entry import Identity, Kept
    from livestory.story.journal.reader import JournalReader
    from livestory.story.narrator import Narrator

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
    from livestory.cli.health import trouble
    from livestory.story.halt_told import halt_told
    from livestory.story.journal.lock import holder
    from livestory.story.journal.reader import JournalReader

    layout = story_in(folder)
    with JournalReader.open(layout.db) as reader:
        who, seen = reader.identity, reader.last_observation()
        last = reader.event(reader.last_seq)
        lives = reader.events(kinds={"started", "resumed", "stopped"}, newest_first=True, limit=1)
        narrator = _narrator(reader)
        troubles = _troubles(reader, narrator)
        halt = halt_told(reader, seen)
    stopped = next((one.line for one in lives if one.kind == "stopped"), None)
    writer = holder(layout.lock)
    gone = writer is None and bool(lives) and stopped is None
    rows = [("bot", _bot(who)), ("process", f"running ({writer})" if writer else "not running")]
    if seen is not None and halt is not None:
        seen = halt.upon(seen)
    unheard = [("state", _unheard(halt))]
    rows += _seen(seen, who, narrator.account, stopped, running=writer is not None) if seen else unheard
    if gone:
        was = next(place for place, (name, _) in enumerate(rows) if name == "state")
        heard = max(event.told for event in (last, *lives) if event is not None)
        heard = heard if seen is None else max(heard, seen.time)
        rows.insert(0, ("state", f"{_gone(heard, who)}; was {rows.pop(was)[1]}"))
    rows += [("trouble", line) for line in troubles]
    rows += [("last line", f"#{last.seq}: {last.line}" if last else "none yet"), ("files", _files(layout))]
    rows.append(("journal", _journal(layout)))
    by = next((_stopped_by(one) for one in lives if one.kind == "stopped"), None)
    wrong = trouble(who, seen, SystemClock().now(), written=writer is not None, stopped_by=by)
    if check:
        rows.append(("check", wrong or "healthy"))
    print_rows(rows)
    if gone or (check and wrong is not None):
        ctx.exit(1)


def _gone(heard: int, who: Identity) -> str:
    """What is said of a bot that is neither running nor stopped, last heard at ``heard``."""
    from livestory.outlets.silence import REPLAYED
    from livestory.story.wording import numbers

    if who.mode in REPLAYED:  # its time is the bars' own, and says nothing of now
        return "killed or crashed: not running, and it did not say goodbye"
    ago = numbers.duration(max(SystemClock().now() - heard, 0))
    return f"killed or crashed: not running since {numbers.stamp(heard)} UTC ({ago} ago), when it was last heard"


def _narrator(reader: JournalReader) -> Narrator:
    """What the story knows, as it was committed last."""
    from livestory.story.narrator import NARRATOR, Narrator

    saved, narrator = reader.state(NARRATOR), Narrator()
    if saved is not None:
        narrator.restore(saved)
    return narrator


def _troubles(reader: JournalReader, narrator: Narrator) -> list[str]:
    """The lines that told what is still wrong, as far as the bot has said."""
    told = (reader.events(kinds={kind}, newest_first=True, limit=1) for kind in narrator.troubles)
    return sorted(event.line for last in told for event in last)


def _unheard(halt: HaltTold | None) -> str:
    """The state of a bot that has heard no bar."""
    if halt is None or not halt.halted:
        return f"{_UNKNOWN}: no bar heard yet"
    return f"{_halted(halt.reason)}; waits for you"


def _halted(reason: str | None) -> str:
    return f"HALTED ({reason})" if reason else "HALTED"


def _stopped_by(goodbye: Kept) -> str:
    from livestory.story.event import from_record
    from livestory.story.kinds.lifecycle import Stopped

    facts = from_record(goodbye.record, goodbye.line, goodbye.id, goodbye.seq).facts
    return facts.by if isinstance(facts, Stopped) else ""


def _bot(who: Identity) -> str:
    parts = (who.bot or f"name {_UNKNOWN}", who.symbol or f"pair {_UNKNOWN}", who.mode or f"mode {_UNKNOWN}")
    return ", ".join(parts)


def _seen(
    o: Observation, who: Identity, account: Account, stopped: str | None, *, running: bool
) -> Iterator[tuple[str, str]]:
    from livestory.story.wording import numbers

    unit = who.unit or ""
    goodbye = f"stopped ({stopped.split(' | ')[2]}); was " if stopped and not running else ""
    yield "state", goodbye + _state(o)
    yield "wealth", f"{numbers.wealth(o.wealth, unit)} {unit}" if o.wealth is not None else _UNKNOWN
    yield (
        "drawdown",
        f"{numbers.percent(o.drawdown)}{_since(o.drawdown, account)}" if o.drawdown is not None else _UNKNOWN,
    )
    score = f"score {numbers.score(o.score)}" if o.score is not None else f"score {_UNKNOWN}"
    threshold = f" (threshold {numbers.bound(o.threshold)})" if o.threshold is not None else ""
    yield "regime", f"{o.regime or _UNKNOWN}, {score}{threshold}"
    yield "position", _position(o, (who.symbol or "").partition("/")[0])
    yield "last bar", _last_bar(o, who, running=running)


def _since(drawdown: float, account: Account) -> str:
    """What a drawdown counts from, where the story's own peak is that."""
    from livestory.story.wording import numbers

    if account.value is None or not account.peak or abs(account.value / account.peak - 1.0 - drawdown) > _ROUNDING:
        return ""
    peak = f"{numbers.wealth(account.as_wealth(account.peak), account.unit)} of {numbers.minute(account.peak_time)} UTC"
    if account.resumed_at is None:
        return f" from the record {peak}"
    return f" from {peak}, the highest since the resume at {numbers.minute(account.resumed_at)} UTC"


def _state(o: Observation) -> str:
    from livestory.story.wording import numbers

    if o.halted is None:
        return _UNKNOWN
    if not o.halted:
        return "trading, but no buys until 00:00: daily loss limit" if o.daily_loss_hit else "trading"
    halted = _halted(o.halt_reason)
    if o.halt_reason in {"owner", "journal"}:
        return f"{halted}; waits for you"
    waits = []
    if o.resume_at is not None and o.resume_at > o.time:
        waits.append(f"{numbers.moment(o.resume_at, o.time)} UTC")
    if o.resume_score is not None:
        waits.append(f"score ≥ {numbers.bound(o.resume_score)}")
    return f"{halted}; waits for " + (", then for ".join(waits) if waits else f"something {_UNKNOWN}")


def _position(o: Observation, base: str) -> str:
    from livestory.story.wording import numbers

    if o.position is None:
        return _UNKNOWN
    if not o.position:
        return f"none, wants {numbers.weight(o.target_weight)} {base}".rstrip() if o.target_weight else "none"
    held = f"{numbers.exact(o.position)} {base}".rstrip()
    share = f" ({numbers.weight(o.weight)} of wealth)" if o.weight is not None else ""
    wants = o.target_weight
    wanted = f", wants {numbers.weight(wants)}" if wants is not None else ""
    return f"{held}{share}{wanted}"


def _last_bar(o: Observation, who: Identity, *, running: bool) -> str:
    """When the last bar was heard; in the present also how long ago, and whether the next is overdue."""
    from livestory.story.wording import numbers

    told = f"{numbers.stamp(o.time)} UTC"
    if who.mode in {"replay", "simulated"}:
        return f"{told} ({who.mode})"
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
    """How large it is with its log."""
    files = (layout.db, layout.db.with_name(f"{layout.db.name}-wal"))
    count = sum(path.stat().st_size for path in files if path.exists())
    return f"{size(count)} ({count:,} bytes, its log included)"
