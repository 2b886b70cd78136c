"""Answers that go on long after their request was understood: streams of events, connections that change hands.

Litestar keeps the parsed request and the frames it came through until its answer has ended, 6 KB that serve nobody
while a stream waits. So it is let to end first, and what it answered with then goes on alone.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

_KEPT_IN_SCOPE = "tocsin.long_answer"


class LongAnswer(Response[bytes]):
    """Hands the request over to an ASGI application, of which it is told the connection alone."""

    def __init__(self, application: ASGIApp) -> None:
        super().__init__(b"")
        self._application = application

    def to_asgi_response(self, *_arguments: Any, **_named: Any) -> Any:
        """Return what leaves the answer to `go_on`: none of what Litestar would add is wanted."""
        return self._leave

    async def _leave(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        scope[_KEPT_IN_SCOPE] = self._application  # type: ignore[literal-required]


async def go_on(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Give the answer that was left, if one was, with all forgotten that the request brought."""
    application = scope.pop(_KEPT_IN_SCOPE, None)
    if application is not None:
        scope.clear()
        await application(scope, receive, send)
