"""The worker process: looks, records, decides and sends for one region, and keeps house.

`python -m core.worker` is started by the supervisor, which holds the lifeline; `tocsin worker` runs the
same work by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable

from core.clock import MeasuredClock
from core.db.clock_keeper import ClockKeeper
from core.db.database import Database, PoolUse
from core.event_loop import run_fast
from core.events.sequencer import Sequencer
from core.housekeeping import Housekeeping
from core.ids import new_id
from core.log import get_logger
from core.plugin_registry import PluginRegistry, load_plugins
from core.scheduling.presence import Presence, ensure_region
from core.settings import Settings
from core.stages import Stage, run_stages
from core.supervision.lifeline import Lifeline, run_child
from core.work_loop import CONNECTION_ERRORS

log = get_logger(__name__)

_POOL_SIZE = 12


async def work(
    settings: Settings, registry: PluginRegistry, stopping: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Do a worker's work on the settings' database until `stopping` is set; `ready` is called when it has begun."""
    clock = MeasuredClock()
    database = await Database.connect(settings.database_url or "", use=PoolUse.ENGINE, max_size=_POOL_SIZE)
    try:
        await database.measure(clock)
        async with database.acquire() as connection:
            region_id = await ensure_region(connection, settings.region, clock)
        presence = Presence(
            database=database, clock=clock, worker_id=new_id(clock.now()), region_id=region_id
        )
        await presence.arrive()
        ready()
        await run_stages(_stages(database, clock, presence), stopping)
        with contextlib.suppress(*CONNECTION_ERRORS):  # the others will miss it soon enough
            await presence.leave()
    finally:
        await database.close()


def _stages(database: Database, clock: MeasuredClock, presence: Presence) -> list[Stage]:
    keepers = (
        Sequencer(database=database, clock=clock),
        Housekeeping(database=database, clock=clock),
        presence,
        ClockKeeper(database=database, clock=clock),
    )
    return [Stage(name="keeping", components=keepers, stop_seconds=1.0)]


async def _work(settings: Settings, lifeline: Lifeline) -> None:
    registry = load_plugins()
    await lifeline.wait_to_go()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await work(settings, registry, stopping, lifeline.say_ready)


if __name__ == "__main__":
    sys.exit(run_child(_work, run_fast))
