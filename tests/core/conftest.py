"""Two workspaces that must never see each other, kinds to choose from, and the whole content of the database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import pytest

from core.access.grants import ALL_GRANTS
from core.access.plans import Plan
from core.access.principal import Grant, Principal, Role, TokenPermission, TokenScope
from core.clock import ManualClock
from core.db.database import Database
from core.errors import Forbidden, NotFound, TokenScopeDenied
from core.ids import new_id
from core.plugin_registry import PluginRegistry, registry_of
from plugins.api import hookspecs
from plugins.api.config import Config, Meta, Secret
from plugins.api.notifier import Message, Notifier, Receipt, SendContext
from plugins.api.outcome import CheckStatus, Outcome
from plugins.api.probe import Expectation, Probe, ProbeContext, ProbeMode


class DoorConfig(Config):
    """A door to look at."""

    address: Annotated[str, Meta(min_length=1, max_length=100)]
    knocks: Annotated[int, Meta(ge=1, le=9)] = 1
    password: Secret | None = None


class WindowConfig(Config):
    """A window to look at."""

    height: Annotated[int, Meta(ge=1, le=100)]


class PostmanConfig(Config):
    """A postman to wait for."""

    every_seconds: Annotated[int, Meta(ge=1, le=1_000_000)]


class PigeonConfig(Config):
    """A pigeon to send."""

    dovecote: Annotated[str, Meta(min_length=1)]
    ring: Secret | None = None


async def _look(_config: Any, _context: ProbeContext) -> Outcome:
    return Outcome(status=CheckStatus.UP)


async def _send(_config: Any, _message: Message, _context: SendContext) -> Receipt:
    return Receipt()


def _expect(config: PostmanConfig, after: datetime) -> Expectation:
    return Expectation(due_at=after + timedelta(seconds=config.every_seconds), grace_seconds=60)


class Village:
    """A plugin with a kind of every sort."""

    @hookspecs.hookimpl
    def register_probes(self) -> list[Probe[Any]]:
        return [
            Probe(
                key="door",
                title="Door",
                description="Knocks at a door",
                config=DoorConfig,
                check=_look,
                target=lambda config: config.address,
                host=lambda config: config.address,
            ),
            Probe(
                key="window",
                title="Window",
                description="Looks through a window",
                config=WindowConfig,
                check=_look,
                target=lambda config: f"window {config.height} m up",
            ),
            Probe(
                key="postman",
                title="Postman",
                description="Waits for the post",
                config=PostmanConfig,
                check=_look,
                target=lambda config: f"every {config.every_seconds} s",
                mode=ProbeMode.PASSIVE,
                expect=_expect,
                interval_seconds=lambda config: config.every_seconds,
            ),
        ]

    @hookspecs.hookimpl
    def register_notifiers(self) -> list[Notifier[Any]]:
        return [
            Notifier(
                key="pigeon",
                title="Pigeon",
                description="Flies",
                config=PigeonConfig,
                send=_send,
                recipients=lambda config: [config.dovecote],
            )
        ]


@pytest.fixture(scope="session")
def village() -> PluginRegistry:
    """A registry with the probes door, window (ACTIVE) and postman (PASSIVE), and the notifier pigeon."""
    registry = registry_of(Village())
    assert registry.failures == ()
    return registry


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenants:
    """An owner and a viewer of one workspace, and the owner of another one."""

    owner: Principal
    viewer: Principal
    reader_token: Principal
    stranger: Principal
    default_project_id: UUID


@pytest.fixture
async def tenants(database: Database, clock: ManualClock) -> Tenants:
    """Two workspaces with a default project each, in a world with the regions `local` and `moon`."""
    owner, project_id = await _make_workspace(database, clock.now(), "ada@example.com")
    stranger, _ = await _make_workspace(database, clock.now(), "charlie@example.com")
    async with database.acquire() as connection:
        for key in ("local", "moon"):
            await connection.execute(
                "INSERT INTO regions (public_id, key, created_at) VALUES ($1, $2, $3)",
                new_id(clock.now()),
                key,
                clock.now(),
            )
    reads = frozenset(Grant(scope=scope, permission=TokenPermission.READ) for scope in TokenScope)
    return Tenants(
        owner=owner,
        viewer=replace(owner, token_id=None, role=Role.VIEWER),
        reader_token=replace(owner, grants=reads),
        stranger=stranger,
        default_project_id=project_id,
    )


async def _make_workspace(database: Database, now: datetime, email: str) -> tuple[Principal, UUID]:
    user_id, workspace_id, project_id = new_id(now), new_id(now), new_id(now)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $2, '-', $3)",
            user_id,
            email,
            now,
        )
        await connection.execute(
            "INSERT INTO workspaces (id, name, owner_id, plan, created_at) VALUES ($1, $2, $3, 'ENTERPRISE', $4)",
            workspace_id,
            email,
            user_id,
            now,
        )
        await connection.execute(
            "INSERT INTO members (id, workspace_id, user_id, email, role, accepted_at, created_at)"
            " VALUES ($1, $2, $3, $4, 'OWNER', $5, $5)",
            new_id(now),
            workspace_id,
            user_id,
            email,
            now,
        )
        await connection.execute(
            "INSERT INTO projects (id, workspace_id, name, is_default, created_at)"
            " VALUES ($1, $2, 'Default', true, $3)",
            project_id,
            workspace_id,
            now,
        )
    principal = Principal(
        workspace_id=workspace_id,
        user_id=user_id,
        token_id=new_id(now),
        role=Role.OWNER,
        grants=ALL_GRANTS,
        plan=Plan.ENTERPRISE,
    )
    return principal, project_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Confined:
    """A member of the owner's workspace who is confined to one project of it."""

    principal: Principal
    project_id: UUID

    @property
    def viewer(self) -> Principal:
        """A viewer who sees as much."""
        return replace(self.principal, role=Role.VIEWER)

    def to(self, *project_ids: UUID) -> Principal:
        """Return the same person confined to other projects."""
        return replace(self.principal, project_ids=frozenset(project_ids))


@pytest.fixture
async def confined(tenants: Tenants, database: Database, clock: ManualClock) -> Confined:
    """A teammate, and the project that is all he sees; it is not the default one."""
    project_id = new_id(clock.now())
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO projects (id, workspace_id, name, created_at) VALUES ($1, $2, 'Zoo', $3)",
            project_id,
            tenants.owner.workspace_id,
            clock.now(),
        )
    principal = replace(tenants.owner, token_id=None, role=Role.MEMBER, project_ids=frozenset({project_id}))
    return Confined(principal=principal, project_id=project_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trespasser:
    """Somebody who may not change what the owner's workspace holds, and the error that he gets."""

    principal: Principal
    error: type[Exception]


@pytest.fixture(params=["viewer", "reader_token", "stranger"])
def trespasser(tenants: Tenants, request: pytest.FixtureRequest) -> Trespasser:
    """A teammate who may only read, a token that may only read, and the owner of another workspace."""
    errors = {"viewer": Forbidden, "reader_token": TokenScopeDenied, "stranger": NotFound}
    return Trespasser(principal=getattr(tenants, request.param), error=errors[request.param])
