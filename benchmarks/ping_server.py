"""`python -m benchmarks.ping_server URL RECEIVER [FAST_LISTS]`: the API application as it is, or with a rival part.

It says its port on stdout and ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import sys
from typing import Any

from core.asgi import create_app
from core.clock import Clock, MeasuredClock
from core.db.database import Database, PoolUse
from core.event_loop import run_fast
from core.heartbeats.ping import PingAnswer, PingKind, PingVerdict
from core.inherited_socket_server import InheritedSocketServer
from core.outbound_policy import outbound_for
from core.plugin_registry import load_plugins
from core.request_frame import RequestFrame
from core.secret_text import digest_of
from core.services import build_services
from core.settings import Settings, Switch
from core.supervision.listening_socket import BACKLOG, listen
from core.usage.quota import Quota

POOL_SIZE = 12
UNLIMITED = 1_000_000

# What the rival keeps, and all that it does for a ping: no limit, no history, nothing for an engine to read.
RIVAL_TABLE = """
CREATE TABLE last_pings (monitor_id uuid PRIMARY KEY, arrived_at timestamptz NOT NULL) WITH (fillfactor = 50)
"""
_RIVAL_UPSERT = """
INSERT INTO last_pings (monitor_id, arrived_at)
SELECT monitor_id, $2 FROM heartbeats WHERE token_sha256 = $1
ON CONFLICT (monitor_id) DO UPDATE SET arrived_at = excluded.arrived_at
RETURNING monitor_id
"""


class OneUpsertAPing:
    """The rival: every ping is a statement and a commit of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._quota = Quota(limit=UNLIMITED, remaining=UNLIMITED, resets_at=clock.now())

    async def receive(self, token: str, _kind: PingKind, **_said: Any) -> PingAnswer:
        """Store that the heartbeat was pinged, and answer after the commit."""
        async with self._database.acquire() as connection:
            known = await connection.fetchval(_RIVAL_UPSERT, digest_of(token), self._clock.now())
        verdict = PingVerdict.UNKNOWN if known is None else PingVerdict.ACCEPTED
        return PingAnswer(verdict=verdict, quota=self._quota)


async def _serve(url: str, receiver: str, fast_lists: str = Switch.ON) -> None:
    clock = MeasuredClock()
    database = await Database.connect(url, use=PoolUse.FACES, max_size=POOL_SIZE)
    await database.measure(clock)
    settings = Settings(database_url=url, pings_per_minute=UNLIMITED, fast_lists=Switch(fast_lists))
    services = build_services(
        settings=settings,
        database=database,
        registry=load_plugins(),
        clock=clock,
        outbound=outbound_for(settings),
    )
    if receiver == "rival":
        rival: Any = OneUpsertAPing(database, clock)
        services = dataclasses.replace(services, pings=rival)
    app = create_app(services)
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = InheritedSocketServer(RequestFrame(app, clock), listener.detach(), BACKLOG)
    async with app.lifespan():
        gc.freeze()  # as core/supervision/lifeline.py does
        serving = asyncio.ensure_future(server.run(lambda: print(port, flush=True)))
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        server.end()
        await serving
    await database.close()


if __name__ == "__main__":
    run_fast(_serve(*sys.argv[1:]))
