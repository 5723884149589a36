"""The kinds of input that a sender may tell, each with some fields of the record that it becomes.

Never commands, facts or states: what a sender says happened is told, and the story decides what that means.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_type_hints

from msgspec import Meta, Struct, defstruct, json
from msgspec.structs import fields, replace

from livestory.story import arguments, inputs
from livestory.story.kinds.lifecycle import Rules
from livestory.story.kinds.risk import Halted, Unhalted
from livestory.story.kinds.telling import Note
from livestory.story.public.forms import Form, Id, Moment, form, moment
from livestory.story.reason import in_own_words

if TYPE_CHECKING:
    from collections.abc import Callable


class PublicInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="input"):
    """Something that a sender tells."""

    id: Annotated[
        Id | None,
        Meta(description="The sender's own id of this input: sent again with the same id, it is not told again."),
    ] = None
    time: Annotated[
        Moment | None,
        Meta(
            description="When it happened: ISO 8601 (UTC where no zone is named), or a number since the epoch in "
            "seconds, milliseconds, microseconds or nanoseconds. Without it: when it is received."
        ),
    ] = None

    @property
    def name(self) -> str | None:
        """Its id as text; None where it has none."""
        return None if self.id in {None, ""} else str(self.id)

    def digest(self) -> bytes:
        """What tells it from another input that is sent with the same id."""
        return blake2b(json.encode(replace(self, id=None)), digest_size=8).digest()

    def as_input(self, now: int) -> inputs.Input:
        """What a story takes, received at ``now``. Raises ValueError, which names the field that can't be taken."""
        kind = _KINDS[str(self.__struct_config__.tag)]
        time = now if self.time is None else moment(self.time, "time")
        values = {name: getattr(self, name) for name in kind.forms}
        taken = {name: kind.forms[name].taken(value, name) for name, value in values.items() if value is not None}
        return kind.made(time, taken)


class _Kind(NamedTuple):
    """A kind of public input: its type, the forms of its fields, and what makes an input of their values."""

    type: type[PublicInput]
    forms: dict[str, Form]
    made: Callable[[int, dict[str, Any]], inputs.Input]


def _observation(time: int, given: dict[str, Any]) -> inputs.Input:
    return arguments.observation(inputs.Observation(time, **given))


def _record(record: type[inputs.Input], time: int, given: dict[str, Any]) -> inputs.Input:
    return record(time=time, **given)


def _fill(time: int, given: dict[str, Any]) -> inputs.Input:
    given["side"] = arguments.side(given["side"], given.get("effect"))
    return inputs.Fill(time=time, **given)


def _skip(time: int, given: dict[str, Any]) -> inputs.Input:
    given["reason"] = given["reason"] or in_own_words()
    if "side" in given:
        given["side"] = arguments.side(given["side"])
    return inputs.Skip(time=time, **given)


def _rules(time: int, given: dict[str, Any]) -> inputs.Input:
    return inputs.Statement(time, (arguments.rules(Rules(**given)),))


def _begin(time: int, given: dict[str, Any]) -> inputs.Input:
    return inputs.Begin(time=time, own=True, **given)


def _end(time: int, given: dict[str, Any]) -> inputs.Input:
    return inputs.End(time=time, by=given.pop("reason", "you"), **given)


def _halt(kind: type[Halted | Unhalted], time: int, given: dict[str, Any]) -> inputs.Input:
    return inputs.Statement(time, (kind(told=True, **given),))


def _note(time: int, given: dict[str, Any]) -> inputs.Input:
    return inputs.Statement(time, (Note(**given),))


def _kind(
    tag: str, says: str, record: type, made: Callable[[int, dict[str, Any]], inputs.Input], names: str = ""
) -> _Kind:
    """The kind ``tag`` with the fields ``names`` of ``record``; without names, with all of them.

    A field that a sender knows by another name is written ``reason=by``.
    """
    declared = {field.name: field for field in fields(record) if field.name != "time"}
    types = {name: _known(hint) for name, hint in get_type_hints(record).items()}
    own = dict(name.rpartition("=")[::2] if "=" in name else (name, name) for name in names.split() or declared)
    forms = {name: form(tag, name, types[own[name]]) for name in own}
    members = [
        _member(tag, name, each, needed=declared[own[name]].required and name == own[name])
        for name, each in forms.items()
    ]
    made_type: Any = defstruct(
        tag.capitalize(),
        members,
        bases=(PublicInput,),
        namespace={"__doc__": says},
        module=__name__,
        kw_only=True,
        tag=tag,
    )
    return _Kind(made_type, forms, made)


def _known(hint: Any) -> Any:
    """The type that a field has where it is known."""
    return next(iter(set(get_args(hint)) - {NoneType}), hint) if NoneType in get_args(hint) else hint


def _member(tag: str, name: str, each: Form, *, needed: bool) -> tuple[str, Any] | tuple[str, Any, None]:
    meaning = Meta(description=_MEANINGS.get(f"{tag}.{name}") or _MEANINGS[name])
    return (name, Annotated[each.written, meaning]) if needed else (name, Annotated[each.written | None, meaning], None)


