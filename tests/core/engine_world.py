"""A small world for the engine's tests: regions, monitors, findings, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.checks.finding import NO_REGION, Finding
from core.checks.recorder import Recorded, record_findings
from core.checks.region_state import RegionState
from core.clock import ManualClock
from core.db.database import Connection, Database
from core.ids import new_id
from core.incidents.life_cycle import begin_monitor
from core.incidents.subject import region_state
from core.monitors.status import MonitorStatus
from plugins.api.outcome import CheckStatus, IncidentKind, Outcome

UP, DEGRADED, DOWN, UNKNOWN = (
    CheckStatus.UP,
    CheckStatus.DEGRADED,
    CheckStatus.DOWN,
    CheckStatus.UNKNOWN,
)
REGIONS = (1, 2, 3)


@dataclass(kw_only=True)
class EngineWorld:
    """One workspace, three regions, and a clock that stands still."""

    database: Database
    clock: ManualClock
    workspace_id: UUID = field(init=False)
    project_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.workspace_id = new_id(self.clock.now())
        self.project_id = new_id(self.clock.now())

    async def prepare(self) -> None:
        async with self.database.acquire() as connection:
            for region in REGIONS:
                await connection.execute(
                    "INSERT INTO regions (id, public_id, key, created_at) VALUES ($1, $2, $3, $4)",
                    region,
                    new_id(self.clock.now()),
                    f"region-{region}",
                    self.clock.now(),
                )

    async def monitor(
        self,
        *,
        regions: Sequence[int] = (1,),
        is_passive: bool = False,
        kind: str = "door",
        config: dict[str, Any] | None = None,
        workspace_id: UUID | None = None,
        is_paused: bool = False,
        interval_seconds: int = 60,
        timeout_seconds: int = 10,
        failures_to_open: int = 2,
        successes_to_close: int = 1,
        regions_to_agree: int = 1,
    ) -> UUID:
        """Make a monitor as the service does."""
        now, monitor_id = self.clock.now(), new_id(self.clock.now())
        workspace = workspace_id or self.workspace_id
        async with self.database.transaction() as connection:
            await connection.execute(
                """INSERT INTO monitors (id, workspace_id, project_id, name, kind, is_passive, config, target,
                    interval_seconds, timeout_seconds, failures_to_open, successes_to_close, regions_to_agree,
                    recheck_seconds, paused_at, created_at, updated_at)
                VALUES ($1, $2, $3, 'a door', $4, $5, $6, 'the door', $7, $8, $9, $10, $11, 20, $12, $13, $13)""",
                monitor_id,
                workspace,
                self.project_id,
                kind,
                is_passive,
                config or {},
                interval_seconds,
                timeout_seconds,
                failures_to_open,
                successes_to_close,
                regions_to_agree,
                now if is_paused else None,
                now,
            )
            if not is_passive:
                await connection.executemany(
                    "INSERT INTO monitor_regions (monitor_id, region_id, workspace_id) VALUES ($1, $2, $3)",
                    [(monitor_id, region, workspace) for region in regions],
                )
            await begin_monitor(connection, workspace, monitor_id, now=now)
        return monitor_id

    def finding(
        self,
        monitor_id: UUID,
        status: CheckStatus,
        *,
        slot: datetime | None = None,
        region_id: int = 1,
        revision: int = 1,
        asks_expiry: bool = False,
        **outcome: Any,
    ) -> Finding:
        moment = slot or self.clock.now()
        if status is not UP:
            outcome.setdefault("message", "nobody opens")
        return Finding(
            monitor_id=monitor_id,
            region_id=region_id,
            slot=moment,
            checked_at=moment,
            config_revision=revision,
            outcome=Outcome(
                status=status, incident_kind=IncidentKind.EXPIRY if asks_expiry else None, **outcome
            ),
        )

    async def record(self, *findings: Finding) -> Recorded:
        async with self.database.transaction() as connection:
            return await record_findings(connection, findings, now=self.clock.now())

    async def look(self, monitor_id: UUID, *statuses: CheckStatus, **finding: Any) -> list[datetime]:
        """Record one finding after the other, 20 s apart; return their slots."""
        slots = []
        for status in statuses:
            slots.append(self.clock.advance(20))
            await self.record(self.finding(monitor_id, status, **finding))
        return slots

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.database.acquire() as connection:
            return await connection.fetch(query, *arguments)

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.database.acquire() as connection:
            return await connection.fetchval(query, *arguments)

    async def status(self, monitor_id: UUID) -> MonitorStatus:
        return MonitorStatus(
            await self.value("SELECT status FROM monitor_states WHERE monitor_id = $1", monitor_id)
        )

    async def intervals(self, monitor_id: UUID) -> list[tuple[MonitorStatus, int, int | None, bool]]:
        rows = await self.fetch(
            "SELECT status, from_ms, to_ms, is_paused FROM status_intervals WHERE monitor_id = $1 ORDER BY from_ms",
            monitor_id,
        )
        return [
            (MonitorStatus(row["status"]), row["from_ms"], row["to_ms"], row["is_paused"]) for row in rows
        ]

    async def incidents(self, monitor_id: UUID) -> list[asyncpg.Record]:
        return await self.fetch(
            "SELECT * FROM incidents WHERE monitor_id = $1 ORDER BY started_at, number", monitor_id
        )

    async def transitions(self, monitor_id: UUID) -> list[asyncpg.Record]:
        return await self.fetch(
            "SELECT * FROM transitions WHERE monitor_id = $1 ORDER BY position", monitor_id
        )

    async def region_states(self) -> dict[tuple[UUID, int], RegionState]:
        rows = await self.fetch("SELECT * FROM region_states")
        return {(row["monitor_id"], row["region_id"]): region_state(row) for row in rows}


async def unsound(connection: Connection) -> dict[str, list[asyncpg.Record]]:
    """Return every breach of what must hold after any sequence of changes, by the rule's name."""
    rules = {
        "live monitors have exactly one open interval": """
            SELECT m.id FROM monitors m LEFT JOIN status_intervals i ON i.monitor_id = m.id AND i.to_ms IS NULL
            GROUP BY m.id, m.deleted_at HAVING count(i.monitor_id) <> (m.deleted_at IS NULL)::int""",
        "intervals leave no gap and do not overlap": """
            SELECT * FROM (SELECT monitor_id, from_ms, lag(to_ms) OVER w AS ended, row_number() OVER w AS nr
                FROM status_intervals WINDOW w AS (PARTITION BY monitor_id ORDER BY from_ms)) x
            WHERE nr > 1 AND ended IS DISTINCT FROM from_ms""",
        "neighbouring intervals differ": """
            SELECT * FROM (SELECT monitor_id, status, is_paused, lag(status) OVER w AS s, lag(is_paused) OVER w AS p
                FROM status_intervals WINDOW w AS (PARTITION BY monitor_id ORDER BY from_ms)) x
            WHERE status = s AND is_paused = p""",
        "the status is that of the open interval": """
            SELECT s.monitor_id FROM monitor_states s JOIN status_intervals i USING (monitor_id)
            WHERE i.to_ms IS NULL AND i.status <> s.status""",
        "at most one incident of a kind is open": """
            SELECT monitor_id, kind FROM incidents WHERE status <> 'RESOLVED'
            GROUP BY monitor_id, kind HAVING count(*) > 1""",
        "a monitor that is down has an open outage": """
            SELECT s.monitor_id FROM monitor_states s JOIN monitors m ON m.id = s.monitor_id AND m.deleted_at IS NULL
            WHERE s.status = 3 AND NOT EXISTS (SELECT FROM incidents i WHERE i.monitor_id = s.monitor_id
                AND i.kind = 'OUTAGE' AND i.status <> 'RESOLVED')""",
        "an outage is open only while the monitor is down or unknown": """
            SELECT i.id FROM incidents i JOIN monitor_states s USING (monitor_id)
            WHERE i.kind = 'OUTAGE' AND i.status <> 'RESOLVED' AND s.status NOT IN (3, 4)""",
        "numbers have no gaps": """
            SELECT workspace_id, year FROM incidents GROUP BY workspace_id, year
            HAVING count(*) <> max(number) OR min(number) <> 1""",
        "the counter is the last number": """
            SELECT c.* FROM incident_counters c WHERE last_number <> (SELECT count(*) FROM incidents i
                WHERE i.workspace_id = c.workspace_id AND i.year = c.year)""",
        "each incident opens once and ends once": """
            SELECT i.id FROM incidents i LEFT JOIN transitions t ON t.incident_id = i.id GROUP BY i.id, i.status
            HAVING count(*) FILTER (WHERE t.kind = 'OPENED') <> 1
                OR count(*) FILTER (WHERE t.kind = 'RESOLVED') <> (i.status = 'RESOLVED')::int""",
        "incidents do not end before they begin": "SELECT id FROM incidents WHERE resolved_at < started_at",
        "every DOWN interval lies in an outage": """
            SELECT d.* FROM status_intervals d WHERE d.status = 3 AND NOT EXISTS (
                SELECT FROM incidents i WHERE i.monitor_id = d.monitor_id AND i.kind = 'OUTAGE'
                    AND extract(epoch FROM i.started_at) * 1000 <= d.from_ms
                    AND (i.resolved_at IS NULL OR extract(epoch FROM i.resolved_at) * 1000 >= d.to_ms))""",
        "the last slot is the latest check of the configuration": """
            SELECT r.monitor_id FROM region_states r
            WHERE NOT EXISTS (SELECT FROM checks c WHERE c.monitor_id = r.monitor_id AND c.region_id = r.region_id
                AND c.slot = r.last_slot)""",
    }
    found = {rule: await connection.fetch(query) for rule, query in rules.items()}
    return {rule: rows for rule, rows in found.items() if rows}


async def assert_sound(database: Database) -> None:
    async with database.acquire() as connection:
        found = await unsound(connection)
    assert found == {}, found


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


__all__ = [
    "DEGRADED",
    "DOWN",
    "NO_REGION",
    "REGIONS",
    "UNKNOWN",
    "UP",
    "EngineWorld",
    "assert_sound",
    "seconds",
]
