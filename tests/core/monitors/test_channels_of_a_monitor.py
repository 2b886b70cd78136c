"""The channels of a monitor, on a real PostgreSQL: named, made, changed, ended, and refused without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from core.access.permission import may
from core.access.principal import Grant, Principal, TokenPermission, TokenScope
from core.deliveries.channel_service import ChannelService, CreateChannel, UpdateChannel
from core.errors import InvalidInput, SharedAccountWriteForbidden, TokenScopeDenied
from core.ids import Prefix, decode_id, encode_id, new_id
from core.kind_choice import KindChoice
from core.monitors.channel_choice import MOST_CHANNELS
from core.monitors.monitor_channels import hold_channels
from core.monitors.monitor_input import CreateMonitor, NamedChannel, OwnChannel, OwnChannels, UpdateMonitor
from core.monitors.project_service import CreateProject, DeleteProject
from tests.core.deadlock import until_waiting

DOOR = KindChoice(kind="door", config={"address": "Front"})


def pigeon(dovecote: str = "north", **secret: str) -> KindChoice:
    return KindChoice(kind="pigeon", config={"dovecote": dovecote, **secret})


def own(name: str = "Own", notifier: KindChoice | None = None, *, is_enabled: bool = True) -> OwnChannel:
    return OwnChannel(name=name, notifier=notifier or pigeon(ring="s3cret"), is_enabled=is_enabled)


@pytest.fixture
def channels(database, village, clock) -> ChannelService:
    return ChannelService(database=database, registry=village, clock=clock)


class Doors:
    """Makes and changes monitors, and tells what is stored of their channels."""

    def __init__(self, database, monitors, channels, owner) -> None:
        self.database, self.monitors, self.channels, self.owner = database, monitors, channels, owner

    async def shared(self, name: str = "Shared") -> str:
        made = await self.channels.create(self.owner, CreateChannel(name=name, notifier=pigeon()))
        return encode_id(Prefix.CHANNEL, made)

    async def make(self, *wanted: Any, who: Principal | None = None, **more: Any) -> str:
        monitor = CreateMonitor(name="Door", probe=DOOR, channels=wanted, **more)
        return encode_id(Prefix.MONITOR, await self.monitors.create(who or self.owner, monitor))

    async def change(self, monitor: str, *wanted: Any, who: Principal | None = None) -> None:
        await self.monitors.update(who or self.owner, UpdateMonitor(id=monitor, channels=wanted))

    async def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with self.database.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]

    async def linked(self) -> list[tuple[Any, ...]]:
        """Return (name, dovecote, secret, enabled, made for a monitor) of the only monitor's channels, in order."""
        return await self.rows(
            "SELECT c.name, c.config ->> 'dovecote', c.config ->> 'ring', o.is_enabled, c.monitor_id = o.monitor_id"
            " FROM monitor_channels AS o JOIN channels AS c ON c.id = o.channel_id ORDER BY o.place"
        )

    async def own_ids(self) -> list[UUID]:
        rows = await self.rows(
            "SELECT c.id FROM monitor_channels AS o JOIN channels AS c ON c.id = o.channel_id"
            " WHERE c.monitor_id IS NOT NULL AND c.deleted_at IS NULL ORDER BY o.place"
        )
        return [row[0] for row in rows]


