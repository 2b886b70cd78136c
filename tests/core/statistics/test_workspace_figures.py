"""The figures of a workspace's dashboard, at moments that the test chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.access.sight import Sight
from core.ids import new_id, to_unix_ms
from core.statistics.workspace_figures import workspace_figures

WORKSPACE, PROJECT, ELSEWHERE = UUID(int=7), UUID(int=8), UUID(int=9)
NOW = datetime.now(UTC).replace(microsecond=0)
SIGHT = Sight(workspace_id=WORKSPACE, project_ids=None, since=NOW - timedelta(days=400))
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


async def _insert(database, table: str, **columns: Any) -> None:
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    async with database.acquire() as connection:
        await connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *columns.values()
        )


async def _add_monitor(
    database, project_id: UUID = PROJECT, *, workspace_id: UUID = WORKSPACE, **columns: Any
) -> UUID:
    monitor_id = new_id(NOW)
    made_at = NOW - 10 * DAY
    await _insert(
        database,
        "monitors",
        id=monitor_id,
        workspace_id=workspace_id,
        project_id=project_id,
        name="m",
        kind="door",
        is_passive=False,
        config={},
        target="-",
        timeout_seconds=9,
        created_at=made_at,
        updated_at=made_at,
        **columns,
    )
    return monitor_id


async def _add_incident(
    database, monitor_id: UUID, number: int, resolved_at: datetime | None, lasted: timedelta, **columns: Any
) -> None:
    row = {
        "id": new_id(NOW),
        "workspace_id": WORKSPACE,
        "project_id": PROJECT,
        "monitor_id": monitor_id,
        "monitor_name": "m",
        "kind": "OUTAGE",
        "year": 2026,
        "number": number,
        "status": "OPEN" if resolved_at is None else "RESOLVED",
        "severity": "HIGH",
        "started_at": (NOW if resolved_at is None else resolved_at) - lasted,
        "resolved_at": resolved_at,
        "region_ids": [],
    }
    await _insert(database, "incidents", **{**row, **columns})


async def _figures(database, sight: Sight = SIGHT, now: datetime = NOW):
    async with database.acquire() as connection:
        return await workspace_figures(connection, sight, now)


async def test_incidents_are_of_the_day_and_the_week_in_utc_by_the_moment_of_their_end(database) -> None:
    wednesday = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
    midnight, monday = datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    ends = [midnight, midnight - SECOND, monday, monday - SECOND, wednesday - 30 * DAY - SECOND]
    monitor_id = await _add_monitor(database)
    for number, (ended_at, hours) in enumerate(zip(ends, (1, 2, 3, 4, 99), strict=True)):
        await _add_incident(database, monitor_id, number, ended_at, hours * HOUR)
    await _add_incident(database, monitor_id, 8, midnight, 90 * DAY, kind="EXPIRY")
    await _add_incident(database, monitor_id, 9, None, HOUR, kind="DEGRADED", status="ACKNOWLEDGED")

    figures = await _figures(database, now=wednesday)

    assert figures.incidents_open == 1
    assert figures.incidents_resolved_today == 2
    assert figures.incidents_resolved_this_week == 4
    # Outages alone, of the last 30 days.
    assert figures.average_time_to_recovery_seconds == pytest.approx(2.5 * 3600)


async def test_time_and_latency_are_those_of_all_monitors_in_sight_together(database) -> None:
    ours, slow = await _add_monitor(database), await _add_monitor(database, ELSEWHERE)
    strangers = await _add_monitor(database, workspace_id=UUID(int=1))
    at_ms = to_unix_ms(NOW)
    for monitor_id, workspace_id, statuses in (
        (ours, WORKSPACE, [1, 3]),
        (slow, WORKSPACE, [2, 4]),
        (strangers, UUID(int=1), [3, 3]),
    ):
        bounds = [at_ms - 2 * 86_400_000, at_ms - 6 * 3_600_000, None]
        for place, status in enumerate(statuses):
            await _insert(
                database,
                "status_intervals",
                monitor_id=monitor_id,
                workspace_id=workspace_id,
                from_ms=bounds[place],
                to_ms=bounds[place + 1],
                status=status,
            )
    for monitor_id, workspace_id, ages, response_us in (
        (ours, WORKSPACE, (HOUR / 2, 2 * HOUR), 100_000),
        (slow, WORKSPACE, (HOUR / 3,), 300_000),
        (strangers, UUID(int=1), (HOUR / 3,), 900_000),
    ):
        for age in ages:
            await _insert(
                database,
                "checks",
                monitor_id=monitor_id,
                workspace_id=workspace_id,
                slot=NOW - age,
                region_id=1,
                id=new_id(NOW),
                status=1,
                checked_at=NOW - age,
                response_us=response_us,
            )

    whole = await _figures(database)
    confined = await _figures(
        database, Sight(workspace_id=WORKSPACE, project_ids=(PROJECT,), since=SIGHT.since)
    )

    # 18 hours up and 6 down of one, 18 degraded of the other: what nobody knows of the rest counts for nothing.
    assert whole.overall_uptime == pytest.approx(36 / 42)
    assert (whole.average_response_time_ms, whole.p95_response_time_ms) == (200.0, pytest.approx(290.0))
    assert confined.overall_uptime == pytest.approx(18 / 24)
    assert (confined.average_response_time_ms, confined.monitors_total) == (100.0, 1)


async def test_an_empty_workspace_has_figures_of_nothing(database) -> None:
    figures = await _figures(database)

    assert (figures.monitors_total, figures.incidents_open) == (0, 0)
    assert figures.overall_uptime is None
    assert figures.average_time_to_recovery_seconds is None
    assert figures.p95_response_time_ms is None
