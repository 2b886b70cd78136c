"""Dashmon's routes about the server itself."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from importlib import metadata

import msgspec

from core.access.rights import Asker, Right
from core.access.token_service import MOST_LIVE_TOKENS
from core.access.token_terms import LIFE, LONGEST_LIFE
from rest_compat.dashmon.tokens import AccessLevel
from rest_compat.route import Call, Reply, Route

_PATIENCE_SECONDS = 2.0
_ANYBODY = Right(asker=Asker.ANYBODY)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the service answers, and its database."""

    status: str
    database: str


class Tracing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The header that names a request, on every answer; one that the request brings is kept."""

    request_id_header: str = "X-Request-Id"


class AuthModes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How those who ask may say who they are. Bearer tokens are taken of workspaces on paid plans alone."""

    session_cookie: str
    modes: list[str] = msgspec.field(default_factory=lambda: ["session", "bearer"])
    bearer_requires_premium: bool = True


class TokenPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What tokens may be. Of the secret a SHA-256 is stored, and it is shown once."""

    access_levels: list[str] = msgspec.field(default_factory=lambda: [level.value for level in AccessLevel])
    default_expires_in_days: int = LIFE.days
    most_expires_in_days: int = LONGEST_LIFE.days
    most_active: int = MOST_LIVE_TOKENS
    stored_as: str = "sha-256"
    shown_once: bool = True


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where this API is described, and where the signed-in console is."""

    docs: str
    openapi: str
    console: str


class Capabilities(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The basics of the API."""

    api_version: str
    server_version: str
    tracing: Tracing
    auth: AuthModes
    token_policy: TokenPolicy
    links: Links


async def _health(call: Call) -> Health | Reply:
    if await call.services.database.answers(_PATIENCE_SECONDS):
        return Health(status="ok", database="ok")
    return Reply(
        body=Health(status="degraded", database="unreachable"), status=HTTPStatus.SERVICE_UNAVAILABLE
    )


async def _capabilities(call: Call) -> Capabilities:
    settings = call.services.settings
    server = (settings.public_url or "").rstrip("/")
    return Capabilities(
        api_version="1",
        server_version=metadata.version("tocsin"),
        tracing=Tracing(),
        auth=AuthModes(session_cookie=settings.session_cookie),
        token_policy=TokenPolicy(),
        links=Links(
            docs=f"{server}/docs/dashmon",
            openapi=f"{server}/docs/dashmon/openapi.json",
            console=f"{server}/graphql",
        ),
    )


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/health",
        name="health",
        summary="Whether the service and its database answer",
        right=_ANYBODY,
        answer=_health,
        result=Health,
        example={"status": "ok", "database": "ok"},
    ),
    Route(
        method=HTTPMethod.GET,
        path="/api/meta/capabilities",
        name="capabilities",
        summary="The basics of the API: version, tracing, ways to authenticate, policy of tokens, documentation",
        right=_ANYBODY,
        answer=_capabilities,
        result=Capabilities,
        example={
            "apiVersion": "1",
            "serverVersion": "0.1.0",
            "tracing": {"requestIdHeader": "X-Request-Id"},
            "auth": {
                "sessionCookie": "dashmon_session",
                "modes": ["session", "bearer"],
                "bearerRequiresPremium": True,
            },
            "tokenPolicy": {
                "accessLevels": ["read_only", "read_write"],
                "defaultExpiresInDays": LIFE.days,
                "mostExpiresInDays": LONGEST_LIFE.days,
                "mostActive": MOST_LIVE_TOKENS,
                "storedAs": "sha-256",
                "shownOnce": True,
            },
            "links": {
                "docs": "https://tocsin.example.org/docs/dashmon",
                "openapi": "https://tocsin.example.org/docs/dashmon/openapi.json",
                "console": "https://tocsin.example.org/graphql",
            },
        },
    ),
)
