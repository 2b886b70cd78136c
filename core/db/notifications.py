"""NOTIFY between processes: a hint that spares a poll, never the only way to learn of something."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from core.db.database import Connection


class NotifyChannel(enum.StrEnum):
    """What a process may be woken for. The payload is empty unless said."""

    LEASES = "tocsin_leases"  # slots of the region whose key is the payload became due
    TRANSITIONS = "tocsin_transitions"
    DELIVERIES = "tocsin_deliveries"
    PINGS = "tocsin_pings"
    CHANGES = "tocsin_changes"  # people changed something: events wait for their numbers
    EVENTS = "tocsin_events"  # events were numbered
    TOKENS = "tocsin_tokens"  # the token whose digest in hex is the payload was revoked
    SESSIONS = (
        "tocsin_sessions"  # the session whose secret had the digest in hex that is the payload has ended
    )


async def notify(connection: Connection, channel: NotifyChannel, payload: str = "") -> None:
    """Wake the listeners of a channel when the connection's transaction commits."""
    await connection.execute("SELECT pg_notify($1, $2)", channel.value, payload)


async def notify_each(connection: Connection, channel: NotifyChannel, payloads: Sequence[str]) -> None:
    """Do the same for several payloads in one statement."""
    if payloads:
        await connection.execute(
            "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", channel.value, payloads
        )
