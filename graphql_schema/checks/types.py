"""Checks: single looks at what is watched."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import asyncpg
import strawberry
from strawberry.scalars import JSON

from core.access.rights import FIELDS, is_allowed
from core.checks.reading import check_details, key_of
from core.ids import Prefix
from graphql_schema.context import Info
from graphql_schema.described import field
from graphql_schema.nodes import Node
from graphql_schema.regions.types import Region, regions_numbered
from graphql_schema.row_backed import RowBacked, all_stored, derived, public_id
from plugins.api.outcome import CheckStatus

if TYPE_CHECKING:
    from graphql_schema.monitors.types import Monitor

LazyMonitor: TypeAlias = Annotated["Monitor", strawberry.lazy("graphql_schema.monitors.types")]

strawberry.enum(CheckStatus, description="What one look found; UNKNOWN: Tocsin itself could not look")


def _milliseconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1000


_PHASES = ("dns", "connect", "tls", "first_byte", "transfer")


@strawberry.type(description="How long each phase took; null for one that did not happen")
class Timings:
    """Milliseconds."""

    dns_ms: float | None = strawberry.field(description="Milliseconds to find the address of the name")
    connect_ms: float | None = strawberry.field(description="Milliseconds until the connection was there")
    tls_ms: float | None = strawberry.field(description="Milliseconds of the TLS handshake")
    first_byte_ms: float | None = strawberry.field(
        description="Milliseconds from the request to the first byte of the answer"
    )
    transfer_ms: float | None = strawberry.field(description="Milliseconds from the first byte to the last")
    total_ms: float = strawberry.field(description="Milliseconds of the whole check")


@strawberry.type(description="One expectation of the configuration, and whether it held")
class AssertionResult:
    """A member of `check_details.assertions`."""

    name: str = strawberry.field(description="Which expectation it is")
    passed: bool = strawberry.field(description="Whether it held")
    expected: str | None = strawberry.field(description="What was asked for; null where the name says it all")
    actual: str | None = strawberry.field(description="What was found instead, redacted; null if nothing was")


@strawberry.type(
    description="One look. checkedAt is its start. A heartbeat's success, failure and missed deadline are checks "
    "too, without a region."
)
class Check(RowBacked, Node):
    """A row of core.checks.reading."""

    COLUMNS = MappingProxyType(
        {
            "id": public_id(Prefix.CHECK),
            "response_time_ms": derived(lambda row: _milliseconds(row["response_us"]), "response_us"),
            **all_stored("status", "checked_at", "status_code", "error"),
        }
    )

    row: strawberry.Private[asyncpg.Record]
    status: CheckStatus = strawberry.field(description="What it found")
    checked_at: datetime = strawberry.field(description="When the look began")
    response_time_ms: float | None = strawberry.field(
        description="How long the target took, in milliseconds; null if it did not answer, or was not asked"
    )
    status_code: int | None = strawberry.field(description="The status of an HTTP answer; null without one")
    error: str | None = strawberry.field(description="What was wrong, in one line")

    @field("Whose check it is. It needs UPTIME_CHECKS, also where the check is shown by its incident")
    async def monitor(self, info: Info) -> LazyMonitor:
        """Return the monitor: from there the way leads to all others."""
        monitor: Monitor = await info.context.find_granted(Prefix.MONITOR, self.row["monitor_id"])
        return monitor

    @field("Where it ran; null for a heartbeat")
    async def region(self, info: Info) -> Region | None:
        """Return the region."""
        number = self.row["region_id"]
        regions = await regions_numbered(info.context, [number]) if number else []
        return regions[0] if regions else None

    @field("How long its phases took, where they were measured")
    def timings(self) -> Timings | None:
        """Return the phases in milliseconds."""
        phases = {f"{phase}_ms": _milliseconds(self.row[f"{phase}_us"]) for phase in _PHASES}
        if self.response_time_ms is None or not any(value is not None for value in phases.values()):
            return None
        return Timings(**phases, total_ms=self.response_time_ms)

    @field("What was expected, and whether it held; kept on failure or change")
    async def assertions(self, info: Info) -> list[AssertionResult]:
        """Return the assertions that were written down."""
        details = await info.context.reads.load(check_details, key_of(self.row))
        return [] if details is None else [_assertion(item) for item in details["assertions"]]

    @field("What the target answered, redacted; kept on failure or change, for members and above")
    async def evidence(self, info: Info) -> JSON | None:
        """Return the evidence that was written down."""
        if not is_allowed(FIELDS["Check.evidence"], info.context.principal):
            return None
        details = await info.context.reads.load(check_details, key_of(self.row))
        return None if details is None else details["evidence"]


def _assertion(item: dict[str, Any]) -> AssertionResult:
    return AssertionResult(
        name=item["name"], passed=item["passed"], expected=item.get("expected"), actual=item.get("actual")
    )
