"""Records what the first stage wrote and said: ``python -m tests.first_stage.record GROUP``.

``bots`` are recorded with the program of then, which PYTHONPATH names: ``PYTHONPATH=CHECKOUT/src`` of commit 45faecd.
"""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import json

from tests.exchange.binance_spot import faults
from tests.first_stage.packed import HERE, pack
from tests.first_stage.testnet import Scene, BotAtExchange, bought, tripping


class SilentAfterAnOrder:
    """Once an order has come, nothing of the account is shown."""

    _ordered = False

    def fault(self, request: faults.Request) -> faults.Fault | None:
        """By what was asked."""
        self._ordered = self._ordered or request.what == "POST /api/v3/order"
        asked = request.method == "GET" and "signature" in request.params
        return faults.BAD_GATEWAY_BEFORE if self._ordered and asked else None


def bots(folder: Path) -> None:
    """Three bots at an exchange, killed: one trades; one waits for the answer to its sale; one knows nothing of it."""
    with ExitStack() as stack:
        bot = bought(folder / "trading", stack)
        bot.end(signal.SIGKILL)
        _keep(bot, "trading")
        bot = tripping(folder / "sent", stack, faults.FROZEN_AFTER)
        bot.end(signal.SIGKILL)
        _keep(bot, "sent")
        bot = tripping(folder / "unknown", stack, faults.LOST_REPLY, SilentAfterAnOrder())
        bot.until(lambda: bot.told("Order Unknown"))
        bot.end(signal.SIGKILL)
        _keep(bot, "unknown")


def _keep(bot: BotAtExchange, name: str) -> None:
    pack(bot.story.parent, f"bots/{name}")
    scene = Scene(bot.server.exchange.now, bot.placed())
    (HERE / "bots" / f"{name}.json").write_bytes(json.format(json.encode(scene)) + b"\n")


GROUPS = {"bots": bots}


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        GROUPS[sys.argv[1]](Path(scratch))
