"""From an outage to the channels of its monitor: through the services, the engine and real requests."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from core.access.grants import ALL_GRANTS
from core.access.plans import Plan
from core.access.principal import Principal, Role
from core.deliveries.channel_service import ChannelService
from core.ids import Prefix, encode_id, new_id
from core.incidents.transition import Resolution
from core.kind_choice import KindChoice
from core.monitors.monitor_input import MonitorChannel, NamedChannel, OwnChannel, UpdateMonitor
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_service import MonitorService
from tests.core.alerting.receiver import Receiver
from tests.core.alerting.world import World

SHARED = "every active channel is told: the project has no alert policy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Household:
    """Two monitors of one workspace, and the service that changes them."""

    world: World
    owner: Principal
    monitors: MonitorService
    channels: ChannelService
    shop: UUID
    blog: UUID

    async def give(self, monitor_id: UUID, *channels: MonitorChannel) -> None:
        """Leave a monitor with these channels."""
        update = UpdateMonitor(id=encode_id(Prefix.MONITOR, monitor_id), channels=channels)
        await self.monitors.update(self.owner, update)

    async def delete(self, monitor_id: UUID) -> None:
        await self.monitors.delete(self.owner, encode_id(Prefix.MONITOR, monitor_id))


@pytest.fixture
async def household(world: World) -> Household:
    now, blog = world.clock.now(), new_id(world.clock.now())
    await world.add_monitor(blog, "Blog")
    await world.execute(
        "INSERT INTO regions (public_id, key, created_at) VALUES ($1, 'here', $2)", new_id(now), now
    )
    await world.execute("UPDATE workspaces SET plan = 'ENTERPRISE' WHERE id = $1", world.workspace_id)
    life = MonitorLife(registry=world.registry)
    services = {"database": world.database, "registry": world.registry, "clock": world.clock}
    owner = Principal(
        workspace_id=world.workspace_id,
        user_id=new_id(now),
        token_id=None,
        role=Role.OWNER,
        grants=ALL_GRANTS,
        plan=Plan.ENTERPRISE,
    )
    return Household(
        world=world,
        owner=owner,
        monitors=MonitorService(life=life, **services),
        channels=ChannelService(**services),
        shop=world.monitor_id,
        blog=blog,
    )


def pager(receiver: Receiver, *people: str) -> OwnChannel:
    return OwnChannel(
        name="Own pager", notifier=KindChoice(kind="pager", config={"url": receiver.url, "people": people})
    )


def named(channel_id: UUID, *, is_enabled: bool = True) -> NamedChannel:
    return NamedChannel(channel_id=encode_id(Prefix.CHANNEL, channel_id), is_enabled=is_enabled)


def told(receiver: Receiver) -> dict[str, list[str]]:
    """Return what each recipient was sent, in order."""
    paths = {each.path for each in receiver.requests}
    return {path: receiver.events(path) for path in paths}


async def reasons(world: World, incident_id: UUID) -> dict[str, list[tuple[str, str, str]]]:
    """Return (step, outcome, reason) of each decision about a channel, by the channel's name."""
    rows = await world.rows(
        "SELECT c.name, d.step, d.outcome, d.reason FROM alert_decisions AS d JOIN channels AS c ON c.id = d.channel_id"
        " WHERE d.incident_id = $1 AND d.step <> 'DELIVERY' ORDER BY d.at, d.id",
        incident_id,
    )
    return {
        name: [tuple(row[1:]) for row in rows if row[0] == name] for name in dict.fromkeys(r[0] for r in rows)
    }


async def test_an_outage_is_told_through_the_monitors_own_channel_and_not_through_anothers(
    household: Household, receiver: Receiver
) -> None:
    world = household.world
    await world.add_channel("pager", {"url": receiver.url, "people": ["everybody"]}, "Shared")
    await household.give(household.shop, pager(receiver, "shopkeeper"))
    await household.give(household.blog, pager(receiver, "blogger"))

    incident_id = await world.fail(monitor_id=household.shop)
    await world.tell()
    world.advance(60)
    await world.recover(incident_id)
    await world.tell()

    assert told(receiver) == {
        "/everybody": ["MONITOR_DOWN", "MONITOR_UP"],
        "/shopkeeper": ["MONITOR_DOWN", "MONITOR_UP"],
    }
    assert await reasons(world, incident_id) == {
        "Shared": [
            ("ROUTE", "NOTIFY", f"everybody: {SHARED}"),
            ("ROUTE", "NOTIFY", "everybody: was told of the failure, or is being told"),
        ],
        "Own pager": [
            ("ROUTE", "NOTIFY", "shopkeeper: the channel is the monitor's own"),
            ("ROUTE", "NOTIFY", "shopkeeper: was told of the failure, or is being told"),
        ],
    }


