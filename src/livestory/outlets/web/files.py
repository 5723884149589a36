"""The page's files, read once. They are asked for by name, never by path."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOLDERS = (("livestory.outlets.web", "static"), ("livestory.chart", "static"))


class Files:
    """All static files by name, each with its tag."""

    def __init__(self) -> None:
        """Read them."""
        self._files: dict[str, tuple[str, str, bytes]] = {}
        for package, folder in _FOLDERS:
            for file in resources.files(package).joinpath(folder).iterdir():
                kind = _TYPES.get(file.name.rpartition(".")[2])
                if kind is not None:
                    content = file.read_bytes()
                    self._files[file.name] = kind, f'"{hashlib.sha256(content).hexdigest()[:20]}"', content

    def answer(self, request: Request, name: str, status: int = 200) -> Response:
        """The file of that name, or 304 where the client has it. Answers 404."""
        if name not in self._files:
            raise HTTPException(404, "no such file")
        kind, tag, content = self._files[name]
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if status == 200 and tag in request.headers.get("if-none-match", ""):  # noqa: PLR2004
            return Response(status_code=304, headers=headers)
        return Response(content, status, headers, kind)
