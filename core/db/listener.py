"""LISTEN on a connection of its own: a pool would give it away. A NOTIFY is a hint; whoever waits also polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import asyncpg

from core.db.notifications import NotifyChannel
from core.log import get_logger

log = get_logger(__name__)

_CONNECT_SECONDS = 10.0
_RECONNECT_SECONDS = 1.0
# How often an idle connection is tried: a dead peer says nothing.
_PROBE_SECONDS = 15.0
_PROBE_ANSWER_SECONDS = 5.0

Direct: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


# Takes the payload of a notification.
Handler: TypeAlias = Callable[[str], None]


class Listener:
    """Calls a handler with the payload of each notification of its channel.

    After every connect each handler is called once with an empty payload: whatever was said before
    may have been missed.
    """

    def __init__(self, *, dsn: str, handlers: Mapping[NotifyChannel, Handler]) -> None:
        self._dsn = dsn
        self._handlers = handlers

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen until `stopping` is set, connecting again whenever the connection is lost."""
        listening = asyncio.ensure_future(self._listen_for_ever())
        waiting = asyncio.ensure_future(stopping.wait())
        await asyncio.wait((listening, waiting), return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("listener.lost", error=str(error) or type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, timeout=_CONNECT_SECONDS, server_settings={"application_name": "tocsin-listener"}
        )
        try:
            for channel in self._handlers:
                await connection.add_listener(channel.value, self._hear)
            for handler in self._handlers.values():
                handler("")
            await self._watch(connection)
        finally:
            connection.terminate()

    async def _watch(self, connection: Direct) -> None:
        """Return when the connection is closed, or does not answer."""
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _connection: closed.set())
        while not connection.is_closed():
            try:
                await asyncio.wait_for(closed.wait(), _PROBE_SECONDS)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=_PROBE_ANSWER_SECONDS)

    def _hear(self, _connection: Any, _pid: int, channel: str, payload: str | object) -> None:
        self._handlers[NotifyChannel(channel)](str(payload))
