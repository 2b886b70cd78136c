"""Takes the ping of a job for a route, and raises what keeps it from being stored."""

from __future__ import annotations

from core.errors import NotFound, RateLimited
from core.heartbeats.ping import PingKind, PingVerdict
from rest_compat.ping_message import message_of
from rest_compat.route import Call


async def take_ping(call: Call, token: str, kind: PingKind) -> None:
    """Store what a job reports at the address of a token; raise NotFound, RateLimited, or Unavailable."""
    given = await call.services.pings.receive(token, kind, message=message_of(call.body))
    match given.verdict:
        case PingVerdict.ACCEPTED:
            return
        case PingVerdict.UNKNOWN:
            raise NotFound("heartbeat not found")
        case PingVerdict.LIMITED:
            raise RateLimited("too many pings", retry_after_seconds=given.retry_after_seconds)
