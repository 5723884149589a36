"""What a bot sends is at most what its fleet's database takes."""

from __future__ import annotations

import re
from importlib import resources

from livestory.outlets.fleet.database import LARGEST


def test_the_database_takes_a_line_and_a_record_of_the_largest_size() -> None:
    """And no larger one: the limit stands in the schema, which is never changed, and in the program."""
    schema = resources.files("livestory.outlets.fleet").joinpath("schema", "1.sql").read_text("utf-8")
    most = dict(re.findall(r"octet_length\((record|line)\) <= (\d+)", schema))
    assert most == {"record": str(LARGEST), "line": str(LARGEST)}
