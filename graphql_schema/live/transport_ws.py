"""The protocol graphql-transport-ws on one WebSocket.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import msgspec
from graphql import GraphQLError

from core.errors import OverLimit, RateLimited, TocsinError, Unauthenticated, Unavailable
from core.log import get_logger
from core.websocket.connection import WebSocketConnection
from core.websocket.frames import CloseCode
from graphql_schema.callers import Caller, secret_of
from graphql_schema.errors import formatted
from graphql_schema.live.limits import INIT_SECONDS, MEMBER, MOST_OPERATIONS, SEND_SECONDS
from graphql_schema.operation_request import Operation
from graphql_schema.operations import Operations

_log = get_logger(__name__)

SUBPROTOCOL: Final = "graphql-transport-ws"


class Ending(enum.IntEnum):
    """Why a connection is closed: the protocol's codes, and 4410 of our own."""

    BAD_REQUEST = 4400
    NOT_ACKNOWLEDGED = 4401
    FORBIDDEN = 4403
    WRONG_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ALREADY_SUBSCRIBED = 4409
    TOO_SLOW = 4410
    TOO_MANY_INITS = 4429


class _Message(msgspec.Struct, frozen=True):
    """What a client sends."""

    type: str
    id: str | None = None
    payload: Any = None


_messages = msgspec.json.Decoder(_Message)


