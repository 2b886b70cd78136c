"""One monitor whose results the database refuses does not stop the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import asyncpg

from core.errors import Contended
from core.log import get_logger

log = get_logger(__name__)


class Work(Protocol):
    """Does something for monitors in a transaction of its own."""

    async def __call__(self, monitor_ids: Sequence[UUID], *, is_poisoned: bool) -> int:
        """Return how much was done; `is_poisoned`: the results of this one monitor cannot be stored."""
        ...


async def work_in_parts(monitor_ids: Sequence[UUID], work: Work) -> int:
    """Do the work for all monitors at once, or by halves where the data of one are refused."""
    try:
        return await work(monitor_ids, is_poisoned=False) if monitor_ids else 0
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
        if len(monitor_ids) == 1:
            log.exception("heartbeat.poisoned", monitor=str(monitor_ids[0]))
            return await work(monitor_ids, is_poisoned=True)
    except Contended as error:
        log.info("heartbeats.contended", error=repr(error.__cause__))
        return 0  # the next round takes them again
    middle = len(monitor_ids) // 2
    first, second = monitor_ids[:middle], monitor_ids[middle:]
    return await work_in_parts(first, work) + await work_in_parts(second, work)
