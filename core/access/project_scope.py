"""The projects that a member is confined to."""

from __future__ import annotations

from uuid import UUID

import asyncpg


def project_ids_of(place: asyncpg.Record) -> frozenset[UUID] | None:
    """Return the projects of a row's `project_ids`; None if the member is not confined, empty if none is left."""
    stored = place["project_ids"]
    return None if stored is None else frozenset(stored)
