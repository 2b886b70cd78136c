"""Sends what is owed: leases due deliveries and has several of them sent at once.

A crash between the sending and the mark sends again after the lease, under the same delivery id.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable

from core.clock import Clock
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database
from core.deliveries.dispatch import Dispatch
from core.deliveries.outbox import LeasedDelivery, lease_deliveries
from core.deliveries.sender import Sender
from core.log import get_logger
from core.plugin_registry import PluginRegistry
from core.wakeup import Wakeup
from core.work_loop import tell_of_repeat, work_in_rounds
from plugins.api.mail import Mailer
from plugins.api.outbound import Outbound

AT_ONCE = 32
AT_ONCE_A_DESTINATION = 8
STOP_WITHIN_SECONDS = 5.0

log = get_logger(__name__)


class Dispatcher:
    """Sends due deliveries. Any number of dispatchers may work on one database.

    `wakeup` is set by whoever commits deliveries. `jitter` returns a random number from 0 to 1.
    """

    def __init__(
        self,
        *,
        database: Database,
        registry: PluginRegistry,
        outbound: Outbound,
        mailer: Mailer | None = None,
        clock: Clock,
        at_once: int = AT_ONCE,
        stop_within_seconds: float = STOP_WITHIN_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.wakeup = Wakeup()
        self._database = database
        self._clock = clock
        self._at_once = at_once
        self._stop_within_seconds = stop_within_seconds
        self._dispatch = Dispatch(
            database=database,
            registry=registry,
            sender=Sender(outbound, mailer=mailer),
            clock=clock,
            jitter=jitter,
        )
        self._under_way: dict[asyncio.Task[None], LeasedDelivery] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then finish the sends under way, or give back what takes too long."""
        await work_in_rounds(self.step, name="dispatcher", wakeup=self.wakeup, stopping=stopping)
        await self._stop()

    async def work_once(self) -> int:
        """Do one round and wait for its sends to end; return how many were taken."""
        taken = await self.step()
        await self.settle()
        return taken

    async def step(self) -> int:
        """Lease what is due and start to send it; return how many were taken."""
        limit = self._at_once - len(self._under_way)
        # The leases of what is unmarked may have run out: it must not be taken for what nobody has sent.
        if limit <= 0 or self._dispatch.unmarked:
            return 0
        shares = Counter(delivery.destination_id for delivery in self._under_way.values())
        async with self._database.acquire() as connection:
            leased = await lease_deliveries(
                connection,
                now=self._clock.now(),
                limit=limit,
                share=AT_ONCE_A_DESTINATION,
                busy=[destination for destination, count in shares.items() if count >= AT_ONCE_A_DESTINATION],
            )
        for delivery in leased:
            task = asyncio.create_task(self._handle(delivery))
            self._under_way[task] = delivery
            task.add_done_callback(self._ended)
        return len(leased)

    async def settle(self) -> None:
        """Wait for the sends under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        # A place is free, and the next message to the same destination may be due.
        self.wakeup.set()

    async def _handle(self, delivery: LeasedDelivery) -> None:
        try:
            await self._dispatch(delivery)
        except CONNECTION_ERRORS as error:
            # Not sent, or not known to be: the lease runs out, and it is sent again.
            tell_of_repeat("delivery.repeats", error, delivery=delivery.public_id)
        except Exception:  # One delivery's fault must not stop the others
            log.exception("delivery.broke", delivery=delivery.public_id)

    async def _stop(self) -> None:
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=self._stop_within_seconds)
        cut = dict(self._under_way)
        for task in cut:
            task.cancel()
        await self.settle()
        with contextlib.suppress(*CONNECTION_ERRORS):
            for delivery in cut.values():
                await self._dispatch.give_back(delivery)
