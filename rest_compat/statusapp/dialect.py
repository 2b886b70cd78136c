"""StatusApp's dialect as a whole; its heartbeat addresses are mounted by themselves as well, and answered there."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Final

import asyncpg

from core.access.principal import Principal
from core.db.absence import CONNECTION_ERRORS
from core.errors import TocsinError
from core.services import Services
from core.usage.quota import Quota
from rest_compat.credentials import BEARER, bearer_principal, key_in_header
from rest_compat.dialect import AnyRequest, Dialect
from rest_compat.route import Route
from rest_compat.statusapp import (
    account,
    analytics,
    api_keys,
    heartbeat_routes,
    incidents,
    monitors,
    notifications,
    regions,
    regression,
    server,
    team,
    usage,
    webhooks,
)
from rest_compat.statusapp.cross_origin import ANY_PAGE, PREFLIGHT
from rest_compat.statusapp.errors import refused

_KEY: Final = "X-API-Key"
_PATIENCE_SECONDS: Final = 1.0


async def authenticate(services: Services, request: AnyRequest, _route: Route | None = None) -> Principal:
    """Return whom the key speaks for, in either header; raise Unauthenticated. Cookies count for nothing here."""
    key = request.headers.get(_KEY)
    if key is None:
        return await bearer_principal(services, request.headers)
    return await services.authentication.authenticate(key.strip())


async def standing(services: Services, request: AnyRequest) -> Quota:
    """Return what the workspace of a key has left; without a good key, or a word of the database, what nobody has."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            principal = await authenticate(services, request)
    except (TocsinError, asyncpg.PostgresError, *CONNECTION_ERRORS):
        principal = None
    return services.requests.standing(principal)


STATUSAPP = Dialect(
    name="statusapp",
    title="StatusApp's API",
    root="/api/v1",
    routes=(
        *monitors.ROUTES,
        *regression.ROUTES,
        *heartbeat_routes.ROUTES,
        *incidents.ROUTES,
        *analytics.ROUTES,
        *regions.ROUTES,
        *notifications.ROUTES,
        *webhooks.ROUTES,
        *team.ROUTES,
        *account.ROUTES,
        *usage.ROUTES,
        *api_keys.ROUTES,
        *server.ROUTES,
    ),
    authenticate=authenticate,
    error=refused,
    security=MappingProxyType({"key": key_in_header(_KEY), "bearer": BEARER}),
    headers=ANY_PAGE,
    preflight=PREFLIGHT,
    standing=standing,
)
