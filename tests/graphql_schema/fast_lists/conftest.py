"""A workspace with something of everything, and a server of each way to ask it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from graphql import parse

from core.access.principal import Principal, Role
from core.ids import Prefix, decode_id, encode_id
from core.monitors.status import MonitorStatus
from core.services import Services
from graphql_schema.context import Context
from graphql_schema.errors import formatted
from graphql_schema.fast_lists.list_executor import ListExecutor
from graphql_schema.node_queries import NODE_KINDS
from graphql_schema.schema import TocsinSchema, build_schema

# What a new connection of the pool asks for PostgreSQL's types.
TYPE_LOOKUPS = ("typeinfo_tree", "set_config('jit'", "current_setting('jit')")


# A document that is sent again is the same object, as the door keeps it.
_read = functools.cache(parse)


@dataclass(kw_only=True)
class Asked:
    """What came of a document; `statements` were sent for it, `pages` were begun level by level."""

    body: bytes
    has_run: bool
    errors: list[dict[str, Any]]
    statements: list[str]
    pages: int = 0
    abandoned: int = 0
    data: Any = None


@dataclass(kw_only=True)
class Way:
    """One executor on the test's database."""

    schema: TocsinSchema
    services: Services
    statements: list[str]
    counted: list[bool] = field(default_factory=list)

    async def ask(self, document: str, principal: Principal, **variables: Any) -> Asked:
        """Run a document as if it had come in over HTTP."""
        self.statements.clear()
        self.counted.clear()
        now = self.services.clock.now()
        context = Context(
            services=self.services,
            node_kinds=NODE_KINDS,
            now=now,
            started_at=now,
            known_principal=principal,
            document=_read(document),
        )
        try:
            result = await self.schema.execute(document, variable_values=variables, context_value=context)
        finally:
            context.end()
        errors = [formatted(error) for error in result.errors or ()]
        body = msgspec.json.encode({"data": result.data, "errors": errors})
        return Asked(
            body=body,
            has_run=result.data is not None or any("path" in error for error in errors),
            errors=errors,
            statements=[each for each in self.statements if not any(part in each for part in TYPE_LOOKUPS)],
            pages=len(self.counted),
            abandoned=self.counted.count(False),
            data=msgspec.json.decode(body)["data"],
        )


@pytest.fixture
def fast(services, watched, installed) -> Way:
    """The list executor."""
    counted: list[bool] = []

    class Watched(ListExecutor):
        async def _page(self, complete: Any, page: Any) -> Any:
            place = len(counted)
            counted.append(False)
            completed = await super()._page(complete, page)
            counted[place] = True
            return completed

    schema = build_schema(installed, executor=Watched)
    return Way(schema=schema, services=services, statements=watched.statements, counted=counted)


@pytest.fixture
def stock(services, watched, installed) -> Way:
    """Graphql-core's own executor."""
    return Way(schema=build_schema(installed), services=services, statements=watched.statements)


@pytest.fixture
async def principal(owner, services) -> Principal:
    """The owner."""
    return await services.authentication.authenticate(owner.secret)


@pytest.fixture
async def confined(owner, services, everything) -> Principal:
    """A member who is confined to the second of the projects, the zoo."""
    member = await owner.add_token(
        role=Role.MEMBER, confined_to=[decode_id(Prefix.PROJECT, everything["prj"][1])]
    )
    return await services.authentication.authenticate(member.secret)


