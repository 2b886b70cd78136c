"""A workspace in which there is one of everything, and what each mutation can be asked there."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from graphql import build_schema, get_named_type

from core.access.principal import Role, TokenScope
from core.ids import Prefix, encode_id
from core.secret_text import digest_of
from graphql_schema.schema import schema_text
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.personas import Persona

MARK = "Zanzibar"
SCHEMA = build_schema(schema_text())


@dataclass(kw_only=True)
class World:
    """A workspace whose things all bear the mark, and where there is always one more of each to be changed.

    `asker` is who is about to ask, where a request depends on that.
    """

    tenant: Tenant
    project_id: UUID
    asker: Persona | None = None
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def project(self) -> str:
        return encode_id(Prefix.PROJECT, await self.tenant.add_project(f"{MARK} {next(self.numbers)}"))

    async def monitor_id(self, **columns: Any) -> UUID:
        return await self.tenant.add_monitor(MARK, project_id=self.project_id, **columns)

    async def monitor(self, **columns: Any) -> str:
        return encode_id(Prefix.MONITOR, await self.monitor_id(**columns))

    async def heartbeat(self) -> str:
        monitor_id = await self.tenant.add_heartbeat(MARK, token=f"{MARK}-{next(self.numbers)}")
        await self.tenant.fetch(
            "UPDATE monitors SET project_id = $2 WHERE id = $1", monitor_id, self.project_id
        )
        return encode_id(Prefix.MONITOR, monitor_id)

    async def incident(self) -> str:
        incident_id = await self.tenant.add_incident(
            await self.monitor_id(),
            next(self.numbers),
            timedelta(hours=1),
            project_id=self.project_id,
            monitor_name=MARK,
        )
        return encode_id(Prefix.INCIDENT, incident_id)

    async def channel(self) -> str:
        config = {"url": "http://127.0.0.1:9/", "headers": []}
        return encode_id(Prefix.CHANNEL, await self.tenant.add_channel(MARK, config=config))

    async def webhook(self) -> str:
        return encode_id(Prefix.WEBHOOK, await self.tenant.add_webhook(MARK, url="http://127.0.0.1:9/"))

    async def delivery(self, persona: Persona) -> str:
        """Return one whose destination is of the scope that the persona's token is granted."""
        principal = persona.principal
        to_webhook = principal is not None and any(
            grant.scope is TokenScope.WEBHOOKS for grant in principal.grants
        )
        destination = (
            {"webhook_id": await self.tenant.add_webhook(MARK)}
            if to_webhook
            else {"channel_id": await self.tenant.add_channel(MARK)}
        )
        return encode_id(Prefix.DELIVERY, await self.tenant.add_delivery(**destination))

    async def member(self) -> str:
        teammate = await self.tenant.add_token(role=Role.VIEWER)
        (row,) = await self.tenant.fetch("SELECT id FROM members WHERE user_id = $1", teammate.user_id)
        return encode_id(Prefix.MEMBER, row["id"])

    async def invitation(self) -> str:
        invitation_id, member_id = self.tenant.next_id(), self.tenant.next_id()
        workspace = {"workspace_id": self.tenant.workspace_id, "created_at": self.tenant.now}
        email = f"{MARK}{next(self.numbers)}@example.org"
        await self.tenant.insert(
            "members", id=member_id, email=email, role="VIEWER", invited_at=self.tenant.now, **workspace
        )
        await self.tenant.insert(
            "invitations",
            id=invitation_id,
            member_id=member_id,
            secret_sha256=digest_of(email),
            expires_at=self.tenant.now + timedelta(days=1),
            **workspace,
        )
        return encode_id(Prefix.INVITATION, invitation_id)

    async def token(self) -> str:
        teammate = await self.tenant.add_token()
        (row,) = await self.tenant.fetch("SELECT id FROM api_tokens WHERE created_by = $1", teammate.user_id)
        return encode_id(Prefix.TOKEN, row["id"])

    async def session(self, persona: Persona) -> str:
        assert persona.principal is not None
        session_id = self.tenant.next_id()
        await self.tenant.insert(
            "sessions",
            id=session_id,
            user_id=persona.principal.user_id,
            workspace_id=self.tenant.workspace_id,
            secret_sha256=digest_of(str(session_id)),
            created_at=self.tenant.now,
            last_seen_at=self.tenant.now,
        )
        return encode_id(Prefix.SESSION, session_id)


Sample = Callable[[World, Persona], Awaitable[dict[str, Any]]]


def _with_id(make: Callable[[World], Awaitable[str]], **more: Any) -> Sample:
    async def sample(world: World, _persona: Persona) -> dict[str, Any]:
        return {"id": await make(world), **more}

    return sample


