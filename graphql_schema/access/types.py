"""Who asks: people, workspaces, tokens."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeAlias, cast
from uuid import UUID

import asyncpg
import strawberry

from core.access import principal as access
from core.access.grants import ALL_GRANTS, grants_from_json
from core.access.plans import TERMS, Plan, is_premium
from core.access.principal import Role, TokenPermission, TokenScope
from core.access.reading import allowances_by_id, users_by_id, workspaces_of_user
from core.access.sessions import sessions_of_user
from core.access.token_terms import is_live
from core.errors import Forbidden
from core.ids import Prefix, encode_id
from core.usage.reading import request_usages
from core.usage.usage_period import UsagePeriod
from graphql_schema.access.plan_types import PlanLimits
from graphql_schema.access.session_types import Session
from graphql_schema.access.usage_types import Usage
from graphql_schema.context import Context, Info
from graphql_schema.described import field
from graphql_schema.nodes import Node

if TYPE_CHECKING:
    from graphql_schema.projects.types import Project

LazyProject: TypeAlias = Annotated["Project", strawberry.lazy("graphql_schema.projects.types")]

strawberry.enum(Plan, description="What a workspace has booked")
strawberry.enum(Role, description="What a member is in a workspace")
strawberry.enum(
    TokenScope,
    description="UPTIME_CHECKS covers projects, monitors, checks, heartbeats, tags, maintenance and regions; "
    "ACCOUNT also the audit log and usage",
)
strawberry.enum(TokenPermission, description="DELETE includes WRITE includes READ")


@strawberry.enum(description="Whether a person may sign in")
class AccountStatus(enum.StrEnum):
    """By the names in the database."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


@strawberry.type(description="A person, who may belong to several workspaces")
class User(Node):
    """A row of core.access.reading."""

    email: str = strawberry.field(description="Where letters go, and what the person signs in with")
    name: str = strawberry.field(description="What others call the person")
    image: str | None = strawberry.field(description="The address of a picture; null if there is none")
    phone_number: str | None = strawberry.field(
        description="With its country: +441632960961; null if none was given"
    )
    sms_opt_in: bool = strawberry.field(description="Whether alerts may come as text messages")
    language: str = strawberry.field(description="A language tag, such as en or pt-BR")
    timezone: str = strawberry.field(description="A name of the IANA database, such as Europe/Berlin")
    status: AccountStatus = strawberry.field(description="Whether the person may sign in")
    created_at: datetime = strawberry.field(description="When the account was made")

    @classmethod
    def of(cls, row: asyncpg.Record) -> User:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.USER, row["id"])),
            email=row["email"],
            name=row["name"],
            image=row["image"],
            phone_number=row["phone_number"],
            sms_opt_in=row["sms_opt_in"],
            language=row["language"],
            timezone=row["timezone"],
            status=row["status"],
            created_at=row["created_at"],
        )


async def user_named(context: Context, user_id: UUID | None) -> User | None:
    """Return the person whom a row of the workspace names, a member still or not; for what is open with its parent."""
    row = None if user_id is None else await context.reads.load(users_by_id, user_id)
    return None if row is None else User.of(row)


async def person_behind(context: Context, user_id: UUID | None) -> User | None:
    """Return the same of a field that may be null; raise Forbidden if members are not shown to whoever asks."""
    if user_id is not None:
        context.require_read(TokenScope.TEAM)
    return await user_named(context, user_id)


@strawberry.type(description="The tenant: owns all that is watched, has a plan and members")
class Workspace(Node):
    """A row of core.access.reading."""

    row: strawberry.Private[asyncpg.Record]
    name: str = strawberry.field(description="What people call it; need not be unique")
    plan: Plan = strawberry.field(description="What it has booked")
    created_at: datetime = strawberry.field(description="When it was made")

    @field("Who answers for it")
    async def owner(self, info: Info) -> User:
        """Return the person."""
        owner = await user_named(info.context, self.row["owner_id"])
        return cast("User", owner)  # an owner is never removed

    @field("Whether the plan is paid for")
    def is_premium(self) -> bool:
        """Tell whether it is."""
        return is_premium(Plan(self.plan))

    @field("Whether it has more than its plan allows, and takes no changes until it fits")
    async def write_locked(self, info: Info) -> bool:
        """Compare what it has with what the plan allows."""
        allowance = await info.context.reads.load(allowances_by_id, self.row["id"], info.context.now)
        return allowance is not None and allowance.excess is not None

    @field("What the plan allows")
    def limits(self) -> PlanLimits:
        """Return the plan's terms."""
        return PlanLimits.of(TERMS[Plan(self.plan)])

    @field(
        "How many requests were made; of the workspace in which is asked, and it needs the scope of the account"
    )
    async def usage(
        self,
        info: Info,
        period: Annotated[
            UsagePeriod,
            strawberry.argument(
                description="Over which time the requests are counted; limit and used are of this hour"
            ),
        ],
    ) -> Usage | None:
        """Return the requests of the period.

        Raises Forbidden of another workspace: what the person may do there is not known here.
        """
        context = info.context
        if self.row["id"] != context.workspace_id:
            raise Forbidden("usage is told of the workspace in which is asked")
        context.require_read(TokenScope.ACCOUNT)
        await context.services.requests.settle()
        usage = await context.reads.load(request_usages, self.row["id"], period, context.now)
        if usage is None:
            return None
        limit = TERMS[Plan(self.plan)].requests_per_hour
        quota = context.services.requests.quota.standing(self.row["id"], limit, usage.leased)
        return Usage.of(period, usage, quota)

    @classmethod
    def of(cls, row: asyncpg.Record) -> Workspace:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.WORKSPACE, row["id"])),
            row=row,
            name=row["name"],
            plan=row["plan"],
            created_at=row["created_at"],
        )


