"""What services refuse for the sake of the plan, and what they do not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from core.access.plans import TERMS, Plan
from core.access.principal import Principal
from core.access.reading import allowance_of
from core.access.workspace_administration import set_plan
from core.db.database import Connection, Database
from core.deliveries.channel_service import ChannelService, CreateChannel, UpdateChannel
from core.deliveries.webhook_event import WebhookEvent
from core.deliveries.webhook_service import CreateWebhook, UpdateWebhook, WebhookService
from core.errors import Forbidden, OverLimit, PremiumRequired, ProjectWriteForbidden, WriteLocked
from core.ids import Prefix, encode_id
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CheckNow, CreateMonitor, SetTags, UpdateMonitor
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject

DOOR = KindChoice(kind="door", config={"address": "Front", "password": "s3cret"})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})
PIGEON = KindChoice(kind="pigeon", config={"dovecote": "Tower"})

Book = Callable[[Plan], Awaitable[None]]


@pytest.fixture
def book(database: Database, clock, tenants) -> Book:
    """Gives the owner's workspace another plan."""

    async def run(plan: Plan) -> None:
        async def change(connection: Connection) -> None:
            await set_plan(connection, tenants.owner.workspace_id, plan, clock.now())

        await database.in_transaction(change)

    return run


@pytest.fixture
def make(monitors, tenants):
    """Makes a monitor of the owner's and returns its public id."""

    async def run(name: str = "Door", **wanted) -> str:
        monitor = CreateMonitor(**{"name": name, "probe": DOOR, **wanted})
        return encode_id(Prefix.MONITOR, await monitors.create(tenants.owner, monitor))

    return run


async def has_room(database: Database, principal: Principal, now: datetime) -> bool:
    async with database.acquire() as connection:
        return (await allowance_of(connection, principal.workspace_id, now)).excess is None


async def refused(contents, change: Awaitable[object], error: type[Exception]) -> Exception:
    """Return the error of a change, which must have left no trace."""
    before = await contents()
    with pytest.raises(error) as caught:
        await change
    assert type(caught.value) is error
    assert await contents() == before
    return caught.value


async def test_as_many_monitors_are_made_as_the_plan_allows(make, book, contents) -> None:
    await book(Plan.FREE)
    for number in range(TERMS[Plan.FREE].monitors):
        await make(str(number))

    error = await refused(contents, make("one too many"), OverLimit)

    assert str(error) == "the plan FREE allows 10 monitors, and the workspace has as many"


async def test_of_many_who_make_the_last_monitor_at_once_one_does(
    make, book, database, tenants, clock
) -> None:
    await book(Plan.FREE)
    for number in range(TERMS[Plan.FREE].monitors - 1):
        await make(str(number))

    made = await asyncio.gather(*(make(f"last {number}") for number in range(6)), return_exceptions=True)

    assert sorted(type(each).__name__ for each in made) == ["OverLimit"] * 5 + ["str"]
    assert await has_room(database, tenants.owner, clock.now())


async def test_another_workspaces_monitors_do_not_count(make, monitors, book, tenants) -> None:
    await book(Plan.FREE)
    for number in range(TERMS[Plan.FREE].monitors):
        await monitors.create(tenants.stranger, CreateMonitor(name=str(number), probe=DOOR))

    assert await make()


async def test_a_deleted_monitor_makes_room(make, monitors, book, tenants) -> None:
    await book(Plan.FREE)
    made = [await make(str(number)) for number in range(TERMS[Plan.FREE].monitors)]

    await monitors.delete(tenants.owner, made[0])

    assert await make()


async def test_the_plans_least_interval_holds_for_new_and_changed_monitors(
    make, monitors, book, tenants, contents
) -> None:
    await book(Plan.STARTER)
    door_id = await make(interval_seconds=60)

    for change in (
        make(interval_seconds=59),
        monitors.update(tenants.owner, UpdateMonitor(id=door_id, interval_seconds=59)),
    ):
        error = await refused(contents, change, OverLimit)
        assert isinstance(error, OverLimit)
        assert error.path == ("intervalSeconds",)
        assert error.message == "intervalSeconds must be at least 60 on the plan STARTER"


async def test_a_free_workspace_lacks_what_is_premium(
    make, monitors, bulk, book, tenants, door_id, postman_id, contents
) -> None:
    await book(Plan.FREE)
    other_id = await make("Other")

    for change in (
        make(probe=POSTMAN),
        monitors.update(tenants.owner, UpdateMonitor(id=door_id, probe=POSTMAN)),
        bulk.check_now(tenants.owner, CheckNow(monitor_ids=[door_id])),
        bulk.check_now(tenants.owner, CheckNow()),
        bulk.set_tags(tenants.owner, SetTags(monitor_ids=[door_id, other_id], add=["x"])),
    ):
        await refused(contents, change, PremiumRequired)

    await bulk.set_tags(tenants.owner, SetTags(monitor_ids=[door_id], add=["x"]))
    await monitors.update(tenants.owner, UpdateMonitor(id=postman_id, name="The post stays"))


