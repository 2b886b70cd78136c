"""Members on a real PostgreSQL: who may change and remove whom, what ends with it, and races that must not be won."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest

from core.access.grants import on_every_scope
from core.access.member_service import UpdateMember
from core.access.principal import Principal, Role, TokenPermission
from core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    SharedAccountWriteForbidden,
    TocsinError,
    TokenScopeDenied,
    Unauthenticated,
    WriteLocked,
)
from core.ids import Prefix, decode_id, encode_id
from core.monitors.monitor_life import MonitorLife
from core.monitors.project_service import DeleteProject, ProjectService
from tests.core.access.conftest import Office, Process, token_of


async def refused(work: Awaitable[object]) -> TocsinError:
    with pytest.raises(TocsinError) as raised:
        await work
    return raised.value


async def promote(process: Process, office: Office, actor: Principal, person: Principal, role: Role) -> Any:
    wanted = UpdateMember(id=await office.member_id(person), role=role)
    return await process.team.members.update(actor, wanted)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
async def test_owners_and_admins_change_and_remove_members_and_nobody_else_does(
    process, office, contents, role: Role
) -> None:
    actor = await office.join(role)
    other = await office.join(Role.MEMBER, "other@example.com")
    before = await contents()
    wanted = UpdateMember(id=await office.member_id(other), role=Role.VIEWER)

    if role is Role.ADMIN:
        assert await process.team.members.update(actor, wanted) == decode_id(Prefix.MEMBER, wanted.id)
        assert await office.role_of(other) == "VIEWER"
        assert not (await process.team.members.remove(actor, wanted.id)).is_self
        assert await office.role_of(other) is None
    else:
        for work in (
            process.team.members.update(actor, wanted),
            process.team.members.remove(actor, wanted.id),
            process.team.members.remove(actor, "tm_unknown"),
        ):
            assert isinstance(await refused(work), SharedAccountWriteForbidden)
        assert await contents() == before


async def test_only_an_owner_makes_changes_and_removes_an_owner(process, office, contents) -> None:
    admin = await office.join(Role.ADMIN)
    before = await contents()
    owner_id, admin_id = await office.member_id(office.owner), await office.member_id(admin)

    for work, path in (
        (process.team.members.update(admin, UpdateMember(id=admin_id, role=Role.OWNER)), ("role",)),
        (process.team.members.update(admin, UpdateMember(id=owner_id, role=Role.MEMBER)), ("id",)),
        (process.team.members.remove(admin, owner_id), ("id",)),
    ):
        error = await refused(work)
        assert (type(error), error.path) == (SharedAccountWriteForbidden, path)
    assert await contents() == before

    await promote(process, office, office.owner, admin, Role.OWNER)
    admin = await office.sign_in(admin.user_id)
    await promote(process, office, admin, office.owner, Role.VIEWER)
    assert (await office.role_of(admin), await office.role_of(office.owner)) == ("OWNER", "VIEWER")


async def test_the_last_owner_can_neither_leave_nor_be_demoted(process, office, contents) -> None:
    await office.join(Role.ADMIN)
    disabled = await office.join(Role.OWNER, "disabled@example.com")
    await office.fetch("UPDATE users SET status = 'DISABLED' WHERE id = $1", disabled.user_id)
    before = await contents()
    own_id = await office.member_id(office.owner)

    for work, path in (
        (process.team.members.remove(office.owner, own_id), ("id",)),
        (process.team.members.update(office.owner, UpdateMember(id=own_id, role=Role.ADMIN)), ("role",)),
    ):
        error = await refused(work)
        assert (type(error), error.path) == (Conflict, path)

    assert await contents() == before


async def test_whoever_ceases_to_be_owner_hands_the_workspace_to_who_was_one_for_longest(
    process, office, clock
) -> None:
    for name in ("first", "second"):
        clock.advance(60)
        await office.join(Role.OWNER, f"{name}@example.com")
    [first, second] = [
        row["id"] for row in await office.fetch("SELECT id FROM users WHERE name = 'Owner' ORDER BY id")
    ]

    await process.team.members.update(
        await office.sign_in(second),
        UpdateMember(id=await office.member_id(office.owner), role=Role.ADMIN),
    )
    assert await office.responsible() == first
    await process.team.members.remove(await office.sign_in(first), await office.member_id(first))
    assert await office.responsible() == second


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
async def test_everybody_may_leave(process, office, role: Role) -> None:
    person = await office.join(role)

    removed = await process.team.members.remove(person, await office.member_id(person))

    assert removed.is_self
    assert await office.role_of(person) is None


async def test_whoever_is_confined_may_leave_and_do_nothing_else(process, office, contents) -> None:
    person = await office.join(Role.MEMBER)
    own_id = await office.member_id(person)
    wanted = UpdateMember(id=own_id, project_ids=[await office.project()])
    await process.team.members.update(office.owner, wanted)
    before = await contents()
    for work in (
        process.team.members.update(person, UpdateMember(id=own_id, project_ids=None)),
        process.team.members.remove(person, await office.member_id(office.owner)),
    ):
        assert isinstance(await refused(work), Forbidden)
    assert await contents() == before

    await process.team.members.remove(person, own_id)

    assert await office.role_of(person) is None
    assert await office.fetch("SELECT FROM member_projects") == []


async def test_a_token_needs_the_grant_whatever_its_maker_is(process, office, contents) -> None:
    other = await office.join(Role.MEMBER)
    writes = replace(office.owner, session_id=None, grants=on_every_scope(TokenPermission.WRITE))
    writes = replace(writes, token_id=office.workspace_id)
    before = await contents()

    for work in (
        process.team.members.remove(writes, await office.member_id(other)),
        process.team.members.remove(writes, await office.member_id(office.owner)),
        process.team.members.update(
            replace(writes, grants=on_every_scope(TokenPermission.READ)),
            UpdateMember(id=await office.member_id(other), role=Role.ADMIN),
        ),
    ):
        assert isinstance(await refused(work), TokenScopeDenied)

    assert await contents() == before


async def test_another_workspaces_member_is_like_none(process, office, tenants, contents) -> None:
    stranger = await office.sign_in(tenants.stranger.user_id, tenants.stranger.workspace_id)
    before = await contents()
    own = await office.member_id(office.owner)

    told = []
    for member_id in (own, encode_id(Prefix.MEMBER, office.workspace_id), "tm_x", "", "\0", "prj_" + own[3:]):
        for work in (
            process.team.members.remove(stranger, member_id),
            process.team.members.update(stranger, UpdateMember(id=member_id, role=Role.ADMIN)),
        ):
            error = await refused(work)
            told.append((type(error), error.message, error.path))

    assert set(told) == {(NotFound, "member not found", ("id",))}
    assert await contents() == before


async def test_a_removed_members_tokens_and_sessions_end_at_once_and_no_others(
    process, start, office, tenants, clock
) -> None:
    admin = await office.join(Role.ADMIN)
    await office.place(admin.user_id, Role.ADMIN, tenants.stranger.workspace_id)
    here, there = [
        await office.come_in(admin.user_id, workspace_id)
        for workspace_id in (office.workspace_id, tenants.stranger.workspace_id)
    ]
    tokens = [await token_of(process, principal) for principal in (admin, there.principal)]
    elsewhere = start()
    for each in (process, elsewhere):
        for token in tokens:
            await each.authentication.authenticate(token.secret)
        for session in (here, there):
            await each.people.sessions.authenticate(session.secret)

    await process.team.members.remove(office.owner, await office.member_id(admin))

    with pytest.raises(Unauthenticated):
        await process.authentication.authenticate(tokens[0].secret)
    with pytest.raises(Unauthenticated):
        await process.people.sessions.authenticate(here.secret)
    await process.authentication.authenticate(tokens[1].secret)
    await process.people.sessions.authenticate(there.secret)
    revoked = await office.fetch("SELECT id, revoked_at FROM api_tokens WHERE revoked_at IS NOT NULL")
    assert [tuple(row) for row in revoked] == [(tokens[0].id, clock.now())]


async def test_a_changed_role_and_scope_are_known_at_once(process, office) -> None:
    admin = await office.join(Role.ADMIN)
    came_in, token = await office.come_in(admin.user_id), await token_of(process, admin)
    project = await office.project()
    member_id = await office.member_id(admin)

    async def known() -> set[tuple[Any, ...]]:
        seen = [
            await process.people.sessions.authenticate(came_in.secret),
            await process.authentication.authenticate(token.secret),
        ]
        return {(one.role, one.project_ids) for one in seen}

    assert await known() == {(Role.ADMIN, None)}
    await process.team.members.update(office.owner, UpdateMember(id=member_id, role=Role.VIEWER))
    assert await known() == {(Role.VIEWER, None)}
    await process.team.members.update(office.owner, UpdateMember(id=member_id, project_ids=[project]))
    assert await known() == {(Role.VIEWER, frozenset({decode_id(Prefix.PROJECT, project)}))}
    await process.team.members.update(office.owner, UpdateMember(id=member_id, project_ids=None))
    assert await known() == {(Role.VIEWER, None)}


async def test_all_that_is_wrong_is_told_at_once_and_nothing_is_changed(
    process, office, tenants, contents
) -> None:
    person = await office.join(Role.MEMBER)
    foreign = await office.project(tenants.stranger.workspace_id)
    own = await office.project()
    member_id = await office.member_id(person)
    await process.team.members.update(office.owner, UpdateMember(id=member_id, project_ids=[own]))
    before = await contents()

    for wanted, paths in (
        (UpdateMember(id=member_id, role=None, project_ids=[]), ["role", "projectIds"]),
        (UpdateMember(id=member_id, project_ids=[own, foreign, "x"]), ["projectIds.2", "projectIds.1"]),
        (UpdateMember(id=member_id, role=Role.ADMIN), ["projectIds"]),
        (UpdateMember(id=member_id, role=Role.ADMIN, project_ids=[own]), ["projectIds"]),
    ):
        error = await refused(process.team.members.update(office.owner, wanted))
        assert isinstance(error, InvalidInput)
        assert [".".join(issue.path) for issue in error.issues] == paths

    assert await contents() == before
    await process.team.members.update(
        office.owner, UpdateMember(id=member_id, role=Role.ADMIN, project_ids=None)
    )
    assert await office.role_of(person) == "ADMIN"


async def test_what_changes_nothing_is_accepted(process, office, contents) -> None:
    person = await office.join(Role.MEMBER)
    before = await contents()

    for wanted in (
        UpdateMember(id=await office.member_id(person)),
        UpdateMember(id=await office.member_id(person), role=Role.MEMBER, project_ids=None),
    ):
        await process.team.members.update(office.owner, wanted)

    assert await contents() == before


async def test_what_somebody_has_just_lost_he_cannot_use(process, office, contents) -> None:
    """His role is that of a cache, which has not heard of the change yet."""
    other, admin = await office.join(Role.MEMBER), await office.join(Role.ADMIN)
    await office.fetch("UPDATE members SET role = 'VIEWER' WHERE user_id = $1", admin.user_id)
    gone = await office.join(Role.ADMIN, "gone@example.com")
    await office.fetch("DELETE FROM members WHERE user_id = $1", gone.user_id)
    before = await contents()
    wanted = UpdateMember(id=await office.member_id(other), role=Role.ADMIN)

    for actor, error in ((admin, SharedAccountWriteForbidden), (gone, Unauthenticated)):
        assert isinstance(await refused(process.team.members.update(actor, wanted)), error)
        assert isinstance(await refused(process.team.members.remove(actor, wanted.id)), error)

    assert await contents() == before


async def test_of_two_owners_who_demote_each_other_at_once_one_stays(process, start, office) -> None:
    second = await office.join(Role.OWNER)
    processes = process, start()
    for _ in range(8):
        pairs = ((office.owner, second), (second, office.owner))
        results = await asyncio.gather(
            *(promote(each, office, *pair, Role.ADMIN) for each, pair in zip(processes, pairs, strict=True)),
            return_exceptions=True,
        )
        refusals = [result for result in results if isinstance(result, Exception)]
        assert [type(one) for one in refusals] == [SharedAccountWriteForbidden], results
        owners = [one for one in (office.owner, second) if await office.role_of(one) == "OWNER"]
        assert [one.user_id for one in owners] == [await office.responsible()]
        await office.fetch("UPDATE members SET role = 'OWNER' WHERE workspace_id = $1", office.workspace_id)


async def test_of_two_owners_who_leave_at_once_one_stays(process, start, office) -> None:
    second = await office.join(Role.OWNER)
    results = await asyncio.gather(
        process.team.members.remove(office.owner, await office.member_id(office.owner)),
        start().team.members.remove(second, await office.member_id(second)),
        return_exceptions=True,
    )

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "RemovedMember"]
    [left] = [one for one in (office.owner, second) if await office.role_of(one) == "OWNER"]
    assert left.user_id == await office.responsible()


async def test_a_session_that_begins_while_its_person_is_removed_opens_nothing_after_it(
    process, start, office
) -> None:
    elsewhere = start()
    for number in range(8):
        person = await office.join(Role.ADMIN, f"person{number}@example.com")
        member_id = await office.member_id(person)

        async def come_in_and_look(user_id=person.user_id) -> Any:
            came_in = await office.come_in(user_id)
            await process.people.sessions.authenticate(came_in.secret)
            return came_in

        results = await asyncio.gather(
            come_in_and_look(),
            elsewhere.team.members.remove(office.owner, member_id),
            return_exceptions=True,
        )
        came_in = results[0]
        if isinstance(came_in, Exception):
            assert isinstance(came_in, (Forbidden, Unauthenticated))
        rows = await office.fetch("SELECT FROM sessions WHERE user_id = $1", person.user_id)
        assert rows == []


async def test_a_workspace_that_does_not_fit_its_plan_lets_members_go_and_changes_none(
    process, office, contents
) -> None:
    people = [await office.join(Role.MEMBER, f"{name}@example.com") for name in "abc"]
    await office.fetch("UPDATE workspaces SET plan = 'FREE'")
    before = await contents()

    error = await refused(promote(process, office, office.owner, people[0], Role.ADMIN))
    assert isinstance(error, WriteLocked)
    assert await contents() == before

    await process.team.members.remove(office.owner, await office.member_id(people[0]))
    await promote(process, office, office.owner, people[1], Role.ADMIN)


async def test_a_deleted_workspace_has_no_members_to_change(process, office, contents) -> None:
    person = await office.join(Role.MEMBER)
    await office.fetch("UPDATE workspaces SET deleted_at = $1", office.clock.now())
    before = await contents()

    error = await refused(promote(process, office, office.owner, person, Role.ADMIN))

    assert isinstance(error, Unauthenticated)
    assert await contents() == before


async def test_whoever_is_confined_to_a_deleted_project_stays_confined(
    process, office, database, clock, village
) -> None:
    person = await office.join(Role.MEMBER)
    project = await office.project()
    wanted = UpdateMember(id=await office.member_id(person), project_ids=[project])
    await process.team.members.update(office.owner, wanted)
    projects = ProjectService(
        database=database, registry=village, life=MonitorLife(registry=village), clock=clock
    )

    await projects.delete(office.owner, DeleteProject(id=project))

    assert await office.fetch("SELECT FROM member_projects") == []
    assert (await office.sign_in(person.user_id)).project_ids == frozenset()
