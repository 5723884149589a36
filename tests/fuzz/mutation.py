"""Files as a disk, a network or a stranger would leave them: a good one with some bytes changed, lost or put in."""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from tests.reliability.amount import TORTURE, amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_BASE = int(os.environ.get("LIVESTORY_FUZZ") or (Random().getrandbits(32) if TORTURE else 0))  # noqa: S311  no secret
"""Bounded runs are all alike; each long one looks at inputs of its own, whose number a failure names."""

_ODD = (
    b"\0",
    b"\n",
    b"\r",
    b'"',
    b",",
    b"\xff",
    b"\xe2\x80\xa8",
    b"\x1b[2J",
    b"nan",
    b"-1",
    b"1e400",
    b"9" * 30,
    b" | ",
)


class Example(Struct):
    """One input, made anew by its number: ``LIVESTORY_FUZZ=<base>`` and that number."""

    number: int
    random: Random

    def __str__(self) -> str:
        """What a failure says of it."""
        return f"example {self.number} of LIVESTORY_FUZZ={_BASE}"

    def mutated(self, content: bytes, others: Sequence[bytes] = (), odd: Sequence[bytes] = _ODD) -> bytes:
        """``content`` after one to four mutations, some of them with a piece of one of ``others``."""
        changed = bytearray(content)
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            self._mutate(changed, others or (content,), odd)
        return bytes(changed)

    def _mutate(self, content: bytearray, others: Sequence[bytes], odd: Sequence[bytes]) -> None:
        random = self.random
        at = random.randrange(len(content) + 1)
        until = min(len(content), at + random.choice((1, 1, 2, 8, 64)))
        change: Callable[[], object] = random.choice(
            (
                lambda: content.__setitem__(
                    slice(at, until),
                    bytes(byte ^ 1 << random.randrange(8) for byte in content[at : at + 1]) + content[at + 1 : until],
                ),
                lambda: content.__setitem__(slice(at, min(at + 1, until)), random.randbytes(1)),
                lambda: content.__delitem__(slice(at, until)),
                lambda: content.__setitem__(slice(at, at), content[at:until] * random.randrange(1, 4)),
                lambda: content.__setitem__(slice(at, at), random.choice(odd)),
                lambda: content.__setitem__(slice(at, until), random.choice(odd)),
                lambda: content.__delitem__(slice(at, None)),
                lambda: content.__setitem__(slice(at, until), _piece(random, random.choice(others))),
            )
        )
        change()


def _piece(random: Random, content: bytes) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[at : at + random.choice((1, 4, 16, 64))]


def examples(bounded: int, torture: int) -> Iterator[Example]:
    """As many as are wanted."""
    for number in range(amount(bounded, torture)):
        yield Example(number, Random(f"{_BASE}/{number}"))  # noqa: S311  as above
