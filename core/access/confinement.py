"""Stores the projects that a member is confined to, inside the transactions of whoever changes members."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from core.access.member_rules import refuse_project
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.issues import Issues

_SQL = named_sql("members")


async def require_projects(
    connection: Connection, workspace_id: UUID, places: Mapping[UUID, int] | None, issues: Issues
) -> None:
    """Note an issue for each project, at its place in the input, that the workspace does not have."""
    if not places:
        return
    found = await connection.fetch(_SQL["projects_among"], workspace_id, list(places))
    for project_id in places.keys() - {row["id"] for row in found}:
        refuse_project(places[project_id], issues)


async def confined_to(connection: Connection, member_id: UUID) -> set[UUID]:
    """Return the projects that a member is confined to."""
    return {row["project_id"] for row in await connection.fetch(_SQL["confined_to"], member_id)}


async def confine(connection: Connection, member_id: UUID, projects: Collection[UUID] | None) -> None:
    """Confine a member to these projects and no others; None lets go of him, as far as his row says the same."""
    await connection.execute(_SQL["clear_confinement"], member_id)
    if projects:
        await connection.execute(_SQL["confine"], member_id, sorted(projects))
