"""Queries about who changed what."""

from __future__ import annotations

from uuid import UUID

import strawberry

from core.audit.reading import (
    ENTRIES,
    LATEST_FIRST,
    entries_arguments,
    entries_by_id,
    require_audit_log,
)
from graphql_schema.arguments import After, First
from graphql_schema.audit.types import AuditEntry
from graphql_schema.context import Context, Info
from graphql_schema.described import field
from graphql_schema.pagination import Connection, Listed, PageArguments, connect


@strawberry.type
class AuditQueries:
    """The part of Query about who changed what."""

    @field("Who changed what in the last 90 days, the latest first; for owners and admins")
    async def audit_log(
        self, info: Info, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> Connection[AuditEntry] | None:
        """Return a page of entries."""
        context = info.context
        require_audit_log(context.principal)
        arguments = entries_arguments(context.workspace_id, context.now)
        listed = Listed(select=ENTRIES, arguments=arguments, show=AuditEntry.of)
        return await connect(context, listed, PageArguments(first=first, after=after).request(LATEST_FIRST))


async def find_entry(context: Context, identifier: UUID) -> AuditEntry | None:
    """Return an entry, or None if there is none in the workspace; raise Forbidden."""
    require_audit_log(context.principal)
    row = await context.reads.load(entries_by_id, identifier, context.now)
    return None if row is None else AuditEntry.of(row)
