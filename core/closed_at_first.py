"""Keeps an API process closed that starts while the database is away, and so does not know the time yet."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from core.errors import Unavailable

_HEALTH = frozenset({"/healthz", "/readyz"})
_ANSWER = msgspec.json.encode(
    {"error": {"code": Unavailable.code, "message": "the database cannot be reached at the moment"}}
)
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_ANSWER)).encode()),
    (b"retry-after", b"5"),
)


class ClosedAtFirst:
    """An ASGI application around another: until `is_open` says so, only health is answered, all else with 503."""

    def __init__(self, app: ASGIApp, *, is_open: Callable[[], bool]) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP or scope["path"] in _HEALTH or self._is_open():
            await self._app(scope, receive, send)
            return
        body = b"" if scope["method"] == HttpMethod.HEAD else _ANSWER
        await send(
            {
                "type": "http.response.start",
                "status": HTTPStatus.SERVICE_UNAVAILABLE.value,
                "headers": _HEADERS,
            }
        )
        await send({"type": "http.response.body", "body": body, "more_body": False})
