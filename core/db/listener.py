"""LISTEN on a connection of its own: a pool would give it away. A NOTIFY is a hint; whoever waits also polls.

This connection is also the process's pulse: it is tried every other second, so that a server that has fallen
silent, or is another one now, is noticed however long the statements under way may take.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

from core.db.absence import CONNECTION_ERRORS
from core.db.connector import Direct
from core.db.database import Database
from core.db.notifications import NotifyChannel
from core.log import get_logger

log = get_logger(__name__)

_RECONNECT_SECONDS = 1.0
PULSE_EVERY_SECONDS = 2.0
# Longer than a busy server takes for nothing, and short enough that silence is noticed within ten seconds.
SILENCE_SECONDS = 8.0
# An answer that is missed by more than this was not looked for in time: it was this process that stood still.
_OWN_DELAY_SECONDS = 2.0
# Differs from server to server, and from one start of a server to the next.
_WHICH_SERVER = "SELECT pg_postmaster_start_time()"

# Takes the payload of a notification.
Handler: TypeAlias = Callable[[str], None]


class Listener:
    """Calls a handler with the payload of each notification of its channel, and watches over the pool.

    After every connect each handler is called once with an empty payload: whatever was said before
    may have been missed. Connections of the pool to a server that is silent, or no longer the one, are cut.
    """

    def __init__(self, *, database: Database, handlers: Mapping[NotifyChannel, Handler]) -> None:
        self._database = database
        self._handlers = handlers
        self._server: datetime | None = None
        self._lost_at = 0.0

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
            except (asyncpg.PostgresError, *CONNECTION_ERRORS) as error:
                self._database.reach.failed(error)
            self._lost_at = self._lost_at or time.monotonic()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self) -> None:
        connection = await self._database.connect_directly(
            command_timeout=SILENCE_SECONDS, server_settings={"application_name": "tocsin-listener"}
        )
        try:
            await self._compare(connection)
            for channel in self._handlers:
                await connection.add_listener(channel.value, self._hear)
            for handler in self._handlers.values():
                handler("")
            await self._watch(connection)
        finally:
            connection.terminate()

    async def _compare(self, connection: Direct) -> None:
        """Cut what is connected to another server, or to this one before it was started again."""
        server: datetime = await connection.fetchval(_WHICH_SERVER)
        if self._server is not None and server != self._server:
            self._database.cut(opened_before=self._lost_at)
        self._server, self._lost_at = server, 0.0

    async def _watch(self, connection: Direct) -> None:
        """Return when the connection is closed; raise TimeoutError if the server has fallen silent."""
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _connection: closed.set())
        while not connection.is_closed():
            try:
                await asyncio.wait_for(closed.wait(), PULSE_EVERY_SECONDS)
            except TimeoutError:
                await self._feel_pulse(connection)

    async def _feel_pulse(self, connection: Direct) -> None:
        asked_at = time.monotonic()
        try:
            await connection.execute("SELECT 1")
        except TimeoutError:
            if time.monotonic() - asked_at > SILENCE_SECONDS + _OWN_DELAY_SECONDS:
                return
            self._database.cut()
            raise TimeoutError(f"the server has been silent for {SILENCE_SECONDS:.0f} s") from None
        self._database.reach.answered()

    def _hear(self, _connection: Any, _pid: int, channel: str, payload: str | object) -> None:
        self._handlers[NotifyChannel(channel)](str(payload))
