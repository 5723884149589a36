"""The tables that are known: their shapes, with the columns of each by all their usual names, and who writes them.

A spelling is a column's name without case, spaces and signs: ``Avg Entry Price`` and ``avg_entry_price`` are
``avgentryprice``, a percent sign is ``pct`` and ``#`` is ``no``. The first spelling that a table has is the column.
"""

from __future__ import annotations

from msgspec import Struct

from livestory.retell.columns import COLUMNS

_TIME = "time closetime timestamp datetime date barclose periodclose dateandtime ts iso index day at indexlevel0"
_CLOSES = " exittime exitdate closedat closedate"  # of what is known of a trade when it is closed
_SYMBOL = (
    "fillsymbol symbol symbols pair pairs instrument instrumentid instid ticker tradingpair assetpair product "
    "productid coin spotpairs futures security item contract contractname contracts asset currencypair code "
    "stockcode tscode tradingsymbol scrip contractcode market root stock underlying underlyingsymbol isin isincode "
    "securityisin identifier company companyname scripname securityname stockname instrumentname productname "
    "fundname scripcode"
)
_FEE = (
    "fillfee feecost fee fees feespaid execfee commission commissions feepaid feescost totalfee totalfees "
    "totalcommission "
    "tradefee tradingfee tradingfees transactionfee feeamount costs ibcommission commfee feesandorspread comm "
    "feesncomm "
    "commissionsnfees commissionsfees totalcosts transactionandorthirdpartyfees commissionpaid brokerage"
)
_OTHER_FEE = "taxes tax commission commissions comm commissionpaid brokerage"
_FEE_ASSET = (
    "fillfeeasset feeasset feeccy feecurrency feescurrency feecoin feetoken commissionasset commissioncurrency "
    "ibcommissioncurrency feeunit"
)
_RESULT = (
    "fillresult pnl netpnl netpnln profit profitabs closeprofitabs realizedpnl realisedpnl closedpnl closedpnln "
    "realizedpl realizedprofit fifopnlrealized netprofit netprofits finalprofit closingpnl profitloss result pnlabs "
    "pnlamount netpl pl pnln realizedpnln realisedpnln realizedplvalue realizedprofitloss gainloss grosspl grosspnl "
    "grossprofit net netresult pnlusd pnlusdt pnldollars positionpnl tradepnl pandl realizedgainloss fifopnl"
)
_WEALTH = (
    "wealth equity wealthtotal portfoliovalue accountequity accountvalue totalequity totalvalue networth "
    "netliquidation netliquidationvalue netliquidity netliq nav netassetvalue equitycurve portfolioequity "
    "strategyequity totalbalance totalassets accountbalance endingvalue endingequity bankroll equityvalue "
    "walletbalance finalbalance totalcapital portfolio balance capital total value strategy"
)
_FUNDING = "swap swaps rollover"
_STATUS = "status orderstatus state"
_QUOTE = (
    "quoteasset quotecurrency currencyprimary currencypriceshare pricecurrency pricefeetotalunit feetotalunit "
    "settlecurrency currency"
)


class Shape(Struct, frozen=True, eq=False, kw_only=True):
    """One way in which a table says what happened."""

    name: str  # as the story's head has it
    says: str  # what a row is, for a person
    columns: dict[str, str] = {}  # livestory's own names, each with its spellings
    needs: tuple[tuple[str, ...], ...] = ()  # of each, one
    told: bool = True  # else it is refused by its name, with `advice`
    advice: str = ""


class Writer(Struct, frozen=True):
    """A tool whose tables are known by columns that nobody else has."""

    name: str
    shape: str
    columns: str  # spellings


_OBSERVED = {name: name.replace("_", "") for name in COLUMNS if not name.startswith("fill_") and name != "trade_id"}
_FILL_OWN = {name: name.replace("_", "") for name in COLUMNS if name.startswith("fill_") or name == "trade_id"}