_MEANINGS = {
    # of an observation
    "wealth": "Everything the bot has, in the story's unit.",
    "price": "Of the base asset, in the quote asset.",
    "position": "Base asset held; negative is short.",
    "weight": "Share of wealth held in the base asset, 0 to 1.",
    "target_weight": "The share that the strategy wants.",
    "regime": "Any label of the market's state, such as TREND.",
    "score": "The regime's score, 0 to 100.",
    "threshold": "The score's threshold between the regimes.",
    "drawdown": "As the bot's own risk rule measures it: a share, 0 or negative.",
    "halted": "Whether the bot is kept from buying.",
    "halt_reason": "By what: breaker, owner, or any words.",
    "resume_at": "The time before which a halted bot does not resume.",
    "resume_score": "The score that a halted bot waits for.",
    "daily_loss_hit": "Whether the daily loss limit keeps it from buying.",
    "day_return": "Since the last midnight UTC, as a share.",
    "no_trade_reason": "Why this bar made no trade.",
    "observation.flow": "Deposits less withdrawals since the last observation, in the story's unit.",
    "next_due": "When the next observation should come.",
    "positions": "All that are held, by symbol: an empty object is none at all.",
    # of a trade
    "side": "buy or sell; or long or short, with an effect.",
    "quantity": "In the base asset, above 0.",
    "fill.price": "Quote asset for one of the base asset, above 0.",
    "symbol": "Such as ETH/BTC or BTC/USDT:USDT. Without it: the story's own.",
    "effect": "open, add, reduce or close; without it, worked out from the position.",
    "fill.position": "Which one it changes where a symbol has several, such as long and short of a hedge.",
    "fee": "Negative is a rebate.",
    "fee_asset": "What the fee is paid in. Without it: the quote asset.",
    "order_id": "The exchange's id of the order.",
    "result": "What the fill earned by closing, where the bot knows that itself; negative is a loss.",
    "trade_id": "The exchange's id of the trade: the same one again is not told again.",
    "reason": "Why: in any words, or a key with the numbers that decided.",
    "funding.symbol": "The contract, such as BTC/USDT:USDT.",
    "funding.amount": "Positive: received; negative: paid.",
    "asset": "What it is paid in. Without it: what the contract is settled in.",
    "funding_id": "The exchange's id of the payment: the same one again is not counted again.",
    "flow.amount": "In the story's unit: positive a deposit, negative a withdrawal.",
    # of a bot's comings and goings
    "started.position": "Base asset held.",
    "cash": "Quote asset held.",
    "mode": "Where it trades: live, paper, testnet, or any words.",
    "market": "Where its prices come from, in a few words.",
    "interval": 'Of a bar: "15m", "1h", or seconds.',
    "missed_bars": "Bars that it reads after the absence.",
    "fills_found": "Fills while it was away, each told on its own.",
    "stopped.reason": "Who or what stopped it: you, error, system, or any words.",
    "orders_open": "Orders left open at the exchange.",
    "halted.reason": "Why it buys no more: breaker, owner, or any words.",
    "until": "How long, as far as the bot knows: a time.",
    "unhalted.reason": "Of the halt that is over. Without it: the last one.",
    "note.text": "What is to stand in the story.",
    # of the rules
    "breaker": "The drawdown that trips the safety breaker, as a positive share; 0 is off.",
    "cooldown": 'How long a breaker\'s halt lasts at least: "7d", "12h", or seconds.',
    "daily_loss": "The loss of a day that stops buying until midnight UTC, as a share.",
    "max_weight": "The most that may be held in the base asset, as a share of wealth.",
    "hysteresis": "How far beyond the threshold the score must be for a new regime.",
    "ath_min_gain": "The least gain over the last told record that makes a new one, as a share.",
    "base": "The base asset's name.",
    "strategy": "The strategy's name.",
    "step": "Share of wealth of one step of a staged entry.",
    "rules.fee": "What a trade is reckoned to cost, as a share.",
    "settings": "Everything else that is set, by its names; told when it changes.",
}

_KINDS: dict[str, _Kind] = {
    str(each.type.__struct_config__.tag): each
    for each in (
        _kind(
            "observation",
            "The bot at the end of one bar. Every field may be unknown.",
            inputs.Observation,
            _observation,
        ),
        _kind(
            "fill",
            "A trade that was filled.",
            inputs.Fill,
            _fill,
            "side quantity price symbol effect position fee fee_asset order_id trade_id result reason",
        ),
        _kind(
            "funding",
            "What holding a contract earned or cost.",
            inputs.Funding,
            partial(_record, inputs.Funding),
            "symbol amount asset funding_id",
        ),
        _kind(
            "flow",
            "A deposit or withdrawal, told before the wealth that has it.",
            inputs.Flow,
            partial(_record, inputs.Flow),
            "amount",
        ),
        _kind("skip", "A trade that was wanted and not made.", inputs.Skip, _skip, "reason side quantity symbol"),
        _kind(
            "started",
            "The bot starts; told again, it is back.",
            inputs.Begin,
            _begin,
            "wealth position cash price mode market interval",
        ),
        _kind(
            "resumed", "The bot comes back, and what it missed.", inputs.Begin, _begin, "wealth missed_bars fills_found"
        ),
        _kind("halted", "The bot buys no more.", Halted, partial(_halt, Halted), "reason until"),
        _kind("unhalted", "A halt is over.", Unhalted, partial(_halt, Unhalted), "reason"),
        _kind("stopped", "The bot says goodbye.", inputs.End, _end, "reason=by wealth position orders_open"),
        _kind(
            "rules",
            "The rules that the bot trades by; told again, only what changed is.",
            Rules,
            _rules,
            "breaker cooldown resume_score daily_loss max_weight threshold hysteresis ath_min_gain base strategy step "
            "fee settings",
        ),
        _kind("note", "Somebody's own words.", Note, _note, "text"),
    )
}

TYPES: dict[str, type[PublicInput]] = {tag: kind.type for tag, kind in _KINDS.items()}
"""Every kind of public input, by the tag that names it in the field ``input``."""
