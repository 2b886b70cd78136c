"""StatusApp's routes about the server itself."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from importlib import metadata
from typing import Final

import msgspec

from core.access.rights import Asker, Right
from core.moments import write_moment
from rest_compat.route import Call, Reply, Route

_HEALTHY: Final = "healthy"
_UNHEALTHY: Final = "unhealthy"
_PATIENCE_SECONDS: Final = 2.0


class Version(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which release answers, and in which version of the API."""

    version: str
    api_version: str = "v1"


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the stores answer. What StatusApp keeps in Redis is in the database here: both say the same."""

    database: str
    redis: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server answers; `uptime` are the seconds since this process began."""

    status: str
    version: str
    uptime: int
    checks: Stores
    timestamp: str


async def _version(_call: Call) -> Version:
    return Version(version=metadata.version("tocsin"))


async def _health(call: Call) -> Health | Reply:
    services = call.services
    is_healthy = await services.database.answers(_PATIENCE_SECONDS)
    status = _HEALTHY if is_healthy else _UNHEALTHY
    now = services.clock.now()
    health = Health(
        status=status,
        version=metadata.version("tocsin"),
        uptime=int((now - services.started_at).total_seconds()),
        checks=Stores(database=status, redis=status),
        timestamp=write_moment(now),
    )
    return health if is_healthy else Reply(body=health, status=HTTPStatus.SERVICE_UNAVAILABLE)


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/health",
        name="health",
        summary="Whether the service and its database answer",
        right=Right(asker=Asker.ANYBODY),
        answer=_health,
        result=Health,
        example={
            "status": "healthy",
            "version": "0.1.0",
            "uptime": 864000,
            "checks": {"database": "healthy", "redis": "healthy"},
            "timestamp": "2025-01-21T10:30:00.000Z",
        },
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/v1/server/version",
        name="serverVersion",
        summary="Get the version",
        right=Right(asker=Asker.ANYBODY),
        answer=_version,
        result=Version,
        example={"version": "0.1.0", "apiVersion": "v1"},
    ),
)