WEALTH = Shape(
    name="wealth",
    says="a row is what the bot saw at one instant: its wealth, and what else is known",
    columns=_OBSERVED
    | _FILL_OWN
    | {
        "time": _TIME + _CLOSES,
        "wealth": _WEALTH + " 0",
        "price": "price close pricemid mid closeprice lastprice",
        "weight": "weight actualweight actualw",
        "target_weight": "targetweight targetw",
        "score": "score regimescore",
        "threshold": "threshold regimethreshold adxthreshold",
        "drawdown": "drawdown drawdownpct dd ddpct drawdownpercent",
        "halted": "halted phoenixactive",
        "no_trade_reason": "notradereason reason reasons",
        "flow": "flow flows",
    },
)
FILLS = Shape(
    name="fills",
    says="a row is what was filled of one order; rows without a side say what the bot saw",
    columns=WEALTH.columns
    | {
        "wealth": _WEALTH.removesuffix(" capital total value strategy"),  # of a fill these are what was paid
        "time": (
            "time closetime executedat filledat filledtime filltime exectime executiontime tradetime transacttime "
            "transactiontime tsevent tslast timestamp datetime date barclose dateandtime ts iso index ordertime "
            "createdat updatedat createdtime updatedtime utctime orderexecutiontime tradedate activitydate "
            "transactiondate executiondate rundate filldate fillts exectimestamp createtime finishtime updatetime "
            "dealtime tradedatetime "
            "tradets placedtime td orderdatetime tradedtime"
        ),
        "fill_side": (
            "fillside side tradeside tradetype orderside action buysell bs buyorsell dir type subtype direction "
            "transactiontype transaction transcode isbuyer positionside posside signal ordertype trade decision way"
        ),
        "fill_effect": (
            "filleffect positioneffect poseffect openclose opencloseindicator entryexit event action direction "
            "type kind tradetype side code codes notescodes"
        ),
        "fill_quantity": (
            "fillquantity filled filledqty filledquantity filledamount fillsz fillsize executed executedqty execqty "
            "execquantity executedquantity executedamount dealquantity dealamount cumqty lastqty quantity qty shares "
            "units "
            "noofshares numofshare numofshares numshares tradedqty quantitytransacted baseamount amount size sz vol "
            "volume contracts lots lotsize orderamount"
        ),
        "fill_price": (
            "fillprice fillpx average avgprice averageprice avgtradingprice avgfilledprice filledprice avgpx lastpx "
            "execprice dealprice executedprice executionprice tradeprice tprice priceattransaction avgfillprice "
            "averagefillprice "
            "avgexecprice avgexecutionprice tradedprice price stockprice unitprice shareprice quoteprice px rate "
            "priceshare pricepershare"
        ),
        "limit_price": "price limitprice orderprice",
        "quantity_unit": "tradingunit",
        "paid": "cummulativequoteqty cumquote cumquoteqty filledvalue executedvalue quoteamount cost amountdollars",
        "fill_fee": _FEE,
        "other_fee": _OTHER_FEE,
        "fill_fee_asset": _FEE_ASSET,
        "fill_symbol": _SYMBOL,
        "trade_id": "tradeid exchangetradeid fillid execid txid transactionid deal id",
        "fill_order_id": "fillorderid orderid ordertxid clientorderid",
        "fill_result": _RESULT,
        "funding": _FUNDING,
        "fill_reason": "fillreason reason exitreason closereason tag comment note signalname",
        "status": _STATUS,
        "quote": _QUOTE,
    },
    needs=(("fill_side", "fill_quantity"), ("fill_quantity",), ("fill_price", "paid")),
)
TRIPS = Shape(
    name="round trips",
    says="a row is a trade from its entry to its exit; the exit is empty while it is open",
    columns={
        "entry_time": (
            "entrytime entrytimestamp entrydate entrydatetime entryts entryat opendate opentime opentimestamp "
            "openedat "
            "opened openeddate tsopened openingtime openingdate enteredat boughttimestamp boughtat entryindex buytime "
            "buydate "
            "buytimestamp createdat createdtime timeofentry datein entrydatetimeutc dateacquired acquireddate "
            "starttime "
            "timeopen dateopen entrydt timein timestampopen timestampentry openedtime startdate tradestartdate"
        ),
        "exit_time": (
            "exittime exittimestamp exitdate exitdatetime exitts exitat closedate closetime closetimestamp closedat "
            "closed closeddate tsclosed closingtime closingdate closedtime exitedat soldtimestamp soldat exitindex "
            "selltime "
            "selldate selltimestamp updatedtime dateout datesold solddate endtime timeclose dateclose exitdt timeout "
            "timestampclose timestampexit enddate exdate releasedate tradeenddate filledsettlementtime tradetime "
            + _TIME
        ),
        "entry_price": (
            "entryprice avgentryprice entryavgprice averageentryprice openrate openprice avgpxopen avgopenprice "
            "entrypx buyprice boughtaverage pricein avgentry entryavg openingprice costpershare entrypoint buyavg "
            "avgbuyprice "
            "entrypremium averagebuyprice avgopen openavgprice entry tradeprice"
        ),
        "exit_price": (
            "exitprice avgexitprice exitavgprice averageexitprice closerate closeprice avgpxclose avgcloseprice "
            "averageclosingprice avgclosingprice averagecloseprice "
            "exitpx sellprice soldaverage priceout avgexit exitavg closingprice proceedspershare exprice sellavg "
            "avgsellprice "
            "exitpremium averagesellprice avgclose closeavgprice exit"
        ),
        "closing_side": "closingdirection closingside closeside",
        "fill_side": (
            "entry side direction positionside positiontype tradedirection tradeside openingdirection openingside "
            "marketpos "
            "marketposition dir type buysell longshort strategy position isshort action trade posside tradetype signal"
        ),
        "fill_quantity": (
            "peakqty closedvol closedamount closedsize closedqty closingquantity closingvolume pairedqty filledqty "
            "qty quantity "
            "contracts shares units amount size volume boughtamount positionsize tradesize lots lot lotsize "
            "initialqty "
            "positionqty ordersize"
        ),
        "cost": "stakeamount cost notional invested",
        "fill_result": _RESULT,
        "funding": _FUNDING,
        "share": (
            "pnlpct profitratio returnpct return returns ret pnlpercent pnlpercentage profitpct profitpercent "
            "profitpercentage netpnlpct realizedreturn closeprofit roi pnlratio pctprofit pctchg gainlosspct plpct "
            "profitratiopct "
            "resultpct returnpercent gainpct chgpct"
        ),
        "fill_fee": _FEE,
        "other_fee": _OTHER_FEE,
        "entry_fee": "entryfees entryfee feeopencost openfee openingfee",
        "exit_fee": "exitfees exitfee feeclosecost closefee closingfee",
        "entry_fee_rate": "feeopen",
        "exit_fee_rate": "feeclose",
        "fill_fee_asset": _FEE_ASSET,
        "fill_symbol": _SYMBOL,
        "trade_id": "exittradeid tradeid positionid id tradeno tradenumber ticket dealid",
        "entry_reason": "entrytag entertag buytag entryreason entrysignal tag signal setup",
        "exit_reason": "exitreason sellreason closereason exittype exitsignal reason comment",
        "status": _STATUS,
        "quote": _QUOTE,
        "wealth": _WEALTH.removesuffix(" total value strategy") + " balanceafter equityafter capitalafter",
    },
    needs=(("entry_price",), ("exit_price",), ("exit_time", "entry_time")),
)
PAIRS = Shape(
    name="two rows a trade",
    says="a trade's entry and its exit are a row each, under one number",
    columns={
        "number": "tradeno tradenumber trade number",
        "kind": "type",
        "time": "dateandtime datetime time date",
        "fill_price": "price",
        "fill_quantity": "contracts sizeqty quantity qty size positionsizeqty positionsize",
        "fill_result": "netpnl profit pnl netprofit pnln netpnln pl profitloss",
        "reason": "signal",
        "fill_symbol": _SYMBOL,
    },
    needs=(("number",), ("kind",), ("time",), ("fill_price",), ("fill_quantity",)),
)
RETURNS = Shape(
    name="returns",
    says=(
        "a row is the return since the row before it, or since the first, and wealth counts from 1, or from --start; "
        "or it is what was won since the row before, and wealth counts from --start"
    ),
    columns={
        "time": _TIME + _CLOSES,
        "return": (
            "strategyreturn strategyreturns portfolioreturn portfolioreturns return returns ret returnpct returnspct "
            "dailyreturn dailyreturns dailyreturnpct dailyreturnspct pctreturn dailyret strategyret netreturn"
        ),
        "cumulative": (
            "strategycumulativereturn strategycumulativereturns cumulativestrategyreturn cumulativestrategyreturns "
            "strategycumulative cumulativestrategy cumstrategy cumulativereturn cumulativereturns cumreturn cumreturns "
            "cumret cumulativereturnpct cumreturnpct cumulativepct"
        ),
        "won": (
            "dailypnl daypnl pnldaily dailyprofit dayprofit dailyresult pnl netpnl profit netprofit profitloss pl "
            "pnldollars pnlusd realizedpnl"
        ),
    },
    needs=(("time", "return", "cumulative", "won"), ("return", "cumulative", "won")),
)
LEDGER = Shape(
    name="a ledger",
    says="a balance, or a change of it, for each asset",
    columns={
        "asset": "asset currency coin amountbalanceunit",
        "balance": "balance total free walletbalance change",
        "price": "price",
        "fill_side": "side",
    },
    needs=(("asset",), ("balance",)),
    told=False,
    advice="a balance for each asset is no wealth; explain the trades, or a table of the account's whole value",
)
BOOK = Shape(
    name="an order book",
    says="what is bid and asked",
    columns={
        "bid": "bid bids bidprice bestbid bidprice1 bid1",
        "ask": "ask asks askprice bestask askprice1 ask1",
        "bid_size": "bidsize bidqty bidquantity bidamount bidvolume bidsize1 bidqty1 bids",
    },
    needs=(("bid",), ("ask",), ("bid_size",)),
    told=False,
    advice="it is a market's, and tells of no bot; explain the bot's trades or wealth",
)
CANDLES = Shape(
    name="candles",
    says="the bars of a market",
    columns={"open": "open", "high": "high", "low": "low", "close": "close"},
    needs=(("open",), ("high",), ("low",), ("close",)),
    told=False,
    advice="they tell of no bot; let one trade them with livestory run --bars FILE",
)
VALUES = Shape(
    name="positions",
    says="a value for each asset, and the cash beside them",
    columns={"cash": "cash"},
    needs=(("cash",),),
    told=False,
    advice="a value for each asset is no wealth; explain the returns or the transactions beside it",
)
SWAPS = Shape(
    name="a tax export",
    says="what was sent, and what was received for it",
    columns={
        "sent": (
            "sentamount sentquantity soldamount soldquantity sellquantity sellamount spendamount outgoingamount "
            "originamount inputamount fromamount amount"
        ),
        "received": (
            "receivedamount receivedquantity buyquantity buyamount receiveamount incomingamount destinationamount "
            "outputamount toamount"
        ),
    },
    needs=(("sent",), ("received",)),
    told=False,
    advice="it names no price and no side; explain the exchange's own export of trades",
)
INVERSE = Shape(
    name="BitMEX's executions",
    says="costs and fees in satoshi",
    columns={"cost": "execcost", "fee": "execcomm"},
    needs=(("cost",), ("fee",)),
    told=False,
    advice="their quantities are contracts and their costs satoshi; explain the account's wealth",
)
HELD = Shape(
    name="open positions",
    says="what is held, at what it is worth now",
    columns={
        "entry": "entryprice avgentryprice avgprice averageprice avgcost averagecost averageentryprice costbasis",
        "unrealised": (
            "unrealizedpnl unrealisedpnl unrealizedprofit unrealizedpl unrealizedgainloss unrealizedgain unrealized"
        ),
        "mark": "markprice positionvalue marketvalue currentprice",
        "done": "price fee fees commission orderid exitprice closeprice exittime fillprice wealth equity",
    },
    needs=(("entry",), ("unrealised",), ("mark",)),
    told=False,
    advice="they tell of no trade; explain the fills, or the account's wealth",
)
BISQ = Shape(
    name="Bisq's trades",
    says="amounts in two currencies",
    columns={"amount": "amountinbtc", "deviation": "deviation"},
    needs=(("amount",), ("deviation",)),
    told=False,
    advice="which of its two amounts a price is for changes from market to market; keep what is meant in one column",
)
BOUGHT = Shape(
    name="CoinTracking's export",
    says="what was sold, and what was bought for it",
    columns={"sent": "sell", "received": "buy", "where": "exchange"},
    needs=(("sent",), ("received",), ("where",)),
    told=False,
    advice=SWAPS.advice,
)
PAYMENTS = Shape(
    name="DEGIRO's account statement",
    says="each payment on the account, in which trades are words",
    columns={
        "rate": "fx",
        "isin": "isin",
        "change": "change mutatie änderung mudança variación variazioni mouvements zmiana",
        "balance": "balance saldo solde",
    },
    needs=(("rate",), ("isin",), ("change",), ("balance",)),
    told=False,
    advice="its trades are words among payments; export the transactions (Transactions.csv), and explain those",
)
ACTIVITY = Shape(
    name="eToro's account activity",
    says="each change of the account",
    columns={"change": "realizedequitychange", "details": "details"},
    needs=(("change",), ("details",)),
    told=False,
    advice="it has no prices; explain the closed positions of the same statement",
)
SHAPES = (
    PAIRS,
    TRIPS,
    FILLS,
    WEALTH,
    RETURNS,
    LEDGER,
    BOOK,
    CANDLES,
    VALUES,
    SWAPS,
    BOUGHT,
    BISQ,
    HELD,
    INVERSE,
    PAYMENTS,
    ACTIVITY,
)
"""In the order in which a table is held against them."""

