"""How a result is told: in percent and money, and after which fees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livestory.story.wording import numbers
from livestory.story.wording.text import escape, of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

_AFTER = {
    "all": "after fees",
    "some": "after the fees that are known",
    "none": "before fees",
    "reported": "as reported",
}


def result(
    share: float | None, money: Decimal, asset: str | None, after_fees: str, fees_left_out: Mapping[str, Decimal]
) -> str:
    """``+3.2% after fees (+0.0085 BTC)``, ``+1.98 USDT before 0.0012 BNB of fees``."""
    gain = of(numbers.earned(money, asset), asset)
    left_out = amounts(fees_left_out) if fees_left_out and after_fees == "all" else ""
    basis = f"before {left_out} of fees" if left_out else _AFTER.get(after_fees) or escape(after_fees)
    return f"{gain} {basis}" if share is None else f"{numbers.percent(share)} {basis} ({gain})"


def funding(by_asset: Mapping[str, Decimal], *, in_it: bool) -> str:
    """``funding paid 1.2 USDT, not in it``: what was received less what was paid, and whether the result holds it."""
    told = paid_or_received(by_asset, amounts) if by_asset else ""
    return f"funding {told}, {'in it' if in_it else 'not in it'}" if told else ""


def paid_or_received(by_asset: Mapping[str, Decimal], tell: Callable[[Mapping[str, Decimal]], str]) -> str:
    """``received 1.2 USDT and paid 0.001 BTC``: amounts by their sign."""
    received = tell({asset: amount for asset, amount in by_asset.items() if amount > 0})
    paid = tell({asset: amount.copy_negate() for asset, amount in by_asset.items() if amount < 0})
    return " and ".join(f"{what} {told}" for what, told in (("received", received), ("paid", paid)) if told)


def amounts(by_asset: Mapping[str, Decimal]) -> str:
    """``0.0012 BNB and 3.5 USDT``: exact amounts, each with its asset."""
    return " and ".join(of(numbers.exact(amount), asset) for asset, amount in sorted(by_asset.items()) if amount)
