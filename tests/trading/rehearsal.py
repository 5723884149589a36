"""What the executor's tests rehearse with: a story that writes everything down, a scripted strategy, made-up bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct, structs

from livestory.clock import DAY, MINUTE
from livestory.story.inputs import Begin, End, Fill, Flow, Observation, Skip, Statement
from livestory.story.kinds.base import Facts
from livestory.story.kinds.lifecycle import Rules
from livestory.story.reason import Reason
from livestory.trading.exchange.paper import PaperSettings
from livestory.trading.executor import Executor
from livestory.trading.market.bar import Bar
from livestory.trading.risk import RiskSettings
from livestory.trading.state import ExecutorState
from livestory.trading.strategy.choice import Choice, StrategySettings
from livestory.trading.strategy.rebalance import Signal
from tests.trading.news import News

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livestory.story.files.inbox import Posted
    from livestory.story.inputs import Input

QUARTER = 15 * MINUTE
MIDNIGHT = 19_000 * DAY
FRICTIONLESS = PaperSettings(slippage=0, fee=0)
NO_BARS: tuple[Bar, ...] = ()


F = TypeVar("F", bound=Facts)
Told = Begin | Observation | Fill | Skip | Flow | Facts | End


class RecordingStory:
    """Keeps what was told; what no commit kept is gone when the process is, as `after_a_crash` shows."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.kept = 0
        self.states: dict[str, bytes] = {}
        self.commits: list[tuple[int, dict[str, bytes]]] = []
        self.posted: list[Posted] = []
        self._news = News(down=None)

    def take(self, given: Input) -> tuple[Facts, ...] | None:
        if isinstance(given, Statement):
            news = self._news.among(given.facts)
            self.told += news
            return news
        if isinstance(given, Told):
            self.told.append(given)
        return None

    def commands(self) -> list[Posted]:
        return list(self.posted)

    def settle(self, posted: Posted) -> None:
        self.posted.remove(posted)

    def state(self, name: str) -> bytes | None:
        return self.states.get(name)

    def commit(self, states: Mapping[str, bytes]) -> None:
        self.states.update(states)
        self.kept = len(self.told)
        self.commits.append((self.kept, dict(self.states)))

    def after_a_crash(self, commit: int) -> RecordingStory:
        """The story as a new process finds it, had the old one died after commit number ``commit`` (0: before any)."""
        found = RecordingStory()
        if commit:
            found.kept, found.states = self.commits[commit - 1][0], dict(self.commits[commit - 1][1])
            found.told = self.told[: found.kept]
        return found

    @property
    def observations(self) -> list[Observation]:
        return [told for told in self.told if isinstance(told, Observation)]

    @property
    def fills(self) -> list[Fill]:
        return [told for told in self.told if isinstance(told, Fill)]

    @property
    def skips(self) -> list[Skip]:
        return [told for told in self.told if isinstance(told, Skip)]

    @property
    def rules_told(self) -> list[Rules]:
        return [told for told in self.told if isinstance(told, Rules)]

    @property
    def ends(self) -> list[End]:
        return [told for told in self.told if isinstance(told, End)]

    @property
    def flows(self) -> list[Flow]:
        return [told for told in self.told if isinstance(told, Flow)]

    def of(self, kind: type[F]) -> list[F]:
        return [told for told in self.told if isinstance(told, kind)]

    def inputs(self) -> list[Told]:
        """Everything told but what each start and stop of the process tells."""
        return [told for told in self.told if not isinstance(told, Begin | Rules | End)]


class Script(Struct):
    """A strategy that wants what its script says, bar by bar; the last wish lasts."""

    wishes: list[Signal]
    seen: int = 0

    def on_bar(self, bar: Bar, weight: float) -> Signal:  # noqa: ARG002  a script looks at nothing
        self.seen += 1
        return self.wishes[min(self.seen, len(self.wishes)) - 1]


def wish(target: float, score: float | None = 20.0, step: int = 0) -> Signal:
    """A scripted signal."""
    return Signal(target, Reason("scripted"), step, "MEAN_REV", score)


def bar_at(number: int, open_: float, close: float) -> Bar:
    """Quarter-hour bar ``number`` counted from a midnight."""
    start = MIDNIGHT + number * QUARTER
    return Bar(start, start + QUARTER, open_, max(open_, close), min(open_, close), close, 1.0)


def bars_of(closes: Sequence[float], first: int = 0) -> list[Bar]:
    """Bars that close at ``closes`` and open where the one before closed."""
    opens = [closes[0], *closes]
    return [bar_at(first + n, opens[n], close) for n, close in enumerate(closes)]


def scripted(
    story: RecordingStory,
    wishes: Iterable[Signal],
    risk: RiskSettings | None = None,
    paper: PaperSettings = FRICTIONLESS,
    kind: Choice = "meta",
) -> Executor:
    """A fresh executor that follows a script, with no cooldown between trades."""
    settings = StrategySettings(kind=kind)
    settings = structs.replace(settings, rebalance=structs.replace(settings.rebalance, cooldown=0))
    state = ExecutorState.fresh("test", settings, risk or RiskSettings(), paper)
    state.strategy = Script(list(wishes))  # type: ignore[assignment]  # a test's own
    return Executor(state, story, lambda: NO_BARS)
