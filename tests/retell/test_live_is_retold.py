"""Law 4: the story of a run and the one that is told of the table exported from it agree, line by line."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from livestory.clock import HOUR, MINUTE, instant
from livestory.config import Configuration
from livestory.retell.columns import OBSERVATION
from livestory.retell.explain_story import RetellingSettings
from livestory.retell.export_journal import export_journal
from livestory.retell.journal_source import JournalSource
from livestory.story.inputs import Observation, Skip
from livestory.story.journal.entry import Identity
from livestory.story.journal.reader import JournalReader
from livestory.story.kinds import KINDS
from livestory.story.kinds.chapters import Chapter
from livestory.story.kinds.retold import Retold
from livestory.story.line import tell
from livestory.story.reason import Reason
from livestory.story.settings import StorySettings
from livestory.story.standing import Health
from livestory.story.story_writer import StoryWriter
from livestory.story.writing.synchronous import SynchronousWriter
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.market.simulated import SimulatedBars
from livestory.trading.risk import RiskSettings
from livestory.trading.rules import rules_in_force
from tests.retell.bot import events_of, told_live
from tests.retell.listening import heard, told_of

if TYPE_CHECKING:
    from livestory.story.event import Event
    from livestory.story.inputs import Input
    from livestory.story.kinds.base import Facts
    from livestory.story.kinds.lifecycle import Rules

NEEDS = {name: kind.declared.needs for name, kind in KINDS.items() if kind.declared.needs is not None}
QUARTER = 15 * MINUTE
WHOLE = frozenset({*OBSERVATION, "fill"})
"""What an export of the whole journal has; a column that it leaves out has no value in any row."""

TOLD = {"ath", "breaker", "chapter", "gap", "halfway", "phoenix", "quiet", "regime", "trade"}
"""The kinds that the real bars below bring about and whose every line is told again from the table."""


def comparable(live: list[Event], has: frozenset[str]) -> set[str]:
    """The kinds whose columns a table of that story has; what was put off is in no table."""
    if not any(event.kind == "put_off" for event in live):
        has |= {"skip"}
    return {kind for kind, needs in NEEDS.items() if needs <= has}


def lines(events: list[Event], kinds: set[str]) -> list[str]:
    """The lines of these kinds, in order."""
    return [event.line for event in events if event.kind in kinds]


def table_lines(live: list[Event], kinds: set[str]) -> list[str]:
    """The lines of these kinds, in order, each chapter's as a table can tell it."""
    return [tell(event.time, of_a_table(event.facts)) for event in live if event.kind in kinds]


def of_a_table(facts: Facts) -> Facts:
    """The facts without what is in no row: that all is well, what failed beside the rows, the owner's own words."""
    if not isinstance(facts, Chapter) or facts.health is None:
        return facts
    failed = {name: count for name, count in facts.health.failed.items() if name in {"gap", "reading_refused"}}
    by_hand = {name: count for name, count in facts.health.by_hand.items() if name == "flow"}
    return replace(facts, health=Health(failed=failed, by_hand=by_hand) if failed or by_hand else None)


def the_rules(configuration: Configuration) -> Rules:
    """The rules that the bot tells."""
    story = configuration.story
    return rules_in_force(
        configuration.risk, configuration.strategy, configuration.paper, base="ETH", ath_min_gain=story.ath_min_gain
    )


def retelling_of(configuration: Configuration) -> RetellingSettings:
    """The bot's own settings."""
    return RetellingSettings(story=configuration.story, rules=the_rules(configuration))


def slice_of(bars: Path, folder: Path, since: str, until: str) -> Path:
    """The real bars that open between two dates, as a file."""
    import gzip  # noqa: PLC0415 - here alone

    out = folder / "bars.csv"
    with gzip.open(bars, "rt", encoding="utf-8") as rows, out.open("w", encoding="utf-8") as chosen:
        for number, row in enumerate(rows):
            if not number or since <= row[: len(since)] < until:
                chosen.write(row)
    return out


def test_real_bars_live_and_retold_are_the_same_lines(real_bars_file: Path, tmp_path: Path) -> None:
    """A year and a month with an outage and a trip: every line of every kind that the table can tell, in order."""
    configuration = Configuration()
    bars = RecordedBars([slice_of(real_bars_file, tmp_path, "2022-12-01", "2024-01-15")])
    story = tmp_path / "live_story.txt"
    live = told_live(story, bars, configuration)
    table = tmp_path / "export.csv"
    export_journal(story, table)
    retold = told_of(table, retelling_of(configuration))
    kinds = comparable(live, WHOLE)
    assert {event.kind for event in live} & kinds >= TOLD - {"breaker", "phoenix"}
    assert lines(retold.events, kinds) == table_lines(live, kinds)
    # The rest is what a table does not hold, and nothing else.
    assert {event.kind for event in live} - kinds <= {"started", "rules", "stopped", "put_off"}


def test_parquet_tells_what_csv_tells(real_bars_file: Path, tmp_path: Path) -> None:
    """The same export in both forms."""
    bars = RecordedBars([slice_of(real_bars_file, tmp_path, "2022-07-01", "2022-07-20")])
    told_live(tmp_path / "live_story.txt", bars)
    for name in ("a.csv", "a.parquet"):
        export_journal(tmp_path / "live_story.txt", tmp_path / name)
    assert told_of(tmp_path / "a.parquet").lines == told_of(tmp_path / "a.csv").lines != []


