"""Everybody who may ask a workspace for something: each role, each grant, strangers and nobody."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from core.access.grants import ALL_GRANTS
from core.access.plans import Plan
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.ids import new_id
from core.secret_text import digest_of
from tests.graphql_schema.conftest import Answer, Tenant

_ACCEPT = {"Accept": "application/graphql-response+json"}


@dataclass(frozen=True, kw_only=True)
class Persona:
    """Who asks: `principal` is what the rules know of him (None for nobody), `headers` are his credentials."""

    name: str
    principal: Principal | None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    async def ask(self, tenant: Tenant, document: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """Run a document with his credentials."""
        response = await tenant.client.post(
            "/graphql",
            json={"query": document, "variables": dict(variables or {})},
            headers={**_ACCEPT, **self.headers},
        )
        return Answer(response=response)


NOBODY = Persona(name="nobody", principal=None)


async def people_of(tenant: Tenant, project_id: UUID) -> list[Persona]:
    """Return a person of each role who is signed in, and a member and a viewer who are confined to the project."""
    found = [await signed_in(tenant, role) for role in Role]
    found += [await signed_in(tenant, role, confined_to=[project_id]) for role in (Role.MEMBER, Role.VIEWER)]
    return found


async def tokens_of(tenant: Tenant) -> list[Persona]:
    """Return an owner's token of each single grant, and one of all grants of each other maker."""
    single = [await token(tenant, Role.OWNER, [grant]) for grant in _grants()]
    return [*single, *[await token(tenant, role, ALL_GRANTS) for role in Role if role is not Role.OWNER]]


def _grants() -> Iterator[Grant]:
    for scope in TokenScope:
        for permission in TokenPermission:
            yield Grant(scope=scope, permission=permission)


async def signed_in(tenant: Tenant, role: Role, *, confined_to: Sequence[UUID] | None = None) -> Persona:
    """Return a new member of the workspace with a session."""
    member = await tenant.add_token(role=role)
    if confined_to is not None:
        await member.confine(member.user_id, confined_to)
    secret, session_id = uuid.uuid4().hex, new_id(tenant.now)
    await tenant.insert(
        "sessions",
        id=session_id,
        user_id=member.user_id,
        workspace_id=tenant.workspace_id,
        secret_sha256=digest_of(secret),
        created_at=tenant.now,
        last_seen_at=tenant.now,
    )
    principal = replace(
        _principal(member, role),
        token_id=None,
        session_id=session_id,
        grants=frozenset(),
        project_ids=None if confined_to is None else frozenset(confined_to),
    )
    name = f"{role.value.lower()}{'' if confined_to is None else ' within projects'}"
    return Persona(name=name, principal=principal, headers={"Cookie": f"dashmon_session={secret}"})


async def token(tenant: Tenant, role: Role, grants: Sequence[Grant] | frozenset[Grant]) -> Persona:
    """Return a token of a new member of that role."""
    member = await tenant.add_token(*grants, role=role)
    principal = replace(_principal(member, role), grants=frozenset(grants))
    name = ", ".join(f"{grant.permission.name} on {grant.scope.value}" for grant in grants)
    if len(grants) > 1:
        name = "all grants"
    return Persona(
        name=f"token of a {role.value.lower()} with {name}",
        principal=principal,
        headers={"Authorization": f"Bearer {member.secret}"},
    )


def _principal(member: Tenant, role: Role) -> Principal:
    return Principal(
        workspace_id=member.workspace_id,
        user_id=member.user_id,
        token_id=UUID(int=1),
        role=role,
        grants=frozenset(),
        plan=Plan.ENTERPRISE,
    )
