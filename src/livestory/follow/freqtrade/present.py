"""What a look at a living freqtrade tells: its state, wealth and positions, why it did not enter, money that came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from livestory.clock import HOUR, MINUTE, SECOND
from livestory.follow.database import DatabaseNotNow
from livestory.follow.freqtrade.configuration import RATIO
from livestory.follow.freqtrade.watch import Look, NoLook
from livestory.story.inputs import Begin, End, Flow, Observation, Skip, Statement
from livestory.story.kinds.followed import HeardAgain, NotHeard
from livestory.story.kinds.lifecycle import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livestory.follow.freqtrade.rest import Config, Health
    from livestory.follow.freqtrade.signals import Explained
    from livestory.follow.freqtrade.watch import Watch
    from livestory.story.inputs import Input
    from livestory.story.reason import Reason

API = "freqtrade's API"
LOOP = "freqtrade's loop"
STOPPED = "stopped"
PAUSED = "paused: no new entries, exits go on"
_PATIENCE = 10 * SECOND  # that the API may be out of reach
_BORN = MINUTE  # from its first start on it may open its API
_STUCK = 10 * MINUTE  # that the loop may take
_LEAST_FLOW = 0.005  # share of the capital: less is fees that are booked later
_ALIKE = 0.1  # by how much two sightings of one flow may differ


class Present(Struct):
    """What was told of the living bot, beside what its database says; part of the source's cursor."""

    state: str = ""
    due: int = 0  # when the next observation is
    capital: float | None = None  # that was put in, as far as it is known


