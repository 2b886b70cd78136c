"""What people do to incidents, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from core.checks.finding import Finding
from core.checks.recording import record_findings
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import Prefix, encode_id, new_id
from core.incidents.incident_service import AddIncidentNote, IncidentService, SetRootCause
from core.kind_choice import KindChoice
from core.monitors.monitor_input import ConfirmationInput, CreateMonitor
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_service import MonitorService
from plugins.api.outcome import CheckStatus, Outcome, RootCause


@pytest.fixture
def incidents(database, clock) -> IncidentService:
    return IncidentService(database=database, clock=clock)


@pytest.fixture
async def incident_id(database, clock, tenants) -> str:
    made = new_id(clock.now())
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO incidents (id, workspace_id, project_id, monitor_id, monitor_name, kind, year, number,"
            " status, severity, started_at) VALUES ($1, $2, $3, $4, 'Door', 'OUTAGE', 2026, 1, 'OPEN', 'HIGH', $5)",
            made,
            tenants.owner.workspace_id,
            tenants.default_project_id,
            new_id(clock.now()),
            clock.now(),
        )
    return encode_id(Prefix.INCIDENT, made)


async def timeline(database) -> list[tuple[str, str]]:
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT kind, message FROM incident_events ORDER BY at, id")
    return [(row["kind"], row["message"]) for row in rows]


async def test_an_incident_is_acknowledged_once(incidents, tenants, incident_id, database, clock) -> None:
    await incidents.acknowledge(tenants.owner, incident_id)
    async with database.acquire() as connection:
        row = await connection.fetchrow("SELECT status, acknowledged_at, acknowledged_by FROM incidents")
        changes = await connection.fetch("SELECT subject, change FROM events")
    assert tuple(row) == ("ACKNOWLEDGED", clock.now(), tenants.owner.user_id)
    assert [tuple(change) for change in changes] == [("INCIDENT", "STATUS")]

    clock.advance(5)
    await incidents.acknowledge(tenants.owner, incident_id)

    assert await timeline(database) == [("ACKNOWLEDGED", "acknowledged")]


async def test_a_resolved_incident_cannot_be_acknowledged(incidents, tenants, incident_id, database) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE incidents SET status = 'RESOLVED', resolved_at = started_at")

    with pytest.raises(Conflict, match="the incident is resolved"):
        await incidents.acknowledge(tenants.owner, incident_id)

    assert await timeline(database) == []


async def test_a_note_of_several_lines_enters_the_timeline(incidents, tenants, incident_id, database) -> None:
    await incidents.add_note(tenants.owner, AddIncidentNote(id=incident_id, message=" cable\nunplugged "))

    assert await timeline(database) == [("NOTE", "cable\nunplugged")]


@pytest.mark.parametrize("message", ["", "  ", "x" * 5_001, "a\0b", "\ud800"])
async def test_a_note_that_cannot_be_stored_is_refused(
    incidents, tenants, incident_id, database, message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await incidents.add_note(tenants.owner, AddIncidentNote(id=incident_id, message=message))

    assert {issue.path for issue in refused.value.issues} == {("message",)}
    assert await timeline(database) == []


async def test_a_root_cause_is_told_when_it_is_news(incidents, tenants, incident_id, database, clock) -> None:
    cause = SetRootCause(id=incident_id, root_cause=RootCause.DNS_FAILURE, detail="zone expired")
    await incidents.set_root_cause(tenants.owner, cause)
    await incidents.set_root_cause(tenants.owner, cause)
    clock.advance(1)
    kept = SetRootCause(id=incident_id, root_cause=RootCause.CONFIGURATION_ERROR)
    await incidents.set_root_cause(tenants.owner, kept)
    clock.advance(1)
    bare = SetRootCause(id=incident_id, root_cause=RootCause.CONFIGURATION_ERROR, detail=None)
    await incidents.set_root_cause(tenants.owner, bare)

    assert await timeline(database) == [
        ("ROOT_CAUSE_SET", "DNS_FAILURE: zone expired"),
        ("ROOT_CAUSE_SET", "CONFIGURATION_ERROR: zone expired"),
        ("ROOT_CAUSE_SET", "CONFIGURATION_ERROR"),
    ]


async def test_who_may_not_touch_an_incident_leaves_no_trace(
    incidents, incident_id, contents, trespasser
) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await incidents.acknowledge(trespasser.principal, incident_id)
    with pytest.raises(trespasser.error):
        await incidents.add_note(trespasser.principal, AddIncidentNote(id=incident_id, message="me too"))
    with pytest.raises(trespasser.error):
        await incidents.set_root_cause(
            trespasser.principal, SetRootCause(id=incident_id, root_cause=RootCause.MAINTENANCE)
        )

    assert await contents() == before


@pytest.fixture
async def broken_door(database, village, clock, tenants) -> str:
    """The incident of a monitor that was found DOWN, and is looked at no more."""
    monitors = MonitorService(
        database=database, registry=village, life=MonitorLife(registry=village), clock=clock
    )
    door = KindChoice(kind="door", config={"address": "Front"})
    once = ConfirmationInput(failures_to_open=1)
    monitor_id = await monitors.create(
        tenants.owner, CreateMonitor(name="Door", probe=door, confirmation=once)
    )
    now = clock.advance(1)
    outcome = Outcome(status=CheckStatus.DOWN, message="nobody answers")
    finding = Finding(
        monitor_id=monitor_id, region_id=1, slot=now, checked_at=now, config_revision=1, outcome=outcome
    )
    async with database.transaction() as connection:
        await record_findings(connection, [finding], now=now)
        return encode_id(Prefix.INCIDENT, await connection.fetchval("SELECT id FROM incidents"))


async def test_an_outage_that_lasts_cannot_be_resolved_by_hand(
    incidents, tenants, broken_door, contents
) -> None:
    before = await contents()

    with pytest.raises(Conflict, match="still down") as refused:
        await incidents.resolve(tenants.owner, broken_door)

    assert refused.value.path == ("id",)
    assert await contents() == before


async def test_an_incident_of_another_kind_is_resolved_by_hand_once(
    incidents, tenants, broken_door, database, clock
) -> None:
    async with database.acquire() as connection:
        await connection.execute("UPDATE incidents SET kind = 'DEGRADED'")
    clock.advance(1)

    await incidents.resolve(tenants.owner, broken_door)

    async with database.acquire() as connection:
        assert tuple(await connection.fetchrow("SELECT status, resolution FROM incidents")) == (
            "RESOLVED",
            "BY_HAND",
        )
        assert tenants.owner.user_id in {
            row["actor_id"] for row in await connection.fetch("SELECT actor_id FROM incident_events")
        }
    with pytest.raises(Conflict, match="already resolved"):
        await incidents.resolve(tenants.owner, broken_door)


async def test_who_may_not_resolve_an_incident_leaves_no_trace(
    incidents, broken_door, contents, trespasser
) -> None:
    before = await contents()

    with pytest.raises(trespasser.error):
        await incidents.resolve(trespasser.principal, broken_door)

    assert await contents() == before


@pytest.mark.parametrize("unknown", ["", "inc_1", "mon_00000000000000000000000000"])
async def test_a_malformed_id_answers_like_an_unknown_incident(incidents, tenants, unknown: str) -> None:
    with pytest.raises(NotFound) as refused:
        await incidents.resolve(tenants.owner, unknown)

    assert refused.value.path == ("id",)
