"""The keys under which the strategies give their reasons, and what the numbers of each mean.

A reason holds a measured ``value``, the rule's ``limit`` for it and what it was measured ``against``; ``value - limit``
is by how much a rule was met or missed. Deviations and distances are fractions (-0.026 is 2.6 % under).

Mean reversion. value: the price against its average (close / average - 1); against: that average, a price; text: the
average's window ("12h"). Where the rate of change is measured instead, each key ends in ``_roc``, and ``against`` is
the price that long ago.

    dip                buys step 1; limit: the entry band, negative
    dip_again          buys a further step; limit: that step's band, negative
    recovered          sells one step; limit: the first exit band, positive
    recovered_all      sells the rest; limit: the last exit band, positive
    no_dip             no trade, nothing held; limit: the entry band
    no_dip_again       no trade, some held, the price is under its average; limit: the next step's band
    not_recovered      no trade, some held; limit: the first exit band
    not_recovered_all  no trade, one step sold in this recovery, the rest waits; limit: the last exit band

Trend. value: the fast average against the slow one (fast / slow - 1); against: the slow average, a price; text: the
pair as it stands ("EMA 20h over EMA 50h", "EMA 20h under EMA 50h" where the value is negative).

    trend_up           buys step 1; limit: the band, positive
    trend_still_up     buys a further step, or fills up to the maximum; limit: that step's band, positive
    trend_down         sells all; limit: the band, negative
    no_trend_up        no trade, nothing held; limit: the band, positive
    trend_no_stronger  no trade, some held; limit: the next step's band, positive
    trend_kept         no trade, the maximum held; limit: the band, negative, at which it sells

Whatever the strategy.

    warm_up            no trade; value: bars seen so far; limit: bars needed; against and text: none
    small_change       no trade; value: the wished change of weight, negative = a sale; limit: the least change worth a
                       trade; against: the wished weight; text: the key of the wish that was kept back
    cooldown           no trade; value: bars since the last trade; limit: the least number of them; against: the wished
                       weight; text: the key of the wish that was kept back
"""

from __future__ import annotations

_DEVIATIONS = (
    *("dip", "dip_again", "recovered", "recovered_all"),
    *("no_dip", "no_dip_again", "not_recovered", "not_recovered_all"),
)
_TRENDS = ("trend_up", "trend_still_up", "trend_down", "no_trend_up", "trend_no_stronger", "trend_kept")

ROC = "_roc"
"""What the keys of mean reversion end in where the rate of change is measured."""

KEYS = frozenset(
    (*_DEVIATIONS, *(key + ROC for key in _DEVIATIONS), *_TRENDS, "warm_up", "small_change", "cooldown"),
)
"""Every key that a strategy or the rebalance rules give."""
