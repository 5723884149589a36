"""What `livestory listen` takes and answers, as an OpenAPI document: made of the types that it reads and writes."""

from __future__ import annotations

from functools import cache
from typing import Any

from livestory.story.public.reading import PUBLIC, schemas
from livestory.story.writing.public import Reply


@cache
def openapi() -> dict[str, Any]:
    """Write the document, once."""
    (given, reply), parts = schemas((PUBLIC, Reply), "#/components/schemas/{name}")
    problem = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    post = {
        "summary": "Tell one input, or several: as a list, or one a line.",
        "description": "The answer comes once all of it is durable. An input whose id is known gets the answer of the "
        "first and is not told again; where one is refused, the others are told all the same.",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [given, {"type": "array", "items": given, "maxItems": 1000}]},
                    "example": {"input": "note", "text": "hello", "id": "n-1"},
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        "responses": {
            "200": _answer("Every input was taken: the seqs of the events that it brought.", _one_or_many(reply)),
            "400": _answer("An input was refused, or what was sent is no JSON.", _one_or_many(reply)),
            **{status: _answer(says, problem) for status, says in _PROBLEMS.items()},
        },
    }
    secret = {"name": "secret", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "livestory listen", "version": "1", "description": "Tells the story of a bot."},
        "paths": {
            "/tell": {"post": {**post, "operationId": "tell", "security": [{"bearer": []}, {}]}},
            "/tell/{secret}": {"post": {**post, "operationId": "tellAsSource", "parameters": [secret]}},
        },
        "components": {
            "schemas": parts,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


_PROBLEMS = {
    "401": "The token is missing or wrong.",
    "403": "The request comes from another site's page.",
    "404": "No source has this secret.",
    "408": "The body did not come in time.",
    "413": "Too much at once.",
    "415": "The body is compressed.",
    "421": "Not a name of this server.",
    "429": "Too many wrong tokens.",
    "431": "The headers are too long.",
    "503": "It could not be kept; send it again with the same id.",
}


def _one_or_many(reply: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [reply, {"type": "array", "items": reply}]}


def _answer(says: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": says, "content": {"application/json": {"schema": schema}}}
