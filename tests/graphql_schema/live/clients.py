"""Clients of both transports, and the API processes that they speak to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import websockets

from core.services import Services

SUBPROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 30


@dataclass(kw_only=True)
class Address:
    """Where an API process listens."""

    url: str

    def connect(self, **named: Any) -> Any:
        """Return a WebSocket to be entered."""
        named = {
            "subprotocols": [SUBPROTOCOL],
            "compression": None,
            "open_timeout": PATIENCE_SECONDS,
            **named,
        }
        return websockets.connect(f"ws{self.url.removeprefix('http')}/graphql", **named)

    @asynccontextmanager
    async def socket(self, secret: str) -> AsyncIterator[Socket]:
        """Give a WebSocket that is acknowledged."""
        async with self.connect() as connection:
            opened = Socket(connection)
            await opened.send(type="connection_init", payload={"Authorization": f"Bearer {secret}"})
            assert await opened.hear() == {"type": "connection_ack"}
            yield opened

    @asynccontextmanager
    async def events(self, secret: str, document: str, **variables: Any) -> AsyncIterator[Events]:
        """Give a stream of events."""
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
            client.stream(
                "POST",
                f"{self.url}/graphql",
                json={"query": document, "variables": variables},
                headers={"Authorization": f"Bearer {secret}", "Accept": "text/event-stream"},
            ) as response,
        ):
            yield Events(response)


@dataclass(kw_only=True)
class Api(Address):
    """An API process within the test's, as far as GraphQL goes."""

    services: Services
    stop: Callable[[], Awaitable[None]]


@dataclass
class Socket:
    """A client of graphql-transport-ws."""

    connection: Any

    async def send(self, **message: Any) -> None:
        await self.connection.send(msgspec.json.encode(message).decode())

    async def hear(self) -> dict[str, Any]:
        return msgspec.json.decode(await asyncio.wait_for(self.connection.recv(), PATIENCE_SECONDS))

    async def subscribe(self, document: str, identifier: str = "1", **variables: Any) -> None:
        await self.send(id=identifier, type="subscribe", payload={"query": document, "variables": variables})

    async def next(self) -> Any:
        """Return the data of the next result, of which there is one field."""
        message = await self.hear()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        [value] = message["payload"]["data"].values()
        return value

    async def closed(self) -> tuple[int, str]:
        """Return the code and the reason with which the server closed."""
        await asyncio.wait_for(self.connection.wait_closed(), PATIENCE_SECONDS)
        return self.connection.close_code, self.connection.close_reason


class Events:
    """A client of server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def begun(self) -> None:
        """Return when the first comment has come."""
        assert self.response.status_code == 200, await self.response.aread()
        assert await self._line() == ":"

    async def hear(self) -> tuple[str, Any]:
        """Return the kind and the data of the next event."""
        kind = ""
        while line := await self._line():
            if line == ":":
                continue
            name, _, value = line.partition(":")
            if name == "event":
                kind = value.strip()
            elif name == "data":
                data = value.strip()
        if not kind:
            return await self.hear()
        return kind, msgspec.json.decode(data) if data else None

    async def next(self) -> Any:
        kind, payload = await self.hear()
        assert kind == "next", (kind, payload)
        assert "errors" not in payload, payload
        [value] = payload["data"].values()
        return value

    async def _line(self) -> str:
        return await asyncio.wait_for(anext(self._lines), PATIENCE_SECONDS)
