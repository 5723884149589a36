"""SIGKILL between the send and the acknowledgement, and anywhere else: nothing is lost, and what is doubled says so."""

from __future__ import annotations

import random
import signal
import time
from functools import partial
from typing import TYPE_CHECKING

from livestory.story.files.layout import Layout
from tests.alerts.delivering import enrolled
from tests.alerts.service import Service, serving
from tests.cli.program import environment, livestory, started
from tests.patience import until
from tests.reliability.amount import amount

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.teller import Teller

KILLS = amount(10, 1_000)
CONFIGURATION = """
[alerts.channels.hook]
service = "webhook"
address_env = "HOOK"
severity = "all"
"""


def test_no_kill_loses_a_line(tmp_path: Path, story: Path, teller: Teller) -> None:
    """Doubled only where the service had accepted and the answer was lost; then with the same id and the mark."""
    (tmp_path / "livestory.toml").write_text(CONFIGURATION)
    chance = random.Random(7)  # noqa: S311 - a schedule, no secret
    told: list[str] = []
    with serving() as service:
        env = environment(HOOK=service.environ()["HOOK"])
        assert livestory("alert", "--dir", story, "test", cwd=tmp_path, env=env).returncode == 0
        service.accepted.clear()
        for _ in range(KILLS):
            in_flight = chance.random() < 0.5
            if in_flight:
                service.faults.append("slow")
            alert = started("alert", "--dir", story, cwd=tmp_path, env=env)
            if not told:  # it begins where the story stands
                until(partial(enrolled, Layout.of(story), "hook"))
            words = [f"note {len(told) + number}" for number in range(chance.randint(1, 3))]
            teller.notes(*words)
            told += words
            if in_flight:
                until(lambda: not service.faults)
            else:
                assert alert.stderr is not None
                alert.stderr.readline()  # it is at work
                time.sleep(chance.random() * 0.4)
            alert.send_signal(signal.SIGKILL)
            alert.communicate()
            _let_go(service)
        alert = started("alert", "--dir", story, cwd=tmp_path, env=env)
        teller.note("the last")
        told.append("the last")
        until(lambda: bool(service.accepted) and service.accepted[-1].lines[-1].endswith(told[-1]))
        alert.terminate()
        _, trouble = alert.communicate()
        assert (alert.returncode, trouble.count("\n")) == (0, 1)
    messages = {taken.id: taken.lines for taken in service.accepted}
    assert [line.rpartition(" | ")[2] for lines in messages.values() for line in lines] == told
    seen: set[str | None] = set()
    for taken in service.accepted:
        assert taken.body["again"] or taken.id not in seen
        assert taken.lines == messages[taken.id]
        seen.add(taken.id)
    assert len(service.accepted) > len(messages)


def _let_go(service: Service) -> None:
    """End the answers that nobody waits for any more."""
    service.release.set()
    service.release.clear()
    service.faults.clear()
