"""What PostgreSQL gave up for the sake of other transactions is done again, as a whole."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from core.errors import Contended
from core.log import get_logger

ResultT = TypeVar("ResultT")

log = get_logger(__name__)

# Each says that the transaction was rolled back, and that the same one may pass the next time.
CONTENTION = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)
MOST_TRIES = 5
# PostgreSQL looks for a deadlock after a second, and the faces wait as long for a lock: somebody may be waiting.
_LAST_TRY_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.02


async def repeated(attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Await an attempt, which is one transaction and touches nothing else, until it is not in others' way.

    Raises Contended after five tries, or after the last one that began within five seconds.
    """
    last_try_at = time.monotonic() + _LAST_TRY_SECONDS
    tries = 1
    while True:
        try:
            return await attempt()
        except CONTENTION as error:
            if tries == MOST_TRIES or time.monotonic() > last_try_at:
                raise Contended from error
            log.info("transaction.repeats", error=" ".join(str(error).split()), tries=tries)
        # Those who met once do not meet again at the same moment.
        await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**tries * random.random())  # noqa: S311  (no secret)
        tries += 1
