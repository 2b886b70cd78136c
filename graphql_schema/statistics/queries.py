"""Queries of figures over the whole workspace."""

from __future__ import annotations

import dataclasses

import strawberry

from core.access.principal import TokenScope
from core.statistics.workspace_figures import workspace_figures
from graphql_schema.context import Info
from graphql_schema.described import field


@strawberry.type(
    description="Figures over all monitors that you see. Days and weeks are those of UTC, and a week begins on Monday."
)
class WorkspaceAnalytics:
    """Of core.statistics.workspace_figures."""

    monitors_total: int = strawberry.field(description="All monitors, paused ones too")
    monitors_active: int = strawberry.field(description="Those that are not paused")
    monitors_paused: int = strawberry.field(description="Those that are paused")
    monitors_up: int = strawberry.field(description="Active ones that are UP")
    monitors_down: int = strawberry.field(description="Active ones that are DOWN")
    monitors_degraded: int = strawberry.field(description="Active ones that are DEGRADED")
    incidents_open: int = strawberry.field(
        description="Incidents of every kind that last, acknowledged ones too"
    )
    incidents_resolved_today: int = strawberry.field(description="Those that ended since midnight UTC")
    incidents_resolved_this_week: int = strawberry.field(description="Those that ended since Monday, UTC")
    average_time_to_recovery_seconds: float | None = strawberry.field(
        description="How long the outages that ended within the last 30 days lasted; null without any"
    )
    average_response_time_ms: float | None = strawberry.field(
        description="The mean of all answers of the last hour, in milliseconds; null without any"
    )
    p95_response_time_ms: float | None = strawberry.field(
        description="95 of 100 answers of the last hour were at most so slow, in milliseconds; null without any"
    )
    overall_uptime: float | None = strawberry.field(
        description="The time of all monitors together within the last 24 hours: up and degraded of up, degraded and "
        "down; 0 to 1, null if nothing is known"
    )


@strawberry.type
class AnalyticsQueries:
    """The part of Query about figures over the whole workspace."""

    @field("How the workspace is doing, as far as you see it")
    async def analytics(self, info: Info) -> WorkspaceAnalytics | None:
        """Return the figures."""
        context = info.context
        context.require_read(TokenScope.ANALYTICS)
        figures = await context.reads.once(workspace_figures, context.sight, context.now)
        return WorkspaceAnalytics(**dataclasses.asdict(figures))
