"""The account outside: what comes and goes, what nothing explains, what is not answered, and what a start finds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from livestory.clock import HOUR, MINUTE, SECOND, Clock
from livestory.story.commands import Halt, Resume
from livestory.story.files.inbox import Posted
from livestory.story.inputs import Begin
from livestory.story.kinds.exchange import ExchangeBack, ExchangeDown, FiltersChanged, ForeignOrders
from livestory.story.kinds.money import BalanceDiffers, BalanceExplained
from livestory.story.kinds.risk import Halted
from livestory.trading.exchange.records import Balances, Filters, OrderRequest, Trouble
from livestory.trading.execution.tactics import OrderSettings
from livestory.trading.execution.working_order import client_order_id
from livestory.trading.executor import OperatorCommand, TimePassed
from livestory.trading.risk import RiskSettings
from livestory.trading.session import ExchangeClock
from tests.simulation.world import STEP, TICK, Placed
from tests.trading.outside import Rehearsal
from tests.trading.rehearsal import wish

NOTHING = [wish(0.0)]


def test_deposits_and_withdrawals_of_the_history_are_neither_gain_nor_loss() -> None:
    """Told once each, with when they came, before the bar that has them."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.stage._pay(Decimal(5))  # noqa: SLF001  the stage's own way
    rehearsal.bar()
    rehearsal.stage._pay(Decimal(-3))  # noqa: SLF001
    rehearsal.bar()
    rehearsal.bar()
    assert [(flow.amount, flow.source, flow.counted) for flow in rehearsal.story.flows] == [
        (5.0, "history", False),
        (-3.0, "history", False),
    ]
    assert rehearsal.state.risk.day_return == pytest.approx(0.0)
    assert rehearsal.state.risk.drawdown == pytest.approx(0.0)
    assert rehearsal.story.of(BalanceDiffers) == []
    told = rehearsal.story.told
    assert told.index(rehearsal.story.flows[0]) < told.index(rehearsal.story.observations[1])


def test_a_decrease_is_a_loss_until_the_history_explains_it() -> None:
    """The history is late: the drawdown is real until then, and gone afterwards."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.stage.silent = {"flows"}
    rehearsal.stage._pay(Decimal(-1))  # noqa: SLF001
    rehearsal.bar()
    assert rehearsal.state.risk.drawdown == pytest.approx(-0.1)
    rehearsal.stage.silent = set()
    rehearsal.bar()
    assert [(flow.amount, flow.counted) for flow in rehearsal.story.flows] == [(-1.0, True)]
    assert [told.by for told in rehearsal.story.of(BalanceExplained)] == ["history"]
    assert rehearsal.state.risk.drawdown == pytest.approx(0.0)


def test_an_increase_that_nothing_explains_makes_no_gain_and_none_when_it_is_gone() -> None:
    """Told, and told as gone."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.stage.quote += 1
    rehearsal.bar()
    assert [told.difference for told in rehearsal.story.of(BalanceDiffers)] == [1.0]
    assert rehearsal.state.risk.day_return == pytest.approx(0.0)
    rehearsal.stage.quote -= 1
    rehearsal.bar()
    assert [told.by for told in rehearsal.story.of(BalanceExplained)] == ["gone"]
    assert rehearsal.state.risk.drawdown == pytest.approx(0.0)


def test_a_difference_under_a_thousandth_is_not_told() -> None:
    """Nor does it grow unseen: what it grows to is."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    for _ in range(3):
        rehearsal.stage.quote += Decimal("0.004")
        rehearsal.bar()
    assert [round(told.difference, 6) for told in rehearsal.story.of(BalanceDiffers)] == [0.012]


def test_the_owners_own_trades_are_counted_and_not_told() -> None:
    """They are no difference."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.stage._execute("web-1", "buy", Decimal(20), Decimal("0.05"), at=rehearsal.clock.now())  # noqa: SLF001
    rehearsal.bar()
    assert rehearsal.story.of(BalanceDiffers) == []
    assert rehearsal.story.fills == []
    assert rehearsal.story.observations[-1].position == 20.0


