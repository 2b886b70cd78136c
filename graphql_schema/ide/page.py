"""The page at /graphql for people: GraphiQL, from files of our own, so that it works without internet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources
from types import MappingProxyType
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

PATH = "/graphql/ide"
_FILES_PATH = "/graphql/static"

_MEDIA_TYPES: Mapping[str, str] = MappingProxyType({".js": "text/javascript", ".css": "text/css"})
_FILES = (
    "react.production.min.js",
    "react-dom.production.min.js",
    "graphiql.min.js",
    "graphiql.min.css",
    "graphql-ws.min.js",
    "ide.js",
    "ide.css",
)
# Nothing but our own files, and nothing written into the page; fonts and icons come inside the style sheet.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """A file of the page, under a name that changes with it."""

    content: bytes
    media_type: str
    etag: str


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Return whether a person looks with a browser, rather than a program that asks."""
    return "text/html" in request.headers.get("accept", "") and "query" not in request.query_params


def page() -> Response[bytes]:
    """Return the page."""
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-cache",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(_page(), media_type="text/html", headers=headers)


def ide_handlers() -> Sequence[Any]:
    """Return the routes of the page and its files."""

    @get(PATH, include_in_schema=False)
    async def graphql_ide() -> Response[bytes]:
        """Show the page."""
        return page()

    @get(_FILES_PATH + "/{name:str}", include_in_schema=False)
    async def graphql_static(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """Return a file of the page."""
        return _answer(request, name)

    return [graphql_ide, graphql_static]


def _answer(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    file = _files().get(name)
    if file is None:
        return Response(b"", status_code=HTTPStatus.NOT_FOUND)
    is_pinned = request.query_params.get("v") == file.etag
    headers = {
        "ETag": f'"{file.etag}"',
        "Cache-Control": _FOR_EVER if is_pinned else "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if f'"{file.etag}"' in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)


@cache
def _files() -> Mapping[str, _File]:
    return MappingProxyType({name: _read(name) for name in _FILES})


def _read(name: str) -> _File:
    content = (resources.files("graphql_schema") / "static" / name).read_bytes()
    suffix = name[name.rindex(".") :]
    etag = hashlib.sha256(content).hexdigest()[:16]
    return _File(content=content, media_type=_MEDIA_TYPES[suffix], etag=etag)


@cache
def _page() -> bytes:
    """Return the page, which names each file with its version."""
    text = (resources.files("graphql_schema") / "static" / "ide.html").read_text(encoding="utf-8")
    for name, file in _files().items():
        text = text.replace(f'"{name}"', f'"{_FILES_PATH}/{name}?v={file.etag}"')
    return text.encode()