class GraphQLSocket:
    """Hears the connection, and runs what the client asks for; every operation is a task."""

    __slots__ = (
        "__weakref__",
        "_caller",
        "_connection",
        "_init_timer",
        "_is_acknowledged",
        "_is_initialised",
        "_operations",
        "_tasks",
    )

    def __init__(
        self,
        connection: WebSocketConnection,
        *,
        operations: Operations,
        caller: Caller,
    ) -> None:
        self._connection = connection
        self._operations = operations
        self._caller = caller
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_initialised = self._is_acknowledged = False
        connection.attach(self)
        self._init_timer = asyncio.get_running_loop().call_later(
            INIT_SECONDS, connection.close, Ending.INIT_TIMEOUT, "connection initialisation timeout"
        )

    @property
    def credential(self) -> str | None:
        """By which it is named when what opened it has ended."""
        return self._caller.credential

    def hear(self, text: str) -> None:
        """Take a message of the client's."""
        try:
            message = _messages.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            self._connection.close(Ending.BAD_REQUEST, "invalid message")
            return
        match message:
            case _Message(type="connection_init", payload=None | dict() as payload):
                self._initialise(payload or {})
            case _Message(type="ping"):
                self._send("pong")
            case _Message(type="pong"):
                pass
            case _Message(type="subscribe", id=str(identifier), payload=dict() as payload) if identifier:
                self._subscribe(identifier, payload)
            case _Message(type="complete", id=str(identifier)):
                self._stop(identifier)
            case _:
                self._connection.close(Ending.BAD_REQUEST, "invalid message")

    def end(self) -> None:
        """Stop everything: the client is gone."""
        self._init_timer.cancel()
        self._operations.services.live.discard(self)
        for task in tuple(self._tasks.values()):
            task.cancel()

    async def renew(self) -> None:
        """Close the connection if the credentials have lost their force."""
        try:
            await self._caller.identify()
        except Unauthenticated as refusal:
            self._connection.close(Ending.FORBIDDEN, refusal.message)
        except TocsinError:
            return  # the database is away: the credentials are looked at again later

    def beat(self) -> None:
        """Ask for a sign of life; cut off who gave none since the last time."""
        self._connection.beat()

    def go_away(self) -> None:
        """Close the connection, since the server ends."""
        self._connection.close(CloseCode.GOING_AWAY, "the server is going away")

    def _initialise(self, payload: Mapping[str, Any]) -> None:
        if self._is_initialised:
            self._connection.close(Ending.TOO_MANY_INITS, "too many initialisation requests")
            return
        self._is_initialised = True
        self._begin("", self._acknowledge(payload))

    async def _acknowledge(self, payload: Mapping[str, Any]) -> None:
        try:
            await self._take_token(_secret_in(payload))
            self._operations.services.live.add(self, self._caller.owner)
            # Once more: of what was revoked meanwhile, only those are told who are looked after.
            await self._caller.identify()
        except Unauthenticated as refusal:
            self._connection.close(Ending.FORBIDDEN, refusal.message)
        except (OverLimit, Unavailable) as refusal:
            self._connection.close(CloseCode.TRY_AGAIN_LATER, refusal.message)
        else:
            self._is_acknowledged = True
            self._init_timer.cancel()
            self._connection.allow(MEMBER)
            self._send("connection_ack")

    async def _take_token(self, secret: str | None) -> None:
        """Let a token that comes with the first message stand above the handshake's cookie."""
        if secret is not None and not self._caller.has_token:
            self._caller = Caller(self._operations.services, token=secret)
        await self._caller.introduce()

    def _subscribe(self, identifier: str, payload: Mapping[str, Any]) -> None:
        if not self._is_acknowledged:
            self._connection.close(Ending.NOT_ACKNOWLEDGED, "connection_init comes first")
        elif identifier in self._tasks:
            self._connection.close(Ending.ALREADY_SUBSCRIBED, f"subscriber for {identifier} already exists")
        elif len(self._tasks) >= MOST_OPERATIONS:
            self._refuse(
                identifier, OverLimit(f"at most {MOST_OPERATIONS} operations may run on a connection")
            )
        else:
            try:
                operation = msgspec.convert(payload, Operation)
            except msgspec.ValidationError as error:
                self._connection.close(Ending.BAD_REQUEST, f"invalid message: {error}")
            else:
                self._begin(identifier, self._run(identifier, operation, self._caller))

    def _begin(self, identifier: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[identifier] = task
        task.add_done_callback(lambda done: self._forget(identifier, done))

    def _forget(self, identifier: str, task: asyncio.Task[None]) -> None:
        """Forget a task that is done, but not another one that has its identifier by now."""
        if self._tasks.get(identifier) is task:
            del self._tasks[identifier]
        if not task.cancelled() and task.exception() is not None:
            _log.error("graphql.socket_failed", error=repr(task.exception()))

    def _stop(self, identifier: str) -> None:
        task = self._tasks.pop(identifier, None) if identifier else None
        if task is not None:
            task.cancel()

    async def _run(self, identifier: str, operation: Operation, caller: Caller) -> None:
        """Run one operation, counted as a request; a client that does not take its results is cut off."""
        try:
            await caller.spend(self._operations.services.requests)
        except RateLimited as refusal:
            self._refuse(identifier, refusal)
            return
        async with contextlib.aclosing(self._operations.stream(operation, caller)) as results:
            async for result in results:
                if not result.has_run:
                    self._send("error", identifier, result.told_errors)
                    return
                try:
                    async with asyncio.timeout(SEND_SECONDS):
                        await self._connection.drain()
                        self._send("next", identifier, result.body)
                        await self._connection.drain()
                except TimeoutError:
                    self._connection.close(
                        Ending.TOO_SLOW, "results were not taken: resume after the last one"
                    )
                    return
        self._send("complete", identifier)

    def _refuse(self, identifier: str, refusal: TocsinError) -> None:
        error = GraphQLError(refusal.message, original_error=refusal)
        self._send("error", identifier, [formatted(error)])

    def _send(self, kind: str, identifier: str | None = None, payload: Any = None) -> None:
        message: dict[str, Any] = {"type": kind}
        if identifier is not None:
            message["id"] = identifier
        if payload is not None:
            message["payload"] = payload
        self._connection.send(msgspec.json.encode(message))


def _secret_in(payload: Mapping[str, Any]) -> str | None:
    """Return the secret among what connection_init brings: a header's name and value, or `token`."""
    texts = {name.lower(): value for name, value in payload.items() if isinstance(value, str)}
    return secret_of(texts) or texts.get("token")
