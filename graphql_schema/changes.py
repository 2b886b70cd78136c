"""What the inputs and payloads of mutations have in common."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, TypeAlias
from uuid import UUID

import strawberry

from core.ids import Prefix, encode_id
from graphql_schema.arguments import INPUT
from graphql_schema.context import Context
from graphql_schema.errors import UserError, attempt

USER_ERRORS_HELP = "Empty if the change was accepted"


@strawberry.input(description="What to change")
class IdInput:
    """An id alone."""

    id: strawberry.ID = strawberry.field(description="What is meant; an unknown one is NOT_FOUND")


ChangedById: TypeAlias = Annotated[IdInput, INPUT]


@strawberry.type(description="What became of a deletion")
class DeletedPayload:
    """The id is null if the deletion was refused."""

    deleted_id: strawberry.ID | None = strawberry.field(
        description="The id of what is gone; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


async def changed(context: Context, prefix: Prefix, change: Awaitable[UUID]) -> tuple[Any, list[UserError]]:
    """Await a change; return the object as it is now (None if refused) and the userErrors."""
    done = await attempt(change)
    if done.value is None:
        return None, done.user_errors
    context.reads.forget()
    return await context.find(prefix, done.value), []


async def deleted(context: Context, prefix: Prefix, change: Awaitable[UUID]) -> DeletedPayload:
    """Await a deletion; return its payload."""
    done = await attempt(change)
    if done.value is None:
        return DeletedPayload(deleted_id=None, user_errors=done.user_errors)
    context.reads.forget()
    return DeletedPayload(deleted_id=strawberry.ID(encode_id(prefix, done.value)), user_errors=[])
