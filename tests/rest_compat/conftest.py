"""All faces on a real database, beside each other: what one changes, the other shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from core.asgi import create_app
from core.inherited_socket_server import InheritedSocketServer
from core.request_frame import RequestFrame
from core.services import Services
from core.supervision.listening_socket import BACKLOG, listen
from tests.graphql_schema.conftest import installed, owner, services, stranger, watched

__all__ = ["installed", "owner", "services", "stranger", "watched"]


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of every face."""
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as opened:
        yield opened


@pytest.fixture
async def address(services) -> AsyncIterator[str]:
    """The address of a server with every face."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    app = RequestFrame(create_app(services), services.clock)
    server = InheritedSocketServer(app, listener.detach(), BACKLOG)
    started = asyncio.Event()
    serving = asyncio.create_task(server.run(started.set))
    await started.wait()
    yield f"http://127.0.0.1:{port}"
    server.end()
    await serving