@pytest.fixture
async def everything(owner) -> dict[str, list[str]]:
    """Something of everything, with what may be missing missing at times; return ids by prefix."""
    now, named = owner.now, {"workspace_id": owner.workspace_id}
    other, empty = await owner.add_project("Zoo"), await owner.add_project("Empty")
    plain = await owner.add_monitors(["Ant", "Bee", "Cat"], project_id=other)
    never = await owner.add_monitor("Never", status=MonitorStatus.PENDING, interval_seconds=None)
    down = await owner.add_monitor("Down", status=MonitorStatus.DOWN, paused_at=now)
    dns = await owner.add_monitor("Dns", kind="dns", config={"name": "example.org"}, target="example.org")
    stranger = await owner.add_monitor("Pigeon", kind="pigeon", config={"loft": 3}, target="a pigeon")
    misfit = await owner.add_monitor("Misfit", config={"url": 7})
    job = await owner.add_heartbeat()
    monitors = [*plain, never, down, dns, stranger, misfit, job]
    await owner.insert_many(
        "monitor_regions", [{"monitor_id": each, "region_id": 1, **named} for each in [*plain, down, dns]]
    )
    tags = [owner.next_id() for _ in range(3)]
    await owner.insert_many("tags", [{"id": each, "name": f"t{each}", **named} for each in tags])
    await owner.insert_many(
        "monitor_tags",
        [
            {"monitor_id": each, "tag_id": tag, **named}
            for place, each in enumerate(monitors)
            for tag in tags[: place % 4]
        ],
    )
    checks = await owner.add_checks(plain[0], [timedelta(minutes=5 * place) for place in range(6)])
    slow = {"response_us": 900_000, "dns_us": 1, "connect_us": 2, "first_byte_us": 3, "status_code": 200}
    checks += await owner.add_checks(plain[1], [timedelta(minutes=3), timedelta(hours=3)], **slow)
    failed = {"status": 3, "response_us": None, "error": "connection refused"}
    checks += await owner.add_checks(down, [timedelta(minutes=2), timedelta(minutes=7)], **failed)
    checks += await owner.add_checks(job, [timedelta(minutes=4)], region_id=0, response_us=None)
    await owner.insert(
        "check_details",
        monitor_id=down,
        slot=now - timedelta(minutes=2),
        region_id=1,
        assertions=[{"name": "status", "passed": False, "expected": "200"}, {"name": "tls", "passed": True}],
        evidence={"head": "HTTP/1.1 500", "sizes": [1, 2.5, None]},
        **named,
    )
    for place, kind in enumerate(("SUCCESS", "START", "FAIL")):
        await owner.insert(
            "pings",
            id=owner.next_id(),
            monitor_id=job,
            kind=kind,
            arrived_at=now - timedelta(minutes=4 + place),
            **named,
        )
    return await _alerted(
        owner,
        monitors,
        {
            "projects": [owner.project_id, other, empty],
            "tags": tags,
            "checks": checks,
            "monitors": monitors,
        },
    )


async def _alerted(owner, monitors, made) -> dict[str, list[str]]:
    now, named = owner.now, {"workspace_id": owner.workspace_id}
    seen = await owner.add_incident(
        monitors[4], 1, timedelta(minutes=30), status="ACKNOWLEDGED", acknowledged_by=owner.user_id
    )
    over = await owner.add_incident(
        monitors[1],
        2,
        timedelta(hours=4),
        kind="DEGRADED",
        status="RESOLVED",
        resolved_at=now - timedelta(hours=3),
        checks_failed=2,
        checks_total=5,
        root_cause_detail="a cable",
        region_ids=[],
    )
    incidents = [seen, over]
    for place, kind in enumerate(("OPENED", "NOTE", "RESOLVED")):
        await owner.insert(
            "incident_events",
            id=owner.next_id(),
            incident_id=incidents[place % 2],
            at=now - timedelta(minutes=place),
            kind=kind,
            message=f"line {place}",
            actor_id=owner.user_id if place == 1 else None,
            **named,
        )
    channels = [
        await owner.add_channel(),
        await owner.add_channel("Lost", kind="smoke", config={}, is_active=False),
    ]
    await owner.link_channel(channels[0], monitors[:4], place=2, is_enabled=False)
    await owner.link_channel(channels[1], monitors[1:3])
    channels.append(await owner.add_own_channel(monitors[0]))
    webhooks = [await owner.add_webhook(), await owner.add_webhook("Bare", events=[], secret=None)]
    deliveries = [
        await owner.add_delivery(channel_id=channels[0], incident_id=seen),
        await owner.add_delivery(channel_id=channels[1], event="TEST", status="PENDING", delivered_at=None),
        await owner.add_delivery(webhook_id=webhooks[0], incident_id=over, status_code=None, error="refused"),
        await owner.add_delivery(channel_id=channels[0], incident_id=over, event="RECOVERED"),
    ]
    for place, delivery_id in enumerate((deliveries[0], None)):
        await owner.insert(
            "alert_decisions",
            id=owner.next_id(),
            incident_id=seen,
            at=now + timedelta(seconds=place),
            step="ROUTE",
            outcome="NOTIFY" if delivery_id else "DROP",
            reason="no policy",
            channel_id=channels[0] if delivery_id else None,
            delivery_id=delivery_id,
            **named,
        )
    found = {
        Prefix.MONITOR: made["monitors"],
        Prefix.PROJECT: made["projects"],
        Prefix.TAG: made["tags"],
        Prefix.CHECK: made["checks"],
        Prefix.INCIDENT: incidents,
        Prefix.CHANNEL: channels,
        Prefix.WEBHOOK: webhooks,
        Prefix.DELIVERY: deliveries,
    }
    return {prefix: [encode_id(prefix, each) for each in ids] for prefix, ids in found.items()}
