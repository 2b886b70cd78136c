"""What an input refers to: projects and regions, looked up and held until the transaction ends."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import Unavailable
from core.ids import Prefix, decode_id
from core.issues import Issues
from core.unset import UNSET, Unset

_PROJECTS = named_sql("projects")
_MONITORS = named_sql("monitors")


async def project_for(
    connection: Connection, workspace_id: UUID, public_id: str | Unset | None, issues: Issues
) -> UUID | None:
    """Return the project of that public id, the default one if none is given; None after noting an issue."""
    asked = isinstance(public_id, str)
    project_id = decode_id(Prefix.PROJECT, public_id) if isinstance(public_id, str) else None
    if not asked or project_id is not None:
        found: UUID | None = await connection.fetchval(_PROJECTS["hold_project"], workspace_id, project_id)
        if found is not None:
            return found
    issues.refuse(("projectId",), "unknown", "names no project")
    return None


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
