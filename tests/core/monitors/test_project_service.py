"""Projects, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from core.db.tables import Project
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, encode_id
from core.monitors.monitor_input import UpdateMonitor
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject


@pytest.fixture
async def castle(projects, tenants) -> str:
    return encode_id(Prefix.PROJECT, await projects.create(tenants.owner, CreateProject(name=" Castle ")))


async def name_of(public_id: str) -> str:
    names = {encode_id(Prefix.PROJECT, row["id"]): row["name"] for row in await Project.select()}
    return names[public_id]


async def test_a_project_is_stored_with_its_name_trimmed(castle) -> None:
    assert await name_of(castle) == "Castle"


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\0b"])
async def test_a_bad_name_is_refused_without_a_trace(projects, tenants, contents, name: str) -> None:
    before = await contents()

    with pytest.raises(InvalidInput) as refused:
        await projects.create(tenants.owner, CreateProject(name=name))

    assert {issue.path for issue in refused.value.issues} == {("name",)}
    assert await contents() == before


async def test_a_project_is_renamed_once(projects, tenants, castle) -> None:
    await projects.update(tenants.owner, UpdateProject(id=castle, name="Fort", revision=1))
    assert await name_of(castle) == "Fort"

    with pytest.raises(Conflict) as refused:
        await projects.update(tenants.owner, UpdateProject(id=castle, name="Tower", revision=1))
    assert refused.value.path == ("revision",)
    assert await name_of(castle) == "Fort"


async def test_an_empty_update_of_a_project_changes_nothing(projects, tenants, castle, contents) -> None:
    before = await contents()

    await projects.update(tenants.owner, UpdateProject(id=castle))

    assert await contents() == before


async def test_the_name_of_a_project_cannot_be_cleared(projects, tenants, castle) -> None:
    with pytest.raises(InvalidInput):
        await projects.update(tenants.owner, UpdateProject(id=castle, name=None))


async def test_the_default_project_cannot_be_deleted(projects, tenants, contents) -> None:
    before = await contents()
    default = encode_id(Prefix.PROJECT, tenants.default_project_id)

    with pytest.raises(Conflict, match="default project"):
        await projects.delete(tenants.owner, DeleteProject(id=default, delete_monitors=True))

    assert await contents() == before


async def test_an_empty_project_is_deleted_and_unknown_afterwards(projects, tenants, castle) -> None:
    await projects.delete(tenants.owner, DeleteProject(id=castle))

    with pytest.raises(NotFound):
        await projects.update(tenants.owner, UpdateProject(id=castle, name="Ruin"))


async def test_a_project_with_monitors_goes_only_with_them(
    projects, monitors, tenants, castle, door_id, contents, clock, database
) -> None:
    await monitors.update(tenants.owner, UpdateMonitor(id=door_id, project_id=castle))
    before = await contents()

    with pytest.raises(Conflict, match="still holds 1 monitors") as refused:
        await projects.delete(tenants.owner, DeleteProject(id=castle))
    assert refused.value.path == ("deleteMonitors",)
    assert await contents() == before

    clock.advance(5)
    await projects.delete(tenants.owner, DeleteProject(id=castle, delete_monitors=True))

    with pytest.raises(NotFound):
        await monitors.update(tenants.owner, UpdateMonitor(id=door_id, name="Ghost"))
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM leases") == 0


async def test_who_may_not_change_a_project_leaves_no_trace(projects, castle, contents, trespasser) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await projects.update(trespasser.principal, UpdateProject(id=castle, name="mine"))
    with pytest.raises(trespasser.error):
        await projects.delete(trespasser.principal, DeleteProject(id=castle))

    assert await contents() == before
