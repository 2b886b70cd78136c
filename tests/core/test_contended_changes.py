"""People's changes that PostgreSQL gives up for others' sake: each happens in the end, once, and others' stay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from core.access.principal import Principal
from core.checks.finding import Finding
from core.checks.recording import record_findings
from core.clock import ManualClock
from core.db.database import Database
from core.deliveries.channel_service import CreateChannel, UpdateChannel
from core.deliveries.webhook_event import WebhookEvent
from core.deliveries.webhook_service import CreateWebhook, UpdateWebhook
from core.events.sequencer import Sequencer
from core.ids import Prefix, decode_id, encode_id, new_id
from core.incidents.incident_service import AddIncidentNote, SetRootCause
from core.kind_choice import KindChoice
from core.monitors.monitor_input import (
    CheckNow,
    ConfirmationInput,
    CreateMonitor,
    NamedChannel,
    OwnChannel,
    SetTags,
    UpdateMonitor,
)
from core.monitors.project_service import CreateProject, DeleteProject, UpdateProject
from core.services import Services, build_services
from core.settings import Settings
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, IncidentKind, Outcome, RootCause
from tests.core.deadlock import Deadlock, Row

DOOR = KindChoice(kind="door", config={"address": "Front"})
WINDOW = KindChoice(kind="window", config={"height": 3})
POSTMAN = KindChoice(kind="postman", config={"everySeconds": 3600})
PIGEON = KindChoice(kind="pigeon", config={"dovecote": "north"})
PROMPTLY = ConfirmationInput(failures_to_open=1)
EVENTS = (WebhookEvent.MONITOR_DOWN,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estate:
    """What one person has in a workspace. `number` tells what he makes from what others make."""

    services: Services
    owner: Principal
    number: int
    monitor: str
    paused: str
    heartbeat: str
    incident: str
    project: str
    channel: str
    webhook: str
    delivery: str


@pytest.fixture
def services(database, clock, village) -> Services:
    return build_services(
        settings=Settings(), database=database, registry=village, clock=clock, outbound=Outbound()
    )


async def make_estate(services: Services, owner: Principal, number: int) -> Estate:
    async def monitor(name: str, probe: KindChoice, project: str) -> str:
        wanted = CreateMonitor(
            name=name, probe=probe, project_id=project, confirmation=PROMPTLY, tags=[f"wood {number}"]
        )
        return encode_id(Prefix.MONITOR, await services.monitors.create(owner, wanted))

    project = encode_id(
        Prefix.PROJECT, await services.projects.create(owner, CreateProject(name=f"House {number}"))
    )
    watched, paused = await monitor("Front", DOOR, project), await monitor("Back", DOOR, project)
    own = OwnChannel(name="Bird of its own", notifier=PIGEON)
    for each in (watched, paused):
        await services.monitors.update(owner, UpdateMonitor(id=each, channels=[own]))
    await services.monitors.pause(owner, paused)
    channel = await services.channels.create(owner, CreateChannel(name="Birds", notifier=PIGEON))
    webhook = await services.webhooks.create(
        owner, CreateWebhook(name="Hook", url="http://192.0.2.1", events=EVENTS)
    )
    async with services.database.acquire() as connection:
        await connection.execute("UPDATE leases SET due_at = due_at + interval '1 hour'")
    return Estate(
        services=services,
        owner=owner,
        number=number,
        monitor=watched,
        paused=paused,
        heartbeat=await monitor("Post", POSTMAN, project),
        incident=await open_incident(services.database, services.clock, owner, watched),
        project=project,
        channel=encode_id(Prefix.CHANNEL, channel),
        webhook=encode_id(Prefix.WEBHOOK, webhook),
        delivery=await failed_delivery(services.database, services.clock, owner, channel),
    )


async def open_incident(database: Database, clock: ManualClock, owner: Principal, monitor: str) -> str:
    """Let a monitor be slow, as an incident of that kind may be resolved by hand."""
    now, monitor_id = clock.advance(1), decode_id(Prefix.MONITOR, monitor)
    slow = Outcome(status=CheckStatus.DEGRADED, message="opens slowly", incident_kind=IncidentKind.DEGRADED)
    finding = Finding(
        monitor_id=monitor_id, region_id=1, slot=now, checked_at=now, config_revision=1, outcome=slow
    )
    async with database.transaction() as connection:
        await record_findings(connection, [finding], now=now)
        [row] = await connection.fetch("SELECT id FROM incidents WHERE monitor_id = $1", monitor_id)
    return encode_id(Prefix.INCIDENT, row["id"])


async def failed_delivery(database: Database, clock: ManualClock, owner: Principal, channel: UUID) -> str:
    made = new_id(clock.now())
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO deliveries (id, workspace_id, event, channel_id, recipient, status, body, created_at)"
            " VALUES ($1, $2, 'TEST', $3, 'north', 'FAILED', '{}', $4)",
            made,
            owner.workspace_id,
            channel,
            clock.now(),
        )
    return encode_id(Prefix.DELIVERY, made)


CHANGES: dict[str, Callable[[Estate], Awaitable[object]]] = {
    "create a monitor": lambda estate: estate.services.monitors.create(
        estate.owner, CreateMonitor(name="New", probe=DOOR, tags=[f"new {estate.number}"])
    ),
    "update a monitor": lambda estate: estate.services.monitors.update(
        estate.owner, UpdateMonitor(id=estate.monitor, probe=WINDOW, name="Renamed")
    ),
    "give a monitor channels": lambda estate: estate.services.monitors.update(
        estate.owner,
        UpdateMonitor(
            id=estate.paused,
            channels=[
                NamedChannel(channel_id=estate.channel),
                OwnChannel(name="Own", notifier=PIGEON),
                OwnChannel(name="Another", notifier=PIGEON),
            ],
        ),
    ),
    "delete a monitor": lambda estate: estate.services.monitors.delete(estate.owner, estate.monitor),
    "pause a monitor": lambda estate: estate.services.monitors.pause(estate.owner, estate.monitor),
    "resume a monitor": lambda estate: estate.services.monitors.resume(estate.owner, estate.paused),
    "rotate a heartbeat's url": lambda estate: estate.services.monitors.rotate_heartbeat_url(
        estate.owner, estate.heartbeat
    ),
    "change a heartbeat and rotate its url": lambda estate: estate.services.monitors.update(
        estate.owner, UpdateMonitor(id=estate.heartbeat, name="Other", rotates_heartbeat_url=True)
    ),
    "check monitors now": lambda estate: estate.services.bulk.check_now(
        estate.owner, CheckNow(monitor_ids=[estate.monitor])
    ),
    "set tags": lambda estate: estate.services.bulk.set_tags(
        estate.owner, SetTags(monitor_ids=[estate.monitor, estate.paused], replace=[f"set {estate.number}"])
    ),
    "create a project": lambda estate: estate.services.projects.create(
        estate.owner, CreateProject(name="New")
    ),
    "update a project": lambda estate: estate.services.projects.update(
        estate.owner, UpdateProject(id=estate.project, name="Renamed")
    ),
    "delete a project": lambda estate: estate.services.projects.delete(
        estate.owner, DeleteProject(id=estate.project, delete_monitors=True)
    ),
    "acknowledge an incident": lambda estate: estate.services.incidents.acknowledge(
        estate.owner, estate.incident
    ),
    "resolve an incident": lambda estate: estate.services.incidents.resolve(estate.owner, estate.incident),
    "add a note": lambda estate: estate.services.incidents.add_note(
        estate.owner, AddIncidentNote(id=estate.incident, message="on my way")
    ),
    "set a root cause": lambda estate: estate.services.incidents.set_root_cause(
        estate.owner, SetRootCause(id=estate.incident, root_cause=RootCause.DNS_FAILURE)
    ),
    "create a channel": lambda estate: estate.services.channels.create(
        estate.owner, CreateChannel(name="New", notifier=PIGEON)
    ),
    "update a channel": lambda estate: estate.services.channels.update(
        estate.owner, UpdateChannel(id=estate.channel, name="Renamed")
    ),
    "delete a channel": lambda estate: estate.services.channels.delete(estate.owner, estate.channel),
    "create a webhook": lambda estate: estate.services.webhooks.create(
        estate.owner, CreateWebhook(name="New", url="http://192.0.2.1", events=EVENTS)
    ),
    "update a webhook": lambda estate: estate.services.webhooks.update(
        estate.owner, UpdateWebhook(id=estate.webhook, name="Renamed")
    ),
    "delete a webhook": lambda estate: estate.services.webhooks.delete(estate.owner, estate.webhook),
    "redeliver": lambda estate: estate.services.deliveries.redeliver(estate.owner, estate.delivery),
}
TOUCHED = ("monitors", "leases", "projects", "channels", "webhooks", "deliveries", "heartbeats", "events")


async def make_commits_fail(database: Database) -> None:
    """Have PostgreSQL give up the first commit after each `ALTER SEQUENCE commits RESTART`, for others' sake."""
    async with database.acquire() as connection:
        await connection.execute("CREATE SEQUENCE commits START 2")
        await connection.execute(
            "CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF nextval('commits') = 1 THEN RAISE 'chosen' USING ERRCODE = '40P01'; END IF; RETURN NULL; END $$"
        )
        for table in TOUCHED:
            await connection.execute(
                f"CREATE CONSTRAINT TRIGGER stumble AFTER INSERT OR UPDATE OR DELETE ON {table}"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stumble()"
            )


