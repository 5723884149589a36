"""Several markets at one address, for who only looks: each has its own bars, rules and book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tests.exchange.binance_spot.access import Access, Credentials
from tests.exchange.binance_spot.faults import Answer
from tests.exchange.binance_spot.matching import Exchange
from tests.exchange.binance_spot.rest import Rest
from tests.exchange.binance_spot.server import KEY, SECRET, BinanceSpot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livestory.clock import Clock
    from livestory.trading.market.bar import Bar
    from tests.exchange.binance_spot.faults import Request
    from tests.exchange.binance_spot.records import Rules


class Markets(BinanceSpot):
    """The exchange of the first market, which also tells of the others what everybody may know."""

    def __init__(self, markets: Mapping[Rules, Sequence[Bar]], clock: Clock, port: int = 0) -> None:
        (rules, bars), *others = markets.items()
        super().__init__(bars, clock, port, rules=rules)
        self.exchanges = {rules.symbol: self.exchange}
        self.exchanges |= {rules.symbol: Exchange(bars, clock, rules=rules) for rules, bars in others}
        self.rest = _Public(self.rest, self.exchanges)


class _Public(Rest):
    """Asks the market that is named; where none is, all of them."""

    def __init__(self, own: Rest, exchanges: Mapping[str, Exchange]) -> None:
        super().__init__(own.exchange, own.access)
        self._own = own
        self._rests = {
            symbol: Rest(exchange, Access(exchange, Credentials(KEY, SECRET))) for symbol, exchange in exchanges.items()
        }

    def answer(self, request: Request, key: str | None, signed: str) -> Answer:
        if (symbol := request.params.get("symbol")) is not None:
            return self._rests.get(symbol, self._own).answer(request, key, signed)
        if not request.what.startswith(("GET /api/v3/ticker/", "GET /api/v3/exchangeInfo")):
            return self._own.answer(request, key, signed)
        bodies = [msgspec.json.decode(rest.answer(request, key, signed).body) for rest in self._rests.values()]
        if isinstance(bodies[0], list):
            return Answer(200, msgspec.json.encode(_each_once([each for body in bodies for each in body])))
        markets = _each_once([each for body in bodies for each in body["symbols"]])
        return Answer(200, msgspec.json.encode(bodies[0] | {"symbols": markets}))


def _each_once(markets: list[dict[str, object]]) -> list[dict[str, object]]:
    return list({market["symbol"]: market for market in markets}.values())