class Teller:
    """Turns looks into inputs. What it keeps of its own is about the connection, and needs no keeping."""

    def __init__(self, watch: Watch, unit: str | None, ratio: float | None) -> None:
        """``ratio`` is the share of the stake currency that the bot may use; its wealth is told in ``unit``."""
        self.watch = watch
        self._ratio = ratio
        self._unit = unit
        self._unheard: int | None = None
        self._heard = False
        self._rules: Rules | None = None
        self._reason: Reason | None = None
        self._change: float | None = None  # of the capital, seen once

    def began_with(self, born: int, now: int) -> float | None:
        """The wealth at the bot's first start; None where nobody can say it exactly.

        freqtrade reckons it from what it has: less its results, to which parts of open trades and their fees don't
        count yet. Invented money pays no fees. Raises DatabaseNotNow while a bot that was just born does not answer.
        """
        look = self.watch.now()
        if look is None and now - born < _BORN:
            message = f"{API} does not answer yet, which knows what the bot began with"
            raise DatabaseNotNow(message)
        if look is None or _stranger(look.health, born) is not None or (look.trades and not look.config.dry_run):
            return None
        capital = self._capital(look)
        if capital is None or capital <= 0 or self._ratio is None:
            return None
        parts = [trade.realized_profit for trade in look.trades]
        return round(capital - sum(part for part in parts if part), 8) if None not in parts else None

    def _capital(self, look: Look) -> float | None:
        """What was put in, as freqtrade reckons it: what it has without its results. None where that is set by hand."""
        started = look.balance.starting_capital
        if started is None or look.config.available_capital is not None or look.balance.stake != self._unit:
            return None
        return started / (self._ratio or RATIO)

    def inputs(self, present: Present, born: int | None, now: int, *, running: bool) -> Iterator[Input]:
        """What the looks since the last time tell. ``born``: the bot's first start; ``running``: by its database."""
        for look in self.watch.take():
            problem = look.problem if isinstance(look, NoLook) else _stranger(look.health, born)
            if problem is not None:
                self._unheard, self._heard = self._unheard or look.time, False
                if running and look.time - self._unheard >= _PATIENCE:
                    yield Statement(max(look.time, now), (NotHeard(source=API, problem=problem),))
            elif isinstance(look, Look):
                if not self._heard:
                    yield Statement(look.time, (HeardAgain(source=API),))
                self._unheard, self._heard = None, True
                yield from self._of(look, present)

    def _of(self, look: Look, present: Present) -> Iterator[Input]:
        config = look.config
        state, before = config.state, present.state
        if state == "reload_config":
            return
        present.state = state
        if state == STOPPED:
            if before != state and before:
                yield End(time=look.time, by=self.watch.why_stopped())
            return
        rules = _rules(config)
        if rules != self._rules:
            self._rules = rules
            yield Statement(look.time, (rules,))
        if before == STOPPED and look.health.bot_startup_ts is None:  # of a version whose database does not say so
            yield Begin(time=look.time, own=True)
        yield from _of_loop(look)
        yield from self._refused(look.explained, look.time)
        self._reason = look.explained.reason or self._reason
        flow = self._flow(look, present)
        if flow:
            yield Flow(time=look.time, amount=flow)
        if (look.time >= present.due or state != before) and self._change is None:
            interval = min(max((config.timeframe_ms or 0) * 1000, MINUTE), HOUR)
            present.due = look.time - look.time % interval + interval
            yield self._observation(look)

    def _observation(self, look: Look) -> Observation:
        counted = not any(trade.is_partly_filled for trade in look.trades)
        wealth = look.balance.wealth if counted and look.balance.stake == self._unit else None
        held = ((trade.pair, trade.position()) for trade in look.trades)
        paused = look.config.state == "paused"
        reason, self._reason = self._reason, None
        return Observation(
            time=look.time,
            wealth=wealth or None,
            positions={pair: position for pair, position in held if position is not None},
            halted=paused,
            halt_reason=PAUSED if paused else None,
            no_trade_reason=reason,
        )

    @staticmethod
    def _refused(explained: Explained, time: int) -> Iterator[Skip]:
        for refused in explained.refused:
            yield Skip(time=time, reason=refused.reason, side="sell" if refused.short else "buy", symbol=refused.pair)

    def _flow(self, look: Look, present: Present) -> float | None:
        """Money that came or went between two looks."""
        capital = self._capital(look)
        if capital is None:
            return None
        before, seen = present.capital, self._change
        self._change = None
        change = capital - before if before is not None else 0.0
        if before is None or abs(change) < _LEAST_FLOW * abs(before):
            present.capital = capital
            return None
        if seen is None or abs(change - seen) > _ALIKE * abs(seen):
            self._change = change  # to be seen once more
            return None
        present.capital = capital
        return change


def _stranger(health: Health, born: int | None) -> str | None:
    """What is said of an API that is not the bot's whose database is read; None where it is, or nobody can know."""
    if born is None or health.bot_start_ts is None or abs(health.bot_start_ts - born // SECOND) <= 1:
        return None
    return "it is another bot's than the database: they were first started at different times"


def _of_loop(look: Look) -> Iterator[Statement]:
    last = look.health.last_process_ts
    if last is None:
        return
    silence = look.time - last * SECOND
    if silence >= _STUCK:
        problem = "its API answers, and its loop does not come round"
        yield Statement(look.time, (NotHeard(source=LOOP, problem=problem),))
    else:
        yield Statement(look.time, (HeardAgain(source=LOOP),))


def _rules(config: Config) -> Rules:
    """What the bot trades by, as far as its API says it: told once, then what changes."""
    known = {
        "stake": config.stake_amount and f"{config.stake_amount} {config.stake_currency or ''}".rstrip(),
        "trades at once": _number(config.max_open_trades),
        "timeframe": config.timeframe,
        "stoploss": _number(config.stoploss),
        "trailing stop": None if config.trailing_stop is None else "on" if config.trailing_stop else "off",
        "roi": ", ".join(f"{minutes}m {share:g}" for minutes, share in (config.minimal_roi or {}).items()),
    }
    return Rules(
        tool="freqtrade", strategy=config.strategy, settings={name: text for name, text in known.items() if text}
    )


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"