async def sums(database: Database) -> dict[str, int]:
    """Return how many rows each table holds, and how often those with a revision were changed."""
    async with database.acquire() as connection:
        tables = await connection.fetch(
            "SELECT tablename AS name, EXISTS (SELECT FROM information_schema.columns"
            " WHERE table_name = tablename AND column_name = 'revision') AS is_revised"
            " FROM pg_tables WHERE schemaname = 'public'"
        )
        return {
            table["name"]: await connection.fetchval(
                f'SELECT count(*) + {"coalesce(sum(revision), 0)" if table["is_revised"] else 0} FROM "{table["name"]}"'
            )
            for table in tables
        }


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_change_that_is_given_up_once_is_made_once(
    services, tenants, database, change: Callable[[Estate], Awaitable[object]]
) -> None:
    undisturbed, disturbed = [await make_estate(services, tenants.owner, number) for number in (1, 2)]
    await make_commits_fail(database)
    before = await sums(database)
    await change(undisturbed)
    between = await sums(database)
    async with database.acquire() as connection:
        await connection.execute("ALTER SEQUENCE commits RESTART WITH 1")

    await change(disturbed)

    after = await sums(database)
    async with database.acquire() as connection:
        assert await connection.fetchval("SELECT last_value FROM commits") > 1
    grown = {table: between[table] - before[table] for table in before}
    assert {table: after[table] - between[table] for table in before} == grown


