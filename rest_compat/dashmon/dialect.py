"""Dashmon's dialect as a whole."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from core.access.plans import Capability, require_capability
from core.access.principal import Principal
from core.errors import Unauthenticated
from core.services import Services
from rest_compat.credentials import BEARER, bearer_principal, cookie
from rest_compat.dashmon import (
    device_checks,
    devices,
    heartbeats,
    incidents,
    invitations,
    posture,
    preferences,
    projects,
    server,
    support,
    synthetic,
    tags,
    tokens,
    viewer,
)
from rest_compat.dashmon.errors import refused
from rest_compat.dialect import AnyRequest, Dialect
from rest_compat.route import Route

_SESSION: Final = "session"


async def authenticate(services: Services, request: AnyRequest, route: Route) -> Principal:
    """Return who asks: a token, on paid plans, stands above a session.

    Raises Unauthenticated, PremiumRequired for a token on a plan without them, or Forbidden for another site's page.
    """
    headers = request.headers
    if "authorization" in headers:
        principal = await bearer_principal(services, headers)
        require_capability(principal.plan, Capability.BEARER_TOKENS)
        if route.is_of_session:
            raise Unauthenticated("this takes the session of a person, not an api token")
        return principal
    secret = services.people.visits.session_secret(headers)
    if secret is None:
        raise Unauthenticated("not signed in: send the session's cookie, or an api token as Bearer")
    return await services.people.sessions.authenticate(secret)


DASHMON = Dialect(
    name="dashmon",
    title="Dashmon's API",
    root="/api",
    routes=(
        *server.ROUTES,
        *viewer.ROUTES,
        *projects.ROUTES,
        *devices.ROUTES,
        *device_checks.ROUTES,
        *synthetic.ROUTES,
        *heartbeats.ROUTES,
        *tags.ROUTES,
        *incidents.ROUTES,
        *invitations.ROUTES,
        *preferences.ROUTES,
        *tokens.ROUTES,
        *posture.ROUTES,
        *support.ROUTES,
    ),
    authenticate=authenticate,
    error=refused,
    security=MappingProxyType({_SESSION: cookie("dashmon_session"), "bearer": BEARER}),
    session_security=frozenset({_SESSION}),
)