WRITERS = (
    Writer("backtesting.py", "wealth", "equity drawdownpct drawdownduration"),
    Writer("backtesting.py", "round trips", "size entrybar exitbar entryprice exitprice returnpct entrytime exittime"),
    Writer("vectorbt", "round trips", "column size entrytimestamp avgentryprice entryfees exittimestamp avgexitprice"),
    Writer("vectorbt", "fills", "orderid column timestamp size price fees side"),
    Writer("pyfolio", "fills", "amount price sid symbol value"),
    Writer("TradingView", "two rows a trade", "type signal"),
    Writer("Binance", "fills", "pair side price executed amount fee"),
    Writer("Kraken", "fills", "txid ordertxid pair time type ordertype price cost fee vol"),
    Writer("Hummingbot", "fills", "exchangetradeid tradetype ordertype price amount tradefee"),
    Writer("freqtrade", "round trips", "pair stakeamount opendate closedate openrate closerate profitratio profitabs"),
    Writer("passivbot", "fills", "pnl feepaid balance equity qty price psize pprice"),
    Writer("ccxt", "fills", "id datetime symbol type side price amount filled average cost status"),
    Writer("NautilusTrader", "fills", "traderid strategyid instrumentid side filledqty avgpx"),
    Writer("NautilusTrader", "fills", "traderid strategyid instrumentid orderside lastqty lastpx"),
    Writer("NautilusTrader", "round trips", "traderid strategyid instrumentid tsopened tsclosed avgpxopen avgpxclose"),
    Writer("MetaTrader", "fills", "deal symbol type direction volume price"),
    Writer("MetaTrader", "round trips", "ticket type size item sl tp commission swap profit"),
    Writer("MetaTrader", "round trips", "position symbol type volume sl tp commission swap profit"),
    Writer("Binance", "fills", "dateutc orderno pair type orderprice orderamount filled total"),
    Writer("Binance", "fills", "dateutc market type price amount total fee feecoin"),
    Writer("Bybit", "round trips", "contracts closingdirection qty entryprice exitprice exittype"),
    Writer("Bybit", "fills", "spotpairs ordertype direction filledprice filledquantity"),
    Writer("Coinbase", "fills", "portfolio tradeid product side size sizeunit price fee"),
    Writer("Coinbase", "fills", "transactiontype asset quantitytransacted priceattransaction"),
    Writer("KuCoin", "fills", "uid orderid symbol side avgfilledprice filledamount feecurrency"),
    Writer("Hyperliquid", "fills", "coin dir px sz ntl fee"),
    Writer("Interactive Brokers", "fills", "quantity tradeprice ibcommission"),
    Writer("Interactive Brokers", "fills", "datadiscriminator assetcategory quantity tprice"),
    Writer("QuantConnect Lean", "round trips", "entrytime exittime direction entryprice exitprice mae mfe orderids"),
    Writer("3Commas", "round trips", "dealid boughtaverage soldaverage"),
    Writer("AmiBroker", "round trips", "ticker trade exdate exprice profit shares"),
    Writer("TopstepX", "round trips", "contractname enteredat exitedat entryprice exitprice tradeday"),
    Writer("Tradovate", "round trips", "buyfillid sellfillid buyprice sellprice boughttimestamp soldtimestamp"),
    Writer("cTrader", "round trips", "symbol openingdirection entryprice closingprice"),
    Writer("NinjaTrader", "round trips", "instrument marketpos entryprice exitprice entryname exitname"),
    Writer("XTB", "round trips", "openorigin closeorigin openprice closeprice"),
    Writer("eToro", "round trips", "openrate closerate takeprofitrate"),
    Writer("Jesse", "round trips", "strategyname openedat closedat entryprice exitprice pnlpercentage"),
)
"""The first whose columns a table has all of is named in the story's head."""
