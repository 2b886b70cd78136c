"""What is asked of several monitors at once, on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Conflict, InvalidInput, NotFound, RateLimited
from core.ids import Prefix, decode_id, encode_id, new_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CheckNow, CreateMonitor, SetTags


async def fetch(database, sql: str, *arguments):
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, *arguments)]


@pytest.fixture
async def window_id(monitors, tenants) -> str:
    wanted = CreateMonitor(name="Window", probe=KindChoice(kind="window", config={"height": 2}))
    return encode_id(Prefix.MONITOR, await monitors.create(tenants.owner, wanted))


async def postpone(database, clock) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE leases SET due_at = $1", clock.now() + timedelta(hours=1))


async def due(database, clock) -> set[str]:
    rows = await fetch(database, "SELECT monitor_id FROM leases WHERE due_at <= $1", clock.now())
    return {encode_id(Prefix.MONITOR, monitor_id) for (monitor_id,) in rows}


async def worn(database) -> dict[str, set[str]]:
    rows = await fetch(
        database, "SELECT monitor_id, name FROM monitor_tags JOIN tags ON tags.id = tag_id ORDER BY name"
    )
    tags: dict[str, set[str]] = {}
    for monitor_id, name in rows:
        tags.setdefault(encode_id(Prefix.MONITOR, monitor_id), set()).add(name)
    return tags


async def test_named_monitors_are_due_now_however_often_they_are_named(
    bulk, tenants, door_id, window_id, database, clock
) -> None:
    await postpone(database, clock)

    for _ in range(3):
        asked = await bulk.check_now(tenants.owner, CheckNow(monitor_ids=[door_id, door_id]))

    assert asked == (decode_id(Prefix.MONITOR, door_id),)
    assert await due(database, clock) == {door_id}


async def test_without_names_all_but_paused_and_passive_ones_are_due(
    bulk, monitors, tenants, door_id, window_id, postman_id, database, clock
) -> None:
    await monitors.pause(tenants.owner, window_id)
    await postpone(database, clock)

    asked = await bulk.check_now(tenants.owner, CheckNow())

    assert asked == (decode_id(Prefix.MONITOR, door_id),)
    assert await due(database, clock) == {door_id}


async def test_all_monitors_are_checked_at_most_once_a_minute(bulk, tenants, door_id, clock) -> None:
    await bulk.check_now(tenants.owner, CheckNow())
    await bulk.check_now(tenants.stranger, CheckNow())

    clock.advance(59)
    with pytest.raises(RateLimited) as refused:
        await bulk.check_now(tenants.owner, CheckNow())
    assert refused.value.retry_after_seconds == 1

    clock.advance(1)
    await bulk.check_now(tenants.owner, CheckNow())


@pytest.mark.parametrize(("kind", "cause"), [("door", "is paused"), ("postman", "waits to be pinged")])
async def test_a_named_monitor_that_cannot_be_looked_at_is_a_conflict(
    bulk, monitors, tenants, door_id, postman_id, window_id, database, clock, kind: str, cause: str
) -> None:
    await monitors.pause(tenants.owner, door_id)
    await postpone(database, clock)
    named = {"door": door_id, "postman": postman_id}[kind]

    with pytest.raises(Conflict, match=cause) as refused:
        await bulk.check_now(tenants.owner, CheckNow(monitor_ids=[window_id, named]))

    assert refused.value.path == ("monitorIds", "1")
    assert await due(database, clock) == set()


async def test_nobody_named_is_refused(bulk, tenants) -> None:
    with pytest.raises(InvalidInput) as refused:
        await bulk.check_now(tenants.owner, CheckNow(monitor_ids=[]))

    assert [issue.path for issue in refused.value.issues] == [("monitorIds",)]


async def test_tags_are_replaced_added_and_removed(bulk, tenants, door_id, window_id, database) -> None:
    both = [door_id, window_id]

    await bulk.set_tags(tenants.owner, SetTags(monitor_ids=both, add=["Glass", "WOOD"]))
    assert await worn(database) == {door_id: {"Wood", "Glass"}, window_id: {"Wood", "Glass"}}

    await bulk.set_tags(tenants.owner, SetTags(monitor_ids=[door_id], remove=["glass", "Unknown"]))
    assert await worn(database) == {door_id: {"Wood"}, window_id: {"Wood", "Glass"}}

    await bulk.set_tags(tenants.owner, SetTags(monitor_ids=both, replace=["Old"]))
    assert await worn(database) == {door_id: {"Old"}, window_id: {"Old"}}


async def test_a_tag_goes_with_its_last_monitor(bulk, tenants, door_id, database) -> None:
    await bulk.set_tags(tenants.owner, SetTags(monitor_ids=[door_id], replace=[]))

    assert await fetch(database, "SELECT name FROM tags") == []


async def test_only_monitors_whose_tags_change_are_touched(
    bulk, tenants, door_id, window_id, database
) -> None:
    asked = await bulk.set_tags(tenants.owner, SetTags(monitor_ids=[window_id, door_id], add=["wood"]))

    assert asked == (decode_id(Prefix.MONITOR, window_id), decode_id(Prefix.MONITOR, door_id))
    assert await fetch(database, "SELECT name, revision FROM monitors ORDER BY name") == [
        ("Front door", 1),
        ("Window", 2),
    ]


async def test_tags_of_two_workspaces_are_apart(bulk, monitors, tenants, door_id, database) -> None:
    wanted = CreateMonitor(name="x", probe=KindChoice(kind="window", config={"height": 1}), tags=["WOOD"])
    await monitors.create(tenants.stranger, wanted)

    assert await fetch(database, "SELECT count(DISTINCT workspace_id), count(*) FROM tags") == [(2, 2)]


@pytest.mark.parametrize(
    ("tags", "paths"),
    [
        ({}, [("replace",)]),
        ({"replace": ["a"], "add": ["b"]}, [("replace",)]),
        ({"add": ["", "ok"], "remove": ["\0"]}, [("add", "0"), ("remove", "0")]),
    ],
)
async def test_bad_tags_are_refused_without_a_trace(bulk, tenants, door_id, contents, tags, paths) -> None:
    before = await contents()

    with pytest.raises(InvalidInput) as refused:
        await bulk.set_tags(tenants.owner, SetTags(monitor_ids=[door_id], **tags))

    assert [issue.path for issue in refused.value.issues] == paths
    assert await contents() == before


async def test_an_unknown_monitor_among_others_stops_them_all(
    bulk, tenants, door_id, contents, clock
) -> None:
    before = await contents()
    unknown = encode_id(Prefix.MONITOR, new_id(clock.now()))

    with pytest.raises(NotFound) as refused:
        await bulk.set_tags(tenants.owner, SetTags(monitor_ids=[door_id, unknown], add=["x"]))

    assert refused.value.path == ("monitorIds", "1")
    assert await contents() == before


async def test_who_may_not_touch_monitors_leaves_no_trace(bulk, door_id, contents, trespasser) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await bulk.set_tags(trespasser.principal, SetTags(monitor_ids=[door_id], add=["mine"]))
    with pytest.raises(trespasser.error):
        await bulk.check_now(trespasser.principal, CheckNow(monitor_ids=[door_id]))

    assert await contents() == before
