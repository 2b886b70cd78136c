"""A workspace with a monitor whose incidents open and end, and the components that tell of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec

from core.alerting.engine import AlertEngine
from core.alerting.flapping_end import FlappingEnd
from core.alerting.timer import TimerKind
from core.alerting.timers import Timers
from core.clock import ManualClock
from core.db.database import Database
from core.deliveries.dispatcher import Dispatcher
from core.ids import Prefix, encode_id, new_id
from core.incidents.transition import (
    CheckSnapshot,
    IncidentSnapshot,
    MonitorSnapshot,
    Resolution,
    Severity,
    TransitionDetails,
    TransitionKind,
    incident_number,
)
from core.plugin_registry import PluginRegistry, registry_of
from plugins.api.config import Config
from plugins.api.hookspecs import hookimpl
from plugins.api.http_delivery import deliver
from plugins.api.notifier import Audience, Message, Notifier, Receipt, SendContext
from plugins.api.outbound import Outbound
from plugins.api.outcome import CheckStatus, IncidentKind, Outcome
from plugins.api.probe import Probe, ProbeContext
from plugins.notifiers import webhook

ALL_EVENTS = ("MONITOR_DOWN", "MONITOR_UP", "INCIDENT_CREATED", "INCIDENT_RESOLVED")


class SiteConfig(Config):
    """A site."""

    url: str


class PagerConfig(Config):
    """People, and where they are reached."""

    url: str
    people: tuple[str, ...]


async def _look(_config: SiteConfig, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UP)


async def _page(config: PagerConfig, message: Message, context: SendContext) -> Receipt:
    body = json.dumps(
        {
            "event": message.event,
            "summary": message.summary,
            "recipient": message.recipient,
            "key": message.idempotency_key,
            "reference": message.reference,
        }
    ).encode()
    request = httpx.Request("POST", f"{config.url}/{message.recipient}", content=body)
    receipt = await deliver(context.outbound, request, timeout_seconds=context.timeout_seconds)
    return Receipt(reference=f"thread of {message.recipient}", status_code=receipt.status_code)


class Gear:
    """A probe with a name of its own in webhooks, and a notifier that people read."""

    @hookimpl
    def register_probes(self) -> list[Probe[Any]]:
        return [
            Probe(
                key="site",
                title="Site",
                description="Looks at a site",
                config=SiteConfig,
                check=_look,
                target=lambda config: config.url,
                presentation=lambda _config: "WEBSITE",
            )
        ]

    @hookimpl
    def register_notifiers(self) -> list[Notifier[Any]]:
        return [
            Notifier(
                key="pager",
                title="Pager",
                description="Wakes people",
                config=PagerConfig,
                send=_page,
                recipients=lambda config: config.people,
                audience=Audience.PEOPLE,
            )
        ]


def full_registry() -> PluginRegistry:
    registry = registry_of(Gear(), webhook)
    assert registry.failures == ()
    return registry


class World:
    """One workspace with one monitor. Rows are written here as the services and the recorder write them."""

    def __init__(
        self, database: Database, clock: ManualClock, registry: PluginRegistry | None = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.workspace_id = new_id(clock.now())
        self.monitor_id = new_id(clock.now())
        self.project_id = new_id(clock.now())
        self.incidents = 0
        self.use(full_registry() if registry is None else registry)

    def use(self, registry: PluginRegistry) -> None:
        """Start the components anew, as a new process would."""
        self.registry = registry
        self.outbound = Outbound()
        self.dispatcher = self.new_dispatcher()
        self.engine = AlertEngine(database=self.database, registry=registry, clock=self.clock)
        handlers = {TimerKind.FLAPPING: FlappingEnd(registry)}
        self.timers = Timers(database=self.database, clock=self.clock, handlers=handlers)

    def new_dispatcher(self, **options: Any) -> Dispatcher:
        return Dispatcher(
            database=self.database,
            registry=self.registry,
            outbound=self.outbound,
            clock=self.clock,
            **{"jitter": lambda: 0.0, **options},
        )

    async def build(self, name: str = "Shop") -> None:
        now = self.clock.now()
        await self.execute(
            "INSERT INTO workspaces (id, name, owner_id, plan, created_at) VALUES ($1, 'Acme', $1, 'FREE', $2)",
            self.workspace_id,
            now,
        )
        await self.add_monitor(self.monitor_id, name)

    async def add_monitor(self, monitor_id: UUID, name: str = "Shop") -> None:
        now = self.clock.now()
        await self.execute(
            "INSERT INTO monitors (id, workspace_id, project_id, name, kind, is_passive, config, target,"
            " timeout_seconds, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, 'site', false, $5, 'https://shop.example', 30, $6, $6)",
            monitor_id,
            self.workspace_id,
            self.project_id,
            name,
            {"url": "https://shop.example"},
            now,
        )
        await self.execute(
            "INSERT INTO monitor_states (monitor_id, workspace_id, status, since_ms) VALUES ($1, $2, 1, 0)",
            monitor_id,
            self.workspace_id,
        )

    # ---- destinations ----------------------------------------------------------------------------

    async def add_channel(self, kind: str, config: dict[str, Any], name: str = "Ops") -> UUID:
        channel_id = new_id(self.clock.now())
        await self.execute(
            "INSERT INTO channels (id, workspace_id, name, kind, config, created_at) VALUES ($1,$2,$3,$4,$5,$6)",
            channel_id,
            self.workspace_id,
            name,
            kind,
            config,
            self.clock.now(),
        )
        return channel_id

    async def add_pager(self, url: str, *people: str) -> UUID:
        return await self.add_channel("pager", {"url": url, "people": people or ["ann"]}, "Pager")

    async def add_webhook(
        self, url: str, *, events: Sequence[str] = ALL_EVENTS, secret: str | None = None, name: str = "Hook"
    ) -> UUID:
        webhook_id = new_id(self.clock.now())
        await self.execute(
            "INSERT INTO webhooks (id, workspace_id, name, url, events, secret, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            webhook_id,
            self.workspace_id,
            name,
            url,
            list(events),
            secret,
            self.clock.now(),
        )
        return webhook_id

    # ---- what happens ----------------------------------------------------------------------------

    async def fail(
        self,
        kind: IncidentKind = IncidentKind.OUTAGE,
        *,
        monitor_id: UUID | None = None,
        name: str = "Shop",
        error: str = "HTTP 500",
    ) -> UUID:
        """Open an incident, and return its id."""
        self.incidents += 1
        now, incident_id = self.clock.now(), new_id(self.clock.now())
        monitor_id = monitor_id or self.monitor_id
        await self.execute(
            "INSERT INTO incidents (id, workspace_id, project_id, monitor_id, monitor_name, kind, year, number,"
            " status, severity, started_at) VALUES ($1, $2, $3, $4, $5, $6, 2026, $7, 'OPEN', 'HIGH', $8)",
            incident_id,
            self.workspace_id,
            self.project_id,
            monitor_id,
            name,
            kind.value,
            self.incidents,
            now,
        )
        check = CheckSnapshot(
            slot=now,
            status="DOWN",
            status_code=500,
            response_time_ms=1250.4,
            error=error,
            region="local",
        )
        await self._transition(TransitionKind.OPENED, monitor_id, incident_id, name, check)
        return incident_id

    async def recover(self, incident_id: UUID, resolution: Resolution = Resolution.RECOVERED) -> None:
        """End an incident."""
        row = await self.row(
            "UPDATE incidents SET status = 'RESOLVED', resolved_at = $2, resolution = $3 WHERE id = $1 RETURNING *",
            incident_id,
            self.clock.now(),
            resolution.value,
        )
        await self._transition(
            TransitionKind.RESOLVED, row["monitor_id"], incident_id, row["monitor_name"], None
        )

    async def _transition(
        self,
        kind: TransitionKind,
        monitor_id: UUID,
        incident_id: UUID,
        name: str,
        check: CheckSnapshot | None,
    ) -> None:
        row = await self.row("SELECT * FROM incidents WHERE id = $1", incident_id)
        over = kind is TransitionKind.RESOLVED
        details = TransitionDetails(
            monitor=MonitorSnapshot(
                id=encode_id(Prefix.MONITOR, monitor_id),
                name=name,
                kind="site",
                target="https://shop.example",
                status="UP" if over else "DOWN",
            ),
            incident=IncidentSnapshot(
                id=encode_id(Prefix.INCIDENT, incident_id),
                number=incident_number(2026, row["number"]),
                kind=IncidentKind(row["kind"]),
                severity=Severity.HIGH,
                started_at=row["started_at"],
                resolved_at=row["resolved_at"],
                resolution=Resolution(row["resolution"]) if over else None,
            ),
            check=check,
        )
        await self.execute(
            "INSERT INTO transitions (id, workspace_id, project_id, monitor_id, incident_id, kind, at, details)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            new_id(self.clock.now()),
            self.workspace_id,
            self.project_id,
            monitor_id,
            incident_id,
            kind.value,
            self.clock.now(),
            msgspec.to_builtins(details),
        )

    # ---- work ------------------------------------------------------------------------------------

    async def route(self) -> None:
        """Let the engine work until nothing is left."""
        while await self.engine.step():
            pass

    async def send(self) -> None:
        """Let the dispatcher work until nothing is due."""
        while await self.dispatcher.work_once():
            pass

    async def tell(self) -> None:
        """Route and send all that is due."""
        await self.route()
        await self.send()

    async def fire_timers(self) -> None:
        while await self.timers.step():
            pass

    def advance(self, seconds: float) -> datetime:
        return self.clock.advance(seconds)

    # ---- what is written -------------------------------------------------------------------------

    async def execute(self, statement: str, *arguments: Any) -> None:
        async with self.database.acquire() as connection:
            await connection.execute(statement, *arguments)

    async def row(self, statement: str, *arguments: Any) -> Any:
        async with self.database.acquire() as connection:
            return await connection.fetchrow(statement, *arguments)

    async def rows(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with self.database.acquire() as connection:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]

    async def deliveries(self) -> list[tuple[Any, ...]]:
        """Return (event, recipient, status, attempts) of each delivery, in order."""
        return await self.rows("SELECT event, recipient, status, attempts FROM deliveries ORDER BY position")

    async def decisions(self, incident_id: UUID) -> list[tuple[Any, ...]]:
        """Return (step, outcome, reason) of each decision, in order."""
        return await self.rows(
            "SELECT step, outcome, reason FROM alert_decisions WHERE incident_id = $1 ORDER BY at, id",
            incident_id,
        )
