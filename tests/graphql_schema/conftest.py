"""A whole GraphQL face on a real database, and the rows that its tests read."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from core.access.grants import ALL_GRANTS, grants_to_json
from core.access.principal import Grant, Role
from core.asgi import LeanLitestar
from core.clock import ManualClock
from core.db.database import Connection, Database
from core.db.partitions import make_partitions
from core.ids import new_id, to_unix_ms
from core.monitors.status import MonitorStatus
from core.outbound_policy import outbound_for
from core.plugin_registry import PluginRegistry, load_plugins
from core.services import Services, build_services
from core.settings import Settings
from graphql_schema.plugin import face

PUBLIC_URL = "https://tocsin.example.org"


@pytest.fixture(scope="session")
def installed() -> PluginRegistry:
    """The kinds that this distribution brings."""
    registry = load_plugins()
    assert registry.failures == ()
    return registry


class WatchedDatabase(Database):
    """A pool that notes what is sent over every connection it gives."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        super().__init__(pool)
        self.statements: list[str] = []

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Give a connection of the pool."""
        async with super().acquire() as connection:
            with connection.query_logger(lambda record: self.statements.append(record.query)):
                yield connection


@pytest.fixture
def watched(database: Database) -> WatchedDatabase:
    """The test's database, watched."""
    return WatchedDatabase(database.pool)


@pytest.fixture
def services(watched: WatchedDatabase, clock: ManualClock, installed: PluginRegistry) -> Services:
    """All services, on the test's database and clock."""
    settings = Settings(public_url=PUBLIC_URL)
    return build_services(
        settings=settings,
        database=watched,
        registry=installed,
        clock=clock,
        outbound=outbound_for(settings),
    )


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the face alone."""
    app = LeanLitestar(route_handlers=list(face(services)), openapi_config=None)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.test") as opened:
        yield opened


@dataclass(kw_only=True)
class Answer:
    """An answer over HTTP."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.response.json()
        return body

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body
        data: dict[str, Any] = self.body["data"]
        return data

    @property
    def errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.body["errors"]
        return errors

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


