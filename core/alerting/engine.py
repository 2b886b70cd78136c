"""Turns transitions into messages owed: decisions, deliveries and the mark, in one transaction each (T2)."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

from core.alerting.flapping import FlappingPhase
from core.alerting.inbox import (
    LeasedTransition,
    LockedTransition,
    finish_transition,
    lease_transitions,
    lock_transition,
    postpone_transition,
)
from core.alerting.ledger import Ledger
from core.alerting.record import occasion_of, show_flapping, write_routed
from core.alerting.routing import routing
from core.alerting.situation import read_entries, read_flapping, read_policy, read_surroundings
from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Connection, Database
from core.errors import Contended
from core.log import get_logger
from core.plugin_registry import PluginRegistry
from core.wakeup import Wakeup
from core.work_loop import tell_of_repeat, work_in_rounds

TRANSITIONS_A_ROUND = 100
AT_ONCE = 3

log = get_logger(__name__)


class AlertEngine:
    """Routes transitions, in order for each monitor. Any number of engines may work on one database.

    `wakeup` is set by whoever commits transitions; `deliveries` is set here when messages became due.
    """

    def __init__(
        self, *, database: Database, registry: PluginRegistry, clock: Clock, deliveries: Wakeup | None = None
    ) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._registry = registry
        self._clock = clock
        self._deliveries = Wakeup() if deliveries is None else deliveries

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; a round under way is finished."""
        await work_in_rounds(self.step, name="alert_engine", wakeup=self.wakeup, stopping=stopping)

    async def step(self) -> int:
        """Do one round: at most one transition of each monitor. Returns how many were taken."""
        async with self._database.acquire() as connection:
            leased = await lease_transitions(connection, now=self._clock.now(), limit=TRANSITIONS_A_ROUND)
        limit = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._route_within(limit, transition) for transition in leased))
        return len(leased)

    async def _route_within(self, limit: asyncio.Semaphore, leased: LeasedTransition) -> None:
        async with limit:
            try:
                await self._route(leased)
            except (*CONNECTION_ERRORS, Contended) as error:
                # The lease runs out by itself; nothing could be written now.
                tell_of_repeat("transition.repeats", error, transition=str(leased.id))
            except Exception:  # One workspace's fault must not stop the others' alerts
                await self._postpone(leased)

    async def _route(self, leased: LeasedTransition) -> None:
        """Run T2 for one transition, unless somebody else did."""

        async def route(connection: Connection) -> int:
            locked = await lock_transition(connection, leased)
            if locked is None:
                return 0
            change, now = locked.change, self._clock.now()
            surroundings = await read_surroundings(connection, change)
            ledger = await self._read_ledger(connection, locked, now)
            policy = await read_policy(connection, self._registry, change, ledger.entries)
            occasion = occasion_of(self._registry, change, surroundings, now)
            new_deliveries = await write_routed(connection, occasion, routing(change, policy, ledger, now))
            await finish_transition(connection, change, now=now)
            return new_deliveries

        if await self._database.in_transaction(route):
            self._deliveries.set()

    async def _read_ledger(self, connection: Connection, locked: LockedTransition, now: datetime) -> Ledger:
        change = locked.change
        flapping = await read_flapping(connection, locked)
        entries = await read_entries(
            connection, change.workspace_id, change.incident_id, change.monitor_id, flapping.since
        )
        if flapping.phase is FlappingPhase.BEGINS:
            # After the deliveries are locked: whoever deletes a monitor takes its state after them, too.
            await show_flapping(connection, change.workspace_id, change.monitor_id, now, is_flapping=True)
        return Ledger(entries=entries, phase=flapping.phase)

    async def _postpone(self, leased: LeasedTransition) -> None:
        log.exception("transition.failed", transition=str(leased.id), workspace=str(leased.workspace_id))
        with contextlib.suppress(*CONNECTION_ERRORS):
            async with self._database.acquire() as connection:
                await postpone_transition(connection, leased, now=self._clock.now())
