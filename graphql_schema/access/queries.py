"""Queries about who asks."""

from __future__ import annotations

import strawberry

from core.ids import Prefix
from graphql_schema.access.types import Viewer, Workspace
from graphql_schema.context import Info
from graphql_schema.described import field


@strawberry.type
class AccessQueries:
    """The part of Query about who asks."""

    @field("Who asks, and what that opens")
    async def viewer(self, info: Info) -> Viewer:
        """Return the principal."""
        return Viewer.of(info.context.principal)

    @field("The workspace in which is asked")
    async def workspace(self, info: Info) -> Workspace:
        """Return the workspace."""
        workspace: Workspace = await info.context.find(Prefix.WORKSPACE, info.context.workspace_id)
        return workspace
