"""The handshake of graphql-transport-ws on /graphql."""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.types import Receive, Scope, Send

from core.errors import Unauthenticated
from core.websocket.connection import WebSocketConnection
from core.websocket.handshake import accept_key, connection_of, subprotocols, switch_protocols
from graphql_schema.callers import Caller, secret_of
from graphql_schema.live.application_response import ApplicationResponse
from graphql_schema.live.limits import GUEST
from graphql_schema.live.transport_ws import SUBPROTOCOL, Ending, GraphQLSocket
from graphql_schema.operation_request import RequestRefused
from graphql_schema.operations import Operations

_ANSWER_SECONDS = 0.2


async def upgraded(request: Request[Any, Any, Any], operations: Operations) -> Response[bytes]:
    """Return what turns the request's connection into a WebSocket; raise RequestRefused, or Unauthenticated."""
    key = accept_key(request.headers)
    if key is None:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, "the handshake is not one of websocket version 13")
    caller = None
    secret = secret_of(request.headers)
    if secret is not None:
        caller = Caller(operations.services.authentication, secret)
        await caller.identify()
        if caller.principal is None:
            raise Unauthenticated
    connection = connection_of(request.scope)
    if connection is None:
        raise RequestRefused(HTTPStatus.NOT_IMPLEMENTED, "this server cannot hold a websocket: use events")
    return ApplicationResponse(_Upgrade(request, operations, key, caller, connection))


class _Upgrade:
    """An ASGI application that answers the handshake and goes on with the connection."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        operations: Operations,
        key: bytes,
        caller: Caller | None,
        connection: socket.socket,
    ) -> None:
        self._is_understood = SUBPROTOCOL in subprotocols(request.headers)
        self._operations = operations
        self._key = key
        self._caller = caller
        self._connection = connection

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            subprotocol = SUBPROTOCOL if self._is_understood else None
            await switch_protocols(send, key=self._key, subprotocol=subprotocol)
        except BaseException:
            self._connection.close()
            raise
        web_socket = WebSocketConnection(GUEST)
        if self._is_understood:
            GraphQLSocket(web_socket, operations=self._operations, caller=self._caller)
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: web_socket, self._connection)
        if not self._is_understood:
            # The answer to the handshake has to be on its way before anything else is.
            loop.call_later(
                _ANSWER_SECONDS, web_socket.close, Ending.WRONG_SUBPROTOCOL, "subprotocol not acceptable"
            )
