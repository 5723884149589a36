"""The trades of a story as a table has them: each round trip with what it earned, and where its lines stand."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from livestory.story.reasons import because
from livestory.story.results import Outcome
from livestory.story.wording import numbers, results
from livestory.story.wording.text import of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from livestory.story.kinds.trades import Trade
    from livestory.story.positions import RoundTrip
    from livestory.story.reason import Reason

SORTED_BY = ("closed", "opened", "symbol", "held", "result", "share", "reason")
MOST = 50_000
MOST_SYMBOLS, MOST_REASONS = 1_000, 100  # to choose from
_NO_REASON = "no reason told"


class TripRow(Struct, frozen=True, kw_only=True):
    """A round trip. Prices are averages; None is unknown."""

    seq: int  # of the line that tells its end
    opened_seq: int | None  # of the line that tells its beginning
    symbol: str | None
    short: bool
    opened: int | None
    closed: int
    entry: float | None
    exit: float | None
    size: float
    result: float | None
    asset: str | None  # that the result is in
    share: float | None  # the result as a share of the cost
    money: str  # the result as it is read
    told: str  # with all that belongs to it
    opened_why: str
    closed_why: str
    reason: str  # that it is counted by

    @property
    def held(self) -> int | None:
        """The length of the trade, from its opening to its close."""
        return None if self.opened is None else self.closed - self.opened


class RoundTrips:
    """The round trips that were told, in the order in which they ended; of very many the last ones."""

    def __init__(self) -> None:
        self.rows: deque[TripRow] = deque(maxlen=MOST)
        self.count = 0
        self.best: TripRow | None = None  # by its result, as long as all are in one currency
        self.worst: TripRow | None = None
        self._assets: set[str | None] = set()
        self._opened: dict[str | None, int] = {}  # by symbol, the seq of the fill that began what is under way

    def take(self, seq: int, trade: Trade, own: str | None) -> None:
        """Take a fill; ``own`` is the symbol of a story that declares one."""
        symbol = trade.symbol or own
        if trade.trip is not None:
            self._close(_row(seq, self._opened.pop(symbol, None), trade.trip, own))
        if trade.trip is None or trade.opened is not None:  # what is left of a trip that ended is dust
            self._opened.setdefault(symbol, seq)

    def _close(self, row: TripRow) -> None:
        self.rows.append(row)
        self.count += 1
        if row.result is None:
            return
        self._assets.add(row.asset)
        several = len(self._assets) > 1
        self.best = None if several else max(self.best or row, row, key=_result)
        self.worst = None if several else min(self.worst or row, row, key=_result)

    def symbols(self) -> list[str]:
        """The symbols there are; of very many those with the most trades."""
        return _offered((row.symbol for row in self.rows if row.symbol), MOST_SYMBOLS)

    def reasons(self) -> list[str]:
        """The reasons for which trades were closed; where a bot writes numbers into them, the most frequent."""
        return _offered((row.reason for row in self.rows), MOST_REASONS)


def _offered(texts: Iterable[str], most: int) -> list[str]:
    return sorted(text for text, _ in Counter(texts).most_common(most))


class TripQuery(Struct, frozen=True, kw_only=True):
    """Which round trips, and in which order."""

    sort: str = "closed"  # one of `SORTED_BY`
    ascending: bool = False
    symbol: str | None = None
    reason: str | None = None
    outcome: str = "all"  # or "won", "lost"

    def rows(self, all_rows: Iterable[TripRow]) -> list[TripRow]:
        """Those of the rows; what is unknown comes last whichever way they are sorted."""
        wanted = [row for row in all_rows if self._wants(row)]
        known = [row for row in wanted if _key(row, self.sort) is not None]
        known.sort(key=lambda row: _key(row, self.sort), reverse=not self.ascending)
        return known + [row for row in wanted if _key(row, self.sort) is None]

    def _wants(self, row: TripRow) -> bool:
        earned = row.result if row.result is not None else row.share
        return (
            self.symbol in {None, row.symbol}
            and self.reason in {None, row.reason}
            and (self.outcome == "all" or (earned is not None and Outcome.of(earned) == self.outcome))
        )


class TripPage(Struct, frozen=True, kw_only=True):
    """Some of the round trips that were asked for, and how many these are in all."""

    trades: tuple[TripRow, ...] = ()
    count: int = 0
    summary: str = ""  # what all of them came to
    next: int | None = None  # the offset of the next page


def page_of(trips: RoundTrips, asked: TripQuery, offset: int, limit: int) -> TripPage:
    """Those from the one at ``offset`` on, at most ``limit``."""
    rows = asked.rows(trips.rows)
    end = offset + limit
    return TripPage(
        trades=tuple(rows[offset:end]), count=len(rows), summary=summed(rows), next=end if end < len(rows) else None
    )


def summed(rows: Iterable[TripRow]) -> str:
    """``12 won, 7 lost, 1 even, +0.0085 BTC``: what these came to, each currency for itself."""
    outcomes: Counter[Outcome] = Counter()
    sums: dict[str | None, float] = {}
    for row in rows:
        if row.result is not None:
            outcomes[Outcome.of(row.result)] += 1
            sums[row.asset] = sums.get(row.asset, 0.0) + row.result
    counts = (f"{outcomes[each]} {each}" for each in Outcome if outcomes[each] or each is not Outcome.EVEN)
    money = (f"{numbers.signed_wealth(amount, asset)} {asset or ''}".strip() for asset, amount in sums.items())
    return ", ".join((*counts, *money)) if sums else ""


def _result(row: TripRow) -> float:
    return row.result or 0.0


def _key(row: TripRow, name: str) -> Any:
    return getattr(row, name)


def _row(seq: int, opened_seq: int | None, trip: RoundTrip, own: str | None) -> TripRow:
    told = "" if trip.result is None else results.result(
        trip.share, trip.result, trip.asset, trip.after_fees, trip.fees_left_out
    )  # fmt: skip
    if funding := results.funding(trip.funding, in_it=trip.with_funding):
        told += f", {funding}"
    return TripRow(
        seq=seq,
        opened_seq=opened_seq,
        symbol=trip.symbol or own,
        short=trip.short,
        opened=trip.opened,
        closed=trip.closed,
        entry=_number(trip.entry),
        exit=_number(trip.exit),
        size=float(trip.size),
        result=_number(trip.result),
        asset=trip.asset,
        share=trip.share,
        money="" if trip.result is None else _money(trip.result, trip.asset),
        told=told,
        opened_why=_words(trip.why_opened),
        closed_why=_words(trip.why_closed),
        reason=(trip.why_closed.name if trip.why_closed is not None else "") or _NO_REASON,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _money(result: Decimal, asset: str | None) -> str:
    """In the decimals of its asset, unless these make nothing of it."""
    text = numbers.signed_wealth(result, asset)
    return of(numbers.signed(result) if result and not text.strip("+-0.") else text, asset)


def _words(reason: Reason | None) -> str:
    return "" if reason is None else because(reason)
