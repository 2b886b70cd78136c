"""Monthly partitions, made ahead: from one month back to two months ahead.

A partition is made as a table and then attached: a plain `PARTITION OF` takes a lock on the parent
that waits behind any long reader, and every insert waits behind it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from core.db.database import Connection

# table, partition key
PARTITIONED = (("checks", "slot"), ("check_details", "slot"), ("pings", "arrived_at"))

_MONTHS_BACK = 1
_MONTHS_AHEAD = 2


def month_start(day: date, offset: int) -> date:
    """Return the first day of the month that lies `offset` months from that of `day`."""
    months = day.year * 12 + day.month - 1 + offset
    return date(months // 12, months % 12 + 1, 1)


async def make_partitions(connection: Connection, now: datetime) -> list[str]:
    """Make the partitions that are missing around `now`; return the names of those made.

    Safe to repeat; two processes must not run it at once, so the caller holds a lock.
    """
    today = now.astimezone(UTC).date()
    made = []
    for table, key in PARTITIONED:
        for offset in range(-_MONTHS_BACK, _MONTHS_AHEAD + 1):
            name = await _make_partition(connection, table, key, month_start(today, offset))
            made += [name] if name else []
    return made


async def _make_partition(connection: Connection, table: str, key: str, start: date) -> str | None:
    name = f"{table}_{start:%Y_%m}"
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
        return None
    low, high = (f"'{day.isoformat()} 00:00:00+00'" for day in (start, month_start(start, 1)))
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        await connection.execute(
            f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL, "
            f"CONSTRAINT {name}_bounds CHECK ({key} >= {low} AND {key} < {high}))"
        )
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})"
        )
    return name