def test_a_balance_that_is_not_answered_yields_no_observation_and_no_order() -> None:
    """The strategy sees a bar once the next one is there; the trouble is told once it lasts, its end with the bars."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(3)
    rehearsal.stage.silent = {"balances"}
    rehearsal.stage._fails = rehearsal.stage.look  # type: ignore[method-assign,assignment]  # noqa: SLF001
    rehearsal.stage.trouble = Trouble(since=rehearsal.clock.now(), problem="maintenance", tries=7)
    for _ in range(3):
        rehearsal.bar(0.06)
        rehearsal.pulses(5)
    assert len(rehearsal.story.observations) == 1
    assert rehearsal.state.strategy.seen == 3  # type: ignore[union-attr]  # a script counts
    (down,) = rehearsal.story.of(ExchangeDown)
    assert (down.problem, down.tries, down.lasting, down.position) == ("maintenance", 7, False, 99.9)
    rehearsal.stage.trouble, rehearsal.stage.silent = None, set()
    rehearsal.bar(0.06)
    back = rehearsal.story.of(ExchangeBack)[-1]
    assert (back.missed_bars, back.price_before, back.price_after) == (3, 0.05, 0.06)
    assert rehearsal.story.told.index(back) < rehearsal.story.told.index(rehearsal.story.observations[-1])


def test_a_trouble_that_passes_within_the_patience_is_not_told_and_a_lasting_one_at_once() -> None:
    """Ten seconds of silence are nothing; a key that is turned away is."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.stage._fails = rehearsal.stage.look  # type: ignore[method-assign,assignment]  # noqa: SLF001
    rehearsal.stage.trouble = Trouble(since=rehearsal.clock.now(), problem="no answer")
    rehearsal.pulses(8)
    rehearsal.stage.trouble = None
    rehearsal.pulses(5)
    assert rehearsal.story.of(ExchangeDown) == []
    rehearsal.stage.trouble = Trouble(since=rehearsal.clock.now(), problem="key refused", lasting=True)
    rehearsal.pulses(1)
    assert [down.lasting for down in rehearsal.story.of(ExchangeDown)] == [True]


def test_candles_that_do_not_come_are_the_same_trouble() -> None:
    """One beginning, one end, whichever side failed."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.executor.candles_down(rehearsal.clock.now(), "no answer")
    rehearsal.pulses(20)
    rehearsal.executor.candles_back()
    rehearsal.pulses(2)
    assert len(rehearsal.story.of(ExchangeDown)) == 1
    assert len(rehearsal.story.of(ExchangeBack)) == 2  # the first one is the start's, of which a story knows nothing


def test_a_bar_that_is_older_than_the_last_closed_one_is_not_traded() -> None:
    """It is shown to the strategy; the one that has just closed is traded."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar(late=16 * MINUTE)
    assert rehearsal.stage.sent == []
    assert rehearsal.story.observations == []
    rehearsal.bar(late=2 * SECOND)
    assert len(rehearsal.stage.sent) == 1


def test_column_one_never_goes_back() -> None:
    """A bar is told at its end; what is found with it is told then, and what comes a moment before it, too."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.clock.set(rehearsal.clock.now() + 15 * MINUTE - SECOND)  # a second after the next bar's end
    rehearsal.executor.process(TimePassed(rehearsal.clock.now()))
    (fill,) = rehearsal.story.fills
    rehearsal.bar()
    assert fill.time == rehearsal.story.observations[-1].time


def test_filters_that_change_are_told_and_obeyed() -> None:
    """The next order is on the new step."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(3)
    rehearsal.wants(wish(0.123))
    new = Filters(TICK, Decimal(1), Decimal("0.0001"), Decimal("0.001"))
    rehearsal.stage.filters = lambda: new  # type: ignore[method-assign]
    rehearsal.bar()
    (changed,) = rehearsal.story.of(FiltersChanged)
    assert (changed.before, changed.after) == ({"step": str(STEP)}, {"step": "1"})
    assert rehearsal.stage.sent[-1].quantity % 1 == 0


