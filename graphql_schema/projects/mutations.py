"""Changes of projects."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

import strawberry

from core.ids import Prefix
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject
from graphql_schema.arguments import INPUT
from graphql_schema.changes import USER_ERRORS_HELP, DeletedPayload, changed, deleted
from graphql_schema.context import Context, Info
from graphql_schema.described import mutation
from graphql_schema.errors import UserError
from graphql_schema.projects.types import Project
from graphql_schema.written import written_or_unset


@strawberry.input(description="A project to make")
class CreateProjectInput:
    """As core.monitors.project_service takes it."""

    name: str = strawberry.field(description="What people call it: 1 to 200 characters; need not be unique")


@strawberry.input(description="What to change of a project; what is absent stays")
class UpdateProjectInput:
    """As core.monitors.project_service takes it."""

    id: strawberry.ID = strawberry.field(description="The project to change")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Another name: 1 to 200 characters; null is refused"
    )
    revision: int | None = strawberry.field(
        default=strawberry.UNSET, description="The revision that was read; a stale one is a CONFLICT"
    )


@strawberry.input(description="A project to delete")
class DeleteProjectInput:
    """As core.monitors.project_service takes it."""

    id: strawberry.ID = strawberry.field(description="The project to delete; the default one is a CONFLICT")
    delete_monitors: bool = strawberry.field(
        default=False, description="Whether its monitors go with it; without, it must be empty"
    )


@strawberry.type(description="What became of a change of a project")
class ProjectPayload:
    """The project is null if the change was refused."""

    project: Project | None = strawberry.field(
        description="The project as it is now; null if the change was refused"
    )
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS_HELP)


async def _payload(context: Context, change: Awaitable[UUID]) -> ProjectPayload:
    project, user_errors = await changed(context, Prefix.PROJECT, change)
    return ProjectPayload(project=project, user_errors=user_errors)


@strawberry.type
class ProjectMutations:
    """The part of Mutation about projects."""

    @mutation("Make a project")
    async def create_project(
        self, info: Info, wanted: Annotated[CreateProjectInput, INPUT]
    ) -> ProjectPayload:
        """Return the new project."""
        context = info.context
        change = context.services.projects.create(context.principal, CreateProject(name=wanted.name))
        return await _payload(context, change)

    @mutation("Change a project")
    async def update_project(
        self, info: Info, wanted: Annotated[UpdateProjectInput, INPUT]
    ) -> ProjectPayload:
        """Return the project as it is now."""
        context = info.context
        update = UpdateProject(
            id=wanted.id, name=written_or_unset(wanted.name), revision=written_or_unset(wanted.revision)
        )
        return await _payload(context, context.services.projects.update(context.principal, update))

    @mutation("Delete a project: an empty one, unless its monitors are to go with it")
    async def delete_project(
        self, info: Info, wanted: Annotated[DeleteProjectInput, INPUT]
    ) -> DeletedPayload:
        """Return its id."""
        context = info.context
        unwanted = DeleteProject(id=wanted.id, delete_monitors=wanted.delete_monitors)
        change = context.services.projects.delete(context.principal, unwanted)
        return await deleted(context, Prefix.PROJECT, change)
