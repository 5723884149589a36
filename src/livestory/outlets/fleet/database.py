"""A connection to a fleet's database: what it refuses in words, and nothing that is waited for for ever."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any, ClassVar

import psycopg

from livestory import credentials
from livestory.clock import HOUR
from livestory.errors import InputError, LivestoryError
from livestory.outlets.fleet.schema import VERSION
from livestory.story.wording import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from livestory.clock import Clock
    from livestory.outlets.fleet.address import FleetAddress

LARGEST = 65_536
"""Bytes of a line, and of a record; the database refuses more, by its own CHECKs (`schema/1.sql`)."""
BATCH = 1000
"""Rows that are read in one step."""
_ANSWERS_WITHIN = 60.0  # seconds; a connection that is silent for longer is given up
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # seconds until a database that can't be reached is asked again
_LONGEST_REFUSED = 30.0  # until one that refuses is
# What a server says that comes, goes, or has no room just now; connecting, libpq gives no state, only words.
_PASSING = (
    *("starting up", "shutting down", "recovery", "not yet accepting", "not accepting", "terminating"),
    *("too many", "remaining connection slots"),
)
_OF_TLS = ("certificate", "does not support SSL")
_REFUSING = ("FATAL", "password", "authentication", *_OF_TLS)
_PASSING_STATES = ("08", "25006", "40", "53", "55", "57")  # classes and states of SQL
_NO_RIGHT = "42501"
_NO_FLEET = {"3F000", "42883", "42P01"}


class FleetUnreachable(LivestoryError):
    """The database can't be asked at present: it is away, busy with itself, or its address is another."""

    exit_status: ClassVar[int] = 2  # of a command that ends with it: who waits goes on


class FleetRefused(InputError):
    """The database, or who asks it, is not what it should be: only a person can change that."""


def opened(address: FleetAddress, purpose: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection. Raises FleetUnreachable and FleetRefused."""
    with asked(address):
        return address.connect(purpose)


@contextmanager
def asked(
    address: FleetAddress,
    connection: psycopg.Connection[Any] | None = None,
    within: float = _ANSWERS_WITHIN,
    *,
    needs: str = "",
) -> Iterator[None]:
    """Raise what goes wrong within as FleetUnreachable or FleetRefused.

    An answer that does not come in time ends ``connection``. ``needs``: what who asks has to be allowed, in words.
    """
    watch, descriptor = None, -1
    if connection is not None and not connection.closed:
        descriptor = os.dup(connection.fileno())
        watch = Timer(within, _cut, (descriptor,))
        watch.daemon = True
        watch.start()
    try:
        yield
    except psycopg.Error as error:
        # Neither the cause nor its traceback goes on: they hold the parameters of the connection.
        raise _told(address, error, needs) from None
    finally:
        if watch is not None:
            watch.cancel()
            watch.join()  # it may be about to use the descriptor
            os.close(descriptor)


class Troubles:
    """The troubles of one who goes on: each is told once until all is well again, and that, too."""

    def __init__(self, report: Callable[[str], object], well: str) -> None:
        """``report`` is called with each new trouble, and with ``well`` at its end."""
        self._report = report
        self._well = well
        self._told: set[str] = set()
        self._attempts = 0

    @property
    def none(self) -> bool:
        """Whether all is well, as far as is known."""
        return not self._attempts

    def tell(self, error: LivestoryError, remark: str = "") -> None:
        """Tell a trouble that is new. A database that is away has many words for it, one after the other."""
        known = "away" if isinstance(error, FleetUnreachable) else str(error)
        if known not in self._told:
            self._told.add(known)
            self._report(f"{error}\n{remark}".rstrip())

    def pause(self, error: LivestoryError) -> float:
        """How many seconds to wait until it is tried again: a person's remedy takes longer than a restart."""
        longest = _LONGEST_REFUSED if isinstance(error, FleetRefused) else _LONGEST_PAUSE
        self._attempts += 1
        return min(_FIRST_PAUSE * (1 << min(self._attempts - 1, 10)), longest)

    def ended(self) -> None:
        """Tell that all is well, where it was not."""
        if self._told:
            self._report(self._well)
        self._told.clear()
        self._attempts = 0


def check(address: FleetAddress, found: Mapping[str, Any], clock: Clock) -> None:
    """Raise FleetRefused where the fleet is of another release than this, or another time than now."""
    version, now = found["version"], int(found["now"])
    if version != VERSION:
        newer = version is not None and version > VERSION
        remedy = "Upgrade livestory here." if newer else f"Bring it up to date: livestory fleet init --to {address.url}"
        message = f"{address.name}: a fleet of schema {version}, and this livestory knows {VERSION}\n{remedy}"
        raise FleetRefused(message)
    off = clock.now() - now
    if abs(off) >= HOUR:
        way = "ahead of" if off > 0 else "behind"
        message = (
            f"{address.name}: this machine's clock is {numbers.duration(abs(off))} {way} the database's\n"
            "Set the clock that is wrong: what is told here and there could not be put in order."
        )
        raise FleetRefused(message)


def _cut(descriptor: int) -> None:
    """End a connection from under whoever waits for it."""
    with socket.socket(fileno=os.dup(descriptor)) as other:
        other.shutdown(socket.SHUT_RDWR)


def _told(address: FleetAddress, error: psycopg.Error, needs: str) -> LivestoryError:
    state = error.sqlstate or ""
    words = (error.diag.message_primary or str(error)).removeprefix("connection failed: ").strip()
    words = " ".join(words.split("\n")[0].split()) or "the connection ended"
    if address.password is not None:
        words = credentials.redacted(words, [address.password])
    passing = any(each in words for each in _PASSING) if not state else state.startswith(_PASSING_STATES)
    if passing or not (state or any(each in words for each in _REFUSING)):
        return FleetUnreachable(f"{address.name}: can't be reached: {words}")
    if state in _NO_FLEET:
        remedy = f"Make one: livestory fleet init --to {address.url}"
        return FleetRefused(f"{address.name}: there is no fleet in this database\n{remedy}")
    if not state and any(each in words for each in _OF_TLS):
        remedy = (
            "Name the host as the server's certificate does, and who vouches for it: …?sslrootcert=FILE (docs/fleet.md)"
        )
        return FleetRefused(f"{address.name}: the server does not prove who it is: {words}\n{remedy}")
    remedy = (
        "Check the address, the user and the password (LIVESTORY_FLEET_PASSWORD): what livestory fleet init gave out "
        "for this bot or hub; init itself takes an administrator's."
    )
    if state == _NO_RIGHT and needs:
        remedy = needs
    elif state.startswith(("22", "23")):
        remedy = "A row of the journal is larger or other than a fleet takes: livestory verify"
    return FleetRefused(f"{address.name}: refused: {words}\n{remedy}")
