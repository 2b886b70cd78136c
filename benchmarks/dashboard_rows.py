"""The rows behind the benchmark of the dashboard: one workspace, its monitors, a week of their checks."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.access.grants import ALL_GRANTS, grants_to_json
from core.db.database import prepare_connection
from core.ids import new_id, to_unix_ms

MONITORS = 2_000
CHECKS_EACH = 7 * 24 * 12  # a week, every five minutes
PROJECTS = 20
TAGS = 10
TAGS_EACH = 2
OUTAGES_EACH = 7  # one a day, ten minutes each

SECRET = "a token for the benchmark of the dashboard"

_DAY_MS = 86_400_000
_OUTAGE_MS = 600_000

# One index built at the end takes a fraction of the time of four million insertions into it.
_KEY_NAME = "checks_pkey"
_ADD_KEY = f"ALTER TABLE checks ADD CONSTRAINT {_KEY_NAME} PRIMARY KEY (monitor_id, slot, region_id)"

# In the order in which they would have been recorded: slot by slot, not monitor by monitor.
_CHECKS = """
INSERT INTO checks (monitor_id, slot, region_id, id, workspace_id, status, checked_at, response_us, dns_us,
    connect_us, first_byte_us, status_code)
SELECT monitors.id, slots.slot + monitors.place * interval '140 milliseconds', 1,
    md5(monitors.place || '/' || slots.slot)::uuid, $2, 1, slots.slot + monitors.place * interval '140 milliseconds',
    40000 + (monitors.place * 7919) % 60000, 3000, 9000, 30000, 200
FROM generate_series($3::timestamptz - $4 * interval '5 minutes', $3 - interval '5 minutes', interval '5 minutes')
    AS slots (slot)
CROSS JOIN unnest($1::uuid[]) WITH ORDINALITY AS monitors (id, place)
"""


async def fill(url: str, now: datetime) -> None:
    """Store everything, as it would be after a week."""
    connection = await asyncpg.connect(url)
    await prepare_connection(connection)
    try:
        workspace_id = await make_workspace(connection, now)
        monitors = await _make_monitors(connection, workspace_id, now)
        await connection.execute(f"ALTER TABLE checks DROP CONSTRAINT {_KEY_NAME}")
        await connection.execute(_CHECKS, monitors, workspace_id, now, CHECKS_EACH, timeout=300)
        await connection.execute(_ADD_KEY, timeout=300)
        await connection.execute("VACUUM (ANALYZE)", timeout=300)
    finally:
        await connection.close()


async def _insert(connection: asyncpg.Connection[Any], table: str, rows: list[dict[str, Any]]) -> None:
    columns = list(rows[0])
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    records = [tuple(row[column] for column in columns) for row in rows]
    await connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", records)


async def make_workspace(connection: asyncpg.Connection[Any], now: datetime) -> UUID:
    user_id, workspace_id = new_id(now), new_id(now)
    person = {"email": "ada@example.org", "created_at": now}
    await _insert(connection, "users", [{"id": user_id, "name": "Ada", "password_hash": "-", **person}])
    await _insert(
        connection,
        "workspaces",
        [{"id": workspace_id, "name": "W", "owner_id": user_id, "plan": "ENTERPRISE", "created_at": now}],
    )
    membership = {"workspace_id": workspace_id, "user_id": user_id, "role": "OWNER", "accepted_at": now}
    await _insert(connection, "members", [{"id": new_id(now), **membership, **person}])
    token = {
        "id": new_id(now),
        "workspace_id": workspace_id,
        "name": "benchmark",
        "prefix": SECRET[:8],
        "secret_sha256": hashlib.sha256(SECRET.encode()).digest(),
        "grants": grants_to_json(ALL_GRANTS),
        "created_by": user_id,
        "created_at": now,
    }
    await _insert(connection, "api_tokens", [token])
    return workspace_id


async def _make_monitors(
    connection: asyncpg.Connection[Any], workspace_id: UUID, now: datetime
) -> list[UUID]:
    made_at = now - timedelta(days=30)
    projects = [new_id(made_at) for _ in range(PROJECTS)]
    tags = [new_id(made_at) for _ in range(TAGS)]
    monitors = [new_id(made_at + timedelta(milliseconds=place)) for place in range(MONITORS)]
    owned = {"workspace_id": workspace_id}
    await _insert(
        connection,
        "projects",
        [{"id": each, "name": f"project {each}", "created_at": made_at, **owned} for each in projects],
    )
    await _insert(connection, "tags", [{"id": each, "name": f"tag {each}", **owned} for each in tags])
    await _insert(
        connection,
        "monitors",
        [
            {
                "id": each,
                "project_id": projects[place % PROJECTS],
                "name": f"monitor {place}",
                "kind": "http",
                "is_passive": False,
                "config": {"url": f"https://{place}.example.org/"},
                "target": f"https://{place}.example.org/",
                "interval_seconds": 300,
                "timeout_seconds": 30,
                "created_at": made_at,
                "updated_at": made_at,
                **owned,
            }
            for place, each in enumerate(monitors)
        ],
    )
    await _insert(
        connection,
        "monitor_tags",
        [
            {"monitor_id": each, "tag_id": tags[(place + step) % TAGS], **owned}
            for place, each in enumerate(monitors)
            for step in range(TAGS_EACH)
        ],
    )
    now_ms = to_unix_ms(now)
    states = [
        {"monitor_id": each, "status": 1, "since_ms": now_ms - _DAY_MS // 2, **owned} for each in monitors
    ]
    await _insert(connection, "monitor_states", states)
    intervals = [
        {"monitor_id": each, **interval, **owned}
        for each in monitors
        for interval in _intervals(to_unix_ms(made_at), now_ms - _DAY_MS // 2)
    ]
    await _insert(connection, "status_intervals", intervals)
    return monitors


def _intervals(made_at_ms: int, last_end_ms: int) -> list[dict[str, Any]]:
    """Return the intervals of a monitor that was up but for the outages, the last of which ended then."""
    ends = [last_end_ms - day * _DAY_MS for day in range(OUTAGES_EACH)][::-1]
    bounds = [made_at_ms] + [moment for end in ends for moment in (end - _OUTAGE_MS, end)]
    return [
        {"from_ms": start, "to_ms": end, "status": 3 if place % 2 else 1}
        for place, (start, end) in enumerate(zip(bounds, [*bounds[1:], None], strict=True))
    ]
