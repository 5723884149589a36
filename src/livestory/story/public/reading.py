"""A sender's JSON as an input; what is wrong with it in words, where, and what would be right."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Union

import msgspec

from livestory.story.public.kinds import TYPES, PublicInput

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 65_536
"""Of one input as it is sent."""

PUBLIC: Any = Union[tuple(TYPES.values())]  # noqa: UP007 - of a tuple
"""The type of any public input."""
_DECODER = msgspec.json.Decoder(PUBLIC)
_BOM = b"\xef\xbb\xbf"


class BadInput(ValueError):
    """An input that can't be taken: what is wrong with it, and in which field where it is in one."""

    def __init__(self, problem: str, column: int | None = None) -> None:
        """``column`` counts from 1, where that is known."""
        super().__init__(problem)
        self.column = column


def read(raw: bytes) -> PublicInput:
    """The input that a sender's JSON is. Raises BadInput."""
    if len(raw) > MOST_BYTES:
        problem = f"longer than the {MOST_BYTES:,} bytes that an input may have"
        raise BadInput(problem)
    plain = raw.removeprefix(_BOM)
    try:
        given: PublicInput = _DECODER.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _explained(error, raw) from None
    _NAMES.decode(plain.decode())
    return given


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object that says two things under one name."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            problem = f"{name[:40]}: given twice"
            raise BadInput(problem)
        seen.add(name)


_NAMES = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str)
"""Looks at nothing but names: msgspec takes the last of several values without a word."""


def schema() -> dict[str, Any]:
    """The JSON Schema of an input (draft 2020-12)."""
    (public,), parts = schemas((PUBLIC,), "#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **public, "$defs": parts}


def schemas(types: Sequence[Any], places: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The schemas of ``types``, and the parts that they refer to by their ``places``, such as ``#/$defs/{name}``."""
    found, parts = msgspec.json.schema_components(types, ref_template=places)
    return list(found), parts


def _explained(error: Exception, raw: bytes) -> BadInput:
    """What is wrong, where the strict reading failed with ``error``: first whether it is JSON at all."""
    try:
        given = msgspec.json.decode(raw.removeprefix(_BOM))
    except msgspec.DecodeError as malformed:
        return _malformed(str(malformed), raw)
    except UnicodeDecodeError:
        return BadInput("not UTF-8, which JSON is")
    except RecursionError:
        return BadInput("nested too deeply")
    return BadInput(_invalid(str(error), given))


def _malformed(message: str, raw: bytes) -> BadInput:
    """Of text that is no JSON: with the place where it stops being that."""
    place = re.search(r" \(byte (\d+)\)", message)
    if "out of range" in message:
        return BadInput("a number in it is larger than any that is taken")
    if place is None:
        return BadInput('it ends too early; an input is one JSON object, such as {"input": "note", "text": "…"}')
    before = raw[: int(place[1])].decode("utf-8", "replace")
    return BadInput(message.removesuffix(place[0]), len(before) + 1)


_KINDS = ", ".join(TYPES)
_WORDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
}


def _invalid(message: str, given: Any) -> str:
    """What msgspec says of a value, in a sender's words: the field first, then what is expected."""
    problem, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    if field == "input" or problem == "Object missing required field `input`":
        return _no_kind(given)
    if (unknown := re.fullmatch(r"Object contains unknown field `(.*)`", problem)) is not None:
        return _unknown(unknown[1], field, given)
    if (missing := re.fullmatch(r"Object missing required field `(.*)`", problem)) is not None:
        return f"{_joined(field, missing[1])}: missing"
    if (expected := re.fullmatch(r"Expected `(.*)`, got `(\w+)`", problem)) is not None:
        types = [each for each in expected[1].split(" | ") if each != "null"]
        wanted = " or ".join(_WORDS.get(each, each) for each in types if each != "int" or "float" not in types)
        got = "a number" if expected[2] == "int" else _WORDS.get(expected[2], expected[2])
        problem = f"expected {wanted}, not {got}"
    else:
        problem = problem[0].lower() + problem[1:].replace("`str`", "a text").replace("`dict`", "an object")
    return f"{field}: {problem}" if field else problem


def _no_kind(given: dict[str, Any]) -> str:
    kind = given.get("input")
    if not isinstance(kind, str):
        return f"input: {'missing' if kind is None else 'expected a text'}; it is one of {_KINDS}"
    return f"input: {kind[:40]!r} is none; it is one of {_KINDS}"


def _unknown(name: str, within: str, given: dict[str, Any]) -> str:
    known = () if within else TYPES[given["input"]].__struct_fields__
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}" if known else ""
    return f"{_joined(within, name[:40])}: no such field{hint}"


def _joined(within: str, name: str) -> str:
    return f"{within}.{name}" if within else name
