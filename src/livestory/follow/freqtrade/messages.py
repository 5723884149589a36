"""freqtrade's messages: what its WebSocket says, as it says it, read on a thread of its own."""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from livestory.follow.freqtrade import answers
from livestory.follow.freqtrade.rest import ApiNotNow, Name
from livestory.story.wording.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSE = 5.0  # seconds until it is tried again
_PATIENCE = 5.0
_MOST = 8_000_000  # bytes of one message
_MOST_OF_A_TAG = 255  # as freqtrade's own database has it
_TOPICS = (
    *("status", "warning", "entry", "entry_fill", "entry_cancel", "exit", "exit_fill", "exit_cancel"),
    *("protection_trigger", "protection_trigger_global", "analyzed_df"),
)
_SUBSCRIPTION = msgspec.json.encode({"type": "subscribe", "data": _TOPICS}).decode()
_log = logging.getLogger("livestory.follow")


class Candle(Struct, frozen=True, kw_only=True):
    """The last candle that freqtrade has analysed of a pair, with the signals on it."""

    pair: str
    opened: int  # milliseconds
    enter_long: bool = False
    exit_long: bool = False
    enter_short: bool = False
    exit_short: bool = False
    enter_tag: str | None = None


class Message(Struct, frozen=True, kw_only=True):
    """One thing that freqtrade said, as far as it is known here."""

    type: str
    pair: str | None = None
    candle: Candle | None = None


class _Frame(Struct):
    value: str = field(name="__value__")


class _Analyzed(Struct):
    key: tuple[Name, str, str]
    df: _Frame


class _Said(Struct):
    type: str
    pair: Name | None = None
    data: msgspec.Raw = msgspec.Raw()


class _Table(Struct):
    columns: list[str]
    data: list[list[object]]


def read(text: str | bytes) -> Message | None:
    """What a message says; None where nothing of it is known here."""
    try:
        said = answers.read(text.encode("utf-8", "replace") if isinstance(text, str) else text, _Said)
        if said.type != "analyzed_df":
            return Message(type=said.type, pair=said.pair)
        analyzed = answers.read(bytes(said.data), _Analyzed)
        table = answers.read(analyzed.df.value.encode(), _Table)
        row = dict(zip(table.columns, table.data[-1], strict=True))
        opened, tag = row["date"], row.get("enter_tag")
        if not isinstance(opened, int | float):
            return None
        flags = {name: row.get(name) == 1 for name in ("enter_long", "exit_long", "enter_short", "exit_short")}
        own = shortened(tag, _MOST_OF_A_TAG) if isinstance(tag, str) and tag != "nan" else None
        candle = Candle(pair=analyzed.key[0], opened=int(opened), enter_tag=own, **flags)
        return Message(type=said.type, pair=candle.pair, candle=candle)
    except (KeyError, IndexError, ValueError):
        return None


class Messages:
    """Hears the messages until it is closed, and again after each time that the connection is lost."""

    def __init__(self, address: Callable[[], str], hear: Callable[[Message], None]) -> None:
        """``address`` is asked before each connection, and may raise ApiNotNow; ``hear`` is called on the thread."""
        self._address = address
        self._hear = hear
        self._closed = Event()
        self._thread = Thread(target=self._run, name="freqtrade messages", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear nothing more from this moment on."""
        self._closed.set()

    def _run(self) -> None:
        from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException  # noqa: PLC0415 - on this thread: it takes its time

        while not self._closed.is_set():
            try:
                self._listen()
            except (InvalidHandshake, InvalidURI) as error:  # which would show the address, and so the token
                _log.warning("freqtrade's messages: refused (%s)", type(error).__name__)
            except (ApiNotNow, WebSocketException, OSError, ValueError):  # a ValueError: an address that is none
                pass
            self._closed.wait(_PAUSE)

    def _listen(self) -> None:
        from websockets.sync.client import connect  # noqa: PLC0415 - as above

        with connect(self._address(), open_timeout=_PATIENCE, close_timeout=1, max_size=_MOST, proxy=None) as socket:
            socket.send(_SUBSCRIPTION)
            while not self._closed.is_set():
                try:
                    message = read(socket.recv(timeout=1.0))
                except TimeoutError:
                    continue
                if message is not None:
                    self._hear(message)