async def test_a_shared_channel_that_a_monitor_names_is_told_once_and_one_switched_off_not_at_all(
    household: Household, receiver: Receiver
) -> None:
    world = household.world
    ops = await world.add_channel("pager", {"url": receiver.url, "people": ["ops"]}, "Ops")
    night = await world.add_channel("pager", {"url": receiver.url, "people": ["night"]}, "Night")
    await household.give(household.shop, named(ops), named(night, is_enabled=False))

    of_shop = await world.fail(monitor_id=household.shop)
    of_blog = await world.fail(monitor_id=household.blog, name="Blog")
    await world.tell()

    assert await reasons(world, of_shop) == {
        "Ops": [("ROUTE", "NOTIFY", "ops: the monitor names the channel as its own")],
        "Night": [("ROUTE", "DROP", "the monitor has this channel switched off")],
    }
    assert await reasons(world, of_blog) == {
        "Ops": [("ROUTE", "NOTIFY", f"ops: {SHARED}")],
        "Night": [("ROUTE", "NOTIFY", f"night: {SHARED}")],
    }
    assert sorted(each.path for each in receiver.requests) == ["/night", "/ops", "/ops"]


async def test_who_was_told_of_the_failure_is_told_of_its_end_whatever_the_monitor_says_by_then(
    household: Household, receiver: Receiver
) -> None:
    world = household.world
    ops = await world.add_channel("pager", {"url": receiver.url, "people": ["ops"]}, "Ops")
    night = await world.add_channel("pager", {"url": receiver.url, "people": ["night"]}, "Night")
    await household.give(
        household.shop, pager(receiver, "keeper"), named(ops), named(night, is_enabled=False)
    )
    incident_id = await world.fail()
    await world.tell()

    await household.give(household.shop, named(ops, is_enabled=False), named(night))
    await world.recover(incident_id)
    await world.tell()
    await world.fail()
    await world.tell()

    assert told(receiver) == {
        "/ops": ["MONITOR_DOWN", "MONITOR_UP"],
        "/keeper": ["MONITOR_DOWN", "MONITOR_UP"],
        "/night": ["MONITOR_DOWN"],
    }


async def test_a_channel_that_a_monitor_lets_go_of_is_not_told_of_a_failure_that_waits(
    household: Household, receiver: Receiver
) -> None:
    world = household.world
    await household.give(household.shop, pager(receiver, "keeper"))
    incident_id = await world.fail()
    await world.route()

    await household.give(household.shop)
    await world.send()
    await world.recover(incident_id)
    await world.tell()

    assert receiver.requests == []
    assert await world.deliveries() == [("MONITOR_DOWN", "keeper", "SUPPRESSED", 0)]


async def test_a_channel_ends_with_its_monitor_and_is_told_how_the_failure_ended_that_it_knows_of(
    household: Household, receiver: Receiver
) -> None:
    world = household.world
    await household.give(household.shop, pager(receiver, "keeper"))
    await household.give(household.blog, pager(receiver, "blogger"))
    known = await world.fail(monitor_id=household.shop)
    await world.tell()
    unknown = await world.fail(monitor_id=household.blog, name="Blog")
    await world.route()

    await household.delete(household.shop)
    await household.delete(household.blog)
    await world.recover(known, Resolution.DELETED)
    await world.recover(unknown, Resolution.DELETED)
    await world.tell()

    assert told(receiver) == {
        "/keeper": ["MONITOR_DOWN", "MONITOR_UP"],
    }
    ends = await world.rows("SELECT deleted_at IS NOT NULL, is_retired FROM channels")
    assert ends == [(True, True), (True, True)]
    assert ("MONITOR_DOWN", "blogger", "SUPPRESSED", 0) in await world.deliveries()


async def test_a_channel_deleted_by_hand_is_told_of_nothing_more_also_where_it_was_a_monitors_own(
    household: Household, receiver: Receiver
) -> None:
    world = household.world
    await household.give(household.shop, pager(receiver, "keeper"))
    incident_id = await world.fail()
    await world.tell()
    ((channel_id,),) = await world.rows("SELECT id FROM channels")

    await household.channels.delete(household.owner, encode_id(Prefix.CHANNEL, channel_id))
    await world.recover(incident_id)
    await world.tell()

    assert receiver.events() == ["MONITOR_DOWN"]
    assert await world.rows("SELECT 1 FROM monitor_channels") == []
