"""Text tables that are framed with bars, as Markdown, databases and notebooks print them, without their frames."""

from __future__ import annotations

import re

_FRAME = re.compile(r"\s*(?:\||\+[-=+]{3})")
_RULE = re.compile(r"[\s|:+=─-]*-{3}[\s|:+=─-]*|[\s|:+=─-]*={3}[\s|:+=─-]*")
_BAR = re.compile(r"[^\S\n]*\|[^\S\n]*")


def is_framed(text: str) -> bool:
    """Whether a text that begins so is framed."""
    lines = [line for line in text[:4096].split("\n") if line.strip()][:2]
    return bool(lines) and (
        _FRAME.match(lines[0]) is not None
        or (len(lines) > 1 and "|" in lines[1] and _RULE.fullmatch(lines[1]) is not None)
    )


def unframed(text: str) -> str:
    """The lines with a bar between each two cells, and blank ones where there were rules."""
    return "\n".join(
        "" if _RULE.fullmatch(line) else _BAR.sub("|", line.strip().strip("|").strip()) for line in text.split("\n")
    )
