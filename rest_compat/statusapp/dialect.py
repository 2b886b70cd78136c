"""StatusApp's dialect as a whole, but for the heartbeat addresses, which are mounted by themselves."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from core.access.principal import Principal
from core.services import Services
from rest_compat.credentials import BEARER, bearer_principal, key_in_header
from rest_compat.dialect import AnyRequest, Dialect
from rest_compat.route import Route
from rest_compat.statusapp import (
    account,
    analytics,
    api_keys,
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


async def authenticate(services: Services, request: AnyRequest, _route: Route) -> Principal:
    """Return whom the key speaks for, in either header; raise Unauthenticated. Cookies count for nothing here."""
    key = request.headers.get(_KEY)
    if key is None:
        return await bearer_principal(services, request.headers)
    return await services.authentication.authenticate(key.strip())


STATUSAPP = Dialect(
    name="statusapp",
    title="StatusApp's API",
    root="/api/v1",
    routes=(
        *monitors.ROUTES,
        *regression.ROUTES,
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
)