async def test_after_a_downgrade_writes_are_refused_until_it_fits(
    make, monitors, bulk, projects, book, database, clock, village, tenants, contents
) -> None:
    made = [await make(str(number)) for number in range(TERMS[Plan.FREE].monitors + 1)]
    project = encode_id(Prefix.PROJECT, await projects.create(tenants.owner, CreateProject(name="Team")))
    channels = ChannelService(database=database, registry=village, clock=clock)
    webhooks = WebhookService(database=database, clock=clock)
    channel = encode_id(
        Prefix.CHANNEL, await channels.create(tenants.owner, CreateChannel(name="Dove", notifier=PIGEON))
    )
    hook = CreateWebhook(name="Hook", url="https://example.org/", events=[WebhookEvent.MONITOR_DOWN])
    webhook = encode_id(Prefix.WEBHOOK, await webhooks.create(tenants.owner, hook))
    await monitors.pause(tenants.owner, made[1])
    await book(Plan.FREE)

    for change in (
        make(),
        monitors.update(tenants.owner, UpdateMonitor(id=made[0], name="Other")),
        monitors.resume(tenants.owner, made[1]),
        bulk.check_now(tenants.owner, CheckNow(monitor_ids=[made[0]])),
        bulk.set_tags(tenants.owner, SetTags(monitor_ids=[made[0]], add=["x"])),
        projects.create(tenants.owner, CreateProject(name="More")),
        projects.update(tenants.owner, UpdateProject(id=project, name="Other")),
        channels.create(tenants.owner, CreateChannel(name="Dove", notifier=PIGEON)),
        channels.update(tenants.owner, UpdateChannel(id=channel, name="Other")),
        webhooks.create(tenants.owner, hook),
        webhooks.update(tenants.owner, UpdateWebhook(id=webhook, name="Other")),
    ):
        await refused(contents, change, WriteLocked)

    await monitors.pause(tenants.owner, made[0])
    await projects.delete(tenants.owner, DeleteProject(id=project))
    await channels.delete(tenants.owner, channel)
    await webhooks.delete(tenants.owner, webhook)
    await monitors.delete(tenants.owner, made[1])
    assert await has_room(database, tenants.owner, clock.now())
    await monitors.resume(tenants.owner, made[0])


async def test_monitors_that_run_too_often_lock_the_workspace_until_they_run_less_often(
    make, monitors, book, database, tenants, contents
) -> None:
    often, seldom = await make("often", interval_seconds=30), await make("seldom")
    await book(Plan.FREE)

    rename = UpdateMonitor(id=seldom, name="Other")
    await refused(contents, monitors.update(tenants.owner, rename), WriteLocked)
    both = UpdateMonitor(id=often, name="Other", interval_seconds=300)
    await refused(contents, monitors.update(tenants.owner, both), WriteLocked)
    enough = UpdateMonitor(id=often, interval_seconds=60)
    await refused(contents, monitors.update(tenants.owner, enough), OverLimit)
    less = UpdateMonitor(id=seldom, interval_seconds=60)
    await refused(contents, monitors.update(tenants.owner, less), WriteLocked)

    await monitors.update(tenants.owner, UpdateMonitor(id=often, interval_seconds=300))
    await monitors.update(tenants.owner, rename)


async def test_a_monitor_paused_over_a_downgrade_resumes_once_it_runs_less_often(
    make, monitors, book, tenants, contents
) -> None:
    often = await make(interval_seconds=30)
    await monitors.pause(tenants.owner, often)
    await book(Plan.FREE)

    await refused(contents, monitors.resume(tenants.owner, often), OverLimit)

    await monitors.update(tenants.owner, UpdateMonitor(id=often, interval_seconds=300))
    await monitors.resume(tenants.owner, often)


async def test_those_who_may_not_write_learn_nothing_of_the_plan(
    make, monitors, trespasser, book, contents
) -> None:
    door_id = await make()
    for number in range(TERMS[Plan.FREE].monitors):
        await make(str(number))
    await book(Plan.FREE)

    update = UpdateMonitor(id=door_id, name="Other")
    error = ProjectWriteForbidden if trespasser.error is Forbidden else trespasser.error
    await refused(contents, monitors.update(trespasser.principal, update), error)
