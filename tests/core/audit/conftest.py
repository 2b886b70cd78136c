"""What was written down, as tests compare it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from core.db.database import Database
from core.services import Services, build_services
from core.settings import Settings
from plugins.api.outbound import Outbound


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of audit_entries."""

    action: str
    subject_id: UUID
    before: Any = None
    after: Any = None


Entries = Callable[[], Awaitable[list[Entry]]]


@pytest.fixture
def services(database: Database, clock, village) -> Services:
    """All services, with the kinds of the village."""
    return build_services(
        settings=Settings(), database=database, registry=village, clock=clock, outbound=Outbound()
    )


@pytest.fixture
async def entries(database: Database) -> Entries:
    """Takes what was written down since it was taken last, the first first, though the clock stands still."""
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE audit_entries ADD COLUMN written bigserial")

    async def take() -> list[Entry]:
        async with database.acquire() as connection:
            rows = await connection.fetch(
                "WITH taken AS (DELETE FROM audit_entries RETURNING *) SELECT * FROM taken ORDER BY written"
            )
        return [
            Entry(
                action=row["action"],
                subject_id=row["subject_id"],
                before=row["before"],
                after=row["after"],
            )
            for row in rows
        ]

    return take