@dataclass(kw_only=True)
class Tenant:
    """A workspace, its owner, and a token that speaks for him; rows are added to it behind every service."""

    database: Database
    client: httpx.AsyncClient
    now: datetime
    workspace_id: UUID
    user_id: UUID
    project_id: UUID
    secret: str
    made: int = field(default=0)

    async def ask(self, document: str, **variables: Any) -> Answer:
        """Run a document with this tenant's token."""
        response = await self.client.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={
                "Authorization": f"Bearer {self.secret}",
                "Accept": "application/graphql-response+json",
            },
        )
        return Answer(response=response)

    async def data(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a document and return its data; fail on any error."""
        return (await self.ask(document, **variables)).data

    async def insert(self, table: str, **columns: Any) -> None:
        """Add a row."""
        await self.insert_many(table, [columns])

    async def insert_many(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows with the same columns."""
        names = list(rows[0])
        async with self.database.acquire() as connection:
            await connection.executemany(
                f"INSERT INTO {table} ({', '.join(names)})"
                f" VALUES ({', '.join(f'${place}' for place in range(1, len(names) + 1))})",
                [tuple(row[name] for name in names) for row in rows],
            )

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Read rows."""
        async with self.database.acquire() as connection:
            return await connection.fetch(sql, *arguments)

    def next_id(self) -> UUID:
        """Return an id of its own millisecond, so that ids sort by their making."""
        self.made += 1
        return new_id(self.now - timedelta(days=40) + timedelta(milliseconds=self.made))

    async def add_project(self, name: str = "A project") -> UUID:
        """Add a project."""
        project_id = self.next_id()
        await self.insert(
            "projects", id=project_id, workspace_id=self.workspace_id, name=name, created_at=self.now
        )
        return project_id

    async def add_monitor(self, name: str = "A monitor", **columns: Any) -> UUID:
        """Add a monitor as `add_monitors` does."""
        (monitor_id,) = await self.add_monitors([name], **columns)
        return monitor_id

    async def add_monitors(
        self,
        names: Sequence[str],
        *,
        status: MonitorStatus = MonitorStatus.UP,
        since: timedelta = timedelta(hours=2),
        age: timedelta = timedelta(days=30),
        **columns: Any,
    ) -> list[UUID]:
        """Add monitors, each with one status interval that lasts since it was made."""
        created_at = self.now - age
        rows = [
            {
                "id": self.next_id(),
                "workspace_id": self.workspace_id,
                "project_id": self.project_id,
                "name": name,
                "kind": "http",
                "is_passive": False,
                "config": {"url": "https://example.org/"},
                "target": "https://example.org/",
                "interval_seconds": 300,
                "timeout_seconds": 30,
                "created_at": created_at,
                "updated_at": created_at,
                **columns,
            }
            for name in names
        ]
        await self.insert_many("monitors", rows)
        ids = [row["id"] for row in rows]
        named = {"workspace_id": self.workspace_id, "status": int(status)}
        since_ms, from_ms = to_unix_ms(self.now - since), to_unix_ms(created_at)
        await self.insert_many(
            "monitor_states", [{"monitor_id": each, "since_ms": since_ms, **named} for each in ids]
        )
        await self.insert_many(
            "status_intervals", [{"monitor_id": each, "from_ms": from_ms, **named} for each in ids]
        )
        return ids

    async def add_interval(
        self, monitor_id: UUID, start: datetime, end: datetime | None, status: MonitorStatus
    ) -> None:
        """Add a status interval."""
        await self.insert(
            "status_intervals",
            monitor_id=monitor_id,
            workspace_id=self.workspace_id,
            from_ms=to_unix_ms(start),
            to_ms=None if end is None else to_unix_ms(end),
            status=int(status),
        )

    async def add_heartbeat(self, name: str = "A job", token: str = "a-token") -> UUID:
        """Add a monitor that waits for pings."""
        monitor_id = await self.add_monitor(
            name,
            kind="heartbeat",
            is_passive=True,
            config={"intervalSeconds": 600, "graceSeconds": 90},
            target="every 10 min",
            interval_seconds=600,
        )
        await self.insert(
            "heartbeats",
            monitor_id=monitor_id,
            workspace_id=self.workspace_id,
            token=token,
            token_sha256=hashlib.sha256(token.encode()).digest(),
            last_ping_at=self.now - timedelta(minutes=4),
            expected_by=self.now + timedelta(minutes=6),
        )
        return monitor_id

    async def add_checks(self, monitor_id: UUID, ages: Sequence[timedelta], **columns: Any) -> list[UUID]:
        """Add a check of region 1 for each age, UP unless said otherwise; return their ids."""
        ids = [new_id(self.now - age) for age in ages]
        rows = [
            {
                "monitor_id": monitor_id,
                "slot": self.now - age,
                "region_id": 1,
                "id": check_id,
                "workspace_id": self.workspace_id,
                "status": 1,
                "checked_at": self.now - age,
                "response_us": 12_345,
                **columns,
            }
            for check_id, age in zip(ids, ages, strict=True)
        ]
        await self._make_room(max(ages, default=timedelta()))
        await self.insert_many("checks", rows)
        return ids

    async def _make_room(self, age: timedelta) -> None:
        """Make the partitions of checks of that age: there are those of last month, which may have begun 28 days ago."""
        if age >= timedelta(days=28):
            async with self.database.transaction() as connection:
                await make_partitions(connection, self.now - age)

    async def add_incident(self, monitor_id: UUID, number: int, age: timedelta, **columns: Any) -> UUID:
        """Add an open OUTAGE that began so long ago."""
        incident_id = self.next_id()
        row = {
            "id": incident_id,
            "workspace_id": self.workspace_id,
            "project_id": self.project_id,
            "monitor_id": monitor_id,
            "monitor_name": "as it was called",
            "kind": "OUTAGE",
            "year": 2026,
            "number": number,
            "status": "OPEN",
            "severity": "HIGH",
            "started_at": self.now - age,
            "region_ids": [1],
        }
        await self.insert("incidents", **{**row, **columns})
        return incident_id

    async def add_channel(self, name: str = "A channel", **columns: Any) -> UUID:
        """Add a channel of kind webhook."""
        channel_id = self.next_id()
        row = {
            "id": channel_id,
            "workspace_id": self.workspace_id,
            "name": name,
            "kind": "webhook",
            "config": {
                "url": "https://hooks.example.org/",
                "headers": [{"name": "X-Key", "value": "s3cret"}],
            },
            "created_at": self.now,
        }
        await self.insert("channels", **{**row, **columns})
        return channel_id

    async def add_own_channel(self, monitor_id: UUID, name: str = "Its own") -> UUID:
        """Add a channel that was made for a monitor."""
        channel_id = await self.add_channel(name, monitor_id=monitor_id)
        await self.link_channel(channel_id, [monitor_id])
        return channel_id

    async def link_channel(
        self, channel_id: UUID, monitors: Sequence[UUID], *, place: int = 1, is_enabled: bool = True
    ) -> None:
        """Let monitors have a channel."""
        named = {"channel_id": channel_id, "place": place, "is_enabled": is_enabled}
        await self.insert_many(
            "monitor_channels",
            [{"monitor_id": each, "workspace_id": self.workspace_id, **named} for each in monitors],
        )

    async def add_webhook(self, name: str = "A webhook", **columns: Any) -> UUID:
        """Add a webhook."""
        webhook_id = self.next_id()
        row = {
            "id": webhook_id,
            "workspace_id": self.workspace_id,
            "name": name,
            "url": "https://hooks.example.org/in",
            "events": ["MONITOR_DOWN", "INCIDENT_RESOLVED"],
            "secret": "s3cret",
            "created_at": self.now,
        }
        await self.insert("webhooks", **{**row, **columns})
        return webhook_id

    async def add_delivery(self, **columns: Any) -> UUID:
        """Add a delivery that has arrived; it needs a `channel_id` or a `webhook_id`."""
        delivery_id = self.next_id()
        row = {
            "id": delivery_id,
            "workspace_id": self.workspace_id,
            "event": "MONITOR_DOWN",
            "recipient": "https://hooks.example.org/",
            "status": "DELIVERED",
            "attempts": 1,
            "status_code": 204,
            "response_time_ms": 31.5,
            "body": "{}",
            "created_at": self.now,
            "delivered_at": self.now,
        }
        await self.insert("deliveries", **{**row, **columns})
        return delivery_id

    async def confine(self, user_id: UUID, project_ids: Sequence[UUID]) -> None:
        """Confine a member to projects."""
        async with self.database.transaction() as connection:
            member_id = await connection.fetchval(
                "UPDATE members SET is_confined = true WHERE workspace_id = $1 AND user_id = $2 RETURNING id",
                self.workspace_id,
                user_id,
            )
            await connection.execute("DELETE FROM member_projects WHERE member_id = $1", member_id)
            await connection.executemany(
                "INSERT INTO member_projects (member_id, project_id) VALUES ($1, $2)",
                [(member_id, project_id) for project_id in project_ids],
            )

    async def add_member(
        self, user_id: UUID, role: Role, *, confined_to: Sequence[UUID] | None = None
    ) -> None:
        """Let somebody who has an account belong to the workspace, too."""
        await _add_member(self.database, self.now, self.workspace_id, user_id, role)
        if confined_to is not None:
            await self.confine(user_id, confined_to)

    async def add_token(
        self,
        *grants: Grant,
        role: Role = Role.OWNER,
        expires_at: datetime | None = None,
        confined_to: Sequence[UUID] | None = None,
    ) -> Tenant:
        """Add a person of that role and his token with those grants; return the tenant as he sees it.

        `confined_to` are the projects that he is confined to, None for all.
        """
        secret = uuid.uuid4().hex
        user_id = await _add_user(self.database, self.now, f"{secret}@example.org")
        await self.add_member(user_id, role, confined_to=confined_to)
        await _add_token(self, secret, user_id, grants or tuple(ALL_GRANTS), expires_at)
        return Tenant(**{**vars(self), "secret": secret, "user_id": user_id})


async def _add_user(database: Database, now: datetime, email: str) -> UUID:
    user_id = new_id(now)
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $2, '-', $3)",
            user_id,
            email,
            now,
        )
    return user_id


async def _add_member(
    database: Database, now: datetime, workspace_id: UUID, user_id: UUID, role: Role
) -> None:
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO members (id, workspace_id, user_id, email, role, accepted_at, created_at)"
            " VALUES ($1, $2, $3, (SELECT email FROM users WHERE id = $3), $4, $5, $5)",
            new_id(now),
            workspace_id,
            user_id,
            role.value,
            now,
        )


async def _add_token(
    tenant: Tenant, secret: str, user_id: UUID, grants: Sequence[Grant], expires_at: datetime | None
) -> None:
    await tenant.insert(
        "api_tokens",
        id=new_id(tenant.now),
        workspace_id=tenant.workspace_id,
        name="a token",
        prefix=secret[:8],
        secret_sha256=hashlib.sha256(secret.encode()).digest(),
        grants=grants_to_json(grants),
        created_by=user_id,
        created_at=tenant.now,
        expires_at=expires_at,
    )


async def make_tenant(database: Database, client: httpx.AsyncClient, now: datetime, email: str) -> Tenant:
    """Make a workspace with a default project, an owner and his token."""
    user_id = await _add_user(database, now, email)
    tenant = Tenant(
        database=database,
        client=client,
        now=now,
        workspace_id=new_id(now),
        user_id=user_id,
        project_id=new_id(now),
        secret=uuid.uuid4().hex,
    )
    await tenant.insert(
        "workspaces",
        id=tenant.workspace_id,
        name=f"of {email}",
        owner_id=user_id,
        plan="ENTERPRISE",
        created_at=now,
    )
    await _add_member(database, now, tenant.workspace_id, user_id, Role.OWNER)
    await tenant.insert(
        "projects",
        id=tenant.project_id,
        workspace_id=tenant.workspace_id,
        name="Default",
        is_default=True,
        created_at=now,
    )
    await _add_token(tenant, tenant.secret, user_id, tuple(ALL_GRANTS), None)
    return tenant


@pytest.fixture
async def owner(database: Database, client: httpx.AsyncClient, clock: ManualClock) -> Tenant:
    """The workspace that the tests are about, in a world with the region `local`, number 1."""
    made = await make_tenant(database, client, clock.now(), "ada@example.org")
    await made.insert(
        "regions", id=1, public_id=new_id(clock.now()), key="local", city="Bern", created_at=clock.now()
    )
    return made


@pytest.fixture
async def stranger(database: Database, client: httpx.AsyncClient, clock: ManualClock) -> Tenant:
    """Another workspace."""
    return await make_tenant(database, client, clock.now(), "charlie@example.org")
