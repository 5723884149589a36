"""The replay that the golden story tells, put together as `livestory run --bars` does it; run it to tell it anew.

    python -m tests.golden.replay

prints how the story has changed and writes tests/golden/quarter.txt. Read the change as an owner would, then commit it.
"""

from __future__ import annotations

import difflib
import gzip
import sys
import tempfile
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from livestory.cli.play import Play, play
from livestory.config import Configuration
from livestory.story.files.layout import Layout
from livestory.story.settings import StorySettings
from livestory.trading.market.bar import BAR
from livestory.trading.market.recorded import RecordedBars
from livestory.trading.risk import RiskSettings

if TYPE_CHECKING:
    from livestory.trading.market.bar import Market

QUARTER = Configuration(risk=RiskSettings(breaker=0.08), story=StorySettings(detail="all"))
"""All lines, and a breaker that trips: at 20 % it does in no quarter that is told from its own first bar."""

GOLDEN = Path(__file__).with_name("quarter.txt")

_MONTHS = "2022-04", "2022-05", "2022-06"


def quarter_of(real_bars_file: Path, folder: Path) -> Path:
    """The bars of April to June 2022 in a file of their own, in ``folder``."""
    quarter = folder / "quarter.csv"
    with gzip.open(real_bars_file, "rt", encoding="utf-8") as bars:
        header = next(bars)
        quarter.write_text(header + "".join(bar for bar in bars if bar.startswith(_MONTHS)), encoding="utf-8")
    return quarter


def replay(
    bars: Path | Market, folder: Path, settings: Configuration | None = None, stop: Event | None = None
) -> Layout:
    """Tell ``bars`` into ``folder`` as `livestory run --bars FILE --dir FOLDER` does, or go on where it stands."""
    settings = settings or Configuration()
    layout = Layout.of(folder / "live_story.txt")
    play(
        Play(
            layout=layout,
            settings=settings,
            market=RecordedBars([bars], BAR, settings.bot.symbol) if isinstance(bars, Path) else bars,
            mode="replay",
            origin="recorded bars",
            aloud=False,
        ),
        stop or Event(),
    )
    return layout


def main(real_bars_file: Path) -> int:
    """Print the difference to the golden story and make what is told now the golden one."""
    with tempfile.TemporaryDirectory() as folder:
        told = replay(quarter_of(real_bars_file, Path(folder)), Path(folder), QUARTER).text.read_text(encoding="utf-8")
    golden = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
    lines = (golden.splitlines(keepends=True), told.splitlines(keepends=True))
    sys.stdout.writelines(difflib.unified_diff(*lines, "quarter.txt", "told now", n=1))
    GOLDEN.write_text(told, encoding="utf-8")
    return 0


if __name__ == "__main__":
    from benchmarks.measure import REAL_BARS

    sys.exit(main(REAL_BARS))
