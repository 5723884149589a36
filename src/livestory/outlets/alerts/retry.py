"""When a message that a service did not take is tried again."""

from __future__ import annotations

from msgspec import Struct


class Retry(Struct):
    """The tries in vain, in a row. Instants are of a clock that is never set; all are microseconds."""

    next: int | None = None  # None: nothing is waited for
    last: int | None = None  # None: this process has not tried in vain yet
    failures: int = 0

    def since_last(self, now: int) -> int:
        """The time since the last try in vain; 0 before the first."""
        return 0 if self.last is None else now - self.last

    def fail(self, now: int, first: int, most: int, asked: int) -> None:
        """Count a try in vain. The next is after ``first``, doubled each time up to ``most``, or as late as asked."""
        self.next = now + max(min(first << min(self.failures, 30), most), asked)
        self.last = now
        self.failures += 1

    def shorten(self, now: int) -> None:
        """Count a try in vain after which a shorter message is tried at once."""
        self.next = self.last = now

    def clear(self) -> None:
        """Forget all tries: a message was accepted or given up."""
        self.next, self.last, self.failures = None, None, 0
