"""Reads at a worker's start what its region found up last."""

from __future__ import annotations

import asyncio

from core.blindness.common_failure import is_elsewhere
from core.blindness.known_up import MOST_KNOWN, KnownUp
from core.db.absence import CONNECTION_ERRORS
from core.db.database import Database
from core.db.named_sql import named_sql
from core.log import get_logger

log = get_logger(__name__)

# Failures wait for it.
_LONGEST_SECONDS = 5.0
_SQL = named_sql("known_up")


async def learn_known_up(database: Database, region_id: int, known_up: KnownUp) -> None:
    """Fill in what was up; without the database nothing is known, and each look teaches some of it."""
    try:
        async with asyncio.timeout(_LONGEST_SECONDS), database.acquire() as connection:
            rows = await connection.fetch(_SQL["known_up"], region_id, MOST_KNOWN)
    except CONNECTION_ERRORS as error:
        log.warning("known_up.not_read", error=str(error) or type(error).__name__)
        return
    for row in rows:
        if is_elsewhere(row["host"]):
            known_up.reached(row["id"], row["host"])