@pytest.fixture
async def rival(database_dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of somebody else's, beside the pool."""
    connection = await asyncpg.connect(database_dsn)
    yield connection
    await connection.close()


@pytest.fixture
def doors(database, monitors, channels, tenants) -> Doors:
    return Doors(database, monitors, channels, tenants.owner)


async def refused(contents, change, error: type[Exception] = InvalidInput) -> Exception:
    """Return a change's error; the change must have left no trace."""
    before = await contents()
    with pytest.raises(error) as caught:
        await change
    assert type(caught.value) is error
    assert await contents() == before
    return caught.value


async def test_a_monitor_is_made_with_the_channels_that_it_names_and_with_its_own_in_their_order(
    doors: Doors,
) -> None:
    ops, night = await doors.shared("Ops"), await doors.shared("Night")

    await doors.make(
        own("First", is_enabled=False),
        NamedChannel(channel_id=night, is_enabled=False),
        own("Second", pigeon("south")),
        NamedChannel(channel_id=ops),
    )

    assert await doors.linked() == [
        ("First", "north", "s3cret", False, True),
        ("Night", "north", None, False, None),
        ("Second", "south", None, True, True),
        ("Ops", "north", None, True, None),
    ]


async def test_own_channels_are_replaced_and_those_that_the_monitor_names_stay(
    doors: Doors, contents
) -> None:
    ops = await doors.shared("Ops")
    monitor = await doors.make(NamedChannel(channel_id=ops, is_enabled=False), own("First"), own("Second"))

    def replaced(*channels: OwnChannel) -> UpdateMonitor:
        return UpdateMonitor(id=monitor, channels=OwnChannels(channels=channels))

    wrong = await refused(contents, doors.monitors.update(doors.owner, replaced(own(), own(""))))
    assert [issue.path for issue in wrong.issues] == [("channels", "1", "name")]

    await doors.monitors.update(doors.owner, replaced(own("Third", pigeon("south"))))
    assert await doors.linked() == [
        ("Ops", "north", None, False, None),
        ("Third", "south", "s3cret", True, True),
    ]
    await doors.monitors.update(doors.owner, replaced())
    assert await doors.linked() == [("Ops", "north", None, False, None)]


async def test_absent_leaves_the_channels_and_null_or_an_empty_list_takes_all(doors: Doors) -> None:
    ops = await doors.shared()
    monitor = await doors.make(NamedChannel(channel_id=ops), own())

    await doors.monitors.update(doors.owner, UpdateMonitor(id=monitor, name="Renamed"))
    assert len(await doors.linked()) == 2
    await doors.monitors.update(doors.owner, UpdateMonitor(id=monitor, channels=None))
    assert await doors.linked() == []
    await doors.change(monitor, NamedChannel(channel_id=ops))
    await doors.change(monitor)
    assert await doors.linked() == []
    assert await doors.rows("SELECT name, deleted_at IS NULL, is_retired FROM channels ORDER BY name") == [
        ("Own", False, True),
        ("Shared", True, False),
    ]


async def test_an_own_channel_is_changed_where_it_stands_and_keeps_the_secret_that_is_omitted(
    doors: Doors,
) -> None:
    monitor = await doors.make(own("First"), own("Second", pigeon("south", ring="other")))
    before = await doors.own_ids()

    await doors.change(monitor, own("First, renamed", pigeon("east")), own("Second", pigeon("south")))

    assert await doors.own_ids() == before
    assert await doors.linked() == [
        ("First, renamed", "east", "s3cret", True, True),
        ("Second", "south", "other", True, True),
    ]
    revisions = await doors.rows("SELECT name, revision FROM channels ORDER BY name")
    assert revisions == [("First, renamed", 2), ("Second", 1)]


async def test_an_own_channel_that_is_named_stays_and_the_places_of_the_others_are_taken(
    doors: Doors,
) -> None:
    monitor = await doors.make(own("First"), own("Second", pigeon("south", ring="other")))
    first, second = await doors.own_ids()

    await doors.change(
        monitor,
        NamedChannel(channel_id=encode_id(Prefix.CHANNEL, first), is_enabled=False),
        own("Second, renamed", pigeon("west")),
    )
    assert await doors.linked() == [
        ("First", "north", "s3cret", False, True),
        ("Second, renamed", "west", "other", True, True),
    ]

    await doors.change(monitor, NamedChannel(channel_id=encode_id(Prefix.CHANNEL, second)))
    assert await doors.own_ids() == [second]


async def test_what_changes_nothing_stores_nothing(doors: Doors, contents) -> None:
    ops = await doors.shared()
    wanted = NamedChannel(channel_id=ops), own("Own", pigeon())
    monitor = await doors.make(*wanted)
    before = await contents()

    await doors.change(monitor, *wanted)

    assert await contents() == before


async def test_a_change_of_the_list_is_one_of_the_monitor_and_a_change_of_a_channel_is_the_channels(
    doors: Doors,
) -> None:
    ops = await doors.shared()
    monitor = await doors.make(own())
    revision = "SELECT revision FROM monitors"

    await doors.change(monitor, own("Renamed"))
    assert await doors.rows(revision) == [(1,)]
    await doors.change(monitor, own("Renamed"), NamedChannel(channel_id=ops))
    assert await doors.rows(revision) == [(2,)]
    await doors.change(monitor, own("Renamed", is_enabled=False), NamedChannel(channel_id=ops))
    assert await doors.rows(revision) == [(3,)]
    assert await doors.rows("SELECT count(*) FROM events WHERE change = 'UPDATED'") == [(2,)]


async def test_an_id_that_is_unknown_malformed_a_strangers_or_another_monitors_is_the_same_issue(
    doors: Doors, channels, tenants, clock, contents
) -> None:
    theirs = await channels.create(tenants.stranger, CreateChannel(name="Theirs", notifier=pigeon()))
    monitor, gone = await doors.make(), await doors.shared("Gone")
    await channels.delete(tenants.owner, gone)
    await doors.make(own("Another monitor's"))
    (others,) = await doors.own_ids()
    ids = [
        encode_id(Prefix.CHANNEL, new_id(clock.now())),
        "nc_?",
        monitor,
        encode_id(Prefix.CHANNEL, theirs),
        gone,
        encode_id(Prefix.CHANNEL, others),
    ]
    named = [NamedChannel(channel_id=each) for each in ids]

    for change in (doors.change(monitor, *named), doors.make(*named)):
        error = await refused(contents, change)
        assert [(issue.path, issue.rule, issue.received) for issue in error.issues] == [
            (("channels", str(place), "channelId"), "unknown", None) for place in range(len(ids))
        ]
        assert len({issue.message.partition("channelId")[2] for issue in error.issues}) == 1


async def test_everything_wrong_with_channels_is_told_at_once_beside_what_else_is_wrong(
    doors: Doors, contents
) -> None:
    ops = await doors.shared()
    wrong = CreateMonitor(
        name=" ",
        probe=DOOR,
        channels=[
            NamedChannel(channel_id=ops),
            own(" ", KindChoice(kind="pigeon", config={"dovecote": ""})),
            own("Own", KindChoice(kind="raven", config={})),
            NamedChannel(channel_id=ops, is_enabled=False),
        ],
    )

    error = await refused(contents, doors.monitors.create(doors.owner, wrong))

    assert {(issue.path, issue.rule) for issue in error.issues} == {
        (("name",), "min_length"),
        (("channels", "3", "channelId"), "unique"),
        (("channels", "1", "name"), "min_length"),
        (("channels", "1", "notifier", "pigeon", "dovecote"), "min_length"),
        (("channels", "2", "notifier", "raven"), "unknown"),
    }
    too_many = await refused(contents, doors.make(*[own()] * (MOST_CHANNELS + 1)))
    assert [(issue.path, issue.rule) for issue in too_many.issues] == [(("channels",), "max_length")]


async def test_a_channel_that_is_deleted_is_gone_from_every_monitor(doors: Doors, channels, contents) -> None:
    ops, night = await doors.shared("Ops"), await doors.shared("Night")
    for _ in range(2):
        await doors.make(NamedChannel(channel_id=ops), NamedChannel(channel_id=night))

    await channels.delete(doors.owner, ops)

    assert [name for name, *_ in await doors.linked()] == ["Night", "Night"]


async def test_own_channels_end_with_their_monitor_alone_or_with_its_project_and_others_stay(
    doors: Doors, projects, tenants
) -> None:
    ops = await doors.shared()
    project_id = encode_id(Prefix.PROJECT, await projects.create(tenants.owner, CreateProject(name="House")))
    alone = await doors.make(own("Alone"), NamedChannel(channel_id=ops))
    await doors.make(own("With its project"), project_id=project_id)
    await doors.make(own("Stays"))

    await doors.monitors.delete(tenants.owner, alone)
    await projects.delete(tenants.owner, DeleteProject(id=project_id, delete_monitors=True))

    kept = await doors.rows("SELECT name FROM channels WHERE deleted_at IS NULL ORDER BY name")
    assert kept == [("Shared",), ("Stays",)]


async def test_an_own_channel_is_changed_and_deleted_like_any(doors: Doors, channels) -> None:
    await doors.make(own())
    (channel_id,) = await doors.own_ids()
    public_id = encode_id(Prefix.CHANNEL, channel_id)

    await channels.update(doors.owner, UpdateChannel(id=public_id, name="Renamed", is_active=False))
    assert [name for name, *_ in await doors.linked()] == ["Renamed"]
    await channels.delete(doors.owner, public_id)
    assert await doors.linked() == []


async def test_channels_are_named_by_who_may_read_them_and_made_changed_and_ended_by_who_may_write_them(
    doors: Doors, contents
) -> None:
    ops = NamedChannel(channel_id=await doors.shared())

    def granted(permission: TokenPermission | None) -> Principal:
        grants = {Grant(scope=TokenScope.UPTIME_CHECKS, permission=TokenPermission.WRITE)}
        if permission is not None:
            grants.add(Grant(scope=TokenScope.NOTIFICATIONS, permission=permission))
        return replace(doors.owner, grants=frozenset(grants))

    nothing, reads, writes = granted(None), granted(TokenPermission.READ), granted(TokenPermission.WRITE)
    monitor = await doors.make(own(), who=writes)
    (mine,) = await doors.own_ids()
    kept = NamedChannel(channel_id=encode_id(Prefix.CHANNEL, mine), is_enabled=False)

    for who, wanted in (
        (nothing, (ops,)),
        (nothing, ()),
        (reads, (own(),)),
        (reads, (ops,)),  # it would end the monitor's own
        (reads, ()),
    ):
        await refused(contents, doors.change(monitor, *wanted, who=who), TokenScopeDenied)
    for who, wanted in ((nothing, (ops,)), (reads, (own(),))):
        await refused(contents, doors.make(*wanted, who=who), TokenScopeDenied)
    await doors.make(who=nothing)
    await doors.change(monitor, ops, kept, who=reads)
    await doors.change(monitor, ops, own("Renamed"), who=writes)
    assert [(name, enabled) for name, _, _, enabled, _ in await doors.linked()] == [
        ("Shared", True),
        ("Renamed", True),
    ]
    await doors.change(monitor, who=writes)
    assert await doors.own_ids() == []


async def test_who_is_confined_to_projects_names_channels_for_what_he_sees_and_makes_none(
    doors: Doors, confined, contents
) -> None:
    who = confined.principal
    assert not may(who, TokenScope.NOTIFICATIONS, TokenPermission.WRITE)
    project_id = encode_id(Prefix.PROJECT, confined.project_id)
    ops = NamedChannel(channel_id=await doors.shared(), is_enabled=False)
    await doors.make(own("Out of sight"))
    (hidden,) = await doors.own_ids()

    monitor = await doors.make(ops, who=who, project_id=project_id)
    assert ("Shared", "north", None, False, None) in await doors.linked()
    for wanted in ((own(),), (ops, own())):
        await refused(contents, doors.change(monitor, *wanted, who=who), SharedAccountWriteForbidden)
    unseen = NamedChannel(channel_id=encode_id(Prefix.CHANNEL, hidden))
    error = await refused(contents, doors.change(monitor, unseen, who=who))
    assert [issue.rule for issue in error.issues] == ["unknown"]


async def test_a_channel_is_not_deleted_while_a_monitor_is_given_it_and_from_the_monitor_then(
    doors: Doors, channels, database, rival
) -> None:
    ops, monitor = await doors.shared(), await doors.make()
    ops_id, monitor_id = decode_id(Prefix.CHANNEL, ops), decode_id(Prefix.MONITOR, monitor)
    async with rival.transaction():
        assert await hold_channels(rival, doors.owner.workspace_id, [ops_id]) == {ops_id}
        deleting = asyncio.create_task(channels.delete(doors.owner, ops))
        await until_waiting(database, 1)
        await rival.execute(
            "INSERT INTO monitor_channels (monitor_id, channel_id, workspace_id, place, is_enabled)"
            " VALUES ($1, $2, $3, 1, true)",
            monitor_id,
            ops_id,
            doors.owner.workspace_id,
        )

    await deleting
    assert await doors.linked() == []


async def test_who_deletes_a_monitor_takes_its_channels_before_what_they_are_owed(
    doors: Doors, database, rival, clock
) -> None:
    monitor = await doors.make(own())
    (mine,) = await doors.own_ids()
    await rival.execute(
        "INSERT INTO deliveries (id, workspace_id, event, channel_id, monitor_id, recipient, status, body, created_at)"
        " VALUES ($1, $2, 'MONITOR_DOWN', $3, $4, 'north', 'PENDING', '{}', $5)",
        new_id(clock.now()),
        doors.owner.workspace_id,
        mine,
        decode_id(Prefix.MONITOR, monitor),
        clock.now(),
    )

    async with rival.transaction():
        await rival.execute("SET LOCAL lock_timeout = '5s'")
        await rival.execute("SELECT FROM channels WHERE id = $1 FOR UPDATE", mine)
        deleting = asyncio.create_task(doors.monitors.delete(doors.owner, monitor))
        await until_waiting(database, 1)
        await rival.execute("UPDATE deliveries SET attempts = 1 WHERE channel_id = $1", mine)

    await deleting
    assert await doors.rows("SELECT status, error, attempts FROM deliveries") == [
        ("SUPPRESSED", "its monitor was deleted", 1)
    ]
