"""Queries of projects."""

from __future__ import annotations

import strawberry

from core.access.principal import TokenScope
from core.ids import Prefix, decode_id
from core.monitors.project_reading import CREATED, PROJECTS, listed_projects
from graphql_schema.arguments import After, Before, ById, First, Last
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.pagination import Connection, Listed, PageArguments, connect
from graphql_schema.projects.types import Project


@strawberry.type
class ProjectQueries:
    """The part of Query about projects."""

    @field("The projects of the workspace, in the order of their making")
    async def projects(
        self,
        info: Info,
        *,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> Connection[Project] | None:
        """Return a page of projects."""
        context = info.context
        context.require_read(TokenScope.UPTIME_CHECKS)
        listed = Listed(select=PROJECTS, arguments=listed_projects(context.sight), show=Project.of)
        request = PageArguments(first=first, after=after, last=last, before=before).request(CREATED)
        return await connect(context, listed, request)

    @field("The project with that id")
    async def project(self, info: Info, id: ById) -> Project | None:  # noqa: A002  (the contract's name)
        """Return the project, or None if there is none in the workspace."""
        info.context.require_read(TokenScope.UPTIME_CHECKS)
        project: Project | None = await info.context.find(Prefix.PROJECT, decode_id(Prefix.PROJECT, id))
        return project
