"""What each plan allows: one table, and the rules that read it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from core.errors import OverLimit, PremiumRequired, WriteLocked


class Plan(enum.StrEnum):
    """A workspace's plan."""

    FREE = "FREE"
    STARTER = "STARTER"
    PROFESSIONAL = "PROFESSIONAL"
    BUSINESS = "BUSINESS"
    ENTERPRISE = "ENTERPRISE"


class Capability(enum.StrEnum):
    """What the Dashmon page keeps for paying workspaces; the value says it to people."""

    BEARER_TOKENS = "api tokens in an Authorization header"
    TOKEN_GOVERNANCE = "api tokens that only read, or expire"  # noqa: S105  (words, not a secret)
    ASSERTIONS = "assertions about the answers of http checks"
    DNS = "dns expectations"
    HEARTBEATS = "monitors that wait to be pinged"
    CHECK_NOW = "checks at once"
    CHECK_ALL = "checks of all monitors at once"
    BULK_TAGS = "tags for several monitors at once"
    SMS = "messages by sms"
    TIMEZONE = "a timezone of one's own"


# Booked already, but there is nothing yet that could ask for them.
TO_COME = frozenset({Capability.DNS, Capability.SMS})

# Asked for on Dashmon's routes alone: the other APIs document the same for every plan.
OF_DASHMON_ALONE = frozenset(
    {
        Capability.BEARER_TOKENS,
        Capability.TOKEN_GOVERNANCE,
        Capability.TIMEZONE,
    }
)

# The largest number that GraphQL's Int holds, where a plan sets no limit.
UNLIMITED = 2**31 - 1
_ALL = frozenset(Capability)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTerms:
    """What a workspace of one plan may have; UNLIMITED where there is no limit."""

    monitors: int
    members: int
    status_pages: int
    min_interval_seconds: int
    retention_days: int
    requests_per_hour: int
    capabilities: frozenset[Capability] = _ALL


TERMS: Mapping[Plan, PlanTerms] = MappingProxyType(
    {
        Plan.FREE: PlanTerms(
            monitors=10,
            members=3,
            status_pages=1,
            min_interval_seconds=300,
            retention_days=7,
            requests_per_hour=1_000,
            capabilities=frozenset(),
        ),
        Plan.STARTER: PlanTerms(
            monitors=50,
            members=5,
            status_pages=3,
            min_interval_seconds=60,
            retention_days=30,
            requests_per_hour=1_000,
        ),
        Plan.PROFESSIONAL: PlanTerms(
            monitors=200,
            members=15,
            status_pages=10,
            min_interval_seconds=30,
            retention_days=90,
            requests_per_hour=5_000,
        ),
        Plan.BUSINESS: PlanTerms(
            monitors=1_000,
            members=50,
            status_pages=50,
            min_interval_seconds=10,
            retention_days=365,
            requests_per_hour=10_000,
        ),
        Plan.ENTERPRISE: PlanTerms(
            monitors=UNLIMITED,
            members=UNLIMITED,
            status_pages=UNLIMITED,
            min_interval_seconds=5,
            retention_days=730,
            requests_per_hour=100_000,
        ),
    }
)


def is_premium(plan: Plan) -> bool:
    """Tell whether a plan is paid for."""
    return plan is not Plan.FREE


def require_capability(plan: Plan, capability: Capability, *path: str) -> None:
    """Raise PremiumRequired if a plan lacks the capability; `path` is the field that asks for it."""
    if capability not in TERMS[plan].capabilities:
        raise PremiumRequired(f"the plan {plan} does not include {capability.value}", path=path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What a workspace has of that which plans limit; no more is counted than tells that it is too much.

    `frequent_monitors` run more often than the plan allows: paused ones and such as are pinged do not.
    """

    monitors: int = 0
    members: int = 0
    frequent_monitors: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """A workspace's plan and what it has of it."""

    plan: Plan
    load: Load

    @property
    def terms(self) -> PlanTerms:
        """What the plan allows."""
        return TERMS[self.plan]

    @property
    def excess(self) -> str | None:
        """Why the workspace does not fit its plan, or None if it does."""
        terms = self.terms
        if self.load.monitors > terms.monitors:
            return f"it has more than the {terms.monitors} monitors of the plan {self.plan}"
        if self.load.members > terms.members:
            return f"it has more than the {terms.members} members of the plan {self.plan}"
        if self.load.frequent_monitors:
            least = terms.min_interval_seconds
            return f"monitors run more often than each {least} s, the least interval of the plan {self.plan}"
        return None

    def require_fit(self) -> None:
        """Raise WriteLocked if the workspace has more than its plan allows."""
        if self.excess is not None:
            raise WriteLocked(f"the workspace takes no changes until it fits its plan: {self.excess}")

    def require_one_more_monitor(self) -> None:
        """Raise OverLimit if the plan allows no further monitor."""
        most = self.terms.monitors
        if self.load.monitors >= most:
            raise OverLimit(f"the plan {self.plan} allows {most} monitors, and the workspace has as many")

    def require_one_more_member(self) -> None:
        """Raise OverLimit if the plan allows no further member, be it an invited one."""
        most = self.terms.members
        if self.load.members >= most:
            raise OverLimit(f"the plan {self.plan} allows {most} members, and the workspace has as many")

    def require_interval(self, interval_seconds: int | None) -> None:
        """Raise OverLimit if monitors may not be looked at as often as that; None is as good as never."""
        least = self.terms.min_interval_seconds
        if interval_seconds is not None and interval_seconds < least:
            cause = f"intervalSeconds must be at least {least} on the plan {self.plan}"
            raise OverLimit(cause, path=("intervalSeconds",))

    def require_capability(self, capability: Capability, *path: str) -> None:
        """Raise PremiumRequired if the plan lacks the capability; `path` is the field that asks for it."""
        require_capability(self.plan, capability, *path)


# What one GraphQL operation may cost: about so many objects may be in its answer.
GRAPHQL_COST: Mapping[Plan, int] = MappingProxyType(
    {
        Plan.FREE: 10_000,
        Plan.STARTER: 20_000,
        Plan.PROFESSIONAL: 40_000,
        Plan.BUSINESS: 70_000,
        Plan.ENTERPRISE: 100_000,
    }
)
