"""Projects and monitors by their public ids: seen, out of sight, and like none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.access.sight import sight_of
from core.errors import DeviceScopeForbidden, NotFound, ProjectScopeForbidden
from core.ids import Prefix, encode_id, new_id
from core.monitors.finding import find_monitor, find_project
from core.monitors.project_service import CreateProject


async def test_what_is_out_of_sight_is_forbidden_and_everything_else_is_like_none(
    monitors, projects, tenants, door_id, database, clock
) -> None:
    now = clock.now()
    other = await projects.create(tenants.owner, CreateProject(name="Other"))
    everywhere = sight_of(tenants.owner, now)
    confined = sight_of(replace(tenants.owner, project_ids=frozenset({other})), now)
    strangers = sight_of(tenants.stranger, now)
    project = encode_id(Prefix.PROJECT, other)
    async with database.acquire() as connection:
        door = await find_monitor(connection, everywhere, door_id)
        default = encode_id(Prefix.PROJECT, door["project_id"])
        assert door["name"] == "Front door"
        assert (await find_project(connection, confined, project))["id"] == other
        with pytest.raises(ProjectScopeForbidden):
            await find_project(connection, confined, default)
        with pytest.raises(DeviceScopeForbidden):
            await find_monitor(connection, confined, door_id)
        for sight in (everywhere, confined, strangers):
            unknown = new_id(now)
            of_others = (door_id, project) if sight is strangers else ()
            for public_id in (encode_id(Prefix.PROJECT, unknown), project[:-1], "", *of_others):
                with pytest.raises(NotFound, match="project not found"):
                    await find_project(connection, sight, public_id)
            for public_id in (encode_id(Prefix.MONITOR, unknown), door_id[:-1], "", *of_others):
                with pytest.raises(NotFound, match="monitor not found"):
                    await find_monitor(connection, sight, public_id)
