"""The same of the routes of notifications, webhooks, team and account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.graphql_schema.samples import World
from tests.rest_compat.requests import MakeRequest, Request, fixed

_NOTIFICATIONS = "/api/v1/notifications"
_WEBHOOKS = "/api/v1/webhooks"
_MEMBERS = "/api/v1/team/members"


def below(
    path: str, make: Callable[[World], Awaitable[str]], *, then: str = "", body: Any = None
) -> MakeRequest:
    """Return what asks for one more of the world's things each time."""

    async def request(world: World) -> Request:
        return f"{path}/{await make(world)}{then}", body

    return request


async def _invited(world: World) -> Request:
    return _MEMBERS, {"email": f"invited{next(world.numbers)}@example.org", "role": "VIEWER"}


OF_TEAM_AND_ALERTS: Mapping[str, MakeRequest] = {
    "GET /api/v1/notifications": fixed(_NOTIFICATIONS),
    "POST /api/v1/notifications": fixed(
        _NOTIFICATIONS, {"name": "new", "type": "WEBHOOK", "config": {"url": "http://127.0.0.1:9/"}}
    ),
    "GET /api/v1/notifications/{channelId}": below(_NOTIFICATIONS, World.channel),
    "PUT /api/v1/notifications/{channelId}": below(_NOTIFICATIONS, World.channel, body={"isActive": False}),
    "DELETE /api/v1/notifications/{channelId}": below(_NOTIFICATIONS, World.channel),
    "GET /api/v1/webhooks": fixed(_WEBHOOKS),
    "POST /api/v1/webhooks": fixed(
        _WEBHOOKS, {"name": "new", "url": "http://127.0.0.1:9/", "events": "monitor.down"}
    ),
    "GET /api/v1/webhooks/{webhookId}": below(_WEBHOOKS, World.webhook),
    "PUT /api/v1/webhooks/{webhookId}": below(_WEBHOOKS, World.webhook, body={"isActive": False}),
    "DELETE /api/v1/webhooks/{webhookId}": below(_WEBHOOKS, World.webhook),
    "POST /api/v1/webhooks/{webhookId}/test": below(_WEBHOOKS, World.webhook, then="/test"),
    "GET /api/v1/webhooks/{webhookId}/deliveries": below(_WEBHOOKS, World.webhook, then="/deliveries"),
    "GET /api/v1/team/members": fixed(_MEMBERS),
    "POST /api/v1/team/members": _invited,
    "GET /api/v1/team/members/{memberId}": below(_MEMBERS, World.member),
    "PUT /api/v1/team/members/{memberId}": below(_MEMBERS, World.member, body={"role": "VIEWER"}),
    "DELETE /api/v1/team/members/{memberId}": below(_MEMBERS, World.member),
    "GET /api/v1/team/invitations": fixed("/api/v1/team/invitations"),
    "GET /api/v1/account": fixed("/api/v1/account"),
    "PUT /api/v1/account": fixed("/api/v1/account", {"language": "de"}),
    "GET /api/v1/account/usage": fixed("/api/v1/account/usage"),
    "GET /api/v1/account/api-keys": fixed("/api/v1/account/api-keys"),
}