def test_a_new_journal_with_a_position_at_the_exchange_starts_halted() -> None:
    """Where it came from and what it cost is not known; the owner says when to go on."""
    rehearsal = Rehearsal([wish(0.9)])
    rehearsal.stage.base = Decimal(40)
    rehearsal.bar()
    assert [(halted.reason, halted.position) for halted in rehearsal.story.of(Halted)] == [("journal", 40.0)]
    rehearsal.bar()
    assert rehearsal.stage.sent == []
    rehearsal.executor.process(OperatorCommand(Resume(), rehearsal.clock.now()))
    rehearsal.bar()
    assert len(rehearsal.stage.sent) == 1


def test_a_new_journal_with_money_alone_does_not() -> None:
    """Dust is no position either."""
    rehearsal = Rehearsal([wish(0.9)])
    rehearsal.stage.base = Decimal("0.0009")
    rehearsal.bar()
    assert rehearsal.story.of(Halted) == []
    assert len(rehearsal.stage.sent) == 1


def test_what_was_filled_while_the_bot_was_away_is_told_at_its_return() -> None:
    """Each fill, after the return that says how many; with the wealth that was to be expected."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.restart(after=HOUR)
    begin = [told for told in rehearsal.story.told if isinstance(told, Begin)][-1]
    assert begin.fills_found == 1
    assert begin.expected == pytest.approx(begin.wealth)
    (fill,) = rehearsal.story.fills
    assert (fill.found, fill.time - (fill.filled_at or 0) > 50 * MINUTE) == ("away", True)
    assert rehearsal.story.told.index(fill) > rehearsal.story.told.index(begin)


def test_an_order_that_followed_the_book_is_cancelled_at_the_return() -> None:
    """Its decision is old; the next bar decides anew."""
    rehearsal = Rehearsal([wish(0.5)], OrderSettings(kind="limit", patience=HOUR))
    rehearsal.bar()
    rehearsal.restart()
    rehearsal.pulses(3)
    assert rehearsal.stage.open_orders() == []
    assert not rehearsal.state.orders


def test_an_order_of_ours_that_the_ledger_does_not_have_is_cancelled_and_others_are_left_alone() -> None:
    """Ours are known by their prefix; of others' it is told how many there are, once."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    for name in (client_order_id("test", 1, "buy"), "web-1"):
        request = OrderRequest(client_order_id=name, side="buy", quantity=Decimal(1), limit=Decimal("0.01"))
        rehearsal.stage.orders[name] = placed = Placed(request, 0, 0, 0, taken=True)
        rehearsal.stage.active.append(placed)
    rehearsal.restart()
    rehearsal.pulses(3)
    assert [each.client_order_id for each in rehearsal.stage.open_orders() or ()] == ["web-1"]
    rehearsal.pulses(20 * 60, every=30)
    assert [told.count for told in rehearsal.story.of(ForeignOrders)] == [0, 1]


