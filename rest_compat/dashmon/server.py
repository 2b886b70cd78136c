"""Dashmon's routes about the server itself."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus

import msgspec

from core.access.rights import Asker, Right
from rest_compat.route import Call, Reply, Route

_PATIENCE_SECONDS = 2.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the service answers, and its database."""

    status: str
    database: str


async def _health(call: Call) -> Health | Reply:
    if await call.services.database.answers(_PATIENCE_SECONDS):
        return Health(status="ok", database="ok")
    return Reply(
        body=Health(status="degraded", database="unreachable"), status=HTTPStatus.SERVICE_UNAVAILABLE
    )


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/health",
        name="health",
        summary="Whether the service and its database answer",
        right=Right(asker=Asker.ANYBODY),
        answer=_health,
        result=Health,
        example={"status": "ok", "database": "ok"},
    ),
)
