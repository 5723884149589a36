"""The keys of the reasons that come after the strategy's: from risk, from the exchange, from the executor itself.

Risk. Shares are fractions, losses negative.

    owner               no trade: halted by hand; also why everything is sold, where that was asked for
    journal             no trade: the journal is new and the account is not empty

    breaker             sells all; value: the drawdown; limit: the breaker's, negative
    halted              no trade, and nothing left to sell
    daily_loss          no buy; value: the day's return; limit: the daily loss limit, negative
    max_weight          no buy; value: the weight aimed at; limit: the greatest weight

The exchange's filters, and what it answers. They put a trade off that was wanted.

    dust                value: the quantity; limit: the least step of a quantity
    step_size           value: the quantity, which is not on the step; limit: the step
    min_notional        value: the order's value in the quote asset; limit: the least value
    insufficient_funds  value: what the order needs, limit: what there is; quote asset for a buy, base asset for a sale
    unfilled            the order ended without a trade: too dear by then, or it never reached the exchange
    market_halted       no order is taken now; text: the exchange's own word

The tactics of an order.

    spread              value: the spread; limit: the greatest
    not_offered         the rest was not filled while the order waited; limit: how far it follows, if at all; text: how
                        long
    exchange_down       the exchange's book can't be read

The executor.

    order_open          no trade; an earlier order still lives
    unknown_order       no trade; the answer to an earlier order was lost, and is being asked for
    ledger              no buy; its intent can't be kept
"""

from __future__ import annotations

KEYS = frozenset(
    (
        *("owner", "journal", "breaker", "halted", "daily_loss", "max_weight"),
        *("dust", "step_size", "min_notional", "insufficient_funds", "unfilled", "market_halted"),
        *("spread", "not_offered", "exchange_down"),
        *("order_open", "unknown_order", "ledger"),
    )
)
"""Every key that risk, exchange and executor give."""