async def test_a_person_who_meets_a_deadlock_does_not_notice_and_others_come_first(
    services, tenants, database, database_dsn
) -> None:
    estate = await make_estate(services, tenants.owner, 1)
    monitor_id, workspace_id = decode_id(Prefix.MONITOR, estate.monitor), tenants.owner.workspace_id
    async with database.acquire() as connection:
        await connection.execute("DELETE FROM events")
    others = (
        "INSERT INTO events (workspace_id, subject, subject_id, change, at)"
        f" VALUES ('{workspace_id}', 'MONITOR', '{monitor_id}', 'UPDATED', clock_timestamp())"
    )
    in_a_circle = Deadlock(
        first=Row("workspaces", "id", workspace_id),
        gate=Row("monitors", "id", monitor_id),
        last=Row("monitor_states", "monitor_id", monitor_id),
        rival=others,
    )

    deleted = await in_a_circle.strike(
        database, database_dsn, lambda: services.monitors.delete(tenants.owner, estate.monitor)
    )

    assert deleted == monitor_id
    await Sequencer(database=database, clock=services.clock).step()
    async with database.acquire() as connection:
        told = await connection.fetch(
            "SELECT sequence, change FROM events WHERE subject_id = $1 ORDER BY sequence", monitor_id
        )
        ends = await connection.fetchval(
            "SELECT count(*) FROM incident_events WHERE message = 'the monitor was deleted'"
        )
    assert [row["change"] for row in told] == ["UPDATED", "DELETED"]
    assert ends == 1
