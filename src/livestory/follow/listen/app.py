"""The routes of `livestory listen`: inputs are posted, one or many, and answered once they are durable."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, ClassVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livestory.errors import JournalError
from livestory.follow.listen.openapi import openapi
from livestory.follow.listen.teller import Teller
from livestory.http_server.gate import READS, Gate, Refusal
from livestory.http_server.requests import HANDLERS, body_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import Headers
    from starlette.requests import Request
    from starlette.types import ASGIApp, Scope

    from livestory.follow.listen.sources import Bearers, SourceSecrets
    from livestory.story.writing.public import PublicWriter

MOST_BYTES = 1_048_576
"""Of a request's body."""
MOST_INPUTS = 1_000
"""In one request."""
_BODIES = 16  # that are read or told at the same time
_PATIENCE = 10.0  # seconds for a body to come, and again for its inputs to become durable
_DESCRIPTION = "/openapi.json"
_TELL = "/tell"


class ListenGate(Gate):
    """Lets in who may post, and nobody else."""

    public = frozenset({_DESCRIPTION})
    needed = "the token is needed: send it as a bearer, or a source's secret in the path (livestory listen add)"
    refused_method = "inputs are posted to /tell; what they may say: /openapi.json"

    def __init__(self, app: ASGIApp, hosts: frozenset[str], bearers: Bearers, sources: SourceSecrets) -> None:
        """Guard ``app``; nobody has to show anything as long as there is no token and never was a source."""
        super().__init__(app, hosts)
        self._bearers = bearers
        self._sources = sources

    def methods(self, path: str) -> frozenset[str]:
        """Inputs are posted, the description is read."""
        return READS if path == _DESCRIPTION else frozenset({"POST"})

    async def uninvited(self, scope: Scope, path: str, headers: Headers) -> Refusal | None:
        """The refusal of a post; None if it is let in."""
        if path.startswith(f"{_TELL}/"):
            wrong = Refusal(404, "no source has this secret")
            return await self.without(self._sources, path.removeprefix(f"{_TELL}/"), scope, wrong)
        return await self.without_bearer(self._bearers, scope, headers) if self._bearers.needed else None


class Listen:
    """An application that tells what is posted to it."""

    most_listeners: ClassVar[int] = 0

    def __init__(self, story: PublicWriter, hosts: frozenset[str], bearers: Bearers, sources: SourceSecrets) -> None:
        """Tell ``story``, under these names, what comes from who has a bearer or a source's secret."""
        self._teller = Teller(story)
        self._bearers = bearers
        self._bodies = asyncio.Semaphore(_BODIES)
        routes = [
            Route(_TELL, self._tell, methods=["POST"]),
            Route(f"{_TELL}/{{secret}}", self._tell, methods=["POST"]),
            Route(_DESCRIPTION, self._describe, methods=["GET"]),
        ]
        app = Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=HANDLERS)
        self.app: ASGIApp = ListenGate(app, hosts, bearers, sources)

    @property
    def is_open(self) -> bool:
        """Return True if anybody may post without a secret."""
        return not self._bearers.needed

    def close_streams(self) -> None:
        """There are no streams to end."""

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        work = asyncio.create_task(self._teller.work())
        try:
            yield
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    async def _describe(self, _request: Request) -> Response:
        return JSONResponse(openapi())

    async def _tell(self, request: Request) -> Response:
        if request.headers.get("content-encoding", "identity") != "identity":
            raise HTTPException(415, "compressed; send it as it is")
        async with self._bodies:
            try:
                async with asyncio.timeout(_PATIENCE):
                    body = await body_of(request, MOST_BYTES)
            except TimeoutError:
                raise HTTPException(408, "the body did not come in time") from None
            raws, many = inputs_of(body)
            try:
                async with asyncio.timeout(_PATIENCE):
                    replies = await self._teller.tell(raws)
            except (JournalError, TimeoutError) as error:
                reason = str(error).splitlines()[0] if isinstance(error, JournalError) else "the disk does not answer"
                what = f"not kept: {reason}; send it again, with the same id lest it be told twice"
                raise HTTPException(503, what, {"Retry-After": "5"}) from None
        status = 400 if any(reply.error is not None for reply in replies) else 200
        content = msgspec.json.encode(replies if many else replies[0])
        return Response(content, status, media_type="application/json")


def inputs_of(body: bytes) -> tuple[list[bytes], bool]:
    """The inputs of a body, each as JSON, and whether it may have many: a list, or one a line. Answers 400 and 413."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    raws, many = [text], False
    if text.startswith(b"["):
        try:
            raws, many = [bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw])], True
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise HTTPException(400, f"not a list in JSON: {error}") from None
    elif b"\n" in text and not _is_json(text):
        raws, many = [line for line in text.split(b"\n") if line.strip()], True
    if not text:
        raise HTTPException(400, 'no input was sent; one is {"input": "note", "text": "…"}')
    if len(raws) > MOST_INPUTS:
        raise HTTPException(413, f"more than the {MOST_INPUTS:,} inputs that may be sent at once")
    return raws, many


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
