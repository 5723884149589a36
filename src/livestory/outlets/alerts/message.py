"""A message: some lines as a person reads them, within what a service takes, and what alerts say besides them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from livestory.clock import as_datetime, instant
from livestory.outlets.alerts.outbox import QueuedLine
from livestory.story.digest.prose import Digest
from livestory.story.journal.entry import Identity
from livestory.story.wording import numbers
from livestory.story.wording.text import escape

_ALIKE = 3  # lines of one kind that are still shown one by one
_BLOCKS = 8  # lines shown
_LONGEST, _LONGEST_DIGEST = 700, 3000  # characters of a line that are shown
_STAMP = 19  # characters of the first column
_SEPARATOR = " | "
DIGEST = "digest"
"""What a digest among the lines is called, as a kind of its own."""
AGAIN = "(again)"
"""Beside a message that may have come before."""


class Message(Struct, frozen=True, kw_only=True):
    """Lines on their way to a channel."""

    id: str  # the same whenever it is sent again
    title: str  # whose lines they are
    lines: tuple[QueuedLine, ...]  # at least one
    again: bool = False  # the service may have accepted it before
    link: str | None = None  # the live page's address
    zone: str = "UTC"
    cut: int = 0  # how often the service called it too long: it is made half as long each time

    @property
    def critical(self) -> bool:
        """Whether the owner wants to be woken for one of its lines."""
        return any(line.critical for line in self.lines)

    @property
    def url(self) -> str | None:
        """Where its last line stands on the live page."""
        seqs = self._seqs()
        if self.link is None:
            return None
        return f"{self.link}#e{seqs[-1]}" if seqs else self.link

    def text(
        self,
        limit: int,
        *,
        size: Callable[[str], int] = len,
        safe: Callable[[str], str] = str,
        titled: bool = True,
        linked: bool = True,
    ) -> str:
        """Its text: each line's first three columns, then its why, then the lines' numbers and the link.

        ``size`` measures a text as the service does, which takes ``limit`` of it, or half as much for each ``cut``;
        ``safe`` takes from anybody's words what the service would read as markup or as a mention.
        """
        limit >>= self.cut
        body = [self.title] if titled else []
        body += _blocks(self.lines, ZoneInfo(self.zone))
        seqs = self._seqs()
        number = numbered(seqs[0], seqs[-1]) if seqs else ""
        foot = "\n".join(filter(None, (self._again(number), (self.url or "") if linked else "")))
        foot = f"\n{foot}" if foot else ""
        return clipped(safe("\n".join(body)), limit - size(foot), size) + foot

    def _again(self, number: str) -> str:
        return f"{number} {AGAIN}".lstrip() if self.again else number

    def _seqs(self) -> list[int]:
        return [line.seq for line in self.lines if line.seq is not None]


def _blocks(lines: Sequence[QueuedLine], zone: ZoneInfo) -> Iterator[str]:
    """The lines as they are shown: many of a kind by the last of them, many kinds by the gravest and latest."""
    counts = Counter(line.kind for line in lines)
    last = {line.kind: line.n for line in lines}
    first = {line.kind: line.told for line in reversed(lines)}
    alike = {kind for kind, count in counts.items() if count > _ALIKE}
    candidates = [line for line in lines if line.kind not in alike or line.n == last[line.kind]]
    shown = sorted(candidates, key=lambda line: (line.critical, line.n))[-_BLOCKS:]
    for line in sorted(shown, key=lambda line: line.n):
        if line.kind in alike:
            yield similar(counts[line.kind], max(line.told - first[line.kind], 0))
        yield _shown(line, zone)
    untold = len(lines) - sum(counts[line.kind] if line.kind in alike else 1 for line in shown)
    if untold:
        yield more(untold)


def _shown(line: QueuedLine, zone: ZoneInfo) -> str:
    """The first three columns in a row, the time in the channel's zone, and the why in the next."""
    stamp, _, rest = line.line.partition(_SEPARATOR)
    if zone.key != "UTC":
        stamp = as_datetime(instant(stamp)).astimezone(zone).isoformat(" ", "seconds")
    headline, _, rest = rest.partition(_SEPARATOR)
    told, _, why = rest.partition(_SEPARATOR)
    row = _SEPARATOR.join(filter(None, (stamp, headline, told)))
    longest = _LONGEST_DIGEST if line.kind == DIGEST else _LONGEST
    return clipped(f"{row}\n{why}" if why else row, longest, len)


