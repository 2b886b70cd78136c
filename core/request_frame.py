"""What surrounds every request: its id, on the response and in the log, and a count of those in flight."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import Clock
from core.ids import Prefix, encode_id, new_id
from core.log import request_id

_HEADER = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,128}")


class RequestFrame:
    """An ASGI application around another.

    A well-formed `X-Request-Id` of the caller's is kept, else one is made; the response carries it.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def wait_until_idle(self, seconds: float) -> None:
        """Return when no request is being answered, or when the time is up."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        identifier = _given(scope["headers"]) or self._made()
        token = request_id.set(identifier.decode())
        self._in_flight += 1
        self._idle.clear()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_HEADER, identifier)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
            request_id.reset(token)

    def _made(self) -> bytes:
        return encode_id(Prefix.REQUEST, new_id(self._clock.now())).encode()


def _given(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    for name, value in headers:
        if name == _HEADER and _WELL_FORMED.fullmatch(value):
            return value
    return None
