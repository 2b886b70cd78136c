"""Members and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import asyncpg
import strawberry

from core.access.member_status import MemberStatus, member_status
from core.access.principal import Role, TokenScope
from core.access.team_reading import projects_of_members
from core.ids import Prefix, encode_id
from graphql_schema.access.types import User, user_named
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.nodes import Node
from graphql_schema.projects.types import Project

strawberry.enum(MemberStatus, description="Whether an invited person has come")


@strawberry.type(description="Somebody's place in the workspace: from the invitation on, under one id")
class Member(Node):
    """A row of core.access.team_reading."""

    row: strawberry.Private[asyncpg.Record]
    email: str = strawberry.field(description="That of the invitation, and then of the account")
    name: str | None = strawberry.field(
        description="What the person goes by; until the invitation is accepted, what whoever invited wrote"
    )
    role: Role = strawberry.field(description="What the person may do here")
    status: MemberStatus = strawberry.field(description="PENDING until the invitation is accepted")
    invited_at: datetime | None = strawberry.field(
        description="When the person was last invited; null for who needed no invitation"
    )
    accepted_at: datetime | None = strawberry.field(description="When the person joined; null while PENDING")

    @field("The person; null while PENDING")
    async def user(self, info: Info) -> User | None:
        """Return the person."""
        return await user_named(info.context, self.row["user_id"])

    @field("The projects that the person is confined to; null for who is not. It needs UPTIME_CHECKS")
    async def project_scope(self, info: Info) -> list[Project] | None:
        """Return the projects, none of which may be left."""
        info.context.require_read(TokenScope.UPTIME_CHECKS)
        if not self.row["is_confined"]:
            return None
        rows = await info.context.reads.load(projects_of_members, self.row["id"])
        return [Project.of(row) for row in rows or ()]

    @classmethod
    def of(cls, row: asyncpg.Record) -> Member:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.MEMBER, row["id"])),
            row=row,
            email=row["email"],
            name=row["name"],
            role=row["role"],
            status=member_status(row["accepted_at"]),
            invited_at=row["invited_at"],
            accepted_at=row["accepted_at"],
        )


@strawberry.type(description="An invitation that nobody has accepted; it may have expired")
class Invitation(Node):
    """A row of core.access.team_reading."""

    row: strawberry.Private[asyncpg.Record]
    email: str = strawberry.field(description="Only an account with this address can accept it")
    role: Role = strawberry.field(description="What the person will be")
    created_at: datetime = strawberry.field(description="When the address was first invited")
    expires_at: datetime = strawberry.field(
        description="Until when it can be accepted; inviting the address once more renews it then"
    )

    @field("The member that the person will be, PENDING for now")
    async def member(self, info: Info) -> Member:
        """Return the member."""
        return cast("Member", await info.context.find(Prefix.MEMBER, self.row["member_id"]))

    @classmethod
    def of(cls, row: asyncpg.Record) -> Invitation:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.INVITATION, row["id"])),
            row=row,
            email=row["email"],
            role=row["role"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )
