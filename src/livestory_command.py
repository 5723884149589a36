"""The command `livestory`. Interrupted at any moment, it ends with status 130 and without a traceback.

It is no module of the package: to read that takes a tenth of a second, in which Ctrl-C would show where it is.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line and exit."""
    before = signal.getsignal(signal.SIGINT)
    is_heard = before is signal.default_int_handler  # it is ignored in what a shell runs in the background
    if is_heard:
        signal.signal(signal.SIGINT, _end)
    sys.unraisablehook = _interrupt_again
    from livestory.cli import main as run  # noqa: PLC0415 - what takes its time

    try:
        signal.signal(signal.SIGINT, before)
        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    finally:
        if is_heard:
            signal.signal(signal.SIGINT, _end)
    sys.exit(0)


def _end(*_: object) -> None:
    """Nothing is begun yet, or all of it is done."""
    os._exit(_INTERRUPTED)


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """An interrupt that came where Python can't raise it, such as a destructor, would be printed and forgotten."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _thread.start_new_thread(_thread.interrupt_main, ())  # here it would be raised within this very call
    else:
        sys.__unraisablehook__(unraisable)
