"""A workspace in which nothing is missing: whatever may be told of an object, there is one of which it can be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from core.access.principal import Role
from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from tests.graphql_schema.conftest import Tenant
from tests.graphql_schema.samples import MARK, World

_AGE = timedelta(minutes=5)


async def furnish(world: World) -> dict[str, tuple[str, str]]:
    """Add one of everything to the project. Of what no query lists, return the query that opens it and an id, by type."""
    tenant = world.tenant
    monitor_id = await _monitor(world)
    (check_id,) = await _checks(tenant, monitor_id)
    await _heartbeat(world)
    incident_id = await _incidents(world, monitor_id)
    await _told_of(tenant, incident_id)
    await world.invitation()
    token_id = await _token(tenant)
    await _audit(tenant, token_id, monitor_id)
    await tenant.fetch(
        "UPDATE regions SET country = 'Switzerland', country_code = 'CH', latitude = 46.9, longitude = 7.4"
    )
    return {"Check": ("monitors", encode_id(Prefix.CHECK, check_id))}


async def complete_people(tenant: Tenant) -> None:
    """Let everybody have what people may leave out."""
    await tenant.fetch("UPDATE users SET image = 'https://example.org/i', phone_number = '+441632960961'")
    await tenant.fetch("UPDATE members SET name = 'Ada', invited_at = created_at")
    await tenant.fetch("UPDATE sessions SET user_agent = 'a browser'")


async def _monitor(world: World) -> UUID:
    tenant = world.tenant
    monitor_id = await tenant.add_monitor(
        MARK, project_id=world.project_id, status=MonitorStatus.DOWN, regression_enabled=True
    )
    tag_id = tenant.next_id()
    named = {"workspace_id": tenant.workspace_id}
    await tenant.insert("tags", id=tag_id, name=MARK, **named)
    await tenant.insert("monitor_tags", monitor_id=monitor_id, tag_id=tag_id, **named)
    await tenant.insert("monitor_regions", monitor_id=monitor_id, region_id=1, **named)
    await tenant.insert(
        "response_baselines",
        monitor_id=monitor_id,
        config_revision=1,
        period_days=7,
        reckoned_at=tenant.now,
        region_ids=[1],
        region_us=[1_500.0],
        usual_us=1_500.0,
        **named,
    )
    await tenant.add_own_channel(monitor_id, MARK)
    return monitor_id


async def _checks(tenant: Tenant, monitor_id: UUID) -> list[UUID]:
    phases = dict.fromkeys(("dns_us", "connect_us", "tls_us", "first_byte_us", "transfer_us"), 1_500)
    await tenant.insert(
        "check_details",
        monitor_id=monitor_id,
        slot=tenant.now - _AGE,
        region_id=1,
        workspace_id=tenant.workspace_id,
        assertions=[{"name": "status", "passed": False, "expected": "200-299", "actual": "500"}],
        evidence={"body": MARK},
    )
    return await tenant.add_checks(monitor_id, [_AGE], status=3, error="500", status_code=500, **phases)


async def _heartbeat(world: World) -> None:
    tenant = world.tenant
    job_id = await tenant.add_heartbeat(MARK, token=MARK)
    await tenant.fetch("UPDATE monitors SET project_id = $2 WHERE id = $1", job_id, world.project_id)
    await tenant.insert(
        "pings",
        id=tenant.next_id(),
        monitor_id=job_id,
        workspace_id=tenant.workspace_id,
        arrived_at=tenant.now - _AGE,
        kind="SUCCESS",
        message="done",
        run_id="r1",
        duration_ms=20.0,
        exit_code=0,
    )


async def _incidents(world: World, monitor_id: UUID) -> UUID:
    """Add one that has ended, and return one that lasts."""
    tenant = world.tenant
    known: dict[str, Any] = {"project_id": world.project_id, "root_cause_detail": "500"}
    ended = {"status": "RESOLVED", "resolved_at": tenant.now}
    await tenant.add_incident(monitor_id, 1, timedelta(hours=1), **known, **ended)
    seen = {"status": "ACKNOWLEDGED", "acknowledged_at": tenant.now, "acknowledged_by": tenant.user_id}
    return await tenant.add_incident(monitor_id, 2, timedelta(hours=1), **known, **seen)


async def _told_of(tenant: Tenant, incident_id: UUID) -> None:
    """Add who was told of an incident, why, and what was noted."""
    channel_id = await tenant.add_channel(MARK)
    webhook_id = await tenant.add_webhook(MARK, last_status=204, last_triggered_at=tenant.now)
    about = {"incident_id": incident_id, "error": "refused", "next_attempt_at": tenant.now}
    delivery_id = await tenant.add_delivery(channel_id=channel_id, **about)
    await tenant.add_delivery(webhook_id=webhook_id, **about)
    line = {"incident_id": incident_id, "workspace_id": tenant.workspace_id, "at": tenant.now}
    note = {"kind": "NOTE", "message": MARK, "actor_id": tenant.user_id}
    await tenant.insert("incident_events", id=tenant.next_id(), **note, **line)
    why = {"step": "ROUTE", "outcome": "NOTIFY", "reason": "everybody is told"}
    decided = {"channel_id": channel_id, "delivery_id": delivery_id, **why}
    await tenant.insert("alert_decisions", id=tenant.next_id(), **decided, **line)


async def _token(tenant: Tenant) -> UUID:
    """Add a token of which everything can be told; its id comes before all others."""
    teammate = await tenant.add_token(role=Role.ADMIN, expires_at=tenant.now + timedelta(days=1))
    token_id = tenant.next_id()
    await tenant.fetch(
        "UPDATE api_tokens SET id = $2, revoked_at = $3, last_used_at = $3 WHERE created_by = $1",
        teammate.user_id,
        token_id,
        tenant.now,
    )
    return token_id


async def _audit(tenant: Tenant, token_id: UUID, monitor_id: UUID) -> None:
    await tenant.insert(
        "audit_entries",
        id=tenant.next_id(),
        workspace_id=tenant.workspace_id,
        at=tenant.now,
        user_id=tenant.user_id,
        token_id=token_id,
        action="monitor.updated",
        subject="mon",
        subject_id=monitor_id,
        before={"name": "old"},
        after={"name": MARK},
    )
