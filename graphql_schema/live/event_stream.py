"""Results as server-sent events, by graphql-sse's "distinct connections": a request and its stream are one operation.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from graphql import GraphQLError
from litestar import Request
from litestar.types import Receive, Scope, Send

from core.errors import TocsinError, Unauthenticated
from core.live_connections import LiveConnections
from graphql_schema.callers import Caller
from graphql_schema.live.limits import SEND_SECONDS
from graphql_schema.operations import Result

EVENT_STREAM = "text/event-stream"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # proxies of nginx's kind would keep the events to themselves
]
_BEAT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


def wants_events(request: Request[Any, Any, Any]) -> bool:
    """Return whether the results are to come as events."""
    return EVENT_STREAM in request.headers.get("accept", "")


class EventStream:
    """An ASGI application that answers one request. It is looked after from `begin` on."""

    __slots__ = (
        "_caller",
        "_headers",
        "_is_leaving",
        "_live",
        "_refusal",
        "_results",
        "_send",
        "_telling",
        "_turn",
    )

    def __init__(
        self,
        *,
        results: AsyncGenerator[Result, None],
        caller: Caller,
        live: LiveConnections,
        headers: Mapping[str, str],
    ) -> None:
        self._results = results
        self._caller = caller
        self._live = live
        self._headers = [
            *_HEADERS,
            *((name.lower().encode(), value.encode()) for name, value in headers.items()),
        ]
        self._send: Send | None = None
        self._turn = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None
        self._refusal: TocsinError | None = None
        self._is_leaving = False

    @property
    def credential(self) -> str | None:
        """By which it is named when what opened it has ended."""
        return self._caller.credential

    async def begin(self) -> None:
        """Take a place; raise Unauthenticated, OverLimit or Unavailable."""
        self._live.add(self, self._caller.owner)
        try:
            # Once more: of what was revoked meanwhile, only those are told who are looked after.
            await self._caller.identify()
        except TocsinError:
            self._live.discard(self)
            raise

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the results until they or the connection end."""
        self._send = send
        try:
            await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self._headers})
            # At once, so that the client knows that it is connected.
            await self._write(_BEAT)
            self._telling = asyncio.ensure_future(self._tell())
            if self._is_leaving:
                self._telling.cancel()
            leaving = asyncio.ensure_future(_disconnected(receive))
            await asyncio.wait((self._telling, leaving), return_when=asyncio.FIRST_COMPLETED)
            for task in (self._telling, leaving):
                task.cancel()
            await asyncio.gather(self._telling, leaving, return_exceptions=True)
            with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                await self._end()
        finally:
            self._live.discard(self)

    async def renew(self) -> None:
        """End the stream if the credentials have lost their force."""
        try:
            await self._caller.identify()
        except Unauthenticated as refusal:
            self._refusal = refusal
            self.go_away()
        except TocsinError:
            return  # the database is away: the credentials are looked at again later

    def beat(self) -> None:
        """Send a comment, unless something is being sent anyway."""
        if self._send is not None and not self._turn.locked():
            asyncio.ensure_future(self._beat()).add_done_callback(_forget)

    def go_away(self) -> None:
        """End the stream, even if it has not begun to tell anything yet."""
        self._is_leaving = True
        if self._telling is not None:
            self._telling.cancel()

    async def _tell(self) -> None:
        async with contextlib.aclosing(self._results):
            async for result in self._results:
                await self._write(_event(result))

    async def _end(self) -> None:
        if self._refusal is not None:
            error = GraphQLError(self._refusal.message, original_error=self._refusal)
            await self._write(_event(Result(data=None, errors=[error])))
        await self._write(_COMPLETE, is_last=True)

    async def _beat(self) -> None:
        try:
            await self._write(_BEAT)
        except (OSError, TimeoutError, RuntimeError):
            self.go_away()

    async def _write(self, data: bytes, *, is_last: bool = False) -> None:
        """Send; raise TimeoutError if the client does not take it in time."""
        if self._send is None:
            return
        async with asyncio.timeout(SEND_SECONDS), self._turn:
            await self._send({"type": "http.response.body", "body": data, "more_body": not is_last})


def _event(result: Result) -> bytes:
    return b"event: next\ndata: " + msgspec.json.encode(result.body) + b"\n\n"


def _forget(task: asyncio.Future[None]) -> None:
    """Take note of how the task ended: nobody waits for it."""
    if not task.cancelled():
        task.exception()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