def _plain(make: Callable[[World], Mapping[str, Any]]) -> Sample:
    async def sample(world: World, _persona: Persona) -> dict[str, Any]:
        return dict(make(world))

    return sample


async def _paused(world: World) -> str:
    return await world.monitor(paused_at=world.tenant.now)


async def _checked(world: World, _persona: Persona) -> dict[str, Any]:
    return {"monitorIds": [await world.monitor()]}


async def _tagged(world: World, _persona: Persona) -> dict[str, Any]:
    return {"monitorIds": [await world.monitor()], "add": [f"t{next(world.numbers)}"]}


async def _redelivered(world: World, persona: Persona) -> dict[str, Any]:
    return {"id": await world.delivery(persona)}


async def _own_session(world: World, persona: Persona) -> dict[str, Any]:
    return {"id": await world.session(persona)}


async def _invited(world: World, _persona: Persona) -> dict[str, Any]:
    """Offer the least place that there is: whoever may not offer this may offer nothing."""
    return {"email": f"invited{next(world.numbers)}@example.org", **_least_place(world)}


async def _replaced(world: World, _persona: Persona) -> dict[str, Any]:
    return {"id": await world.member(), **_least_place(world)}


def _least_place(world: World) -> dict[str, Any]:
    return {"role": "VIEWER", "projectIds": [encode_id(Prefix.PROJECT, world.project_id)]}


_NOTIFIER = {"webhook": {"url": "http://127.0.0.1:9/"}}

SAMPLES: Mapping[str, Sample] = {
    "changePassword": _plain(lambda _: {"current": "wrong", "password": "correct horse"}),
    "revokeSession": _own_session,
    "switchWorkspace": _plain(
        lambda world: {"workspaceId": encode_id(Prefix.WORKSPACE, world.tenant.workspace_id)}
    ),
    "acceptInvitation": _plain(lambda _: {"token": "unknown"}),
    "updateProfile": _plain(lambda world: {"name": f"Ada {next(world.numbers)}"}),
    "inviteMember": _invited,
    "cancelInvitation": _with_id(World.invitation),
    "updateMember": _replaced,
    "removeMember": _with_id(World.member),
    "createApiToken": _plain(lambda _: {"name": "ci", "grants": [{"scope": "TOKENS", "permission": "READ"}]}),
    "revokeApiToken": _with_id(World.token),
    "createProject": _plain(lambda world: {"name": f"new {next(world.numbers)}"}),
    "updateProject": _plain(
        lambda world: {
            "id": encode_id(Prefix.PROJECT, world.project_id),
            "name": f"{MARK} {next(world.numbers)}",
        }
    ),
    "deleteProject": _with_id(World.project),
    "createMonitor": _plain(
        lambda world: {
            "name": "new",
            "projectId": encode_id(Prefix.PROJECT, world.project_id),
            "probe": {"http": {"url": "https://example.org/"}},
        }
    ),
    "updateMonitor": _with_id(World.monitor, name="renamed"),
    "deleteMonitor": _with_id(World.monitor),
    "pauseMonitor": _with_id(World.monitor),
    "resumeMonitor": _with_id(_paused),
    "checkNow": _checked,
    "setTags": _tagged,
    "rotateHeartbeatUrl": _with_id(World.heartbeat),
    "acknowledgeIncident": _with_id(World.incident),
    "resolveIncident": _with_id(World.incident),
    "addIncidentNote": _with_id(World.incident, message="seen"),
    "setRootCause": _with_id(World.incident, rootCause="DDOS_ATTACK"),
    "createChannel": _plain(lambda world: {"name": f"new {next(world.numbers)}", "notifier": _NOTIFIER}),
    "updateChannel": _with_id(World.channel, isActive=False),
    "deleteChannel": _with_id(World.channel),
    "testChannel": _with_id(World.channel),
    "createWebhook": _plain(
        lambda _: {"name": "new", "url": "http://127.0.0.1:9/", "events": ["MONITOR_DOWN"]}
    ),
    "updateWebhook": _with_id(World.webhook, isActive=False),
    "deleteWebhook": _with_id(World.webhook),
    "testWebhook": _with_id(World.webhook),
    "redeliver": _redelivered,
}


def mutation_document(name: str) -> str:
    assert SCHEMA.mutation_type is not None
    arguments = SCHEMA.mutation_type.fields[name].args
    if not arguments:
        return f"mutation {{ {name} {{ userErrors {{ code message }} }} }}"
    kind = get_named_type(arguments["input"].type)
    return f"mutation ($input: {kind.name}!) {{ {name}(input: $input) {{ userErrors {{ code message path }} }} }}"
