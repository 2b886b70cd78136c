"""Creates, changes and deletes projects."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from core.access.permission import require
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.project_scope import require_project, require_unconfined
from core.access.reading import fitting_allowance_of
from core.audit.action import AuditAction
from core.audit.change import created, deleted, updated
from core.audit.recording import record, record_all
from core.audit.redaction import View
from core.clock import Clock
from core.db.database import Connection, Database
from core.db.named_sql import named_sql
from core.db.tables import Project
from core.errors import Conflict, NotFound
from core.ids import Prefix, decode_id, new_id
from core.issues import Issues
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_view import MonitorViews
from core.monitors.workspace_lock import lock_workspace
from core.plugin_registry import PluginRegistry
from core.revision import require_revision
from core.text_rules import name_of
from core.unset import UNSET, Unset

_SQL = named_sql("projects")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateProject:
    """A project to make."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateProject:
    """What to change of a project, named by its public id."""

    id: str
    name: str | Unset | None = UNSET
    revision: int | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteProject:
    """A project to delete, and whether its monitors go with it."""

    id: str
    delete_monitors: bool = False


class ProjectService:
    """Permission, validation, storage; each method returns the id of the project it changed."""

    def __init__(
        self, *, database: Database, registry: PluginRegistry, life: MonitorLife, clock: Clock
    ) -> None:
        self._database = database
        self._views = MonitorViews(registry=registry)
        self._life = life
        self._clock = clock

    async def create(self, principal: Principal, wanted: CreateProject) -> UUID:
        """Make a project; raise WriteLocked or InvalidInput. It is not for whoever is confined to projects."""
        require(principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)
        require_unconfined(principal, "make projects")
        issues = Issues()
        name = name_of(wanted.name, ("name",), issues)
        issues.raise_if_any()
        now = self._clock.now()
        project = Project(id=new_id(now), workspace_id=principal.workspace_id, name=name, created_at=now)

        async def create(connection: Connection) -> UUID:
            await fitting_allowance_of(connection, principal.workspace_id, now)
            await Project.insert(project)
            change = created(AuditAction.PROJECT_CREATED, project.id, _view(name))
            await record(connection, principal, change, now)
            return project.id

        return await self._database.in_transaction(create)

    async def update(self, principal: Principal, wanted: UpdateProject) -> UUID:
        """Change a project; raise WriteLocked, NotFound, Conflict of a stale revision, or InvalidInput."""
        require(principal, TokenScope.UPTIME_CHECKS, TokenPermission.WRITE)

        async def update(connection: Connection) -> UUID:
            await fitting_allowance_of(connection, principal.workspace_id, self._clock.now())
            issues = Issues()
            row = await _lock(connection, principal, wanted.id)
            require_revision(wanted.revision, row["revision"])
            name = row["name"] if wanted.name is UNSET else name_of(wanted.name, ("name",), issues)
            issues.raise_if_any()
            if name != row["name"]:
                await (
                    Project.update({Project.name: name, Project.revision: row["revision"] + 1})
                    .where(Project.workspace_id == principal.workspace_id)
                    .where(Project.id == row["id"])
                )
                change = updated(AuditAction.PROJECT_UPDATED, row["id"], _view(row["name"]), _view(name))
                await record(connection, principal, change, self._clock.now())
            project_id: UUID = row["id"]
            return project_id

        return await self._database.in_transaction(update)

    async def delete(self, principal: Principal, wanted: DeleteProject) -> UUID:
        """Delete a project; raise Conflict if it is the default one, or holds monitors that are to stay.

        It is not for whoever is confined to projects.
        """
        require(principal, TokenScope.UPTIME_CHECKS, TokenPermission.DELETE)
        require_unconfined(principal, "delete projects")

        async def delete(connection: Connection) -> UUID:
            now = self._clock.now()
            await lock_workspace(connection, principal.workspace_id)
            row = await _lock(connection, principal, wanted.id)
            if row["is_default"]:
                raise Conflict("the default project cannot be deleted", path=("id",))
            monitors = await connection.fetch(_SQL["project_monitors"], principal.workspace_id, row["id"])
            if monitors and not wanted.delete_monitors:
                cause = f"the project still holds {len(monitors)} monitors: move them, or set deleteMonitors"
                raise Conflict(cause, path=("deleteMonitors",))
            monitor_ids = [monitor["id"] for monitor in monitors]
            changes = await self._views.deletions(connection, principal.workspace_id, monitors)
            changes.append(deleted(AuditAction.PROJECT_DELETED, row["id"], _view(row["name"])))
            await self._life.end(connection, principal.workspace_id, monitor_ids, now)
            await (
                Project.update({Project.deleted_at: now})
                .where(Project.workspace_id == principal.workspace_id)
                .where(Project.id == row["id"])
            )
            await connection.execute(_SQL["confine_nobody_to"], row["id"])
            await record_all(connection, principal, changes, now)
            deleted_id: UUID = row["id"]
            return deleted_id

        return await self._database.in_transaction(delete)


def _view(name: str) -> View:
    """Return a project as it is written down."""
    return {"name": name}


async def _lock(connection: Connection, principal: Principal, public_id: str) -> asyncpg.Record:
    project_id = decode_id(Prefix.PROJECT, public_id)
    row = await connection.fetchrow(_SQL["lock_project"], principal.workspace_id, project_id)
    if row is None:
        raise NotFound("project not found", path=("id",))
    require_project(principal, row["id"], "id")
    return row
