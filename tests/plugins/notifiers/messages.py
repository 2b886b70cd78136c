"""Messages of an incident of a shop, and of a trial, as every notifier is handed them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from plugins.api.notifier import Message, MessageCheck, MessageEvent, MessageIncident, MessageMonitor
from plugins.api.outcome import IncidentKind

AT = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
DOWN = Message(
    event=MessageEvent.MONITOR_DOWN,
    idempotency_key="wd_1",
    recipient="ops@example.org",
    at=AT,
    summary="Shop is down: HTTP 500 (INC-2026-0001)",
    workspace="Acme & Söhne",
    monitor=MessageMonitor(
        id="mon_1", name="Shop <b>", kind="http", type="WEBSITE", target="https://shop.example", status="DOWN"
    ),
    incident=MessageIncident(
        id="inc_1",
        number="INC-2026-0001",
        kind=IncidentKind.OUTAGE,
        severity="HIGH",
        started_at=AT - timedelta(seconds=20),
    ),
    check=MessageCheck(status_code=500, response_time_ms=1234.6, error="HTTP 500", region="local"),
)
UP = dataclasses.replace(
    DOWN,
    event=MessageEvent.MONITOR_UP,
    idempotency_key="wd_2",
    summary="Shop is up again after 5 min (INC-2026-0001)",
    at=AT + timedelta(minutes=5),
    incident=dataclasses.replace(DOWN.incident, resolved_at=AT + timedelta(minutes=4, seconds=40)),
    check=MessageCheck(status_code=200, response_time_ms=88.0, region="local"),
)
TRIAL = Message(
    event=MessageEvent.TEST,
    idempotency_key="wd_3",
    recipient="ops@example.org",
    at=AT,
    summary="This is a test of the channel Ops",
    workspace="Acme",
)
