"""What is written down of changes of projects and monitors, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from core.deliveries.channel_service import CreateChannel
from core.errors import TocsinError
from core.ids import Prefix, encode_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import (
    CheckNow,
    ConfirmationInput,
    CreateMonitor,
    NamedChannel,
    OwnChannel,
    RegressionInput,
    SetTags,
    UpdateMonitor,
)
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject
from core.services import Services
from tests.core.audit.conftest import Entries, Entry

DOOR = KindChoice(kind="door", config={"address": "Front", "password": "s3cret"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})


def door(name: str = "Front", **more: Any) -> CreateMonitor:
    return CreateMonitor(name=name, probe=DOOR, **more)


def mon(identifier: Any) -> str:
    return encode_id(Prefix.MONITOR, identifier)


async def test_a_project_is_made_renamed_and_deleted(services: Services, tenants, entries: Entries) -> None:
    owner = tenants.owner
    project_id = await services.projects.create(owner, CreateProject(name="House"))
    public_id = encode_id(Prefix.PROJECT, project_id)
    await services.projects.update(owner, UpdateProject(id=public_id, name="House"))
    await services.projects.update(owner, UpdateProject(id=public_id, name="Home"))
    await services.projects.delete(owner, DeleteProject(id=public_id))

    assert await entries() == [
        Entry(action="project.created", subject_id=project_id, after={"name": "House"}),
        Entry(
            action="project.updated", subject_id=project_id, before={"name": "House"}, after={"name": "Home"}
        ),
        Entry(action="project.deleted", subject_id=project_id, before={"name": "Home"}),
    ]


async def test_monitors_that_go_with_their_project_have_entries_of_their_own(
    services: Services, tenants, entries: Entries
) -> None:
    owner = tenants.owner
    project_id = await services.projects.create(owner, CreateProject(name="House"))
    public_id = encode_id(Prefix.PROJECT, project_id)
    made = [
        await services.monitors.create(owner, door(name, project_id=public_id, tags=[name]))
        for name in ("A", "B")
    ]
    await entries()

    await services.projects.delete(owner, DeleteProject(id=public_id, delete_monitors=True))

    *monitors, project = await entries()
    assert {(entry.action, entry.subject_id, *entry.before["tags"], entry.after) for entry in monitors} == {
        ("monitor.deleted", made[0], "A", None),
        ("monitor.deleted", made[1], "B", None),
    }
    assert (project.action, project.subject_id) == ("project.deleted", project_id)


async def test_a_monitor_is_shown_whole_when_it_is_made_and_when_it_is_deleted(
    services: Services, tenants, entries: Entries
) -> None:
    owner = tenants.owner
    monitor_id = await services.monitors.create(
        owner, door(interval_seconds=60, region_keys=["moon", "local"], tags=["wood", "Ash"])
    )
    await services.monitors.delete(owner, mon(monitor_id))

    whole = {
        "name": "Front",
        "projectId": encode_id(Prefix.PROJECT, tenants.default_project_id),
        "kind": "door",
        "probe": {"address": "Front", "knocks": 1, "password": "[set]"},
        "intervalSeconds": 60,
        "timeoutSeconds": 30,
        "confirmation": {
            "failuresToOpen": 2,
            "successesToClose": 1,
            "regionsToAgree": 1,
            "recheckSeconds": 20,
        },
        "regression": {"enabled": False, "thresholdPercent": 50, "periodDays": 7},
        "regionKeys": ["local", "moon"],
        "tags": ["Ash", "wood"],
        "channels": [],
        "paused": False,
    }
    assert await entries() == [
        Entry(action="monitor.created", subject_id=monitor_id, after=whole),
        Entry(action="monitor.deleted", subject_id=monitor_id, before=whole),
    ]


async def test_channels_of_a_monitor_are_named_by_id_and_those_of_its_own_have_entries_without_their_secrets(
    services: Services, tenants, entries: Entries
) -> None:
    owner, pigeon = tenants.owner, KindChoice(kind="pigeon", config={"dovecote": "north", "ring": "s3cret"})
    ops = await services.channels.create(owner, CreateChannel(name="Ops", notifier=pigeon))
    await entries()
    monitor_id = await services.monitors.create(
        owner, door(channels=[OwnChannel(name="Own", notifier=pigeon)])
    )
    made, monitor = await entries()
    link = {"channelId": encode_id(Prefix.CHANNEL, made.subject_id), "enabled": True}
    config = {"dovecote": "north", "ring": "[set]"}
    whole = {"name": "Own", "kind": "pigeon", "config": config, "isActive": True}
    assert made == Entry(action="channel.created", subject_id=made.subject_id, after=whole)
    assert monitor.after["channels"] == [link]

    renamed = OwnChannel(name="Renamed", notifier=pigeon)
    named = NamedChannel(channel_id=encode_id(Prefix.CHANNEL, ops), is_enabled=False)
    update = UpdateMonitor(id=mon(monitor_id), channels=[renamed, named])
    await services.monitors.update(owner, update)
    await services.monitors.update(owner, update)
    silent = {"channelId": encode_id(Prefix.CHANNEL, ops), "enabled": False}
    assert await entries() == [
        Entry(
            action="channel.updated",
            subject_id=made.subject_id,
            before={"name": "Own"},
            after={"name": "Renamed"},
        ),
        Entry(
            action="monitor.updated",
            subject_id=monitor_id,
            before={"channels": [link]},
            after={"channels": [link, silent]},
        ),
    ]

    await services.monitors.delete(owner, mon(monitor_id))
    ended, deleted = await entries()
    assert ended == Entry(
        action="channel.deleted", subject_id=made.subject_id, before={**whole, "name": "Renamed"}
    )
    assert (deleted.action, deleted.before["channels"]) == ("monitor.deleted", [link, silent])


async def test_of_an_update_what_differs_is_written_down(
    services: Services, tenants, entries: Entries
) -> None:
    owner = tenants.owner
    project_id = await services.projects.create(owner, CreateProject(name="House"))
    monitor_id = await services.monitors.create(owner, door(region_keys=["local"], tags=["wood"]))
    await entries()
    update = UpdateMonitor(
        id=mon(monitor_id),
        name="Back",
        probe=KindChoice(kind="door", config={"address": "Front", "knocks": 2, "password": "other"}),
        project_id=encode_id(Prefix.PROJECT, project_id),
        interval_seconds=30,
        region_keys=["moon"],
        tags=["WOOD", "glass"],
        confirmation=ConfirmationInput(failures_to_open=3),
        regression=RegressionInput(is_enabled=True, threshold_percent=75),
    )

    await services.monitors.update(owner, update)
    await services.monitors.update(owner, update)

    assert await entries() == [
        Entry(
            action="monitor.updated",
            subject_id=monitor_id,
            before={
                "name": "Front",
                "projectId": encode_id(Prefix.PROJECT, tenants.default_project_id),
                "probe": {"knocks": 1, "password": "[set]"},
                "intervalSeconds": 300,
                "confirmation": {"failuresToOpen": 2},
                "regression": {"enabled": False, "thresholdPercent": 50},
                "regionKeys": ["local"],
                "tags": ["wood"],
            },
            after={
                "name": "Back",
                "projectId": encode_id(Prefix.PROJECT, project_id),
                "probe": {"knocks": 2, "password": "[changed]"},
                "intervalSeconds": 30,
                "confirmation": {"failuresToOpen": 3},
                "regression": {"enabled": True, "thresholdPercent": 75},
                "regionKeys": ["moon"],
                "tags": ["glass", "wood"],
            },
        )
    ]


async def test_of_another_kind_both_configurations_are_shown(
    services: Services, tenants, entries: Entries
) -> None:
    monitor_id = await services.monitors.create(tenants.owner, door())
    await entries()

    window = KindChoice(kind="window", config={"height": 3})
    await services.monitors.update(tenants.owner, UpdateMonitor(id=mon(monitor_id), probe=window))

    [entry] = await entries()
    assert entry.before == {"kind": "door", "probe": {"address": "Front", "knocks": 1, "password": "[set]"}}
    assert entry.after == {"kind": "window", "probe": {"height": 3}}


async def test_of_a_kind_that_is_not_loaded_any_more_nothing_of_its_configuration_is_shown(
    services: Services, tenants, entries: Entries, database
) -> None:
    monitor_id = await services.monitors.create(tenants.owner, door())
    other = await services.monitors.create(tenants.owner, door())
    async with database.acquire() as connection:
        await connection.execute("UPDATE monitors SET kind = 'gate' WHERE id = $1", monitor_id)
        await connection.execute("UPDATE monitors SET config = $2 WHERE id = $1", other, {"was": "s3cret"})
    await entries()

    await services.monitors.delete(tenants.owner, mon(monitor_id))
    await services.monitors.delete(tenants.owner, mon(other))

    assert [entry.before["probe"] for entry in await entries()] == ["[set]", "[set]"]


async def test_a_pause_is_written_down_once(services: Services, tenants, entries: Entries) -> None:
    monitor_id = await services.monitors.create(tenants.owner, door())
    await entries()
    for _ in range(2):
        await services.monitors.pause(tenants.owner, mon(monitor_id))
    for _ in range(2):
        await services.monitors.resume(tenants.owner, mon(monitor_id))

    running, paused = {"paused": False}, {"paused": True}
    assert await entries() == [
        Entry(action="monitor.paused", subject_id=monitor_id, before=running, after=paused),
        Entry(action="monitor.resumed", subject_id=monitor_id, before=paused, after=running),
    ]


async def test_a_heartbeat_gets_another_address_that_nobody_is_told(
    services: Services, tenants, entries: Entries
) -> None:
    monitor_id = await services.monitors.create(tenants.owner, CreateMonitor(name="Post", probe=POSTMAN))
    await entries()

    await services.monitors.rotate_heartbeat_url(tenants.owner, mon(monitor_id))

    assert await entries() == [
        Entry(
            action="monitor.heartbeat_url_rotated",
            subject_id=monitor_id,
            before={"heartbeat": {"pingUrl": "[set]"}},
            after={"heartbeat": {"pingUrl": "[changed]"}},
        )
    ]


async def test_each_monitor_that_gets_or_loses_tags_has_an_entry(
    services: Services, tenants, entries: Entries, clock
) -> None:
    owner = tenants.owner
    one = await services.monitors.create(owner, door("A", tags=["Wood"]))
    clock.advance(1)
    two = await services.monitors.create(owner, door("B", tags=["wood", "glass"]))
    clock.advance(1)
    three = await services.monitors.create(owner, door("C", tags=["wood", "iron"]))
    await entries()
    ids = [mon(each) for each in (two, one, three)]

    await services.bulk.set_tags(
        owner, SetTags(monitor_ids=ids, add=["IRON", "tin"], remove=["GLASS", "tin"])
    )
    first = await entries()
    await services.bulk.set_tags(owner, SetTags(monitor_ids=ids, replace=["wood", "iron"]))
    await services.bulk.set_tags(owner, SetTags(monitor_ids=ids[:1], replace=[]))

    assert first == [
        Entry(
            action="monitor.tagged",
            subject_id=one,
            before={"tags": ["Wood"]},
            after={"tags": ["iron", "Wood"]},
        ),
        Entry(
            action="monitor.tagged",
            subject_id=two,
            before={"tags": ["glass", "Wood"]},
            after={"tags": ["iron", "Wood"]},
        ),
    ]
    assert await entries() == [
        Entry(action="monitor.tagged", subject_id=two, before={"tags": ["iron", "Wood"]}, after={"tags": []})
    ]


async def test_looks_that_are_asked_for_are_written_down_by_name_or_as_all(
    services: Services, tenants, entries: Entries
) -> None:
    owner = tenants.owner
    made = [await services.monitors.create(owner, door(name)) for name in ("A", "B")]
    await entries()

    await services.bulk.check_now(owner, CheckNow(monitor_ids=[mon(each) for each in made]))
    await services.bulk.check_now(owner, CheckNow())

    assert await entries() == [
        *(Entry(action="monitor.checked", subject_id=each) for each in made),
        Entry(action="workspace.checked", subject_id=owner.workspace_id),
    ]


async def test_what_is_refused_is_not_written_down(
    services: Services, tenants, entries: Entries, trespasser
) -> None:
    monitor_id = await services.monitors.create(tenants.owner, door())
    await entries()

    for change in (
        services.monitors.pause(trespasser.principal, mon(monitor_id)),
        services.monitors.delete(trespasser.principal, mon(monitor_id)),
        services.bulk.set_tags(trespasser.principal, SetTags(monitor_ids=[mon(monitor_id)], add=["x"])),
    ):
        with pytest.raises(TocsinError):
            await change

    assert await entries() == []
