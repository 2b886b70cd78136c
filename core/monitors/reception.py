"""Judges inputs for monitors against the rules and against what they refer to; all that is wrong is told at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from core.access.principal import Principal
from core.db.database import Connection
from core.db.named_sql import named_sql
from core.issues import Issues
from core.monitors.channel_choice import ChannelChoice
from core.monitors.definition import DefinitionRules, MonitorDefinition, definition_of
from core.monitors.monitor_channels import AcceptedChannels, ChannelLink, links_of
from core.monitors.monitor_input import CreateMonitor, MonitorChannel, OwnChannels, UpdateMonitor
from core.monitors.references import project_for, refuse_regions, regions_for
from core.monitors.tag_names import tag_names
from core.unset import UNSET, Unset

_SQL = named_sql("monitors")


@dataclass(frozen=True, kw_only=True, slots=True)
class PresentMonitor:
    """A monitor as it is stored: its row, which is locked, its channels, and the keys of its regions by number."""

    row: asyncpg.Record
    definition: MonitorDefinition
    regions: Mapping[int, str]
    channels: tuple[ChannelLink, ...]

    @property
    def id(self) -> UUID:
        """The monitor's id."""
        monitor_id: UUID = self.row["id"]
        return monitor_id

    @property
    def workspace_id(self) -> UUID:
        """The id of its workspace."""
        workspace_id: UUID = self.row["workspace_id"]
        return workspace_id


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedMonitor:
    """A monitor as it shall be: its regions' keys by their numbers. Tags and channels are None where they stay."""

    definition: MonitorDefinition
    project_id: UUID
    regions: Mapping[int, str]
    tags: list[str] | None
    channels: AcceptedChannels | None

    def columns(self) -> dict[str, Any]:
        """Return the columns of the monitor's row."""
        return {**self.definition.columns(), "project_id": self.project_id}


async def present_monitor(connection: Connection, row: asyncpg.Record) -> PresentMonitor:
    """Return the monitor of a locked row."""
    monitor_id, workspace_id = row["id"], row["workspace_id"]
    regions = await regions_of(connection, workspace_id, [monitor_id])
    channels = await links_of(connection, workspace_id, [monitor_id])
    return PresentMonitor(
        row=row,
        definition=definition_of(row),
        regions=regions[monitor_id],
        channels=channels[monitor_id],
    )


async def regions_of(
    connection: Connection, workspace_id: UUID, monitor_ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[int, str]]:
    """Return the keys of the regions that look at each monitor, by number; of a monitor without any, none."""
    found: defaultdict[UUID, dict[int, str]] = defaultdict(dict)
    for row in await connection.fetch(_SQL["regions_of_monitors"], workspace_id, monitor_ids):
        found[row["monitor_id"]][row["id"]] = row["key"]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Reception:
    """Judges the inputs of a principal, inside the caller's transaction."""

    connection: Connection
    principal: Principal
    rules: DefinitionRules

    async def of_new(self, wanted: CreateMonitor) -> AcceptedMonitor:
        """Return the monitor to make; raise InvalidInput."""
        issues = Issues()
        definition = self.rules.define(wanted, issues)
        tags = _tags(wanted.tags, issues) or []
        project_id = await project_for(self.connection, self.principal, wanted.project_id, issues)
        is_passive = definition is not None and definition.probe.is_passive
        regions = await self._regions(wanted.region_keys, {}, issues, is_passive=is_passive)
        channels = await self._choice.of_new(_listed(wanted.channels), issues)
        return _accepted(issues, definition, project_id, regions, tags=tags, channels=channels)

    async def of_update(self, wanted: UpdateMonitor, present: PresentMonitor) -> AcceptedMonitor:
        """Return the monitor after an update; raise InvalidInput."""
        issues = Issues()
        definition = self.rules.redefine(wanted, present.definition, issues)
        tags = _tags(wanted.tags, issues)
        project_id: UUID | None = present.row["project_id"]
        if wanted.project_id is not UNSET:
            project_id = await project_for(self.connection, self.principal, wanted.project_id, issues)
        is_passive = (definition or present.definition).probe.is_passive
        regions = await self._regions(wanted.region_keys, present.regions, issues, is_passive=is_passive)
        channels = None
        if wanted.channels is not UNSET:
            asked = wanted.channels
            if not isinstance(asked, OwnChannels):
                asked = _listed(asked)
            channels = await self._choice.of_present(asked, present.id, present.channels, issues)
        return _accepted(issues, definition, project_id, regions, tags=tags, channels=channels)

    @property
    def _choice(self) -> ChannelChoice:
        registry = self.rules.registry
        return ChannelChoice(connection=self.connection, principal=self.principal, registry=registry)

    async def _regions(
        self,
        keys: Sequence[str] | Unset | None,
        present: Mapping[int, str],
        issues: Issues,
        *,
        is_passive: bool,
    ) -> Mapping[int, str]:
        if is_passive:
            return refuse_regions(keys, issues)
        if keys is UNSET and present:
            return present
        return await regions_for(self.connection, keys, issues)


def _tags(names: Sequence[str] | Unset | None, issues: Issues) -> list[str] | None:
    return None if names is UNSET else tag_names(names or (), ("tags",), issues)


def _listed(channels: Sequence[MonitorChannel] | Unset | None) -> Sequence[MonitorChannel]:
    return () if channels is UNSET or channels is None else channels


def _accepted(
    issues: Issues,
    definition: MonitorDefinition | None,
    project_id: UUID | None,
    regions: Mapping[int, str],
    *,
    tags: list[str] | None,
    channels: AcceptedChannels | None,
) -> AcceptedMonitor:
    issues.raise_if_any()
    if definition is None or project_id is None:
        raise AssertionError("an input without an issue is whole")
    return AcceptedMonitor(
        definition=definition, project_id=project_id, regions=regions, tags=tags, channels=channels
    )
