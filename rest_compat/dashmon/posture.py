"""Dashmon's route of how the workspace's integrations stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPMethod
from typing import Any

import asyncpg
import msgspec

from core.access.grant_words import dashmon_access_level
from core.access.grants import grants_from_json
from core.access.permission import may
from core.access.principal import Principal, TokenPermission, TokenScope
from core.access.reading import TOKENS, TOKENS_CREATED
from core.access.rights import QUERIES
from core.access.token_service import MOST_LIVE_TOKENS
from core.alerting.reading import monitors_told
from core.db.listing import count_rows_by, read_stretch
from core.deliveries.reading import CHANNELS, WEBHOOKS, channels_in
from core.moments import write_moment
from rest_compat.dashmon.deliveries import COUNTS_EXAMPLE, DeliveryCounts, delivery_counts
from rest_compat.dashmon.reads import Reads, reads
from rest_compat.dashmon.tokens import AccessLevel, active_tokens
from rest_compat.route import Call, Route

SOON = timedelta(days=30)


class TokenPosture(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The tokens that open something. `narrower` are those that were made elsewhere and cannot read everything."""

    active: int
    read_only: int
    read_write: int
    narrower: int
    expiring_within_30_days: int = msgspec.field(name="expiringWithin30Days")
    never_expiring: int
    never_used: int


class Destinations(msgspec.Struct, frozen=True, kw_only=True):
    """Channels or webhooks, and how many of them are active."""

    total: int
    active: int


class DeviceCoverage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Devices, and of how many some active channel is told when they fail."""

    total: int
    with_channel: int
    without_channel: int


class RoutingCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told. What the one who asks may not see is null."""

    devices: DeviceCoverage | None
    channels: Destinations | None
    webhooks: Destinations | None


class IntegrationPosture(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the integrations stand. What the one who asks may not see is null."""

    generated_at: str
    tokens: TokenPosture | None
    routing: RoutingCoverage
    deliveries_last_24_hours: DeliveryCounts | None = msgspec.field(name="deliveriesLast24Hours")


async def _posture(call: Call) -> IntegrationPosture:
    principal = call.principal
    async with reads(call) as read:
        return IntegrationPosture(
            generated_at=write_moment(read.now),
            tokens=await _tokens(read) if _sees(principal, TokenScope.TOKENS) else None,
            routing=await _routing(read, principal),
            deliveries_last_24_hours=await delivery_counts(read, principal),
        )


def _sees(principal: Principal, *scopes: TokenScope) -> bool:
    return all(may(principal, scope, TokenPermission.READ) for scope in scopes)


async def _tokens(read: Reads) -> TokenPosture:
    rows = await read_stretch(
        read.connection,
        TOKENS,
        active_tokens(read),
        TOKENS_CREATED,
        skipped=0,
        size=MOST_LIVE_TOKENS,
    )
    return token_posture(rows, read.now)


def token_posture(rows: Sequence[asyncpg.Record], now: datetime) -> TokenPosture:
    """Return what the rows of tokens that open something come to at a moment."""
    levels = Counter(dashmon_access_level(grants_from_json(row["grants"])) for row in rows)
    expiries = [row["expires_at"] for row in rows if row["expires_at"] is not None]
    return TokenPosture(
        active=len(rows),
        read_only=levels[AccessLevel.READ_ONLY.value],
        read_write=levels[AccessLevel.READ_WRITE.value],
        narrower=levels[None],
        expiring_within_30_days=sum(expires_at <= now + SOON for expires_at in expiries),
        never_expiring=len(rows) - len(expiries),
        never_used=sum(row["last_used_at"] is None for row in rows),
    )


async def _routing(read: Reads, principal: Principal) -> RoutingCoverage:
    return RoutingCoverage(
        devices=await _devices(read)
        if _sees(principal, TokenScope.UPTIME_CHECKS, TokenScope.NOTIFICATIONS)
        else None,
        channels=await _destinations(read, CHANNELS, channels_in(read.sight))
        if _sees(principal, TokenScope.NOTIFICATIONS)
        else None,
        webhooks=await _destinations(read, WEBHOOKS, (read.sight.workspace_id,))
        if _sees(principal, TokenScope.WEBHOOKS)
        else None,
    )


async def _devices(read: Reads) -> DeviceCoverage:
    row = await monitors_told(read.connection, read.sight)
    return DeviceCoverage(
        total=row["monitors"], with_channel=row["told"], without_channel=row["monitors"] - row["told"]
    )


async def _destinations(read: Reads, select: str, arguments: tuple[Any, ...]) -> Destinations:
    rows = await count_rows_by(read.connection, select, arguments, ("is_active",))
    totals = {row["is_active"]: row["total"] for row in rows}
    return Destinations(total=sum(totals.values()), active=totals.get(True, 0))


ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path="/api/user/integration-posture",
        name="integrationPosture",
        summary="How tokens, routing and deliveries stand, as far as whoever asks may see them",
        right=QUERIES["viewer"],
        answer=_posture,
        result=IntegrationPosture,
        example={
            "generatedAt": "2026-02-16T11:23:00.000Z",
            "tokens": {
                "active": 3,
                "readOnly": 1,
                "readWrite": 1,
                "narrower": 1,
                "expiringWithin30Days": 1,
                "neverExpiring": 0,
                "neverUsed": 1,
            },
            "routing": {
                "devices": {"total": 12, "withChannel": 12, "withoutChannel": 0},
                "channels": {"total": 2, "active": 1},
                "webhooks": {"total": 1, "active": 1},
            },
            "deliveriesLast24Hours": COUNTS_EXAMPLE,
        },
    ),
)
