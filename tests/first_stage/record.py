"""Records what the first stage wrote and said: ``python -m tests.first_stage.record GROUP …``.

What it says (``readings``, ``run``, ``saved_names``) is recorded with the program of this tree, to be done where a
change of it is meant; it was recorded first with PYTHONPATH naming the program of then, commit 45faecd.

What it wrote never changes, and was recorded with that program alone: ``bots``, and ``journals SCHEMA_1 SCHEMA_2
SCHEMA_3``, the sources that wrote each schema. The first commits don't run as they were committed: schema 1's source is
5119321 with the clock.py of 45faecd, and schema 2's that with the second of the STEPS (the table that compaction needs,
all that schema 2 brought).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
from msgspec import json

from tests.cli.program import livestory
from tests.exchange.binance_spot import faults
from tests.first_stage import a_bot, structs
from tests.first_stage.journals import all_read
from tests.first_stage.packed import HERE, pack, unpack
from tests.first_stage.run import run_and_read
from tests.first_stage.said import keep, said
from tests.first_stage.testnet import BotAtExchange, Scene, bought, tripping


class SilentAfterAnOrder:
    """Once an order has come, nothing of the account is shown."""

    _ordered = False

    def fault(self, request: faults.Request) -> faults.Fault | None:
        """By what was asked."""
        self._ordered = self._ordered or request.what == "POST /api/v3/order"
        asked = request.method == "GET" and "signature" in request.params
        return faults.BAD_GATEWAY_BEFORE if self._ordered and asked else None


def bots(folder: Path) -> None:
    """Three bots at an exchange, killed: one trades; one waits for the answer to its sale; one knows nothing of it."""
    with ExitStack() as stack:
        bot = bought(folder / "trading", stack)
        bot.end(signal.SIGKILL)
        _keep(bot, "trading")
        bot = tripping(folder / "sent", stack, faults.FROZEN_AFTER)
        bot.end(signal.SIGKILL)
        _keep(bot, "sent")
        bot = tripping(folder / "unknown", stack, faults.LOST_REPLY, SilentAfterAnOrder())
        bot.until(lambda: bot.told("Order Unknown"))
        bot.end(signal.SIGKILL)
        _keep(bot, "unknown")


def _keep(bot: BotAtExchange, name: str) -> None:
    pack(bot.story.parent, f"bots/{name}")
    scene = Scene(bot.server.exchange.now, bot.placed())
    (HERE / "bots" / f"{name}.json").write_bytes(json.format(json.encode(scene)) + b"\n")


def journals(folder: Path, *sources: str) -> None:
    """The same story by each schema's writer: live, killed, closed, and compacted where the schema knows of it."""
    for schema, source in enumerate(sources, 1):
        for state in ("live", "killed", "closed"):
            story = folder / f"{schema}_{state}" / "live_story.txt"
            story.parent.mkdir()
            command = [sys.executable, "-m", "tests.first_stage.a_bot", str(story), "0", str(a_bot.STEPS)]
            command.append("close" if state == "closed" else "wait")
            env = {**os.environ, "PYTHONPATH": f"{source}:."}
            bot = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            if state != "closed":
                assert bot.stdout is not None
                bot.stdout.readline()
            if state == "live":
                pack(story.parent, f"journals/{schema}_{state}")
            if state != "closed":
                bot.kill()
            bot.wait()
            if state != "live":
                pack(story.parent, f"journals/{schema}_{state}")
    newest = folder / f"{len(sources)}_closed"
    compacted = folder / f"{len(sources)}_compacted"
    shutil.copytree(newest, compacted)
    done = livestory("compact", "--dir", compacted, "--keep", "5d", cwd=folder)
    assert done.returncode == 0, done.stderr
    pack(compacted, f"journals/{compacted.name}")
    # Schema 2's own compaction is lost; it took away the same rows.
    older = folder / "2_compacted"
    shutil.copytree(folder / "2_closed", older)
    db = apsw.Connection(str(older / "live_story.db"))
    db.execute("ATTACH ? AS newer", [str(compacted / "live_story.db")])
    db.execute("""DELETE FROM observations WHERE time NOT IN (SELECT time FROM newer.observations);
    UPDATE observations SET (no_trade_reason, next_due) =
    (SELECT no_trade_reason, next_due FROM newer.observations AS o WHERE o.time = observations.time);
    INSERT INTO compacted SELECT until, seq, narrator FROM newer.compacted""")
    db.close()
    (older / "live_story.db-wal").touch()  # which our own connections leave there
    pack(older, f"journals/{older.name}")


def readings(folder: Path) -> None:
    """What is read from the journals."""
    keep("readings", all_read(folder))
    story = unpack("journals/3_closed", folder / "continued")
    before = said(story, "tail", "-n", 1000, "--dir", story).splitlines()
    command = [
        sys.executable,
        "-m",
        "tests.first_stage.a_bot",
        str(story / "live_story.txt"),
        str(a_bot.STEPS),
        "8",
        "close",
    ]
    subprocess.run(command, env=os.environ, check=True)
    after = said(story, "tail", "-n", 1000, "--dir", story).splitlines()
    keep("continued", {"lines": "\n".join(after[len(before) - 1 :])})


def run(folder: Path) -> None:
    """What each command says of one run."""
    keep("run", run_and_read(folder))


def saved_names(_: Path) -> None:
    """Names and defaults of all that is saved."""
    (HERE / "saved_names.txt").write_text("\n".join(structs.lines()) + "\n", "utf-8")


GROUPS = {each.__name__: each for each in (bots, journals, readings, run, saved_names)}


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        GROUPS[sys.argv[1]](Path(scratch), *sys.argv[2:])
