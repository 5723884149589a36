"""Names are looked up, each on a thread of its own: one whose server is silent holds up no other, and not the end."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class Lookups(ThreadPoolExecutor):
    """What an event loop asks for addresses: its own few threads would all wait for the names that hang.

    What is being looked up already is not looked up once more, so there are no more threads than names.
    """

    def __init__(self) -> None:
        """Nothing is looked up."""
        super().__init__(1)  # none of which is used
        self._asked: dict[object, Future[Any]] = {}

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The answer, once it is there."""
        key = fn, args
        future: Future[T] | None = self._asked.get(key)
        if future is None or future.done():
            future = self._asked[key] = Future()
            future.set_running_or_notify_cancel()
            threading.Thread(target=_answer, args=(future, fn, args, kwargs), name="lookup", daemon=True).start()
        return future


def _answer(future: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            future.set_exception(error)
        else:
            future.set_result(result)
