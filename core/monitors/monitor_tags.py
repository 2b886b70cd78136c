"""Which tags monitors wear. Tags are made on use and go with their last monitor.

Whoever calls these holds the workspace's lock (`lock_workspace`), so that no tag is dropped while it is given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.ids import new_id

_SQL = named_sql("tags")
_Names: TypeAlias = Mapping[UUID, set[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class TagChanges:
    """The names of the tags that monitors got, and of those that they lost."""

    gained: dict[UUID, set[str]] = field(default_factory=dict)
    lost: dict[UUID, set[str]] = field(default_factory=dict)

    @property
    def monitor_ids(self) -> list[UUID]:
        """The monitors that do not wear the same as before, sorted."""
        return sorted({*self.gained, *self.lost})

    def then(self, later: TagChanges) -> TagChanges:
        """Return what both come to; of a tag that was given and taken again nothing is left."""
        return TagChanges(
            gained=_net(self.gained, later.lost, later.gained, self.lost),
            lost=_net(self.lost, later.gained, later.lost, self.gained),
        )

    def after(self, monitor_id: UUID, before: Iterable[str]) -> set[str]:
        """Return what a monitor wears, if it wore `before`."""
        return ({*before} - self.lost.get(monitor_id, set())) | self.gained.get(monitor_id, set())


async def add_tags(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    names: Sequence[str],
    now: datetime,
) -> TagChanges:
    """Give tags to monitors."""
    await connection.execute(_SQL["create_tags"], workspace_id, [new_id(now) for _ in names], names)
    tag_ids = await _ids(connection, workspace_id, names)
    rows = await connection.fetch(_SQL["attach_tags"], workspace_id, monitor_ids, tag_ids)
    return TagChanges(gained=_by_monitor(rows))


async def remove_tags(
    connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID], names: Sequence[str]
) -> TagChanges:
    """Take tags from monitors."""
    tag_ids = await _ids(connection, workspace_id, names)
    rows = await connection.fetch(_SQL["detach_tags"], workspace_id, monitor_ids, tag_ids)
    await connection.execute(_SQL["delete_unused_tags"], workspace_id)
    return TagChanges(lost=_by_monitor(rows))


async def replace_tags(
    connection: Connection,
    workspace_id: UUID,
    monitor_ids: Sequence[UUID],
    names: Sequence[str],
    now: datetime,
) -> TagChanges:
    """Leave monitors with exactly these tags."""
    added = await add_tags(connection, workspace_id, monitor_ids, names, now)
    tag_ids = await _ids(connection, workspace_id, names)
    rows = await connection.fetch(_SQL["detach_other_tags"], workspace_id, monitor_ids, tag_ids)
    await connection.execute(_SQL["delete_unused_tags"], workspace_id)
    return TagChanges(gained=added.gained, lost=_by_monitor(rows))


async def drop_tags(connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID]) -> None:
    """Take every tag from monitors that are deleted."""
    await connection.fetch(_SQL["detach_other_tags"], workspace_id, monitor_ids, [])
    await connection.execute(_SQL["delete_unused_tags"], workspace_id)


def _net(first: _Names, first_undone: _Names, then: _Names, then_undone: _Names) -> dict[UUID, set[str]]:
    """Return what is in the first and not undone later, and what is in the second and undid nothing."""
    none: set[str] = set()
    names = {
        each: (first.get(each, none) - first_undone.get(each, none))
        | (then.get(each, none) - then_undone.get(each, none))
        for each in {*first, *then}
    }
    return {each: kept for each, kept in names.items() if kept}


def _by_monitor(rows: Iterable[asyncpg.Record]) -> dict[UUID, set[str]]:
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    for row in rows:
        found[row["monitor_id"]].add(row["name"])
    return dict(found)


async def _ids(connection: Connection, workspace_id: UUID, names: Sequence[str]) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(_SQL["tag_ids"], workspace_id, names)]
