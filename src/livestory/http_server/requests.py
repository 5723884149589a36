"""What every application does with a request: its body read up to the application's limit, and errors as JSON."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ExceptionHandler

_log = logging.getLogger("livestory.web")


async def body_of(request: Request, most: int) -> bytes:
    """The body, of at most so many bytes. Answers 413 where it is longer."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413, f"longer than the {most:,} bytes that may be sent at once")
    return bytes(body)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _disconnected(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)  # nobody takes it


async def _failed(_request: Request, error: Exception) -> Response:
    _log.error("a request could not be answered", exc_info=error)
    return JSONResponse({"error": "the server failed; its log says why"}, 500)


HANDLERS: Mapping[type[Exception], ExceptionHandler] = {
    HTTPException: _refused,
    ClientDisconnect: _disconnected,
    Exception: _failed,
}
"""Of an application's exceptions."""
