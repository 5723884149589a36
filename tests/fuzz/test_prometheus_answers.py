"""FAULTS row 40: whatever a server answers, the export is a table that can be told, or nothing but a message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from livestory.clock import HOUR, instant
from livestory.errors import LivestoryError
from livestory.retell import metric_names
from livestory.retell.export_prometheus import export_prometheus
from livestory.retell.prometheus_api import Credentials, Prometheus, PrometheusSettings
from livestory.story.wording.text import visible
from tests.export.answering_server import Asked, answering
from tests.fuzz.inputs import corpus
from tests.fuzz.mutation import Example, examples
from tests.fuzz.oracle import bounded, is_harmless, still_at_it
from tests.fuzz.test_tables import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fuzz.conftest import Tried

ANSWERS = corpus("answers")
_NOON = instant("2024-12-03T12:00")
_TIME = 1_733_227_200.0
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**400, "", "NaN", "+Inf", "-Inf", "1e999999999", "x\n", "\x1b[31m", "\ud800", [], {},
    [[]], "0x1p3", 253_402_300_800, "253402300799", _TIME, [_TIME, "1"], [_TIME, 1], [[_TIME, "nan"], [_TIME, "1"]],
    {"__name__": "livestory_wealth"},
)  # fmt: skip


class Server:
    """Answers with whatever it is given, to one client that asks it again and again."""

    def __init__(self) -> None:
        self.client: Prometheus | None = None
        self.bodies: dict[str, bytes] = {}
        self.status = 200

    def answer(self, asked: Asked) -> None:
        asked.reply(self.status, self.bodies.get(asked.what, b""))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for all examples."""
    server = Server()
    with answering(server.answer) as url, Prometheus(PrometheusSettings(url=url), Credentials()) as server.client:
        yield server


def exported(server: Server, folder: Path) -> str:
    """What came of it: "exported, then told" or so by explain, or "refused", the old table untouched."""
    still_at_it()
    out = folder / "export.csv"
    out.write_text("as it was")
    assert server.client is not None
    names = metric_names.load("livestory")
    refusal = None
    try:
        export_prometheus(server.client, out, names, now=_NOON, start=_NOON - HOUR, end=_NOON + HOUR)
    except LivestoryError as error:
        refusal = str(error)
    assert [path.name for path in folder.iterdir()] == ["export.csv"]
    if refusal is None:
        return f"exported, then {told(out)}"
    assert is_harmless(visible(refusal))
    assert refusal.count("\n") <= 1
    assert out.read_text() == "as it was"
    return "refused"


def test_an_answer_of_the_corpus_is_a_table(server: Server, tmp_path: Path) -> None:
    """With everything that livestory's own metrics have."""
    server.bodies = {"series": ANSWERS["series.json"], "query": ANSWERS["query.json"]}
    with bounded():
        assert exported(server, tmp_path) == "exported, then told"


def test_any_answer_is_a_table_or_a_message(server: Server, tmp_path: Path, tried: Tried) -> None:
    """Bytes changed, lost or put in; and JSON with another value somewhere."""
    with bounded():
        for example in examples(250, 4_000):
            server.bodies = {"series": ANSWERS["series.json"], "query": ANSWERS["query.json"]}
            which = example.random.choice(("series", "query", "query", "query"))
            change = _bytes if example.random.random() < 0.3 else _values
            server.bodies[which] = change(example, server.bodies[which])
            server.status = example.random.choice((200, 200, 200, 200, 200, 400, 422, 503, 302))
            try:
                tried("answers of Prometheus", exported(server, tmp_path))
            except AssertionError as error:
                error.add_note(f"{example}: {server.status} {which} {server.bodies[which]!r}")
                raise


def _bytes(example: Example, body: bytes) -> bytes:
    return example.mutated(body, list(ANSWERS.values()))


def _values(example: Example, body: bytes) -> bytes:
    document: Any = json.loads(body)
    for _ in range(example.random.choice((1, 1, 2, 5))):
        document = _replaced(example, document)
    return json.dumps(document, allow_nan=True).encode("utf-8", "surrogatepass")


def _replaced(example: Example, value: Any) -> Any:
    """The value with something odd somewhere within."""
    random = example.random
    if isinstance(value, list) and value and random.random() < 0.9:
        place = random.randrange(len(value))
        if random.random() < 0.1:
            return value[:place] + [value[place]] * random.randrange(3) + value[place:]
        return [*value[:place], _replaced(example, value[place]), *value[place + 1 :]]
    if isinstance(value, dict) and value and random.random() < 0.9:
        name = random.choice(list(value))
        if random.random() < 0.1:
            return {key: each for key, each in value.items() if key != name}
        return value | {name: _replaced(example, value[name])}
    if isinstance(value, str) and value and random.random() < 0.5:
        return example.mutated(value.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
    return random.choice(_ODD)
