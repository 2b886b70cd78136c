"""What a member who is confined to projects may change: what is in them, and nothing else, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from core.errors import (
    DeviceScopeForbidden,
    InvalidInput,
    NotFound,
    ProjectScopeForbidden,
    ProjectWriteForbidden,
    RateLimited,
    SharedAccountWriteForbidden,
)
from core.ids import Prefix, decode_id, encode_id, new_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CheckNow, CreateMonitor, SetTags, UpdateMonitor
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject

DOOR = KindChoice(kind="door", config={"address": "Front"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})


async def refused(contents, change: Awaitable[object], error: type[Exception]) -> tuple[str, ...]:
    """Return the path of a change's error; the change must have left no trace."""
    before = await contents()
    with pytest.raises(error) as caught:
        await change
    assert type(caught.value) is error
    assert await contents() == before
    path: tuple[str, ...] = caught.value.path
    return path


@pytest.fixture
def project_ids(tenants, confined) -> dict[str, str]:
    """The public ids of the project that is in sight, and of the one that is not."""
    return {
        "in": encode_id(Prefix.PROJECT, confined.project_id),
        "out": encode_id(Prefix.PROJECT, tenants.default_project_id),
    }


@pytest.fixture
async def own_id(monitors, tenants, project_ids) -> str:
    """The public id of a monitor in sight."""
    wanted = CreateMonitor(name="Own", probe=DOOR, project_id=project_ids["in"])
    return encode_id(Prefix.MONITOR, await monitors.create(tenants.owner, wanted))


async def project_of(database, monitor_id) -> object:
    async with database.acquire() as connection:
        return await connection.fetchval("SELECT project_id FROM monitors WHERE id = $1", monitor_id)


async def test_every_change_of_a_monitor_out_of_sight_is_refused_at_its_id(
    monitors, confined, door_id, postman_id, contents
) -> None:
    who = confined.principal
    changes = [
        monitors.update(who, UpdateMonitor(id=door_id, name="Mine")),
        monitors.update(who, UpdateMonitor(id=door_id, tags=["Mine"])),
        monitors.delete(who, door_id),
        monitors.pause(who, door_id),
        monitors.resume(who, door_id),
        monitors.rotate_heartbeat_url(who, postman_id),
    ]

    for change in changes:
        assert await refused(contents, change, DeviceScopeForbidden) == ("id",)


async def test_an_id_that_is_unknown_malformed_or_a_strangers_is_not_found_as_for_everybody(
    monitors, confined, tenants, clock, contents
) -> None:
    theirs = await monitors.create(tenants.stranger, CreateMonitor(name="Theirs", probe=DOOR))

    for public_id in (encode_id(Prefix.MONITOR, theirs), encode_id(Prefix.MONITOR, new_id(clock.now())), "x"):
        for who in (confined.principal, tenants.owner):
            assert await refused(contents, monitors.pause(who, public_id), NotFound) == ("id",)


async def test_a_monitor_in_sight_is_changed_like_any(monitors, confined, own_id, database) -> None:
    who = confined.principal
    await monitors.update(who, UpdateMonitor(id=own_id, name="Renamed", tags=["Zoo"]))
    await monitors.pause(who, own_id)
    await monitors.resume(who, own_id)
    await monitors.delete(who, own_id)

    async with database.acquire() as connection:
        row = await connection.fetchrow("SELECT name, deleted_at IS NOT NULL FROM monitors")
    assert tuple(row) == ("Renamed", True)


async def test_a_monitor_is_not_moved_or_made_out_of_sight(
    monitors, confined, own_id, project_ids, contents
) -> None:
    who, outside = confined.principal, project_ids["out"]
    made = CreateMonitor(name="New", probe=DOOR, project_id=outside)

    moved = monitors.update(who, UpdateMonitor(id=own_id, project_id=outside))
    assert await refused(contents, moved, ProjectScopeForbidden) == ("projectId",)
    assert await refused(contents, monitors.create(who, made), ProjectScopeForbidden) == ("projectId",)


async def test_a_project_that_is_none_of_the_workspace_is_unknown_as_for_everybody(
    monitors, confined, tenants, clock, contents
) -> None:
    for public_id in (encode_id(Prefix.PROJECT, new_id(clock.now())), "prj_?"):
        wanted = CreateMonitor(name="New", probe=DOOR, project_id=public_id)
        for who in (confined.principal, tenants.owner):
            with pytest.raises(InvalidInput, match="names no project"):
                await monitors.create(who, wanted)


