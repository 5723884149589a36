"""A bot that tells its story through the public StoryWriter.

``python -m tests.first_stage.a_bot STORY FIRST COUNT END`` makes COUNT steps from number FIRST on. END is "close", or
"wait": it says that it is done and waits to be killed. Only what every release has is used, so that each can write it.
"""

from __future__ import annotations

import sys
from math import sin

from livestory import Observation, Reason, Rules, StoryWriter
from livestory.clock import DAY, HOUR, ManualClock

START = 20_500 * DAY  # 2026-02-16
STEP = 3 * HOUR
STEPS = 96  # twelve days: with seven kept, five are in the archive


def seen(n: int) -> Observation:
    """The bot at step ``n``: records, a crash at step 40 that halts it, and Phoenix at step 60."""
    peak = 1 + 0.004 * min(n, 40)
    wealth = peak * (0.75 if n >= 40 else 1) * (1 + 0.002 * (n - 60 if n > 60 else 0)) + 0.003 * sin(n)
    halted = 40 <= n < 60
    return Observation(
        time=START + n * STEP,
        wealth=None if n % 31 == 30 else wealth,
        price=0.05 + 0.002 * sin(n / 7),
        position=0.0 if halted else 10.0 + n % 3,
        weight=0.0 if halted else 0.5,
        target_weight=0.0 if halted else 0.5,
        regime="TREND" if n % 24 < 12 else "MEAN_REV",
        score=30 + 20 * sin(n / 5),
        threshold=25.0,
        drawdown=min(wealth / peak - 1, 0.0),
        halted=halted,
        halt_reason="breaker" if halted else None,
        resume_at=START + 56 * STEP if halted else None,
        resume_score=30.0 if halted else None,
        no_trade_reason=Reason("small_change", 0.01, 0.05) if n % 2 else None,
        flow=0.1 if n == 20 else None,
        next_due=START + (n + 1) * STEP,
    )


def step(told: StoryWriter, n: int) -> None:
    """What the bot says at step ``n``."""
    now = START + n * STEP
    if n == 0:
        told.log_event(now, "START", "Initial Wealth: 1.0000 BTC")
        told.rules(Rules(breaker=0.2, resume_score=30.0, max_weight=0.97), now)
    told.observe(seen(n))
    if n % 5 == 0:
        told.fill("sell" if n % 2 else "buy", 0.25, 0.0512, trade_id=str(n), reason="dip", fee=0.00001, timestamp=now)
    if n % 5 == 1:
        told.fill("sell", 0.25, 0.0512, trade_id=str(n - 1), timestamp=now)
        told.skip(Reason("min_notional", 0.00005, 0.0001), side="buy", timestamp=now)
    if n % 10 == 9:
        told.note(f"step {n} → ok\t<b>", now)
    told.check_ath(2 + n / 100, 2 + n / 200, now)
    told.check_regime_switch(20 + n % 12, 25, now)


def main() -> None:
    """Play it."""
    path, first, count, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    clock = ManualClock(START + first * STEP)
    told = StoryWriter(path, name="first", strict=True, max_wait=60, clock=clock)
    for n in range(first, first + count):
        clock.set(START + n * STEP)
        step(told, n)
    told.flush()
    if end == "wait":
        print("done", flush=True)  # noqa: T201  whoever waits for it reads it
        sys.stdin.read()
    told.close()


if __name__ == "__main__":
    main()
