"""What a member who is confined to projects is told as it happens, as he is confined at each delivery."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest

from core.access.principal import Role
from core.db.notifications import NotifyChannel, notify
from core.ids import Prefix, encode_id
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.live.clients import PATIENCE_SECONDS, Api, Socket

MONITORS = """subscription ($after: String, $project: ID, $monitors: [ID!]) {
  monitorChanged(after: $after, projectId: $project, monitorIds: $monitors) { monitorId change monitor { name } } }"""
INCIDENTS = (
    "subscription ($after: String) { incidentChanged(after: $after) { incidentId incident { number } } }"
)
CHECKS = "subscription ($id: ID!) { checkCompleted(monitorId: $id) { id } }"
RENAME = 'mutation ($id: ID!) { updateMonitor(input: {id: $id, name: "%s"}) { userErrors { message } } }'
MOVE = """mutation ($id: ID!, $project: ID!) {
  updateMonitor(input: {id: $id, projectId: $project}) { userErrors { message } } }"""
NOTE = 'mutation ($id: ID!) { addIncidentNote(input: {id: $id, message: "seen"}) { userErrors { message } } }'


@pytest.fixture
async def zoo_id(owner: Tenant) -> UUID:
    return await owner.add_project("Zoo")


@pytest.fixture
async def member(owner: Tenant, zoo_id) -> Tenant:
    return await owner.add_token(role=Role.MEMBER, confined_to=[zoo_id])


async def change(owner: Tenant, document: str, **variables: str) -> None:
    data = await owner.data(document, **variables)
    assert all(payload["userErrors"] == [] for payload in data.values()), data


async def rename(owner: Tenant, monitor_id: UUID, name: str) -> None:
    await change(owner, RENAME % name, id=encode_id(Prefix.MONITOR, monitor_id))


async def move(owner: Tenant, monitor_id: UUID, project_id: UUID) -> None:
    await change(
        owner,
        MOVE,
        id=encode_id(Prefix.MONITOR, monitor_id),
        project=encode_id(Prefix.PROJECT, project_id),
    )


async def cursor_of(owner: Tenant) -> str:
    cursor: str = (await owner.data("{ eventCursor }"))["eventCursor"]
    return cursor


def told(monitor_id: UUID, name: str | None) -> dict[str, object]:
    return {
        "monitorId": encode_id(Prefix.MONITOR, monitor_id),
        "change": "UPDATED",
        "monitor": None if name is None else {"name": name},
    }


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_changes_are_told_within_projects_and_of_a_monitor_that_leaves_that_it_left(
    api: Api, owner: Tenant, member: Tenant, zoo_id: UUID, is_resumed: bool
) -> None:
    inside = await owner.add_monitor("Ant", project_id=zoo_id)
    outside = await owner.add_monitor("Zanzibar")
    cursor = await cursor_of(owner)

    async def happen() -> None:
        await rename(owner, outside, "Zanzibar 2")
        await rename(owner, inside, "Bee")
        await move(owner, inside, owner.project_id)
        await rename(owner, inside, "Zanzibar 3")
        await move(owner, outside, zoo_id)

    async with api.socket(member.secret) as socket:
        if is_resumed:
            await happen()
        await socket.subscribe(MONITORS, after=cursor)
        if not is_resumed:
            await happen()
        heard = [await socket.next() for _ in range(3)]

    # Resumed, all are told as they are by now, live each as it was at its time.
    assert heard[0] == (told(inside, None) if is_resumed else heard[0])
    assert heard[0]["monitorId"] == encode_id(Prefix.MONITOR, inside)
    assert heard[1:] == [told(inside, None), told(outside, "Zanzibar 2")]
    assert "Zanzibar 3" not in str(heard)


async def test_a_filter_out_of_sight_matches_nothing(
    api: Api, owner: Tenant, member: Tenant, zoo_id: UUID
) -> None:
    inside = await owner.add_monitor("Ant", project_id=zoo_id)
    outside = await owner.add_monitor("Zanzibar")
    cursor = await cursor_of(owner)
    # Into sight: one of the projects of this change is that which is filtered by.
    await move(owner, outside, zoo_id)
    await move(owner, outside, owner.project_id)
    await rename(owner, outside, "Zanzibar 2")
    await rename(owner, inside, "Bee")

    async with api.socket(member.secret) as socket:
        await socket.subscribe(
            MONITORS, "1", after=cursor, project=encode_id(Prefix.PROJECT, owner.project_id)
        )
        await socket.subscribe(
            MONITORS, "2", after=cursor, monitors=[encode_id(Prefix.MONITOR, inside), "mon_?"]
        )
        first = await socket.hear()
        # Whatever the first would tell came before this.
        await rename(owner, inside, "Cat")
        second = await socket.hear()

    assert [message["id"] for message in (first, second)] == ["2", "2"]


async def test_incidents_are_told_of_monitors_in_sight(
    api: Api, owner: Tenant, member: Tenant, zoo_id: UUID
) -> None:
    inside = await owner.add_incident(
        await owner.add_monitor("Ant", project_id=zoo_id), 1, timedelta(hours=1)
    )
    outside = await owner.add_incident(
        await owner.add_monitor("Zanzibar"), 2, timedelta(hours=1), project_id=zoo_id
    )
    cursor = await cursor_of(owner)

    async with api.socket(member.secret) as socket:
        await socket.subscribe(INCIDENTS, after=cursor)
        for incident_id in (outside, inside, outside, inside):
            await change(owner, NOTE, id=encode_id(Prefix.INCIDENT, incident_id))
        heard = [await socket.next() for _ in range(2)]

    expected = {"incidentId": encode_id(Prefix.INCIDENT, inside), "incident": {"number": "INC-2026-0001"}}
    assert heard == [expected, expected]


async def test_the_checks_of_a_monitor_are_told_until_it_leaves(
    api: Api, owner: Tenant, member: Tenant, zoo_id: UUID
) -> None:
    inside = await owner.add_monitor("Ant", project_id=zoo_id)
    outside = await owner.add_monitor("Zanzibar")
    async with api.socket(member.secret) as socket:
        await socket.subscribe(CHECKS, "1", id=encode_id(Prefix.MONITOR, outside))
        assert codes(await socket.hear()) == ["DEVICE_SCOPE_FORBIDDEN"]

        await socket.subscribe(CHECKS, "2", id=encode_id(Prefix.MONITOR, inside))
        await _followed(api, socket)
        await _check(owner, inside, timedelta(seconds=9))
        assert (await socket.next())["id"].startswith("chk_")

        await move(owner, inside, owner.project_id)
        await _check(owner, inside, timedelta(seconds=3))
        assert codes(await socket.hear()) == ["DEVICE_SCOPE_FORBIDDEN"]


async def test_whoever_is_confined_elsewhere_is_told_of_that_from_then_on(
    api: Api, owner: Tenant, member: Tenant, zoo_id: UUID
) -> None:
    inside = await owner.add_monitor("Ant", project_id=zoo_id)
    outside = await owner.add_monitor("Bee")
    cursor = await cursor_of(owner)

    async with api.socket(member.secret) as socket:
        await socket.subscribe(MONITORS, after=cursor)
        await rename(owner, inside, "Ant 2")
        assert await socket.next() == told(inside, "Ant 2")

        await owner.confine(member.user_id, [owner.project_id])
        async with owner.database.transaction() as connection:
            digest = hashlib.sha256(member.secret.encode()).hexdigest()
            await notify(connection, NotifyChannel.TOKENS, digest)
        await _confined_to(api, owner.project_id)
        await rename(owner, inside, "Ant 3")
        await rename(owner, outside, "Bee 2")
        assert await socket.next() == told(outside, "Bee 2")


def codes(message: dict) -> list[str]:
    """Return the codes of the errors in a message."""
    payload = message["payload"]
    errors = payload if isinstance(payload, list) else payload["errors"]
    return [error["extensions"]["code"] for error in errors]


async def _followed(api: Api, socket: Socket) -> None:
    """Return when the checks are followed."""
    while not api.services.check_tail._followers:
        await socket.subscribe("{ server { version } }", "9")
        await socket.hear()
        await socket.hear()


async def _confined_to(api: Api, project_id: UUID) -> None:
    """Return when every connection knows that its member is confined to the project."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(each._caller.principal.project_ids != {project_id} for each in api.services.live._open):
            await asyncio.sleep(0.01)


async def _check(owner: Tenant, monitor_id: UUID, age: timedelta) -> None:
    """Record a check as the recorder does."""
    await owner.add_checks(monitor_id, [age])
    async with owner.database.acquire() as connection:
        await connection.execute(
            "INSERT INTO region_states (monitor_id, region_id, workspace_id, last_slot, last_status, config_revision,"
            " down_streak, impaired_streak, clear_streak, up_streak, expiring_streak, opinion, failures_to_open,"
            " successes_to_close, expiring) VALUES ($1, 1, $2, $3, 1, 1, 0, 0, 0, 0, 0, 1, 2, 1, false)"
            " ON CONFLICT (monitor_id, region_id) DO UPDATE SET last_slot = excluded.last_slot",
            monitor_id,
            owner.workspace_id,
            owner.now - age,
        )
