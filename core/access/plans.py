"""What each plan allows."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Plan(enum.StrEnum):
    """A workspace's plan."""

    FREE = "FREE"
    STARTER = "STARTER"
    PROFESSIONAL = "PROFESSIONAL"
    BUSINESS = "BUSINESS"
    ENTERPRISE = "ENTERPRISE"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLimits:
    """The limits of a plan."""

    monitors: int
    members: int
    status_pages: int
    min_interval_seconds: int
    requests_per_hour: int
    retention_days: int


LIMITS: Mapping[Plan, PlanLimits] = MappingProxyType(
    {
        Plan.FREE: PlanLimits(
            monitors=10,
            members=1,
            status_pages=1,
            min_interval_seconds=300,
            requests_per_hour=100,
            retention_days=30,
        ),
        Plan.STARTER: PlanLimits(
            monitors=50,
            members=5,
            status_pages=3,
            min_interval_seconds=60,
            requests_per_hour=1_000,
            retention_days=90,
        ),
        Plan.PROFESSIONAL: PlanLimits(
            monitors=250,
            members=20,
            status_pages=10,
            min_interval_seconds=30,
            requests_per_hour=5_000,
            retention_days=180,
        ),
        Plan.BUSINESS: PlanLimits(
            monitors=1_000,
            members=100,
            status_pages=50,
            min_interval_seconds=10,
            requests_per_hour=10_000,
            retention_days=365,
        ),
        Plan.ENTERPRISE: PlanLimits(
            monitors=1_000_000,
            members=10_000,
            status_pages=10_000,
            min_interval_seconds=5,
            requests_per_hour=100_000,
            retention_days=730,
        ),
    }
)