def test_a_wealth_that_is_not_what_was_expected_is_told_at_the_return() -> None:
    """More than a thousandth away from it."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.stage.has_flows = False
    rehearsal.stage.quote -= Decimal("0.2")
    rehearsal.restart()
    (differs,) = rehearsal.story.of(BalanceDiffers)
    assert differs.difference == pytest.approx(-0.2)
    assert differs.expected == pytest.approx(10.0)


def test_a_clean_stop_withdraws_what_follows_the_book_and_says_what_stays_open() -> None:
    """The goodbye counts the orders at the exchange."""
    rehearsal = Rehearsal([wish(0.5)], OrderSettings(kind="limit", patience=HOUR))
    rehearsal.bar()
    rehearsal.executor.end("you")
    assert rehearsal.stage.open_orders() == []
    assert [end.orders_open for end in rehearsal.story.ends] == [None]


def test_dust_is_told_once_and_not_at_each_bar() -> None:
    """An order that the exchange would not take is not sent."""
    rehearsal = Rehearsal([wish(0.06)])
    rehearsal.stage.quote = Decimal("0.001")
    for _ in range(3):
        rehearsal.bar()
        rehearsal.pulses(2)
    assert rehearsal.stage.sent == []
    assert [skip.reason.key for skip in rehearsal.story.skips] == ["min_notional"]


def test_fees_are_worth_what_they_are_in_the_quote_asset() -> None:
    """Taken from what was bought, told in the quote asset; the balance has what is left."""
    rehearsal = Rehearsal([wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(3)
    (fill,) = rehearsal.story.fills
    assert fill.fee == Decimal("0.005")
    assert rehearsal.state.expected.balances is not None
    assert rehearsal.state.expected.balances.base == Decimal("99.9")


def test_one_asset_for_the_other_is_told_although_nothing_was_gained_or_lost() -> None:
    """A fill that was lost, or a conversion by hand: told once, at the second look, and it never moves risk."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.executor.process(OperatorCommand(Halt(), rehearsal.clock.now()))
    rehearsal.pulses(60)
    rehearsal.stage._change(Decimal(90), Decimal("-4.5"))  # noqa: SLF001
    rehearsal.bar()
    assert rehearsal.story.of(BalanceDiffers) == []
    rehearsal.bar()
    (differs,) = rehearsal.story.of(BalanceDiffers)
    assert (differs.difference, differs.base_difference, differs.swap) == (0.0, Decimal(90), True)
    rehearsal.bar(0.06)
    rehearsal.bar(0.07)
    assert len(rehearsal.story.of(BalanceDiffers)) == 1
    assert rehearsal.state.risk.units == 1.0
    rehearsal.stage._change(Decimal(-90), Decimal("4.5"))  # noqa: SLF001
    rehearsal.bar(0.07)
    assert [told.by for told in rehearsal.story.of(BalanceExplained)] == ["gone"]
    assert rehearsal.state.risk.units == 1.0


