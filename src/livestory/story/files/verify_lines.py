"""What is wrong with a text, line by line, against the lines that it should have."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from livestory.story.journal.entry import ShownLine

_MOST = 20  # findings told of one text


class Finding(Struct, frozen=True):
    """One thing that is wrong."""

    where: str  # a file with its line, a journal with its event
    what: str
    remedy: str


def line_findings(
    where: str, remedy: str, content: bytes, expected: Sequence[ShownLine], archived: Collection[bytes] = ()
) -> list[Finding]:
    """How ``content`` differs from ``expected``; ``archived`` are lines that belong into an archive instead."""
    found: list[Finding] = []
    for number, what in _Comparison(content, expected, archived).differences():
        if len(found) == _MOST:
            found.append(Finding(where, "there is more", remedy))
            break
        found.append(Finding(f"{where}:{number}", what, remedy))
    return found


class _Comparison:
    """Walks through the text beside the lines it should have."""

    def __init__(self, content: bytes, expected: Sequence[ShownLine], archived: Collection[bytes]) -> None:
        self.expected = [line.line.encode() for line in expected]
        self.seqs = [line.seq for line in expected]
        self.archived = archived
        self.found = content.split(b"\n")
        self.torn = self.found.pop()  # what follows the last line end
        self.ahead = Counter(self.found)  # lines that the walk has not come to
        self.places: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, text in enumerate(self.expected):
            self.places[text].append(place)
        self.passed: set[int] = set()  # places whose lines stand further down
        self.early: set[int] = set()  # places whose lines stand further up
        self.at = 0  # the place in `expected` that comes next

    def differences(self) -> Iterator[tuple[int, str]]:
        for number, text in enumerate(self.found, 1):
            self._skip_early()
            self.ahead[text] -= 1
            if self.at < len(self.expected) and text == self.expected[self.at]:
                self.at += 1
            else:
                following = self.found[number] if number < len(self.found) else None
                for what in self._odd(text, following):
                    yield number, what
        self._skip_early()
        last = len(self.found) + 1
        if self.torn:
            whole = self.at < len(self.expected) and self.expected[self.at].startswith(self.torn)
            yield last, f"the line of event {self.seqs[self.at]} is torn" if whole else "a torn line that is not ours"
            self.at += whole
        yield from ((last, what) for what in self._missing(len(self.expected)))

    def _odd(self, text: bytes, following: bytes | None) -> Iterator[str]:
        """What is wrong with a line that is not the one that comes next."""
        places = self.places.get(text, [])
        later = places[bisect_left(places, self.at) :]
        wanted = self.expected[self.at] if self.at < len(self.expected) else None
        if later and wanted is not None and following == wanted:
            self.early.add(later[0])
            yield f"the line of event {self.seqs[later[0]]} is out of order"
        elif later:
            yield from self._missing(later[0])
            self.at = later[0] + 1
        elif places:
            place = next((place for place in places if place in self.passed), None)
            self.passed.discard(-1 if place is None else place)
            yield f"the line of event {self.seqs[places[0] if place is None else place]} is " + (
                "doubled" if place is None else "out of order"
            )
        elif text in self.archived:
            yield "a line that is in the archive already"
        elif wanted is not None and not self.ahead[wanted]:
            yield f"the line of event {self.seqs[self.at]} is altered"
            self.at += 1
        else:
            yield "a line that is not in the journal"

    def _missing(self, until: int) -> Iterator[str]:
        """Go on to the place ``until``; tell which lines before it are nowhere."""
        gone = []
        for place in range(self.at, until):
            if self.ahead[self.expected[place]] > 0:
                self.passed.add(place)
            elif place not in self.early:
                gone.append(self.seqs[place])
        self.at = until
        if gone:
            yield (
                f"the line of event {gone[0]} is missing"
                if len(gone) == 1
                else (f"the lines of events {gone[0]} to {gone[-1]} are missing ({len(gone)})")
            )

    def _skip_early(self) -> None:
        while self.at in self.early:
            self.at += 1
