"""API tokens: listed, made, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from core.access import principal as access
from core.access import reading
from core.access.principal import TokenPermission, TokenScope
from core.access.token_service import MOST_LIVE_TOKENS, CreateToken
from core.access.token_terms import LIFE, LONGEST_LIFE
from core.ids import Prefix
from graphql_schema.access.types import ApiToken
from graphql_schema.arguments import INPUT, WHICH, After, First
from graphql_schema.changes import USER_ERRORS_HELP, ChangedById, DeletedPayload, deleted
from graphql_schema.context import Info
from graphql_schema.described import field, mutation
from graphql_schema.errors import UserError, attempt
from graphql_schema.pagination import Connection, Listed, PageArguments, connect
from graphql_schema.written import written, written_or_unset


@strawberry.input(description="Which API tokens to list; what is absent or null filters nothing")
class ApiTokenFilter:
    """All conditions must hold."""

    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether they still open anything"
    )


@strawberry.input(description="One scope, and how far it is to be open")
class GrantInput:
    """A grant of core.access.principal."""

    scope: TokenScope = strawberry.field(description="What is opened")
    permission: TokenPermission = strawberry.field(
        description="How far: DELETE includes WRITE includes READ; no further than you may go yourself"
    )


@strawberry.input(
    description="An API token to make; it speaks for you, as far as its grants and your role reach"
)
class CreateApiTokenInput:
    """As core.access.token_service takes it."""

    name: str = strawberry.field(description="By which people know it; it need not be unique")
    grants: list[GrantInput] = strawberry.field(description="What it may do; of a scope the furthest counts")
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Absent: in {LIFE.days} days. Null: never. At most {LONGEST_LIFE.days} days from now",
    )


@strawberry.type(description="What became of a token that is to be made")
class CreateApiTokenPayload:
    """Token and secret are null if it was refused."""

    token: ApiToken | None = strawberry.field(description="The new token; null if it was refused")
    secret: str | None = strawberry.field(
        description="To be sent as `Authorization: Bearer …`. Told here and never again: keep it"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


@strawberry.type
class TokenQueries:
    """The part of Query about API tokens."""

    @field("The API tokens of the workspace, revoked and expired ones too, in the order of their making")
    async def api_tokens(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        filter: Annotated[ApiTokenFilter | None, WHICH] = strawberry.UNSET,  # noqa: A002  (the contract's name for such)
    ) -> Connection[ApiToken] | None:
        """Return a page of tokens."""
        context = info.context
        context.require_read(TokenScope.TOKENS)
        is_active = written((filter or ApiTokenFilter()).is_active)
        arguments = (context.workspace_id, is_active, context.now)
        listed = Listed(select=reading.TOKENS, arguments=arguments, show=ApiToken.of)
        request = PageArguments(first=first, after=after).request(reading.TOKENS_CREATED)
        return await connect(context, listed, request)


@strawberry.type
class TokenMutations:
    """The part of Mutation about API tokens."""

    @mutation(
        f"Make an API token; its secret is told once. A workspace has at most {MOST_LIVE_TOKENS} live ones"
    )
    async def create_api_token(
        self, info: Info, wanted: Annotated[CreateApiTokenInput, INPUT]
    ) -> CreateApiTokenPayload:
        """Return the new token with its secret."""
        context = info.context
        token = CreateToken(
            name=wanted.name,
            grants=[access.Grant(scope=one.scope, permission=one.permission) for one in wanted.grants],
            expires_at=written_or_unset(wanted.expires_at),
        )
        done = await attempt(context.services.tokens.create(context.principal, token))
        if done.value is None:
            return CreateApiTokenPayload(token=None, secret=None, user_errors=done.user_errors)
        context.reads.forget()
        made = await context.find(Prefix.TOKEN, done.value.id)
        return CreateApiTokenPayload(token=made, secret=done.value.secret, user_errors=[])

    @mutation(
        "Revoke an API token: within two seconds it opens nothing anywhere, and what it follows live is closed. "
        "Revoked once more, it stays as it is. With WRITE on TOKENS a token may revoke itself, with DELETE any"
    )
    async def revoke_api_token(self, info: Info, wanted: ChangedById) -> DeletedPayload:
        """Return its id."""
        context = info.context
        return await deleted(
            context, Prefix.TOKEN, context.services.tokens.revoke(context.principal, wanted.id)
        )
