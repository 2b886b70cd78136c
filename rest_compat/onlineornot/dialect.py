"""OnlineOrNot's dialect as a whole."""

from __future__ import annotations

from core.access.principal import Principal
from core.services import Services
from rest_compat.credentials import BEARER, bearer_principal
from rest_compat.dialect import AnyRequest, Dialect
from rest_compat.onlineornot.envelope import refused
from rest_compat.onlineornot.tokens import ROUTES
from rest_compat.route import Route


async def authenticate(services: Services, request: AnyRequest, _route: Route) -> Principal:
    """Return whom the token in Authorization speaks for; raise Unauthenticated."""
    return await bearer_principal(services, request.headers)


ONLINEORNOT = Dialect(
    name="onlineornot",
    title="OnlineOrNot's API of tokens",
    root="/v1",
    routes=ROUTES,
    authenticate=authenticate,
    error=refused,
    security={"token": BEARER},
)
