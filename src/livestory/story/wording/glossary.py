"""What the words of a line mean, in a sentence each."""

from __future__ import annotations

from typing import NamedTuple


class Term(NamedTuple):
    """A word or sign that appears in a line, and its meaning."""

    word: str
    meaning: str


GLOSSARY: tuple[Term, ...] = (
    Term(
        "a line", "UTC time | what happened | its numbers | why: what was measured, against what, and the rule's limit."
    ),
    Term("UTC", "Every time in a story is UTC; a bar is told at its end, and a day runs from 00:00 to 00:00."),
    Term("ETH/BTC", "The pair: ETH, the base asset, is bought and sold; BTC, the quote asset, is what it is paid in."),
    Term("bar", "The market over one interval, 15 minutes for livestory's own bot: open, high, low and close price."),
    Term("@", "At the price of: +0.25 ETH @ 0.0329 BTC is 0.25 ETH bought at 0.0329 BTC each, on average."),
    Term("SIMULATED", "An invented market, traded with play money: what `livestory demo` shows."),
    Term("REPLAY", "Recorded prices of the past, traded with play money."),
    Term("PAPER", "Prices as they come from an exchange, traded with play money; no order leaves the machine."),
    Term("TESTNET", "Real orders at an exchange's test site, with play money."),
    Term("LIVE", "Real orders with real money."),
    Term("wealth", "All that the bot has, cash and coins at the bar's close, counted in one unit such as BTC."),
    Term("ATH", "All-time high: the most wealth so far, deposits and withdrawals left out; also called the record."),
    Term("DD", "Drawdown: how far wealth lies under its highest value, 0% at the peak and -20% a fifth below it."),
    Term(
        "deepest fall",
        "The largest fall within a day, week, month or year, from a high in it to a later low.",
    ),
    Term(
        "holding ETH",
        "What the return would have been with everything in ETH and no trade: what the bot competes with.",
    ),
    Term("result", "What a sale gained or lost against the price paid for what it sold, after the fees of both."),
    Term("result in all", "The same of whole trades, with the parts of them that an earlier week or month sold."),
    Term(
        "result record",
        "The most that closed trades had earned in all; told, with the falls under it, where no wealth is known.",
    ),
    Term("profit factor", "What was won by closed trades for each unit that was lost: above 1 is a gain."),
    Term("short", "Sold without being held: it gains when the price falls; its quantity is negative."),
    Term("funding", "What holding a contract earns or costs, paid every few hours by one side to the other."),
    Term("fees", "What the exchange keeps of each trade."),
    Term("slipped", "How much worse the price of a trade was than the price at which it was decided."),
    Term("spread", "The distance between the best price to buy at and the best price to sell at."),
    Term(
        "score",
        "How directed the market moves, from 0 (to and fro) to 100 (one way): the mean ADX of three bar lengths.",
    ),
    Term("regime", "What the score says the market is in; the bot follows another strategy in each."),
    Term("TREND", "The regime of a high score: prices go one way, so the bot buys what rises."),
    Term(
        "MEAN_REV", "Mean reversion, the regime of a low score: prices swing about their average, so the bot buys dips."
    ),
    Term("average", "The mean price of the last hours; a dip is a price a good deal under it."),
    Term(
        "EMA",
        "Exponential moving average, in which recent bars count more; a short one over a long one is a rising market.",
    ),
    Term("step", "A part of a position that is bought in several, each at a better price or on a stronger trend."),
    Term("ETH 32% → 64%", "The share of wealth held in ETH before and after a trade."),
    Term("all in BTC", "No ETH is held, so the price can do nothing to the bot's BTC."),
    Term("breaker", "The safety rule: at a drawdown such as -20% the bot sells all and halts, buying nothing."),
    Term("half-way", "The drawdown has reached half of what trips the breaker; a warning, nothing is done."),
    Term(
        "Phoenix",
        "The end of a halt: it trades again. DD counts anew from then: from the record the breaker would trip at once.",
    ),
    Term("daily loss limit", "A loss since 00:00 UTC that stops buying, not selling, until the next day."),
    Term("not earned", "What the price rose by between the sale at the trip and the resume: the price of the safety."),
    Term("put off", "A trade that was wanted and that the market or the exchange did not allow yet."),
    Term("warming up", "The bot has not heard enough bars to judge, and doesn't trade."),
    Term("Quiet", "Nothing worth a line for hours: a sign of life, itself no news, that says why nothing was traded."),
    Term("not shown", "Lines that say nothing new: the story has them, and `livestory tail --all` shows them."),
    Term("Day, Week", "What a day or a week came to, told at its end; so do Month and Year."),
    Term("Data Gap", "Bars that never came; nothing is decided without them, and nothing is made up."),
    Term(
        "Exchange Down",
        "The exchange can't be traded at; nothing is decided, and what was missed is read once it is back.",
    ),
    Term(
        "Order Unknown",
        "An order was sent and not answered. It is never sent again blindly: the exchange is asked until it is clear.",
    ),
    Term("Bot Resumed", "The bot is back after a stop, a kill or a restart, with its memory and nothing told twice."),
)
"""Every term, beginning with what a reader needs first."""