async def test_without_a_project_a_monitor_goes_where_it_goes_without_saying(
    monitors, confined, tenants, projects, database, own_id, contents
) -> None:
    third = await projects.create(tenants.owner, CreateProject(name="Third"))
    default = tenants.default_project_id
    wanted = CreateMonitor(name="New", probe=DOOR)

    for in_sight, expected in (
        ((confined.project_id,), confined.project_id),
        ((default,), default),
        ((confined.project_id, default), default),
    ):
        made = await monitors.create(confined.to(*in_sight), wanted)
        assert await project_of(database, made) == expected
    moved = UpdateMonitor(id=own_id, project_id=None)
    await monitors.update(confined.to(confined.project_id, default), moved)
    assert await project_of(database, decode_id(Prefix.MONITOR, own_id)) == default
    for in_sight in ((confined.project_id, third), ()):
        change = monitors.create(confined.to(*in_sight), wanted)
        assert await refused(contents, change, ProjectScopeForbidden) == ("projectId",)


async def test_a_project_that_was_deleted_is_no_place_for_a_monitor(
    monitors, confined, tenants, projects, database
) -> None:
    gone = await projects.create(tenants.owner, CreateProject(name="Gone"))
    await projects.delete(tenants.owner, DeleteProject(id=encode_id(Prefix.PROJECT, gone)))

    made = await monitors.create(
        confined.to(confined.project_id, gone), CreateMonitor(name="New", probe=DOOR)
    )

    assert await project_of(database, made) == confined.project_id


async def test_projects_are_renamed_in_sight_and_neither_made_nor_deleted(
    projects, confined, project_ids, database, contents
) -> None:
    who = confined.principal
    await projects.update(who, UpdateProject(id=project_ids["in"], name="Ours"))

    outside = projects.update(who, UpdateProject(id=project_ids["out"], name="Ours"))
    assert await refused(contents, outside, ProjectScopeForbidden) == ("id",)
    for change in (
        projects.create(who, CreateProject(name="New")),
        projects.delete(who, DeleteProject(id=project_ids["in"], delete_monitors=True)),
        projects.delete(who, DeleteProject(id=project_ids["out"])),
        projects.delete(who, DeleteProject(id="prj_?")),
    ):
        await refused(contents, change, SharedAccountWriteForbidden)
    async with database.acquire() as connection:
        names = await connection.fetch("SELECT name FROM projects WHERE id = $1", confined.project_id)
    assert [row["name"] for row in names] == ["Ours"]


async def test_a_viewer_who_is_confined_changes_nothing_even_in_sight(
    monitors, projects, confined, own_id, project_ids, contents
) -> None:
    viewer = confined.viewer
    for change in (
        monitors.pause(viewer, own_id),
        monitors.create(viewer, CreateMonitor(name="New", probe=DOOR)),
        projects.update(viewer, UpdateProject(id=project_ids["in"], name="Ours")),
        projects.create(viewer, CreateProject(name="New")),
    ):
        await refused(contents, change, ProjectWriteForbidden)


async def test_one_monitor_out_of_sight_refuses_all_that_are_named_beside_it(
    bulk, confined, own_id, door_id, contents
) -> None:
    who = confined.principal

    tagged = bulk.set_tags(who, SetTags(monitor_ids=[own_id, door_id], add=["Mine"]))
    assert await refused(contents, tagged, DeviceScopeForbidden) == ("monitorIds", "1")
    checked = bulk.check_now(who, CheckNow(monitor_ids=[own_id, door_id]))
    assert await refused(contents, checked, DeviceScopeForbidden) == ("monitorIds", "1")
    unknown = bulk.check_now(who, CheckNow(monitor_ids=["mon_?", door_id]))
    assert await refused(contents, unknown, NotFound) == ("monitorIds", "0")

    assert await bulk.set_tags(who, SetTags(monitor_ids=[own_id], add=["Mine"])) == (
        decode_id(Prefix.MONITOR, own_id),
    )
    await bulk.check_now(who, CheckNow(monitor_ids=[own_id]))


async def test_without_ids_those_in_sight_are_checked_and_the_workspaces_turn_is_taken(
    bulk, confined, tenants, own_id, door_id, clock
) -> None:
    asked = await bulk.check_now(confined.principal, CheckNow())
    assert asked == (decode_id(Prefix.MONITOR, own_id),)

    with pytest.raises(RateLimited):
        await bulk.check_now(tenants.owner, CheckNow())
    clock.advance(60)
    assert len(await bulk.check_now(tenants.owner, CheckNow())) == 2
    with pytest.raises(RateLimited):
        await bulk.check_now(confined.principal, CheckNow())


async def test_a_monitor_that_was_moved_away_is_out_of_sight_from_then_on(
    monitors, confined, tenants, own_id, project_ids, contents
) -> None:
    await monitors.pause(confined.principal, own_id)
    await monitors.update(tenants.owner, UpdateMonitor(id=own_id, project_id=project_ids["out"]))

    assert await refused(contents, monitors.resume(confined.principal, own_id), DeviceScopeForbidden)
