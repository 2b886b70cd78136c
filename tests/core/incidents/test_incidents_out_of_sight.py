"""Incidents of monitors that a confined member does not see, and such as ended too long ago, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.access.plans import Plan
from core.errors import Conflict, DeviceScopeForbidden, NotFound
from core.ids import Prefix, encode_id, new_id
from core.incidents.incident_service import AddIncidentNote, IncidentService, SetRootCause
from core.kind_choice import KindChoice
from core.monitors.monitor_input import CreateMonitor, UpdateMonitor
from core.monitors.monitor_life import MonitorLife
from core.monitors.monitor_service import MonitorService
from plugins.api.outcome import RootCause

DOOR = KindChoice(kind="door", config={"address": "Front"})


@pytest.fixture
def incidents(database, clock) -> IncidentService:
    return IncidentService(database=database, clock=clock)


@pytest.fixture
def monitors(database, clock, village) -> MonitorService:
    return MonitorService(
        database=database, registry=village, life=MonitorLife(registry=village), clock=clock
    )


@pytest.fixture
async def monitor_id(monitors, tenants) -> UUID:
    """A monitor in the default project."""
    made: UUID = await monitors.create(tenants.owner, CreateMonitor(name="Door", probe=DOOR))
    return made


@pytest.fixture
def add_incident(database, clock, tenants) -> Callable[..., Awaitable[str]]:
    """`await add_incident(monitor_id)` adds an open one that is of the default project; resolved if so long ago."""

    async def add(monitor_id: UUID, *, resolved_ago: timedelta | None = None) -> str:
        made, now = new_id(clock.now()), clock.now()
        async with database.acquire() as connection:
            await connection.execute(
                "INSERT INTO incidents (id, workspace_id, project_id, monitor_id, monitor_name, kind, year, number,"
                " status, severity, started_at, resolved_at)"
                " VALUES ($1, $2, $3, $4, 'Door', 'OUTAGE', 2026, 1, $5, 'HIGH', $6, $7)",
                made,
                tenants.owner.workspace_id,
                tenants.default_project_id,
                monitor_id,
                "OPEN" if resolved_ago is None else "RESOLVED",
                now - timedelta(days=900),
                None if resolved_ago is None else now - resolved_ago,
            )
        return encode_id(Prefix.INCIDENT, made)

    return add


def changes_of(incidents: IncidentService, who, public_id: str) -> list[Awaitable[object]]:
    return [
        incidents.acknowledge(who, public_id),
        incidents.resolve(who, public_id),
        incidents.add_note(who, AddIncidentNote(id=public_id, message="seen")),
        incidents.set_root_cause(who, SetRootCause(id=public_id, root_cause=RootCause.DNS_FAILURE)),
    ]


async def test_an_incident_of_a_monitor_out_of_sight_is_refused_and_an_unknown_one_not_found(
    incidents, confined, tenants, monitor_id, add_incident, contents, clock
) -> None:
    incident_id = await add_incident(monitor_id)
    unknown = encode_id(Prefix.INCIDENT, new_id(clock.now()))
    before = await contents()

    for public_id, error in (
        (incident_id, DeviceScopeForbidden),
        (unknown, NotFound),
        ("inc_?", NotFound),
    ):
        for change in changes_of(incidents, confined.principal, public_id):
            with pytest.raises(error) as refused:
                await change
            assert (type(refused.value), refused.value.path) == (error, ("id",))
    assert await contents() == before


async def test_an_incident_goes_with_its_monitor_wherever_that_is_now(
    incidents, monitors, confined, tenants, monitor_id, add_incident
) -> None:
    incident_id = await add_incident(monitor_id)
    to_sight = UpdateMonitor(
        id=encode_id(Prefix.MONITOR, monitor_id), project_id=encode_id(Prefix.PROJECT, confined.project_id)
    )

    await monitors.update(tenants.owner, to_sight)

    for change in changes_of(incidents, confined.principal, incident_id):
        await change
    with pytest.raises(Conflict):
        await incidents.acknowledge(confined.principal, incident_id)


async def test_the_incident_of_a_monitor_that_is_purged_stays_in_its_last_project(
    incidents, confined, tenants, add_incident, clock
) -> None:
    incident_id = await add_incident(new_id(clock.now()))
    note = AddIncidentNote(id=incident_id, message="seen")

    with pytest.raises(DeviceScopeForbidden):
        await incidents.add_note(confined.principal, note)
    await incidents.add_note(confined.to(tenants.default_project_id), note)


async def test_an_incident_that_ended_before_the_plans_history_is_not_found_to_be_changed(
    incidents, tenants, monitor_id, add_incident, contents
) -> None:
    free = replace(tenants.owner, plan=Plan.FREE)
    past = await add_incident(monitor_id, resolved_ago=timedelta(days=7, microseconds=1))
    before = await contents()

    for change in changes_of(incidents, free, past):
        with pytest.raises(NotFound) as refused:
            await change
        assert refused.value.path == ("id",)
    assert await contents() == before

    await incidents.add_note(tenants.owner, AddIncidentNote(id=past, message="seen"))
