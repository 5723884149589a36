"""The account as its owner asks for it: balances, rates, the key's permissions, deposits and withdrawals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livestory.clock import DAY, as_datetime
from tests.exchange.binance_spot.parameters import check_symbol, span
from tests.exchange.binance_spot.records import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from tests.exchange.binance_spot.access import Access
    from tests.exchange.binance_spot.matching import Exchange
    from tests.exchange.binance_spot.records import Flow

_MILLIS = 1000


class Wallet:
    """The private half of the interface that moves nothing."""

    def __init__(self, exchange: Exchange, access: Access) -> None:
        self.exchange = exchange
        self.access = access

    def account(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Balances and rates."""
        exchange = self.exchange
        rate = exchange.fees.rate
        points = int(rate * 10_000)
        balances = sorted(exchange.shown_balances().items())
        leave_out = params.get("omitZeroBalances") == "true"
        return {
            "makerCommission": points,
            "takerCommission": points,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": self._rates(rate),
            "canTrade": exchange.can_trade,
            "canWithdraw": exchange.can_withdraw,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": exchange.now // _MILLIS,
            "accountType": "SPOT",
            "balances": [
                {"asset": asset, "free": self.exchange.rules.text(free), "locked": self.exchange.rules.text(locked)}
                for asset, (free, locked) in balances
                if free or locked or not leave_out
            ],
            "permissions": ["SPOT"],
            "uid": 354937868,
        }

    def _rates(self, rate: Decimal) -> dict[str, str]:
        text, none = self.exchange.rules.text(rate), self.exchange.rules.text(ZERO)
        return {"maker": text, "taker": text, "buyer": none, "seller": none}

    def commission(self, params: Mapping[str, str]) -> dict[str, Any]:
        """What a trade costs."""
        check_symbol(self.exchange.rules, params)
        fees = self.exchange.fees
        pays_in_bnb = fees.asset == "BNB"
        return {
            "symbol": params["symbol"],
            "standardCommission": self._rates(fees.rate),
            "specialCommission": self._rates(ZERO),
            "taxCommission": self._rates(ZERO),
            "discount": {
                "enabledForAccount": pays_in_bnb,
                "enabledForSymbol": pays_in_bnb,
                "discountAsset": "BNB",
                "discount": self.exchange.rules.text(1 - fees.discount),
            },
        }

    def trade_fee(self, _: Mapping[str, str]) -> list[dict[str, Any]]:
        """What a trade costs, as the wallet tells it."""
        rate = str(self.exchange.fees.rate)
        return [{"symbol": self.exchange.rules.symbol, "makerCommission": rate, "takerCommission": rate}]

    def restrictions(self, _: Mapping[str, str]) -> dict[str, Any]:
        """What the key may be used for."""
        given = self.access.credentials
        others = ("InternalTransfer", "Futures", "PortfolioMarginTrading", "VanillaOptions", "Margin")
        return {
            "ipRestrict": given.ip_restricted,
            "createTime": 1_698_645_219_000,
            **{f"enable{name}": False for name in others},
            "permitsUniversalTransfer": False,
            "enableReading": True,
            "enableSpotAndMarginTrading": given.trades,
            "enableWithdrawals": given.withdraws,
        }

    def _flows(self, params: Mapping[str, str], kind: str) -> list[Flow]:
        since, until = span(params, DAY * 90)
        shown = [
            flow
            for flow in self.exchange.flows
            if flow.kind == kind and since <= flow.time <= until and params.get("coin", flow.asset) == flow.asset
        ]
        offset = int(params.get("offset", 0))
        return shown[::-1][offset : offset + int(params.get("limit", 1000))]  # the newest first

    def deposits(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """What came, the newest first."""
        return [
            {
                "id": flow.id,
                "amount": f"{flow.amount:f}",
                "coin": flow.asset,
                "network": flow.asset,
                "status": 1,
                "address": "test-address",
                "addressTag": "",
                "txId": f"tx-{flow.id}",
                "transferType": 0,
                "insertTime": flow.time // _MILLIS,
                "completeTime": flow.time // _MILLIS,
                "confirmTimes": "2/2",
            }
            for flow in self._flows(params, "deposit")
        ]

    def withdrawals(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """What went, the newest first."""
        return [
            {
                "id": flow.id,
                "amount": f"{-flow.amount - flow.fee:f}",
                "transactionFee": f"{flow.fee:f}",
                "coin": flow.asset,
                "status": 6,
                "address": "test-address",
                "txId": f"tx-{flow.id}",
                "applyTime": f"{as_datetime(flow.time):%Y-%m-%d %H:%M:%S}",
                "network": flow.asset,
                "completeTime": f"{as_datetime(flow.time):%Y-%m-%d %H:%M:%S}",
                "transferType": 0,
            }
            for flow in self._flows(params, "withdraw")
        ]
