"""What an input refers to: projects and regions, looked up and held until the transaction ends."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from uuid import UUID

from core.access.principal import Principal
from core.access.project_scope import require_project
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import ProjectScopeForbidden, Unavailable
from core.ids import Prefix, decode_id
from core.issues import Issues
from core.unset import UNSET, Unset

_PROJECTS = named_sql("projects")
_MONITORS = named_sql("monitors")


async def project_for(
    connection: Connection, principal: Principal, public_id: str | Unset | None, issues: Issues
) -> UUID | None:
    """Return the project of that public id, the principal's usual one if none is given; None after noting an issue.

    Raises ProjectScopeForbidden for a project that is not in sight, or if none is given and none goes without saying.
    """
    if not isinstance(public_id, str):
        return await _usual_project(connection, principal)
    project_id = decode_id(Prefix.PROJECT, public_id)
    if project_id is not None:
        found: UUID | None = await connection.fetchval(
            _PROJECTS["hold_project"], principal.workspace_id, project_id
        )
        if found is not None:
            require_project(principal, found, "projectId")
            return found
    issues.refuse(("projectId",), "unknown", "names no project")
    return None


async def _usual_project(connection: Connection, principal: Principal) -> UUID:
    """Return the default project if it is in sight, else the only one that is."""
    in_sight = principal.project_ids
    if in_sight is None:
        default: UUID = await connection.fetchval(_PROJECTS["hold_default_project"], principal.workspace_id)
        return default
    rows = await connection.fetch(_PROJECTS["hold_projects"], principal.workspace_id, in_sight)
    usual: list[UUID] = [row["id"] for row in rows if row["is_default"]] or [row["id"] for row in rows]
    if len(usual) == 1:
        return usual[0]
    cause = "projectId must name one of the projects you are confined to: the default project is none of them"
    raise ProjectScopeForbidden(cause, path=("projectId",))


async def regions_for(
    connection: Connection, keys: Sequence[str] | Unset | None, issues: Issues
) -> dict[int, str]:
    """Return the keys of those regions by their small ids; if none are given, of the first that has a worker.

    Raises Unavailable while no worker has made any region known.
    """
    known = {row["key"]: row["id"] for row in await connection.fetch(_MONITORS["regions"])}
    if keys is UNSET or keys is None:
        if not known:
            raise Unavailable("no region is known yet: start a worker")
        key, number = next(iter(known.items()))
        return {number: key}
    if not keys:
        issues.refuse(("regionKeys",), "min_length", "must name at least 1 region", expected="1")
    for place, key in enumerate(keys):
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            cause = "names no region" + (f"; did you mean {close[0]}?" if close else "")
            issues.refuse_value(
                ("regionKeys", str(place)), "unknown", cause, key, expected=close[0] if close else None
            )
    return {known[key]: key for key in keys if key in known}


def refuse_regions(keys: Sequence[str] | Unset | None, issues: Issues) -> dict[int, str]:
    """Return no regions, for a PASSIVE kind: nobody looks at it from anywhere."""
    if keys is not UNSET and keys:
        issues.refuse(("regionKeys",), "invalid", "must be empty where the kind is PASSIVE")
    return {}
