"""API processes in small: each a server on a socket of its own, with all that tells subscribers of changes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from core.api_process import handlers_of
from core.asgi import LeanLitestar
from core.clock import ManualClock
from core.db.database import Database, PoolUse
from core.db.listener import Listener
from core.events.sequencer import Sequencer
from core.inherited_socket_server import InheritedSocketServer
from core.outbound_policy import outbound_for
from core.plugin_registry import PluginRegistry
from core.services import Services, build_services
from core.settings import Settings
from graphql_schema.plugin import face
from tests.graphql_schema.live.clients import PATIENCE_SECONDS, Api


@pytest.fixture
async def start_api(
    database_dsn: str, clock: ManualClock, installed: PluginRegistry
) -> AsyncIterator[Callable[..., Awaitable[Api]]]:
    """`await start_api()` starts one more API process; settings may be given by name."""
    async with AsyncExitStack() as stack:

        async def start(**given: Any) -> Api:
            database = await Database.connect(database_dsn, use=PoolUse.FACES, max_size=12)
            settings = Settings(**{"public_url": "https://tocsin.example.org", **given})
            services = build_services(
                settings=settings,
                database=database,
                registry=installed,
                clock=clock,
                outbound=outbound_for(settings),
            )
            api = await _serve(services, clock)
            stack.push_async_callback(api.stop)
            return api

        yield start


async def _serve(services: Services, clock: ManualClock) -> Api:
    app = LeanLitestar(route_handlers=list(face(services)), openapi_config=None)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    port = listening.getsockname()[1]
    server = InheritedSocketServer(app, listening.detach(), 64)
    sequencer = Sequencer(database=services.database, clock=clock)
    stopping, ready = asyncio.Event(), asyncio.Event()
    listener = Listener(database=services.database, handlers=handlers_of(services, sequencer))
    parts = (sequencer, services.feed, services.check_tail, services.live, listener)
    running = [asyncio.create_task(part.run(stopping)) for part in parts]
    serving = asyncio.create_task(server.run(ready.set))
    await asyncio.wait_for(ready.wait(), PATIENCE_SECONDS)

    async def stop() -> None:
        stopping.set()
        await asyncio.gather(*running)
        server.end()
        await serving
        await services.database.close()

    return Api(url=f"http://127.0.0.1:{port}", services=services, stop=stop)


@pytest.fixture
async def api(start_api: Callable[..., Awaitable[Api]]) -> Api:
    """One API process."""
    return await start_api()
