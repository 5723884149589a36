"""Mean reversion, as an owner would put it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestory.story.reason import Reason
from livestory.trading.market.bar import Bar
from livestory.trading.strategy.mean_reversion import MeanReversion, MeanReversionSettings
from livestory.trading.strategy.rebalance import Steps

if TYPE_CHECKING:
    from livestory.trading.strategy.rebalance import Signal

THEN = 0.03
WARM = 193
UNSCALED = MeanReversionSettings(measure="rate_of_change", least_scale=1.0, most_scale=1.0)


def _bar(deviation: float, spread: float = 0.0) -> Bar:
    price = THEN * (1.0 + deviation)
    return Bar(0, 1, price, price * (1.0 + spread / 2), price * (1.0 - spread / 2), price, 1.0)


def _warm(settings: MeanReversionSettings = UNSCALED, spread: float = 0.0) -> MeanReversion:
    """A strategy that has seen nothing but the price 0.03, with bars that span ``spread`` of it."""
    strategy = MeanReversion.of(settings, Steps.of(0.33, 0.97, 0.05))
    for _ in range(WARM):
        strategy.on_bar(_bar(0.0, spread), 0.0)
    return strategy


def _facts(signal: Signal) -> tuple[str, float | None, float, int]:
    """The key, the limit, the target and the step."""
    limit = signal.reason.limit
    return signal.reason.key, None if limit is None else round(limit, 9), signal.target_weight, signal.step


def _told(strategy: MeanReversion, deviation: float, weight: float) -> tuple[str, float | None, float, int]:
    return _facts(strategy.on_bar(_bar(deviation), weight))


@pytest.mark.parametrize(
    ("deviation", "weight", "told"),
    [
        (0.0, 0.0, ("no_dip_roc", -0.025, 0.0, 0)),
        (0.03, 0.0, ("no_dip_roc", -0.025, 0.0, 0)),
        (-0.024, 0.0, ("no_dip_roc", -0.025, 0.0, 0)),
        (-0.026, 0.0, ("dip_roc", -0.025, 0.33, 1)),
        (-0.09, 0.0, ("dip_roc", -0.025, 0.33, 1)),
        (-0.026, 0.32, ("no_dip_again_roc", -0.035, 0.32, 0)),
        (-0.036, 0.32, ("dip_again_roc", -0.035, 0.66, 2)),
        (-0.046, 0.65, ("dip_again_roc", -0.045, 0.97, 3)),
        (-0.09, 0.96, ("not_recovered_roc", 0.010, 0.96, 0)),
        (0.009, 0.65, ("not_recovered_roc", 0.010, 0.65, 0)),
        (0.011, 0.65, ("recovered_roc", 0.010, 0.33, 0)),
        (0.011, 0.32, ("recovered_roc", 0.010, 0.0, 0)),
        (0.011, 0.10, ("recovered_roc", 0.010, 0.0, 0)),
        (0.026, 0.97, ("recovered_all_roc", 0.025, 0.0, 0)),
        (0.026, 0.01, ("no_dip_roc", -0.025, 0.01, 0)),
    ],
)
def test_it_buys_and_sells_at_its_bands(
    deviation: float, weight: float, told: tuple[str, float | None, float, int]
) -> None:
    """Steps at -2.5 %, -3.5 % and -4.5 %, one at a time; one sold at +1.0 %, the rest at +2.5 %."""
    assert _told(_warm(), deviation, weight) == told


def test_a_reason_gives_the_price_against_its_average() -> None:
    """Under its 12 hour average: 47 bars at 0.03 and this one."""
    strategy = _warm(MeanReversionSettings(least_scale=1.0, most_scale=1.0))
    average = (47 * 0.03 + 0.0291) / 48
    reason = strategy.on_bar(_bar(-0.03), 0.0).reason
    assert (reason.value, reason.against) == pytest.approx((0.0291 / average - 1.0, average))
    assert (reason.key, reason.limit, reason.text) == ("dip", -0.025, "12h")


def test_one_recovery_sells_one_step_and_the_next_recovery_another() -> None:
    """As long as the price stays up nothing more is sold; once it has been under, the next rise sells again."""
    strategy = _warm()
    assert _told(strategy, 0.012, 0.97)[:3] == ("recovered_roc", 0.010, 0.66)
    assert _told(strategy, 0.013, 0.66)[:3] == ("not_recovered_all_roc", 0.025, 0.66)
    assert _told(strategy, 0.005, 0.66)[:3] == ("not_recovered_roc", 0.010, 0.66)
    assert _told(strategy, 0.012, 0.66)[:3] == ("not_recovered_all_roc", 0.025, 0.66)
    assert _told(strategy, -0.001, 0.66)[:3] == ("no_dip_again_roc", -0.045, 0.66)
    assert _told(strategy, 0.012, 0.66)[:3] == ("recovered_roc", 0.010, 0.33)


def test_a_sale_that_was_not_made_is_wished_again() -> None:
    """Refused, put off or filled in part: the wish follows what is held, not what was wished."""
    strategy = _warm()
    assert _told(strategy, 0.012, 0.97)[2] == 0.66
    assert _told(strategy, 0.012, 0.97)[2] == 0.66
    assert _told(strategy, 0.012, 0.85)[2] == 0.66
    assert _told(strategy, 0.012, 0.66)[2] == 0.66


@pytest.mark.parametrize(("spread", "scale"), [(0.0006, 0.5), (0.003, 1.0), (0.0045, 1.5), (0.03, 2.0)])
def test_the_bands_follow_the_volatility_within_bounds(spread: float, scale: float) -> None:
    """As written where a bar spans 0.3 % of the price, half at least and twice at most."""
    strategy = _warm(MeanReversionSettings(measure="rate_of_change"), spread)
    limit = strategy.on_bar(_bar(0.0, spread), 0.0).reason.limit
    assert limit == pytest.approx(-0.025 * scale)


def test_it_wants_nothing_before_its_windows_are_full() -> None:
    """And says how many bars it has seen of those it needs."""
    strategy = MeanReversion.of(MeanReversionSettings(), Steps.of(0.33, 0.97, 0.05))
    signals = [strategy.on_bar(_bar(0.0), 0.4) for _ in range(WARM)]
    assert strategy.bars_needed == WARM
    assert {signal.target_weight for signal in signals} == {0.4}
    assert [signal.reason for signal in signals[:-1]] == [Reason("warm_up", n, WARM) for n in range(1, WARM)]
    assert signals[-1].reason.key == "not_recovered"


@given(deviation=st.floats(-0.2, 0.2), weight=st.floats(0.0, 1.0))
def test_it_never_buys_over_nor_sells_under_the_average(deviation: float, weight: float) -> None:
    """Nor wants less than nothing or more than the maximum, unless it holds more already."""
    signal = _warm().on_bar(_bar(deviation), weight)
    value, limit = signal.reason.value, signal.reason.limit
    assert value is not None
    assert limit is not None
    assert 0.0 <= signal.target_weight <= max(0.97, weight)
    if signal.target_weight > weight:
        assert value <= limit < 0.0
    elif signal.target_weight < weight:
        assert value >= limit > 0.0
    else:
        assert signal.reason.key.startswith(("no_", "not_"))


def test_a_last_exit_below_the_first_is_refused() -> None:
    """There would be no step to sell in between."""
    with pytest.raises(msgspec.ValidationError, match="exit_all must not be below exit"):
        msgspec.convert({"exit": 0.03}, MeanReversionSettings)


def test_a_window_is_a_number_of_whole_bars() -> None:
    """40 minutes are none."""
    with pytest.raises(msgspec.ValidationError, match="multiple of"):
        msgspec.convert({"window": 40 * 60_000_000}, MeanReversionSettings)
