"""The handshake of graphql-transport-ws on /graphql."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.types import Receive, Scope, Send

from core.long_answer import LongAnswer
from core.websocket.connection import WebSocketConnection
from core.websocket.departure import LeavingConnection, leave
from core.websocket.handshake import VERSION, accept_key, subprotocols, switch_protocols
from graphql_schema.access.visitor import Visitor
from graphql_schema.callers import caller_of
from graphql_schema.live.limits import GUEST
from graphql_schema.live.transport_ws import SUBPROTOCOL, Ending, GraphQLSocket
from graphql_schema.operation_request import RequestRefused
from graphql_schema.operations import Operations


async def upgraded(request: Request[Any, Any, Any], operations: Operations) -> Response[bytes]:
    """Return what turns the request's connection into a WebSocket.

    Raises RequestRefused, Unauthenticated, Forbidden of another site's page, or where too many wait to be acknowledged
    OverLimit (of his own address) or Unavailable (of all).
    """
    key = _key(request)
    caller = caller_of(operations.services, request.headers)
    await caller.introduce()
    connection = WebSocketConnection(GUEST)
    socket = GraphQLSocket(connection, operations=operations, caller=caller)
    operations.services.live.admit(socket, Visitor(request, operations.services.people.visits).visit.address)
    leaving = leave(request.scope)
    if leaving is None:
        connection.connection_lost(None)
        raise RequestRefused(HTTPStatus.NOT_IMPLEMENTED, "this server cannot hold a websocket: use events")
    return LongAnswer(_Upgrade(request.headers, key, connection, leaving))


def _key(request: Request[Any, Any, Any]) -> bytes:
    """Return what answers the handshake; raise RequestRefused."""
    if request.scope["http_version"] in ("1", "1.0"):
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "a websocket needs http/1.1")
    if request.headers.get("sec-websocket-version") != VERSION:
        raise RequestRefused(
            HTTPStatus.UPGRADE_REQUIRED,
            f"the handshake is not one of websocket version {VERSION}",
            {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": VERSION},
        )
    key = accept_key(request.headers)
    if key is None:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "sec-websocket-key must be 16 bytes in base64")
    return key


class _Upgrade:
    """An ASGI application that answers the handshake and goes on with the connection."""

    def __init__(
        self,
        headers: Mapping[str, str],
        key: bytes,
        web_socket: WebSocketConnection,
        leaving: LeavingConnection,
    ) -> None:
        self._is_understood = SUBPROTOCOL in subprotocols(headers)
        self._key = key
        self._web_socket = web_socket
        self._leaving = leaving

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        is_open = False
        try:
            subprotocol = SUBPROTOCOL if self._is_understood else None
            await switch_protocols(send, key=self._key, subprotocol=subprotocol)
            is_open = await self._leaving.hand_over(self._web_socket)
        finally:
            if not is_open:
                self._leaving.close()
                self._web_socket.connection_lost(None)
        if not self._is_understood:
            self._web_socket.close(Ending.WRONG_SUBPROTOCOL, "subprotocol not acceptable")
