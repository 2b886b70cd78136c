"""What each plan allows."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Plan(enum.StrEnum):
    """A workspace's plan."""

    FREE = "FREE"
    STARTER = "STARTER"
    PROFESSIONAL = "PROFESSIONAL"
    BUSINESS = "BUSINESS"
    ENTERPRISE = "ENTERPRISE"


# The shortest interval at which a workspace of the plan may have a monitor looked at.
LEAST_INTERVAL_SECONDS: Mapping[Plan, int] = MappingProxyType(
    {Plan.FREE: 300, Plan.STARTER: 60, Plan.PROFESSIONAL: 30, Plan.BUSINESS: 10, Plan.ENTERPRISE: 5}
)
