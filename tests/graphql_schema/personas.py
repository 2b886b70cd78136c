"""Everybody who may ask a workspace for something: each role, each grant, strangers and nobody."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core.access.grants import ALL_GRANTS, grants_to_json
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


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whom to make: a member of that role, within those projects (None: all), signed in or with a token."""

    role: Role
    confined_to: Collection[UUID] | None = None
    grants: Collection[Grant] | None = None

    @property
    def maker(self) -> str:
        return f"{self.role.value.lower()}{'' if self.confined_to is None else ' within projects'}"

    @property
    def name(self) -> str:
        if self.grants is None:
            return self.maker
        named = ", ".join(f"{grant.permission.name} on {grant.scope.value}" for grant in self.grants)
        return f"token of a {self.maker} with {'all grants' if len(self.grants) > 1 else named}"


async def people_of(tenant: Tenant, project_id: UUID) -> list[Persona]:
    """Return a person of each role who is signed in, and a member and a viewer who are confined to the project."""
    return await made(tenant, _places(project_id))


async def tokens_of(tenant: Tenant) -> list[Persona]:
    """Return an owner's token of each single grant, and one of all grants of each other maker."""
    single = [Place(role=Role.OWNER, grants=[grant]) for grant in single_grants()]
    others = [Place(role=role, grants=ALL_GRANTS) for role in Role if role is not Role.OWNER]
    return await made(tenant, [*single, *others])


async def confined_tokens_of(tenant: Tenant, project_id: UUID) -> list[Persona]:
    """Return the tokens of all grants that a member and a viewer made who are confined to the project."""
    confined = [place for place in _places(project_id) if place.confined_to is not None]
    return await made(tenant, [replace(place, grants=ALL_GRANTS) for place in confined])


async def lesser_tokens_of(tenant: Tenant, project_id: UUID, scopes: Collection[TokenScope]) -> list[Persona]:
    """Return a token of each single grant on the scopes, of every maker who is not an owner.

    On other scopes a grant helps nobody: of these the owner's tokens are enough.
    """
    grants = [grant for grant in single_grants() if grant.scope in scopes]
    makers = [place for place in _places(project_id) if place.role is not Role.OWNER]
    return await made(tenant, [replace(maker, grants=[grant]) for maker in makers for grant in grants])


def _places(project_id: UUID) -> list[Place]:
    confined = [Place(role=role, confined_to=[project_id]) for role in (Role.MEMBER, Role.VIEWER)]
    return [*(Place(role=role) for role in Role), *confined]


def single_grants() -> Iterator[Grant]:
    """Return every grant that there is."""
    for scope in TokenScope:
        for permission in TokenPermission:
            yield Grant(scope=scope, permission=permission)


async def signed_in(tenant: Tenant, role: Role, *, confined_to: Sequence[UUID] | None = None) -> Persona:
    """Return a new member of the workspace with a session."""
    (persona,) = await made(tenant, [Place(role=role, confined_to=confined_to)])
    return persona


async def made(tenant: Tenant, places: Sequence[Place]) -> list[Persona]:
    """Return new members of the workspace, each signed in or with a token; all are stored together."""
    newcomers = [_Newcomer(place=place, now=tenant.now) for place in places]
    named = {"workspace_id": tenant.workspace_id, "created_at": tenant.now}
    await _store(tenant, "users", [each.user(tenant) for each in newcomers])
    await _store(tenant, "members", [{**each.member(tenant), **named} for each in newcomers])
    await _store(tenant, "member_projects", [row for each in newcomers for row in each.projects()])
    signed_in = [each for each in newcomers if each.place.grants is None]
    await _store(tenant, "sessions", [{**each.session(tenant), **named} for each in signed_in])
    with_token = [each for each in newcomers if each.place.grants is not None]
    await _store(tenant, "api_tokens", [{**each.token(tenant), **named} for each in with_token])
    return [each.persona(tenant) for each in newcomers]


async def _store(tenant: Tenant, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await tenant.insert_many(table, rows)


class _Newcomer:
    """The rows of somebody, under ids and with a secret of his own."""

    def __init__(self, *, place: Place, now: datetime) -> None:
        self.place = place
        self.secret = uuid.uuid4().hex
        self.user_id, self.member_id, self.credential_id = new_id(now), new_id(now), new_id(now)
        self.email = f"{self.secret}@example.org"

    def user(self, tenant: Tenant) -> dict[str, Any]:
        names = {"email": self.email, "name": self.email, "password_hash": "-"}
        return {"id": self.user_id, **names, "created_at": tenant.now}

    def member(self, tenant: Tenant) -> dict[str, Any]:
        is_confined = self.place.confined_to is not None
        place = {"role": self.place.role.value, "is_confined": is_confined, "accepted_at": tenant.now}
        return {"id": self.member_id, "user_id": self.user_id, "email": self.email, **place}

    def projects(self) -> Iterator[dict[str, Any]]:
        for project_id in self.place.confined_to or ():
            yield {"member_id": self.member_id, "project_id": project_id}

    def session(self, tenant: Tenant) -> dict[str, Any]:
        secret = {"secret_sha256": digest_of(self.secret), "last_seen_at": tenant.now}
        return {"id": self.credential_id, "user_id": self.user_id, **secret}

    def token(self, tenant: Tenant) -> dict[str, Any]:
        words = {
            "name": "a token",
            "prefix": self.secret[:8],
            "grants": grants_to_json(self.place.grants or ()),
        }
        used = {"secret_sha256": digest_of(self.secret), "last_used_at": tenant.now}
        return {"id": self.credential_id, "created_by": self.user_id, **words, **used}

    def persona(self, tenant: Tenant) -> Persona:
        place = self.place
        by_token = place.grants is not None
        principal = Principal(
            workspace_id=tenant.workspace_id,
            user_id=self.user_id,
            token_id=self.credential_id if by_token else None,
            session_id=None if by_token else self.credential_id,
            role=place.role,
            grants=frozenset(place.grants or ()),
            plan=Plan.ENTERPRISE,
            project_ids=None if place.confined_to is None else frozenset(place.confined_to),
        )
        credentials = {"Cookie": f"dashmon_session={self.secret}"}
        if by_token:
            credentials = {"Authorization": f"Bearer {self.secret}"}
        return Persona(name=place.name, principal=principal, headers=credentials)
