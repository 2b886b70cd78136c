"""Reads what requests workspaces have made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.access.sight import Sight
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.usage.quota import hour_of
from core.usage.usage_period import UsagePeriod

_SQL = named_sql("request_usage")


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestUsage:
    """Requests by operation, the most frequent first, and what all processes have taken of this hour's."""

    by_operation: tuple[tuple[str, int], ...]
    leased: int

    @property
    def total(self) -> int:
        """All requests together."""
        return sum(requests for _, requests in self.by_operation)


async def request_usages(
    connection: Connection, sight: Sight, ids: Sequence[UUID], period: UsagePeriod, now: datetime
) -> dict[UUID, RequestUsage]:
    """Return the requests in a period that ends now of those workspaces that are in sight: one at most."""
    sql = _SQL["usage_by_minutes" if period.is_by_minutes else "usage_by_hours"]
    seen = [workspace_id for workspace_id in ids if workspace_id == sight.workspace_id]
    found: dict[UUID, list[tuple[str, int]]] = {workspace_id: [] for workspace_id in seen}
    for row in await connection.fetch(sql, seen, period.since(now), now):
        found[row["workspace_id"]].append((row["operation"], row["requests"]))
    taken = {
        row["workspace_id"]: row["leased"]
        for row in await connection.fetch(_SQL["taken_requests"], seen, hour_of(now))
    }
    return {
        workspace_id: RequestUsage(by_operation=tuple(counted), leased=taken.get(workspace_id, 0))
        for workspace_id, counted in found.items()
    }