def test_a_bot_that_traded_nothing_is_not_told_to_have_changed_its_exposure(tmp_path: Path) -> None:
    """What it wanted and did not do is no change: the export of its journal says that there was no fill."""
    with StoryWriter(tmp_path / "live_story.txt", name="scout", strict=True, max_wait=10.0) as story:
        for number, target in enumerate((0.0, 0.5, 0.5, 1.0), 1):
            time = instant("2024-01-01") + number * QUARTER
            story.observe(Observation(time=time, wealth=1.0, price=0.05, target_weight=target, position=0.0))
    export_journal(tmp_path / "live_story.txt", tmp_path / "export.csv")
    retold = told_of(tmp_path / "export.csv")
    assert [event.kind for event in retold.events] == []
    assert retold.head is not None
    assert isinstance(retold.head.facts, Retold)
    assert "fill" not in retold.head.facts.lacking
    assert retold.head.facts.inferred == ()


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32),
    days=st.integers(2, 14),
    start=st.integers(0, 95),
    breaker=st.floats(0.02, 0.3),
    cooldown=st.integers(1, 200).map(lambda hours: hours * HOUR),
    daily_loss=st.none() | st.floats(0.005, 0.05),
    ath=st.floats(0, 0.02),
    quiet=st.integers(1, 30).map(lambda hours: hours * HOUR),
    cut=st.integers(0, 1_500),
    dropped=st.sets(st.sampled_from(sorted({*OBSERVATION[1:], "fill"})), max_size=4),
)
def test_random_markets_settings_and_cuts_are_retold(
    seed: int,
    days: int,
    start: int,
    breaker: float,
    cooldown: int,
    daily_loss: float | None,
    ath: float,
    quiet: int,
    cut: int,
    dropped: set[str],
) -> None:
    """Told in one run or in two, exported, columns taken away: each kind whose columns are left is the same."""
    configuration = Configuration(
        story=StorySettings(ath_min_gain=ath, quiet=quiet),
        risk=RiskSettings(breaker=breaker, cooldown=cooldown, daily_loss=daily_loss),
    )
    if "target_weight" in dropped:
        dropped |= {"position"}  # which in a table without a target may mean the target
    begin = instant("2023-12-20") + start * QUARTER
    bars = SimulatedBars(seed, days * 96, begin)
    with TemporaryDirectory() as name:
        folder = Path(name)
        if 0 < cut < days * 96:  # the run is cut, and goes on
            told_live(folder / "live_story.txt", _First(bars, cut), configuration)
        live = told_live(folder / "live_story.txt", bars, configuration)
        export_journal(folder / "live_story.txt", folder / "export.csv")
        table = without(folder / "export.csv", dropped)
        retold = told_of(table, retelling_of(configuration))
        kinds = comparable(live, WHOLE - dropped)
        assert lines(retold.events, kinds) == table_lines(live, kinds)
        assert heard_of_journal(folder / "live_story.txt", configuration) == [event.line for event in live]


def heard_of_journal(story: Path, configuration: Configuration) -> list[str]:
    """The lines that explaining the journal itself gives."""
    with JournalReader.open(story) as reader:
        return heard(JournalSource(reader), RetellingSettings(story=configuration.story)).lines


class _First(SimulatedBars):
    """The first bars of a market, under the market's own digest."""

    def __init__(self, market: SimulatedBars, count: int) -> None:
        super().__init__(market._seed, count, market._start)  # noqa: SLF001 - the same market, cut short
        self.__dict__["digest"] = market.digest


def without(table: Path, dropped: set[str]) -> Path:
    """The table without those columns; without ``fill``, none of its rows is a fill."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in dropped]
    if "fill" in dropped:
        rows = [row for row in rows if not row.get("fill_side")]
        names = [name for name in names if not name.startswith("fill_") and name != "trade_id"]
    out = table.with_name("less.csv")
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return out


def test_the_declared_kinds_are_those_a_table_can_tell() -> None:
    """The set is not silently empty, and what comes from no table is named."""
    more = {"daily_limit", "daily_limit_over", "wait_over", "halted", "unhalted", "flow", "drawdown", "exposure"}
    assert set(NEEDS) >= TOLD | more
    assert all(needs <= {*OBSERVATION, "positions", "fill", "skip"} for needs in NEEDS.values())


def test_what_tells_nothing_ends_no_day(tmp_path: Path) -> None:
    """A skip that was told before is in no journal: the day's line stands where the next input is, live and retold."""
    evening = instant("2024-12-03 23:45")
    given: list[Input] = [
        Observation(time=evening, wealth=1.0, price=0.05),
        *(Skip(time=evening + after, side="buy", reason=Reason("no_dip")) for after in (5 * MINUTE, 20 * MINUTE)),
        Observation(time=evening + 30 * MINUTE, wealth=1.1, price=0.05),
    ]
    path = tmp_path / "live_story.txt"
    with SynchronousWriter(path, Identity(symbol="ETH/BTC", unit="BTC"), StorySettings()) as story:
        for each in given:
            story.take(each)
        story.commit({})
    live = events_of(path)
    assert [event.kind for event in live[-2:]] == ["chapter", "ath"]
    assert all(event.time == given[-1].time for event in live[-2:])
    with JournalReader.open(path) as reader:
        assert [event.line for event in heard(JournalSource(reader)).events] == [event.line for event in live]
