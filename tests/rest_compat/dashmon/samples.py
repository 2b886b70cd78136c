"""A request to each of Dashmon's routes that whoever may is granted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from core.access.principal import Role
from core.ids import Prefix, encode_id
from core.secret_text import digest_of
from tests.graphql_schema.conftest import make_tenant
from tests.graphql_schema.samples import World
from tests.rest_compat.requests import MakeRequest, Request, fixed


def _with(template: str, make: Callable[[World], Awaitable[str]], body: Any = None) -> MakeRequest:
    async def request(world: World) -> Request:
        return template.format(await make(world)), body

    return request


def _project(world: World) -> str:
    return encode_id(Prefix.PROJECT, world.project_id)


async def _own_project(world: World) -> str:
    return _project(world)


async def _renamed(world: World) -> Request:
    return f"/api/projects/{_project(world)}", {"name": f"Shop {next(world.numbers)}"}


async def _device(world: World) -> Request:
    return f"/api/projects/{_project(world)}/devices/{await world.monitor()}", None


async def _ping(world: World) -> Request:
    token = f"job-{next(world.numbers)}"
    await world.tenant.add_heartbeat(token=token)
    return f"/api/incoming/heartbeat/{token}", {"anything": True}


async def _refresh(world: World) -> Request:
    await world.tenant.fetch("UPDATE workspaces SET all_checked_at = NULL")
    return "/api/devices/refresh-all", None


async def _bulk(world: World) -> Request:
    body = {"deviceIds": [await world.monitor()], "action": "add", "tags": [f"t{next(world.numbers)}"]}
    return "/api/devices/tags/bulk", body


async def _account_context(world: World) -> Request:
    return "/api/user/account-context", {"ownerUserId": encode_id(Prefix.USER, world.tenant.user_id)}


async def _invited(world: World) -> Request:
    """Offer the least place that there is."""
    email = f"invited{next(world.numbers)}@example.org"
    return "/api/user/team-invitations", {"email": email, "role": "viewer", "projectIds": [_project(world)]}


async def _accepted(world: World) -> Request:
    """Return what accepts an invitation of whoever asks to a workspace that is not his yet."""
    tenant = world.tenant
    host = await make_tenant(
        tenant.database, tenant.client, tenant.now, f"host{next(world.numbers)}@example.org"
    )
    email, token = "nobody@example.org", f"letter-{next(world.numbers)}"
    if world.asker is not None and world.asker.principal is not None:
        (row,) = await tenant.fetch("SELECT email FROM users WHERE id = $1", world.asker.principal.user_id)
        email = row["email"]
    member_id = host.next_id()
    workspace = {"workspace_id": host.workspace_id, "created_at": host.now}
    role = Role.VIEWER.value
    await host.insert("members", id=member_id, email=email, role=role, invited_at=host.now, **workspace)
    await host.insert(
        "invitations",
        id=host.next_id(),
        member_id=member_id,
        secret_sha256=digest_of(token),
        expires_at=host.now + timedelta(days=1),
        **workspace,
    )
    return "/api/user/team-invitations/accept", {"token": token}


DEVICE_BODY = {"name": "The shop", "url": "https://shop.example.org/"}

REQUESTS: Mapping[str, MakeRequest] = {
    "GET /api/health": fixed("/api/health"),
    "GET /api/meta/capabilities": fixed("/api/meta/capabilities"),
    "GET /api/me": fixed("/api/me"),
    "GET /api/projects": fixed("/api/projects"),
    "POST /api/projects": fixed("/api/projects", {"name": "New"}),
    "PUT /api/projects/{id}": _renamed,
    "DELETE /api/projects/{id}": _with("/api/projects/{}", World.project),
    "GET /api/projects/{projectId}/devices/{deviceId}": _device,
    "POST /api/projects/{projectId}/devices": _with("/api/projects/{}/devices", _own_project, DEVICE_BODY),
    "PUT /api/devices/{deviceId}": _with("/api/devices/{}", World.monitor, {"name": "Renamed"}),
    "DELETE /api/devices/{deviceId}": _with("/api/devices/{}", World.monitor),
    "GET /api/devices/{deviceId}/history": _with("/api/devices/{}/history", World.monitor),
    "PUT /api/devices/{deviceId}/synthetic": _with(
        "/api/devices/{}/synthetic", World.monitor, {"latencyLimitMs": 900}
    ),
    "GET /api/devices/{deviceId}/heartbeat-config": _with(
        "/api/devices/{}/heartbeat-config", World.heartbeat
    ),
    "PUT /api/devices/{deviceId}/heartbeat-config": _with(
        "/api/devices/{}/heartbeat-config", World.heartbeat, {"grace": 30, "regenerateToken": True}
    ),
    "POST /api/devices/{deviceId}/test-now": _with("/api/devices/{}/test-now", World.monitor),
    "POST /api/devices/refresh-all": _refresh,
    "GET /api/tags": fixed("/api/tags"),
    "PUT /api/devices/{deviceId}/tags": _with("/api/devices/{}/tags", World.monitor, {"tags": ["shop"]}),
    "POST /api/devices/tags/bulk": _bulk,
    "POST /api/incoming/heartbeat/{token}": _ping,
    "GET /api/incidents": fixed("/api/incidents?status=open"),
    "GET /api/devices/{id}/latency/percentiles": _with("/api/devices/{}/latency/percentiles", World.monitor),
    "GET /api/user/permission-foundation": fixed("/api/user/permission-foundation"),
    "POST /api/user/account-context": _account_context,
    "GET /api/user/team-invitations": fixed("/api/user/team-invitations"),
    "POST /api/user/team-invitations": _invited,
    "POST /api/user/team-invitations/{id}/cancel": _with(
        "/api/user/team-invitations/{}/cancel", World.invitation
    ),
    "POST /api/user/team-invitations/accept": _accepted,
    "GET /api/user/preferences": fixed("/api/user/preferences"),
    "PUT /api/user/preferences/timezone": fixed(
        "/api/user/preferences/timezone", {"timezone": "Europe/Berlin"}
    ),
    "GET /api/user/api-token": fixed("/api/user/api-token"),
    "GET /api/user/api-tokens": fixed("/api/user/api-tokens"),
    "POST /api/user/api-tokens": fixed(
        "/api/user/api-tokens", {"label": "ci", "accessLevel": "read_only", "expiresInDays": 1}
    ),
    "DELETE /api/user/api-tokens/{id}": _with("/api/user/api-tokens/{}", World.token),
    "GET /api/user/integration-posture": fixed("/api/user/integration-posture"),
    "GET /api/support/summary": fixed("/api/support/summary"),
}