def clipped(text: str, limit: int, size: Callable[[str], int]) -> str:
    """The longest beginning of the text that fits."""
    if size(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(text[:middle]) + size("…") <= limit else (low, middle - 1)
    return f"{text[:low]}…"


def utf16(text: str) -> int:
    """Its length in UTF-16 code units, as Telegram and Discord count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf8(text: str) -> int:
    """Its length in bytes, as ntfy counts."""
    return len(text.encode("utf-8", "surrogatepass"))


def unmentioned(text: str) -> str:
    """The text with a word joiner behind each sign that would begin a mention."""
    return re.sub("(@(?=\\w)|<(?=[!@#]))", "\\1\u2060", text)


def title(who: Identity) -> str:
    """``demo, ETH/BTC``: whose lines follow."""
    return ", ".join(escape(part) for part in (who.bot, who.symbol) if part) or "livestory"


def similar(count: int, span: int) -> str:
    """``12 similar lines in 10m, the last:``: above a line that stands for its like. ``span`` in microseconds."""
    return f"{count:,} similar lines in {numbers.duration(span)}, the last:"


def more(count: int) -> str:
    """``and 7 lines more``: what a message has no room for."""
    return f"and {numbers.count(count, 'line')} more"


def numbered(first: int | None, last: int | None) -> str:
    """``#120 to #131``: the seqs of the lines; nothing where they have none."""
    if first is None or last is None:
        return ""
    return f"#{first}" if first == last else f"#{first} to #{last}"


def not_heard(now: int, due: int, heard: int) -> str:
    """The line that says that the observation which was ``due`` has not come; ``heard``: the last that has."""
    return (
        f"{numbers.stamp(now)} | 🔕 Not Heard | since {numbers.moment(heard, now)} | "
        f"the next observation was due {numbers.moment(due, now)}, {numbers.duration(max(now - due, 0))} ago, and the "
        "bot said no goodbye: look after it, its machine and its connection"
    )


def of_a_period(now: int, told: Digest) -> str:
    """The line that carries the digest of a period that ended."""
    columns = (f"🗞️ {told.title}", told.verdict, " ".join(told.told))
    return _SEPARATOR.join((numbers.stamp(now), *(column.replace("|", "\\|") for column in columns)))


def heard_again(now: int, heard: int) -> str:
    """The line that says that an observation has come, the first since ``heard``."""
    return f"{numbers.stamp(now)} | 🔔 Heard Again | after {numbers.duration(max(now - heard, 0))}"


def fleet_not_heard(now: int, fleet: str, heard: int, why: str) -> str:
    """The line that says that a hub has heard nothing of any bot since ``heard``."""
    told = f"{escape(fleet)}: {escape(why or 'the pull from it has ended, or does not get on')}"
    return (
        f"{numbers.stamp(now)} | 🔕 Fleet Not Heard | since {numbers.moment(heard, now)} | {told}; how its bots are "
        "can't be known until this is over, and none is called silent meanwhile"
    )


def fleet_heard_again(now: int, fleet: str, heard: int) -> str:
    """The line that says that a hub hears its bots again, for the first time since ``heard``."""
    after = numbers.duration(max(now - heard, 0))
    return f"{numbers.stamp(now)} | 🔔 Fleet Heard Again | after {after} | {escape(fleet)}"


def trial(now: int, channel: str) -> str:
    """The line that `livestory alert test` sends."""
    return (
        f"{numbers.stamp(now)} | 🔔 Test | channel: {escape(channel)} | nothing has happened: alerts of this channel "
        "come here"
    )
