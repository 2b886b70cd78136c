"""The worker process: looks, records, decides and sends for one region, and keeps house.

Started by the supervisor, which holds its lifeline; `tocsin worker` runs the same work by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
from collections.abc import Callable, Sequence

from core.blindness.canary_targets import canary_targets
from core.clock import MeasuredClock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database, PoolUse
from core.db.schema_version import require_schema
from core.descriptor_limit import raise_descriptor_limit
from core.event_loop import run_fast
from core.ids import new_id
from core.log import get_logger
from core.mail import mailer_for
from core.outbound_policy import outbound_for
from core.plugin_registry import PluginRegistry, load_plugins
from core.scheduling.leases import Claimant
from core.scheduling.presence import Presence, ensure_region
from core.settings import Settings
from core.stages import run_stages
from core.supervision.child_work import run_child
from core.supervision.lifeline import Lifeline
from core.work_loop import when_reached
from core.worker_stages import Surroundings, worker_stages

log = get_logger(__name__)

_POOL_SIZE = 12
_LEAVE_SECONDS = 0.5


async def work(
    settings: Settings, registry: PluginRegistry, stopping: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Do a worker's work on the settings' database until `stopping` is set; `ready` is called when it has begun.

    While the database is away it waits for it.
    """
    url = settings.database_url or ""
    raise_descriptor_limit()
    clock = MeasuredClock()
    database = Database.unopened(url, use=PoolUse.ENGINE, max_size=_POOL_SIZE)
    await database.open()
    database.use_for_piccolo()
    try:
        arrived = await when_reached(functools.partial(_arrive, settings, database, clock), stopping)
        if arrived is None:
            return
        claimant, presence = arrived
        around = Surroundings(
            database=database,
            clock=clock,
            registry=registry,
            outbound=outbound_for(settings),
            mailer=mailer_for(settings),
            region_key=settings.region,
            claimant=claimant,
            canaries=canary_targets(settings.connectivity_targets),
        )
        ready()
        await run_stages(worker_stages(around, presence), stopping)
        if not database.reach.is_lost:  # else the others will miss it soon enough
            with contextlib.suppress(*CONNECTION_ERRORS):
                await asyncio.wait_for(presence.leave(), _LEAVE_SECONDS)
    finally:
        await database.close()


async def _arrive(settings: Settings, database: Database, clock: MeasuredClock) -> tuple[Claimant, Presence]:
    """Learn the time, try the schema, find the region and register in it."""
    await database.measure(clock)
    async with database.acquire() as connection:
        await require_schema(connection)
        region_id = await ensure_region(connection, settings.region, clock)
    claimant = Claimant(region_id=region_id, worker_id=new_id(clock.now()))
    presence = Presence(database=database, clock=clock, claimant=claimant)
    await presence.arrive()
    return claimant, presence


async def _work(settings: Settings, lifeline: Lifeline) -> None:
    registry = load_plugins()
    await lifeline.wait_to_go()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await work(settings, registry, stopping, lifeline.say_ready)


def main(_words: Sequence[str]) -> int:
    """Run as the supervisor's child; return the exit code."""
    return run_child(_work, run_fast)
