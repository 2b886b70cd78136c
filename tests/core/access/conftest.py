"""A workspace with people of every role, and the services that make and change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.access.grants import ALL_GRANTS
from core.access.people import People, build_people
from core.access.principal import Principal, Role
from core.access.sessions import Visit, begin_session
from core.access.team import Team, build_team
from core.access.token_authentication import TokenAuthentication
from core.access.token_service import CreateToken, MadeToken, TokenService
from core.clock import ManualClock
from core.db.database import Database
from core.ids import Prefix, encode_id, new_id
from core.mail import mailer_for
from core.settings import Settings
from tests.core.access.stored_password import cheaply_stored

VISIT = Visit(address="192.0.2.1", user_agent="A browser")
PASSWORD = "correct horse"


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """The services of one API process, with caches of its own."""

    people: People
    team: Team
    authentication: TokenAuthentication
    tokens: TokenService


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """The owner Ada's workspace, and how people come to it."""

    database: Database
    clock: ManualClock
    workspace_id: UUID
    owner: Principal

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Read or change rows behind every service."""
        async with self.database.acquire() as connection:
            return await connection.fetch(sql, *arguments)

    async def person(self, email: str, *, name: str = "Somebody") -> UUID:
        """Add somebody who has an account, and a place nowhere."""
        user_id = new_id(self.clock.now())
        await self.fetch(
            "INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
            user_id,
            email,
            name,
            cheaply_stored(PASSWORD),
            self.clock.now(),
        )
        return user_id

    async def join(self, role: Role, email: str = "") -> Principal:
        """Add somebody with a place of that role, and return him, signed in."""
        user_id = await self.person(email or f"{role.value.lower()}@example.com", name=role.value.title())
        await self.place(user_id, role)
        return await self.sign_in(user_id)

    async def place(self, user_id: UUID, role: Role, workspace_id: UUID | None = None) -> UUID:
        """Give a person a place in the workspace, or in another one; return the member's id."""
        member_id = new_id(self.clock.now())
        await self.fetch(
            "INSERT INTO members (id, workspace_id, user_id, email, role, accepted_at, created_at)"
            " VALUES ($1, $2, $3, (SELECT email FROM users WHERE id = $3), $4, $5, $5)",
            member_id,
            workspace_id or self.workspace_id,
            user_id,
            role.value,
            self.clock.now(),
        )
        return member_id

    async def sign_in(self, user_id: UUID | None, workspace_id: UUID | None = None) -> Principal:
        """Begin a session of his in the workspace, or in another one."""
        signed_in = await self.come_in(user_id, workspace_id)
        return signed_in.principal

    async def come_in(self, user_id: UUID | None, workspace_id: UUID | None = None) -> Any:
        """Do the same, and return the secret too."""
        assert user_id is not None
        async with self.database.transaction() as connection:
            return await begin_session(
                connection, user_id, workspace_id or self.workspace_id, VISIT, self.clock.now()
            )

    async def member_id(self, person: Principal | UUID | None) -> str:
        """Return the public id of somebody's place in the workspace."""
        user_id = person.user_id if isinstance(person, Principal) else person
        [row] = await self.fetch(
            "SELECT id FROM members WHERE workspace_id = $1 AND user_id = $2", self.workspace_id, user_id
        )
        return encode_id(Prefix.MEMBER, row["id"])

    async def project(self, workspace_id: UUID | None = None) -> str:
        """Add a project, and return its public id."""
        project_id = new_id(self.clock.now())
        await self.fetch(
            "INSERT INTO projects (id, workspace_id, name, created_at) VALUES ($1, $2, 'A project', $3)",
            project_id,
            workspace_id or self.workspace_id,
            self.clock.now(),
        )
        return encode_id(Prefix.PROJECT, project_id)

    async def role_of(self, person: Principal) -> str | None:
        """Return what somebody is in the workspace, None if he has no place in it."""
        rows = await self.fetch(
            "SELECT role FROM members WHERE workspace_id = $1 AND user_id = $2",
            self.workspace_id,
            person.user_id,
        )
        return rows[0]["role"] if rows else None

    async def responsible(self) -> UUID:
        """Return who answers for the workspace."""
        [row] = await self.fetch("SELECT owner_id FROM workspaces WHERE id = $1", self.workspace_id)
        owner_id: UUID = row["owner_id"]
        return owner_id


@pytest.fixture
async def office(database: Database, clock: ManualClock, tenants: Any) -> Office:
    made = Office(
        database=database, clock=clock, workspace_id=tenants.owner.workspace_id, owner=tenants.owner
    )
    return replace(made, owner=await made.sign_in(tenants.owner.user_id))


@pytest.fixture
def start(database: Database, clock: ManualClock) -> Callable[..., Process]:
    """`start()` builds the services of one more process; settings may be given by name."""

    def start(**given: Any) -> Process:
        settings = Settings(**{"public_url": "https://tocsin.example.org", **given})
        mailer = mailer_for(settings)
        people = build_people(settings=settings, database=database, clock=clock, mailer=mailer)
        authentication = TokenAuthentication(database=database, clock=clock)
        team = build_team(
            settings=settings,
            database=database,
            clock=clock,
            mailer=mailer,
            tokens=authentication,
            sessions=people.sessions,
        )
        tokens = TokenService(database=database, clock=clock, authentication=authentication)
        return Process(people=people, team=team, authentication=authentication, tokens=tokens)

    return start


@pytest.fixture
def process(start: Callable[..., Process]) -> Process:
    """The services of one process, without a mail server."""
    return start()


async def token_of(process: Process, person: Principal) -> MadeToken:
    """Make a token that may do all that an owner or admin may."""
    return await process.tokens.create(person, CreateToken(name="A token", grants=list(ALL_GRANTS)))
