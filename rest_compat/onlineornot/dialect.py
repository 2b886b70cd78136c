"""OnlineOrNot's dialect as a whole."""

from __future__ import annotations

from core.access.principal import Principal
from core.access.token_secret import AUTHORIZATION_FAULT, bearer_secret
from core.errors import Unauthenticated
from core.services import Services
from rest_compat.dialect import AnyRequest, Dialect
from rest_compat.onlineornot.envelope import refused
from rest_compat.onlineornot.tokens import ROUTES


async def authenticate(services: Services, request: AnyRequest) -> Principal:
    """Return whom the token in Authorization speaks for; raise Unauthenticated."""
    secret = bearer_secret(request.headers.get("authorization", ""))
    if not secret:
        raise Unauthenticated(AUTHORIZATION_FAULT)
    return await services.authentication.authenticate(secret)


ONLINEORNOT = Dialect(
    name="onlineornot",
    title="OnlineOrNot's API of tokens",
    routes=ROUTES,
    unknown_below="/v1",
    authenticate=authenticate,
    error=refused,
)
