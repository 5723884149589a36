"""The option --kind of commands that show a part of a story."""

from __future__ import annotations

import click

from livestory.story.kinds import KINDS


class Kinds(click.ParamType[frozenset[str]]):
    """Kinds of events, by their short names."""

    name = "KIND,…"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[str]:
        """The names; one that is unknown is told with the nearest."""
        from difflib import get_close_matches  # noqa: PLC0415 - for a mistake alone

        names = [name.strip() for name in str(value).split(",")]
        for name in names:
            if name not in KINDS:
                near = get_close_matches(name, KINDS, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(KINDS)}"
                self.fail(f"no kind of event is called {name!r}; {hint}", param, ctx)
        return frozenset(names)