@strawberry.type(description="One scope, and how far it is open")
class Grant:
    """A grant of core.access.principal."""

    scope: TokenScope = strawberry.field(description="What is opened")
    permission: TokenPermission = strawberry.field(description="How far: DELETE includes WRITE includes READ")


def shown_grants(grants: frozenset[access.Grant]) -> list[Grant]:
    """Return the grants in the order of the scopes."""
    by_scope = {grant.scope: grant.permission for grant in sorted(grants, key=lambda one: one.permission)}
    return [Grant(scope=scope, permission=by_scope[scope]) for scope in TokenScope if scope in by_scope]


@strawberry.type(
    description="A token acts with the lesser of its grants and its maker's present role. "
    "DELETE includes WRITE includes READ."
)
class ApiToken(Node):
    """A row of core.access.reading."""

    row: strawberry.Private[asyncpg.Record]
    name: str = strawberry.field(description="What people know it by; need not be unique")
    prefix: str = strawberry.field(description="How the secret begins")
    grants: list[Grant] = strawberry.field(description="What it may do at most; each scope at most once")
    created_at: datetime = strawberry.field(description="When it was made")
    last_used_at: datetime | None = strawberry.field(
        description="When it last made a request, to the minute; null if it never did"
    )
    expires_at: datetime | None = strawberry.field(
        description="From when on it opens nothing; null: it does not expire"
    )
    revoked_at: datetime | None = strawberry.field(description="When it was revoked; null if it was not")

    @field("Whether it still opens anything")
    def is_active(self, info: Info) -> bool:
        """Tell whether it is neither revoked nor past its expiry."""
        return is_live(self.revoked_at, self.expires_at, info.context.now)

    @field("Who made it. It needs TEAM")
    async def created_by(self, info: Info) -> User | None:
        """Return the person."""
        return await person_behind(info.context, self.row["created_by"])

    @classmethod
    def of(cls, row: asyncpg.Record) -> ApiToken:
        """Return the object that stands for a row."""
        return cls(
            id=strawberry.ID(encode_id(Prefix.TOKEN, row["id"])),
            row=row,
            name=row["name"],
            prefix=row["prefix"],
            grants=shown_grants(grants_from_json(row["grants"])),
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            expires_at=row["expires_at"],
            revoked_at=row["revoked_at"],
        )


@strawberry.type(description="Who asks, and what that opens")
class Viewer:
    """The principal; resolved field by field."""

    role: Role = strawberry.field(
        description="What the person is in the workspace; of a token, what its maker is"
    )
    grants: list[Grant] = strawberry.field(
        description="What may be done as far as the role allows it, too; a person holds every grant"
    )

    @field("The person; null for a token that nobody made")
    async def user(self, info: Info) -> User | None:
        """Return the person."""
        return await user_named(info.context, info.context.principal.user_id)

    @field("The token that asks; null for a person who signed in")
    async def token(self, info: Info) -> ApiToken | None:
        """Return the token."""
        token: ApiToken | None = await info.context.find(Prefix.TOKEN, info.context.principal.token_id)
        return token

    @field("The workspace in which is asked")
    async def workspace(self, info: Info) -> Workspace:
        """Return the workspace."""
        workspace: Workspace = await info.context.find(Prefix.WORKSPACE, info.context.workspace_id)
        return workspace

    @field("The projects that the person is confined to; null for who is not. It needs UPTIME_CHECKS")
    async def project_scope(self, info: Info) -> list[LazyProject] | None:
        """Return the projects, none of which may be left."""
        context = info.context
        context.require_read(TokenScope.UPTIME_CHECKS)
        if context.principal.project_ids is None:
            return None
        found = await context.find_all(Prefix.PROJECT, sorted(context.principal.project_ids))
        return [project for project in found if project is not None]

    @field("The workspaces that the person belongs to; a token sees only its own")
    async def workspaces(self, info: Info) -> list[Workspace]:
        """Return the workspaces."""
        principal = info.context.principal
        if principal.token_id is not None or principal.user_id is None:
            return [await info.context.find(Prefix.WORKSPACE, principal.workspace_id)]
        rows = await info.context.reads.once(workspaces_of_user, principal.user_id)
        return [Workspace.of(row) for row in rows]

    @field("Where the person is signed in, the last used first; not for tokens")
    async def sessions(self, info: Info) -> list[Session] | None:
        """Return the sessions."""
        principal = info.context.principal
        if principal.session_id is None or principal.user_id is None:
            raise Forbidden("sessions are shown to the person who signed in")
        rows = await info.context.reads.once(sessions_of_user, principal.user_id, info.context.now)
        return [Session.of(row, principal.session_id) for row in rows]

    @classmethod
    def of(cls, principal: access.Principal) -> Viewer:
        """Return the principal as it is shown; a person's grants are all, held by the role alone."""
        grants = ALL_GRANTS if principal.token_id is None else principal.grants
        return cls(role=principal.role, grants=shown_grants(grants))
