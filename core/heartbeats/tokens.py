"""The address of a heartbeat: made with the monitor, rotated at wish, gone with the monitor.

Every function works inside the caller's transaction. Where the same transaction also changes the monitor's
status (pause, resume, restart, end), the function here comes first: the worker that applies pings locks the
heartbeat before the status, and two orders of locks would be a deadlock.
"""

from __future__ import annotations

from uuid import UUID

from core.db.database import Connection
from core.db.named_sql import named_sql
from core.errors import NotFound
from core.heartbeats.deadlines import deadline_of
from core.secret_text import digest_of, new_secret
from plugins.api.probe import Expectation

_SQL = named_sql("heartbeats")

PING_PATH = "/api/v1/heartbeat/"


def ping_url(public_url: str, token: str) -> str:
    """Return the address that a job pings. It is a secret: to know it is to be able to fake a success."""
    return f"{public_url.rstrip('/')}{PING_PATH}{token}"


async def create_heartbeat(connection: Connection, *, workspace_id: UUID, monitor_id: UUID) -> str:
    """Make the heartbeat of a new monitor and return its token. It waits without a deadline for its first ping."""
    token = new_secret()
    await connection.execute(_SQL["create_heartbeat"], monitor_id, workspace_id, token, digest_of(token))
    return token


async def rotate_heartbeat(connection: Connection, *, workspace_id: UUID, monitor_id: UUID) -> str:
    """Give the heartbeat a new token and return it; the old one is unknown from the commit on.

    Raises NotFound if the monitor has no heartbeat.
    """
    token = new_secret()
    rotated = await connection.fetchval(
        _SQL["rotate_heartbeat"], workspace_id, monitor_id, token, digest_of(token)
    )
    if rotated is None:
        raise NotFound("monitor not found")
    return token


async def suspend_heartbeat(connection: Connection, *, workspace_id: UUID, monitor_id: UUID) -> None:
    """Expect nothing while the monitor is paused; its pings are taken and kept, without effect on its status."""
    await connection.execute(_SQL["suspend_heartbeat"], workspace_id, monitor_id)


async def resume_heartbeat(
    connection: Connection, *, workspace_id: UUID, monitor_id: UUID, expectation: Expectation
) -> None:
    """Expect the next ping as the probe reckons from now, after a pause or a change of the configuration.

    A heartbeat that was never pinged keeps waiting without a deadline.
    """
    await connection.execute(
        _SQL["resume_heartbeat"],
        workspace_id,
        monitor_id,
        expectation.due_at,
        deadline_of(expectation),
        expectation.grace_seconds,
    )


async def end_heartbeat(connection: Connection, *, workspace_id: UUID, monitor_id: UUID) -> None:
    """Forget the token of a deleted monitor: its address is unknown from the commit on."""
    await connection.execute(_SQL["end_heartbeat"], workspace_id, monitor_id)
