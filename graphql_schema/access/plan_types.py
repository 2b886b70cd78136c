"""What a workspace's plan allows."""

from __future__ import annotations

import strawberry

from core.access.plans import PlanTerms


@strawberry.type(description="What the plan allows; 2147483647 where it sets no limit")
class PlanLimits:
    """Terms of core.access.plans."""

    monitors: int = strawberry.field(description="Monitors, paused ones too")
    members: int = strawberry.field(
        description="Members, and whoever is invited until the invitation expires"
    )
    status_pages: int = strawberry.field(description="Status pages, unpublished ones too")
    min_interval_seconds: int = strawberry.field(description="The least interval of a monitor that looks")
    requests_per_hour: int = strawberry.field(
        description="Requests to the APIs in each hour of the clock, UTC"
    )
    retention_days: int = strawberry.field(
        description="The days of history that the plan includes; more may be shown"
    )

    @classmethod
    def of(cls, terms: PlanTerms) -> PlanLimits:
        """Return the terms as they are shown."""
        return cls(
            monitors=terms.monitors,
            members=terms.members,
            status_pages=terms.status_pages,
            min_interval_seconds=terms.min_interval_seconds,
            requests_per_hour=terms.requests_per_hour,
            retention_days=terms.retention_days,
        )
