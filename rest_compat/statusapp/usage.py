"""StatusApp's route of API usage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPMethod, HTTPStatus
from types import MappingProxyType
from typing import Final

import msgspec

from core.access.permission import require
from core.access.plans import TERMS, Plan
from core.access.principal import TokenPermission, TokenScope
from core.access.reading import own_workspace
from core.access.rights import FIELDS
from core.access.sight import sight_of
from core.errors import NotFound
from core.heartbeats.tokens import PING_PATH
from core.issues import Issues
from core.usage.reading import request_usages
from core.usage.usage_log import OTHER, PING
from core.usage.usage_period import UsagePeriod
from rest_compat.reading import choice, choice_parameter
from rest_compat.route import Call, Route

PERIODS: Final[Mapping[str, UsagePeriod]] = MappingProxyType(
    {
        "1h": UsagePeriod.HOUR,
        "24h": UsagePeriod.DAY,
        "7d": UsagePeriod.WEEK,
        "30d": UsagePeriod.MONTH,
    }
)
DEFAULT_PERIOD: Final = "24h"
GRAPHQL_ENDPOINT: Final = "/graphql"
HEARTBEAT_ENDPOINT: Final = PING_PATH.rstrip("/")


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan allows in each hour of the clock, and what is made of this one's."""

    limit: int
    used: int
    remaining: int


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The requests of a period, over every API, the most frequent endpoint first."""

    period: str
    total_requests: int
    requests_by_endpoint: dict[str, int]
    rate_limit: RateLimit


async def _get(call: Call) -> Usage:
    principal, services = call.principal, call.services
    require(principal, TokenScope.ACCOUNT, TokenPermission.READ)
    issues = Issues()
    period = choice(call.query, "period", tuple(PERIODS), issues) or DEFAULT_PERIOD
    issues.raise_if_any()
    await services.requests.settle()
    now, workspace_id = services.clock.now(), principal.workspace_id
    sight = sight_of(principal, now)
    async with services.database.acquire() as connection:
        workspaces = await own_workspace(connection, sight, [workspace_id])
        usages = await request_usages(connection, sight, [workspace_id], PERIODS[period], now)
    if workspace_id not in workspaces:
        raise NotFound("workspace not found")
    usage, plan = usages[workspace_id], Plan(workspaces[workspace_id]["plan"])
    quota = services.requests.quota.standing(workspace_id, TERMS[plan].requests_per_hour, usage.leased)
    return Usage(
        period=period,
        total_requests=usage.total,
        requests_by_endpoint=by_endpoint(usage.by_operation),
        rate_limit=RateLimit(limit=quota.limit, used=quota.used, remaining=quota.remaining),
    )


def by_endpoint(by_operation: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the requests by path, whatever the method: all of GraphQL is one endpoint, and all pings are."""
    counted: Counter[str] = Counter()
    for operation, requests in by_operation:
        counted[_endpoint(operation)] += requests
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


def _endpoint(operation: str) -> str:
    """Return where an operation is asked for. Of a route, what is counted is its method and path."""
    if operation == PING:
        return HEARTBEAT_ENDPOINT
    if operation == OTHER:
        return OTHER
    _method, is_route, path = operation.partition(" ")
    return path if is_route else GRAPHQL_ENDPOINT


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/account/usage",
        name="getApiUsage",
        summary="Get the usage of the API",
        right=FIELDS["Workspace.usage"],
        answer=_get,
        result=Usage,
        query=(
            choice_parameter(
                "period",
                "Rolling, ending now; the limit is of this hour",
                tuple(PERIODS),
                default=DEFAULT_PERIOD,
            ),
        ),
        example={
            "period": "24h",
            "totalRequests": 1542,
            "requestsByEndpoint": {
                "/api/v1/monitors": 850,
                "/api/v1/incidents": 412,
                HEARTBEAT_ENDPOINT: 280,
            },
            "rateLimit": {"limit": 5000, "used": 1542, "remaining": 3458},
        },
        refusals=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND),
    ),
)
