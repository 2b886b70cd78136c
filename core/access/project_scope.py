"""The projects that a member is confined to, and what of them bounds his changes."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from core.access.principal import Principal
from core.errors import DeviceScopeForbidden, ProjectScopeForbidden, SharedAccountWriteForbidden


def project_ids_of(place: asyncpg.Record) -> frozenset[UUID] | None:
    """Return the projects of a row's `project_ids`; None if the member is not confined, empty if none is left."""
    stored = place["project_ids"]
    return None if stored is None else frozenset(stored)


def require_project(principal: Principal, project_id: UUID, *path: str) -> None:
    """Raise ProjectScopeForbidden, at the field that names the project, if it is out of the principal's sight."""
    if not principal.sees_project(project_id):
        raise ProjectScopeForbidden(path=path)


def require_device(principal: Principal, project_id: UUID, *path: str) -> None:
    """Raise DeviceScopeForbidden, at the field that names a monitor or what is its own, if its project is not in sight."""
    if not principal.sees_project(project_id):
        raise DeviceScopeForbidden(path=path)


def require_unconfined(principal: Principal, what: str) -> None:
    """Raise SharedAccountWriteForbidden if the principal is confined to projects: `what` concerns the workspace."""
    if principal.project_ids is not None:
        raise SharedAccountWriteForbidden(f"whoever is confined to projects may not {what}")