def test_a_balance_that_lags_behind_a_trade_of_the_owners_is_no_difference() -> None:
    """Shown before its trade is: gone at the next look, and never told."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.executor.process(OperatorCommand(Halt(), rehearsal.clock.now()))
    rehearsal.stage._late = lambda _most=0: 20 * SECOND  # type: ignore[method-assign,assignment]  # noqa: SLF001
    rehearsal.pulses(15 * 60)
    rehearsal.stage._execute("web-1", "buy", Decimal(20), Decimal("0.05"), at=rehearsal.clock.now())  # noqa: SLF001
    rehearsal.bar()
    rehearsal.bar()
    rehearsal.bar()
    assert rehearsal.story.of(BalanceDiffers) == []
    assert rehearsal.story.observations[-1].position == 20.0


def test_one_answer_that_is_lost_does_not_cost_the_bar() -> None:
    """The account is asked again within seconds, and the bar is decided then."""
    rehearsal = Rehearsal([wish(0.0), wish(0.5)])
    rehearsal.bar()
    rehearsal.pulses(600)
    rehearsal.stage.silent = {"balances"}
    rehearsal.bar()
    assert len(rehearsal.story.observations) == 1
    rehearsal.stage.silent = set()
    rehearsal.pulses(6)
    assert len(rehearsal.story.observations) == 2
    assert len(rehearsal.stage.sent) == 1
    rehearsal.bar()
    assert len(rehearsal.story.observations) == 3


def test_a_halt_for_a_new_journal_is_told_when_the_account_is_first_heard() -> None:
    """Not answered at the start, but at a later bar."""
    rehearsal = Rehearsal([wish(0.9)])
    rehearsal.stage.base = Decimal(20)
    rehearsal.stage.silent = {"balances"}
    rehearsal.bar()
    rehearsal.stage.silent = set()
    rehearsal.pulses(30)
    assert [(halted.reason, halted.position) for halted in rehearsal.story.of(Halted)] == [("journal", 20.0)]
    assert rehearsal.stage.sent == []


def test_a_bar_is_judged_whatever_was_told_after_its_end() -> None:
    """It is told a little later than it ended: column one does not go back."""
    rehearsal = Rehearsal([wish(0.9)], risk=RiskSettings(breaker=0.1, cooldown=HOUR, max_weight=1.0))
    rehearsal.bar()
    rehearsal.pulses(3)
    rehearsal.bar()
    end = rehearsal.story.observations[-1].time + 15 * MINUTE
    rehearsal.clock.set(end + 70 * SECOND)
    rehearsal.executor.candles_down(end, "no answer")
    rehearsal.executor.process(TimePassed(rehearsal.clock.now()))
    rehearsal.executor.candles_back()
    rehearsal.bar(0.04, late=80 * SECOND)
    seen = rehearsal.story.observations[-1]
    assert (seen.time, seen.halted) == (end + 70 * SECOND, True)
    rehearsal.pulses(3)
    assert rehearsal.stage.base < STEP


def test_a_clock_that_ran_ahead_for_a_moment_silences_no_bar() -> None:
    """What it told stands in the future; the bars after it are told at their own ends."""
    rehearsal = Rehearsal(NOTHING)
    rehearsal.bar()
    rehearsal.story.posted.append(Posted("1", 0, Halt()))
    rehearsal.executor.process(TimePassed(rehearsal.clock.now() + 2 * HOUR))
    first = rehearsal.story.observations[-1].time
    rehearsal.bar()
    rehearsal.bar()
    assert [seen.time - first for seen in rehearsal.story.observations[1:]] == [15 * MINUTE, 30 * MINUTE]


def test_after_a_step_of_the_clock_the_present_is_the_exchanges() -> None:
    """A signed question finds out that this machine's clock is wrong; no question is asked while time just passes."""
    rehearsal = Rehearsal(NOTHING)
    stage, asked = rehearsal.stage, []

    def balances() -> Balances:
        asked.append(stage.clock_ahead)
        stage.clock_ahead = ahead
        return stage.account()

    stage.balances = balances  # type: ignore[method-assign]

    class Machine(Clock):
        def now(self) -> int:
            return rehearsal.clock.now() + ahead

    ahead, true = 0, rehearsal.clock.now()
    present = ExchangeClock(stage, Machine())
    assert present.confirm(present.now(0)) == true
    assert present.confirm(present.now(0) + SECOND) == true + SECOND
    assert len(asked) == 1
    ahead = 90 * SECOND
    assert present.now(0) == true + 90 * SECOND
    assert present.confirm(present.now(0)) == true
    assert present.now(0) == true


def test_stopped_before_a_bar_is_heard_wealth_is_what_the_account_holds() -> None:
    """At the price of the start; not known where the account was never answered, and never 0."""
    for silent, wealth in ((set[str](), 10.0), ({"balances"}, None)):
        rehearsal = Rehearsal([wish(0.0)])
        rehearsal.stage.silent = silent
        rehearsal.restart()
        rehearsal.executor.end("you")
        assert [end.wealth for end in rehearsal.story.ends] == [wealth]


def test_a_return_in_the_present_is_never_told_as_a_replays() -> None:
    """Also where it is told with the first bar, and nobody has counted what was missed."""
    rehearsal = Rehearsal([wish(0.0)])
    rehearsal.bar()
    rehearsal.executor = rehearsal._executor()  # noqa: SLF001  a new process, that nobody begins
    rehearsal.bar()
    assert [told.missed_bars for told in rehearsal.story.told if isinstance(told, Begin)] == [None, 0]
