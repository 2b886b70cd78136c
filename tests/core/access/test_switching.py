"""The workspace in which a person works: switched by session, for all processes."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

import pytest

from core.access.principal import Role
from core.access.switch_service import SwitchWorkspace
from core.errors import AccountContextForbidden, Forbidden, TocsinError, Unauthenticated
from core.ids import Prefix, encode_id, new_id


async def refused(work: Awaitable[object]) -> TocsinError:
    with pytest.raises(TocsinError) as raised:
        await work
    return raised.value


async def test_a_session_works_in_the_workspace_that_was_chosen(process, start, office, tenants) -> None:
    there = tenants.stranger.workspace_id
    await office.place(office.owner.user_id, Role.VIEWER, there)
    mine, other = [await office.come_in(office.owner.user_id) for _ in range(2)]
    for session in (mine, other):
        await process.people.sessions.authenticate(session.secret)
    wanted = SwitchWorkspace(workspace_id=encode_id(Prefix.WORKSPACE, there))

    switched = await process.people.switching.switch(mine.principal, wanted)

    assert switched == replace(mine.principal, workspace_id=there, role=Role.VIEWER)
    for each in (process, start()):
        assert await each.people.sessions.authenticate(mine.secret) == switched
        assert await each.people.sessions.authenticate(other.secret) == other.principal
    back = SwitchWorkspace(workspace_id=encode_id(Prefix.WORKSPACE, office.workspace_id))
    assert await process.people.switching.switch(switched, back) == mine.principal


async def test_a_workspace_is_also_found_by_who_answers_for_it(process, office, tenants) -> None:
    await office.place(office.owner.user_id, Role.VIEWER, tenants.stranger.workspace_id)
    owner_id = encode_id(Prefix.USER, tenants.stranger.user_id)

    switched = await process.people.switching.switch(office.owner, SwitchWorkspace(owner_id=owner_id))

    assert switched.workspace_id == tenants.stranger.workspace_id


async def test_a_workspace_in_which_one_has_no_place_is_like_none(process, office, tenants, contents) -> None:
    there, clock = tenants.stranger.workspace_id, office.clock
    left, deleted = new_id(clock.now()), new_id(clock.now())
    for workspace_id in (left, deleted):
        await office.fetch(
            "INSERT INTO workspaces (id, name, owner_id, plan, created_at, deleted_at)"
            " VALUES ($1, 'x', $2, 'FREE', $3, $4)",
            workspace_id,
            office.owner.user_id,
            clock.now(),
            clock.now() if workspace_id == deleted else None,
        )
    await office.place(office.owner.user_id, Role.OWNER, deleted)
    await office.fetch(
        "INSERT INTO members (id, workspace_id, email, role, created_at) VALUES ($1, $2, 'x', 'OWNER', $3)",
        new_id(clock.now()),
        there,
        clock.now(),
    )
    before = await contents()
    unknown = [encode_id(Prefix.WORKSPACE, each) for each in (there, left, deleted, new_id(clock.now()))]
    wishes = [SwitchWorkspace(workspace_id=each) for each in (*unknown, "ws_x", "", "\0", "usr_x")]
    wishes += [
        SwitchWorkspace(owner_id=each, field="workspaceId")
        for each in (encode_id(Prefix.USER, tenants.stranger.user_id), "usr_x", "")
    ]

    told = []
    for wish in wishes:
        error = await refused(process.people.switching.switch(office.owner, wish))
        told.append((type(error), error.message, error.path))

    assert set(told) == {(AccountContextForbidden, "you have no place in that workspace", ("workspaceId",))}
    assert await contents() == before


async def test_a_token_stays_in_its_workspace(process, tenants) -> None:
    wanted = SwitchWorkspace(workspace_id=encode_id(Prefix.WORKSPACE, tenants.owner.workspace_id))

    error = await refused(process.people.switching.switch(tenants.owner, wanted))

    assert type(error) is Forbidden


async def test_a_session_that_has_ended_goes_nowhere(process, office) -> None:
    await office.fetch("DELETE FROM sessions")
    wanted = SwitchWorkspace(workspace_id=encode_id(Prefix.WORKSPACE, office.workspace_id))

    assert isinstance(await refused(process.people.switching.switch(office.owner, wanted)), Unauthenticated)
