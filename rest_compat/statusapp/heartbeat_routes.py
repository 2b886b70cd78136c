"""The heartbeat addresses as routes, for what is told of them: the mount in `heartbeat` answers before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Final

import msgspec

from core.access.rights import Asker, Right
from core.heartbeats.ping import PingKind
from core.heartbeats.tokens import PING_PATH
from plugins.api.config import Config, Meta
from rest_compat.pinging import take_ping
from rest_compat.route import Call, Route


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A ping that is stored."""

    message: str = "OK"


class PingBody(Config):
    """What a job says, if anything; a body that is no such object is taken as its words."""

    message: Annotated[str | None, Meta(description="What the job says; the first 10 KB are kept")] = None
    error: Annotated[str | None, Meta(description="What went wrong, where there is no message")] = None


def _pinging(kind: PingKind) -> Callable[[Call], Awaitable[Received]]:
    async def ping(call: Call) -> Received:
        await take_ping(call, call.path["heartbeatId"], kind)
        return Received()

    return ping


def _route(method: HTTPMethod, suffix: str, kind: PingKind, summary: str, **example: str) -> Route:
    has_body = method is HTTPMethod.POST
    return Route(
        method=method,
        path=f"{PING_PATH}{{heartbeatId}}{suffix}",
        name=f"{method.lower()}Heartbeat{suffix.removeprefix('/').capitalize()}",
        summary=summary,
        right=Right(asker=Asker.ANYBODY),
        answer=_pinging(kind),
        body=PingBody if has_body else None,
        body_example=example if has_body else None,
        is_body_free=has_body,
        result=Received,
        example={"message": "OK"},
        refusals=(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.TOO_MANY_REQUESTS,
        ),
    )


_SUCCESS: Final = "Report that a job has ended well"
_START: Final = "Report that a job has started"
_FAIL: Final = "Report that a job has failed"

ROUTES = (
    _route(HTTPMethod.GET, "", PingKind.SUCCESS, _SUCCESS),
    _route(HTTPMethod.POST, "", PingKind.SUCCESS, _SUCCESS, message="Backup completed: 1.2GB processed"),
    _route(HTTPMethod.HEAD, "", PingKind.SUCCESS, _SUCCESS),
    _route(HTTPMethod.GET, "/start", PingKind.START, _START),
    _route(HTTPMethod.POST, "/start", PingKind.START, _START, message="Backup begins"),
    _route(HTTPMethod.GET, "/fail", PingKind.FAIL, _FAIL),
    _route(HTTPMethod.POST, "/fail", PingKind.FAIL, _FAIL, error="Database connection timeout after 30s"),
    _route(
        HTTPMethod.POST,
        "/log",
        PingKind.LOG,
        "Log what a job says, which changes no status",
        message="Processing batch 5 of 10...",
    ),
)
