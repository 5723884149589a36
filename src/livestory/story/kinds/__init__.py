"""The vocabulary: every kind of event, by the short name that never changes once released.

A module beside this one that holds kinds is named here; a kind in it is found by itself.
"""

from livestory.story.kinds import (
    chapters,
    exchange,
    followed,
    lifecycle,
    money,
    records,
    results,
    retold,
    risk,
    telling,
    trades,
)
from livestory.story.kinds.base import Facts, Group

_MODULES = (lifecycle, trades, results, records, risk, chapters, money, exchange, followed, retold, telling)

KINDS: dict[str, type[Facts]] = {
    str(kind.__struct_config__.tag): kind
    for module in _MODULES
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Facts) and kind.__module__ == module.__name__
}
"""Every kind of event by its short name."""


def is_critical(kind: str) -> bool:
    """Whether the owner wants to be woken for events of that kind; one that is unknown here is not critical."""
    return kind in KINDS and KINDS[kind].declared.critical


def groups() -> dict[str, list[str]]:
    """The filters of page and report, in the order shown, each with the short names of its kinds."""
    return {group.value: [name for name, kind in KINDS.items() if kind.declared.group is group] for group in Group}
