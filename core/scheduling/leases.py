"""Leases: which worker looks at which monitor, and when it is due next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.checks.coverage import TOLERANCE
from core.checks.recording import Unconfirmed
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.db.notifications import NotifyChannel

_SQL = named_sql("leases")

# How long a check may be late beyond its timeout before another worker does it.
SPARE_SECONDS = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One slot of one monitor that this worker is to look at, with all that the look needs."""

    monitor_id: UUID
    region_id: int
    slot: datetime
    lease_until: datetime
    kind: str
    config: Mapping[str, Any]
    config_revision: int
    timeout_seconds: int
    previous_facts: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimant:
    """Who claims: a worker, for its region."""

    region_id: int
    worker_id: UUID


async def schedule_monitors(
    connection: Connection, workspace_id: UUID, monitor_ids: Collection[UUID], *, now: datetime
) -> None:
    """Make monitors due at once in each region of monitor_regions, and in no other; wake these regions.

    Paused, deleted and passive ones get no lease. For new monitors, new regions and new intervals.
    """
    wanted = sorted(monitor_ids)
    await connection.execute(_SQL["lock_leases"], workspace_id, wanted)
    await connection.execute(_SQL["unschedule_elsewhere"], workspace_id, wanted)
    await connection.execute(_SQL["forget_elsewhere"], workspace_id, wanted)
    await connection.execute(_SQL["schedule"], workspace_id, wanted, now)
    await connection.execute(
        _SQL["expect_looks"], workspace_id, wanted, now, round(TOLERANCE.total_seconds())
    )
    await _wake(connection, workspace_id, wanted)


async def unschedule_monitors(
    connection: Connection, workspace_id: UUID, monitor_ids: Collection[UUID]
) -> None:
    """End the leases of monitors; a check on its way is still recorded."""
    wanted = sorted(monitor_ids)
    await connection.execute(_SQL["lock_leases"], workspace_id, wanted)
    await connection.execute(_SQL["unschedule"], workspace_id, wanted)


async def check_now(
    connection: Connection, workspace_id: UUID, monitor_ids: Collection[UUID], *, now: datetime
) -> None:
    """Make monitors due now and wake their regions; one whose check is due or on its way is left as it is.

    Inside the caller's transaction, for the order in which leases are locked.
    """
    wanted = sorted(monitor_ids)
    await connection.execute(_SQL["lock_leases"], workspace_id, wanted)
    await connection.execute(_SQL["hasten"], workspace_id, wanted, now)
    await _wake(connection, workspace_id, wanted)


async def _wake(connection: Connection, workspace_id: UUID, monitor_ids: list[UUID]) -> None:
    await connection.execute(_SQL["wake_regions"], workspace_id, monitor_ids, NotifyChannel.LEASES.value)


async def claim_due(
    connection: Connection, claimant: Claimant, *, now: datetime, ahead: timedelta, at_most: int
) -> list[Claim]:
    """Claim slots of the claimant's region that are due by `now` + `ahead`, the longest due first."""
    rows = await connection.fetch(
        _SQL["claim_due"],
        claimant.region_id,
        now + ahead,
        now,
        claimant.worker_id,
        at_most,
        SPARE_SECONDS,
    )
    return [_claim(row, claimant.region_id) for row in rows]


async def take_over(
    connection: Connection, claimant: Claimant, *, now: datetime, at_most: int
) -> list[Claim]:
    """Claim slots whose lease ran out with nothing recorded: their worker is dead."""
    rows = await connection.fetch(
        _SQL["take_over"], claimant.region_id, now, claimant.worker_id, at_most, SPARE_SECONDS
    )
    return [_claim(row, claimant.region_id) for row in rows]


async def renew(
    connection: Connection, claimant: Claimant, claims: Sequence[Claim], *, until: datetime
) -> None:
    """Keep claims whose checks take longer than their leases."""
    await connection.execute(_SQL["renew"], claimant.region_id, claimant.worker_id, *_keys(claims), until)


async def give_back(connection: Connection, claimant: Claimant, claims: Sequence[Claim]) -> None:
    """Make claims due again that this worker will not look at."""
    await connection.execute(_SQL["give_back"], claimant.region_id, claimant.worker_id, *_keys(claims))


async def bring_forward(connection: Connection, unconfirmed: Sequence[Unconfirmed]) -> None:
    """Let the monitors of unconfirmed streaks be looked at again after their recheck seconds, or sooner."""
    await connection.execute(
        _SQL["bring_forward"],
        [streak.monitor_id for streak in unconfirmed],
        [streak.region_id for streak in unconfirmed],
        [streak.slot for streak in unconfirmed],
    )


def _keys(claims: Sequence[Claim]) -> tuple[list[UUID], list[datetime]]:
    return [claim.monitor_id for claim in claims], [claim.slot for claim in claims]


def _claim(row: asyncpg.Record, region_id: int) -> Claim:
    return Claim(
        monitor_id=row["monitor_id"],
        region_id=region_id,
        slot=row["slot"],
        lease_until=row["lease_until"],
        kind=row["kind"],
        config=row["config"],
        config_revision=row["config_revision"],
        timeout_seconds=row["timeout_seconds"],
        previous_facts=row["previous_facts"],
    )
