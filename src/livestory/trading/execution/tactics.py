"""How an order is pursued: at the market, or as a maker that follows the book for a while. It only decides.

A limit order stands at the best price of its own side and is never the taker. It follows when the best price moves
away, up to a bounded number of times and no further from the price of the decision than the greatest spread allows;
when its patience ends, the rest is given up or taken from the market, as the settings say. An order at the market that
the exchange neither fills nor ends in that time, as where trading is halted, is withdrawn. Nothing is bought at the
market beyond that spread either, however late a bar was heard and however far the price has run.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from livestory.clock import MINUTE, SECOND
from livestory.durations import Duration, duration_text
from livestory.story.reason import Reason
from livestory.story.reasons import EXCHANGE_DOWN, NOT_OFFERED, SPREAD, WOULD_TAKE
from livestory.trading.exchange.records import Book, Filters, exact
from livestory.trading.execution.working_order import ChildOrder, Order, WorkingOrder


class OrderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How orders are sent, and how long they are pursued. The breaker always sells at the market."""

    kind: Annotated[
        Literal["market", "limit"],
        Meta(description="Take what the market offers, or stand in the book as a maker (post-only) and follow it."),
    ] = "market"
    patience: Annotated[
        Duration,
        Meta(ge=SECOND, description="How long a limit order follows the book, and any order stands open. A duration."),
    ] = 5 * MINUTE
    reprices: Annotated[int, Meta(ge=0, le=1000, description="How often a limit order is moved at the most.")] = 10
    then: Annotated[
        Literal["give_up", "take"],
        Meta(description="What becomes of the rest when the patience ends: left alone, or taken from the market."),
    ] = "give_up"
    max_spread: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="No order while the spread is wider; none follows or buys further off its decision. A share.",
        ),
    ] = 0.003
    max_value: Annotated[
        Annotated[float, Meta(gt=0, le=1e15)] | None,
        Meta(description="The most that one order is worth; larger ones are cut. In the quote asset; off by default."),
    ] = None
    unknown_grace: Annotated[
        Duration,
        Meta(
            ge=30 * SECOND,
            description="How long an order without an answer is looked for before it can count as absent. A duration.",
        ),
    ] = 30 * SECOND


class Wait(Struct, frozen=True):
    """Nothing is to be done now."""


class Cancel(Struct, frozen=True):
    """The present child order is to be withdrawn."""


class Send(Struct, frozen=True):
    """The next child order is due."""

    quantity: Decimal
    limit: Decimal | None


class Over(Struct, frozen=True):
    """The working order has come to its end."""

    rest: Reason | None = None  # why what is left of it was given up


Step = Wait | Cancel | Send | Over

_WAIT: Final = Wait()


def first_step(
    order: Order, filters: Filters, settings: OrderSettings, book: Book | None, *, outside: bool
) -> Send | Reason:
    """The first step of carrying out an order, or why there is none now.

    No book ("exchange_down"), a "spread" too wide, or at the market a price that has run away ("not_offered").
    """
    if not outside:
        return Send(order.quantity, None)
    if book is None:
        return EXCHANGE_DOWN()
    if book.spread > exact(settings.max_spread):
        return _too_wide(book, settings)
    if settings.kind == "limit":
        return Send(order.quantity, _best(order, book, filters, settings))
    if _too_dear(order, book, settings):
        return NOT_OFFERED(limit=settings.max_spread)
    return Send(order.quantity, None)


def next_step(
    working: WorkingOrder, now: int, book: Callable[[], Book | None], filters: Filters, settings: OrderSettings
) -> Step:
    """What is to be done about a working order now."""
    child = working.last
    if working.living is not None:
        return _while_living(working, child, now, book, filters, settings)
    rest = working.order.quantity - working.filled
    if working.withdrawn or not rest or (child.lost_at is not None and not child.seen):
        return Over()
    if working.patience_ends is None or child.request.limit is None:
        return Over(child.refusal or _not_taken(child, now, settings))
    if child.refusal is not None and not WOULD_TAKE.made(child.refusal):
        return Over(child.refusal)
    if filters.problem(rest, working.order.reference) is not None:
        return Over(_not_offered(settings))
    return _next_attempt(working, rest, now, book(), filters, settings)


def _while_living(  # noqa: PLR0913, PLR0917 - the same five facts as its only caller has
    working: WorkingOrder,
    child: ChildOrder,
    now: int,
    book: Callable[[], Book | None],
    filters: Filters,
    settings: OrderSettings,
) -> Step:
    if working.unknown and not (working.withdrawn and child.request.limit is not None):
        return _WAIT
    if working.withdrawn:
        return Cancel()
    if child.request.limit is None:
        return _WAIT if _not_taken(child, now, settings) is None else Cancel()
    if working.patience_ends is None or now >= working.patience_ends:
        return Cancel()
    if len(working.children) > settings.reprices or (present := book()) is None:
        return _WAIT
    best = _best(working.order, present, filters, settings)
    behind = best > child.request.limit if working.order.side == "buy" else best < child.request.limit
    return Cancel() if behind else _WAIT


def _next_attempt(  # noqa: PLR0913, PLR0917 - as above
    working: WorkingOrder, rest: Decimal, now: int, book: Book | None, filters: Filters, settings: OrderSettings
) -> Step:
    ends = working.patience_ends or 0
    patient = now < ends and len(working.children) <= settings.reprices
    if patient and book is not None:
        return Send(rest, _best(working.order, book, filters, settings))
    if patient:
        return _WAIT
    if settings.then == "give_up" or (book is not None and _too_dear(working.order, book, settings)):
        return Over(_not_offered(settings))
    if book is None:
        return Over(EXCHANGE_DOWN())
    if book.spread > exact(settings.max_spread):
        return Over(_too_wide(book, settings))
    return Send(rest, None)


def _best(order: Order, book: Book, filters: Filters, settings: OrderSettings) -> Decimal:
    """The best price of the order's own side of the book, but not beyond what it may follow."""
    reach = exact(settings.max_spread)
    if order.side == "buy":
        return filters.price(min(book.bid, order.reference * (1 + reach)), against="sell")
    return filters.price(max(book.ask, order.reference * (1 - reach)), against="buy")


def _too_dear(order: Order, book: Book, settings: OrderSettings) -> bool:
    """Whether a buy would pay more than the decision may be followed to; what reduces the position is sold anyhow."""
    return order.side == "buy" and book.ask > order.reference * (1 + exact(settings.max_spread))


def _too_wide(book: Book, settings: OrderSettings) -> Reason:
    return SPREAD(value=float(book.spread), limit=settings.max_spread)


def _not_taken(child: ChildOrder, now: int, settings: OrderSettings) -> Reason | None:
    """The reason to give up an order at the market that was open for longer than the patience; else None."""
    waited = now - child.since >= settings.patience
    return NOT_OFFERED(text=duration_text(settings.patience)) if waited else None


def _not_offered(settings: OrderSettings) -> Reason:
    return NOT_OFFERED(limit=settings.max_spread, text=duration_text(settings.patience))
