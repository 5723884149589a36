"""Text tables that are framed with bars, as Markdown, databases and notebooks print them, without their frames."""

from __future__ import annotations

import re

_FRAME = re.compile(r"\s*\+[-=+]{3}")
_RULE = re.compile(r"[\s|:+=─-]*-{3}[\s|:+=─-]*|[\s|:+=─-]*={3}[\s|:+=─-]*|\(?[0-9]+ rows?\b[^|]*")
_BAR = re.compile(r"[^\S\n]*\|[^\S\n]*")


def is_framed(text: str) -> bool:
    """Whether a text that begins so is framed."""
    lines = [line for line in text[:4096].split("\n") if line.strip()][:2]
    return bool(lines) and (
        _FRAME.match(lines[0]) is not None
        or (len(lines) > 1 and all(line.lstrip().startswith("|") for line in lines))
        or (len(lines) > 1 and "|" in lines[0] and _RULE.fullmatch(lines[1]) is not None)
    )


def unframed(text: str) -> str:
    """The lines with a bar between each two cells, and blank ones where there were rules."""
    return "\n".join(
        "" if _RULE.fullmatch(line) else _BAR.sub("|", _without_sides(line)).strip() for line in text.split("\n")
    )


def _without_sides(line: str) -> str:
    """A line without the bars at its sides; psql has none, and a bar there stands beside an empty cell."""
    body = line.strip()
    if line.startswith("|") or (body.startswith("|") and body.endswith("|")):
        return body.removeprefix("|").removesuffix("|")
    return body
