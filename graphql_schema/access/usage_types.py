"""How many requests a workspace has made."""

from __future__ import annotations

from datetime import datetime

import strawberry

from core.usage.quota import Quota
from core.usage.reading import RequestUsage
from core.usage.usage_period import UsagePeriod

strawberry.enum(UsagePeriod, description="Rolling, ending now: 1 hour, 1, 7, 30 days")


@strawberry.type(description="How often one operation was asked for")
class OperationUsage:
    """Counted over all transports."""

    operation: str = strawberry.field(
        description="The first field of a GraphQL operation, the template of a REST route, or `ping`"
    )
    requests: int = strawberry.field(description="How many requests asked for it in the period")


@strawberry.type(description="The requests of a workspace, and what is left of this hour's")
class Usage:
    """What other processes have counted is at most a few seconds late."""

    period: UsagePeriod = strawberry.field(
        description="Over which time totalRequests and byOperation are counted"
    )
    total_requests: int = strawberry.field(
        description="All requests of the period; pings are among them, though never refused"
    )
    by_operation: list[OperationUsage] = strawberry.field(description="The most frequent first")
    limit: int = strawberry.field(description="Requests that the plan allows in each hour of the clock, UTC")
    used: int = strawberry.field(
        description="Of this hour's limit; up to a fiftieth for each process may be held ready and not made yet"
    )
    remaining: int = strawberry.field(description="What may still be asked until resetsAt; 0 or more")
    resets_at: datetime = strawberry.field(description="When the next hour begins")

    @classmethod
    def of(cls, period: UsagePeriod, usage: RequestUsage, quota: Quota) -> Usage:
        """Return the counts as they are shown."""
        return cls(
            period=period,
            total_requests=usage.total,
            by_operation=[
                OperationUsage(operation=operation, requests=requests)
                for operation, requests in usage.by_operation
            ],
            limit=quota.limit,
            used=quota.used,
            remaining=quota.remaining,
            resets_at=quota.resets_at,
        )
