"""What a check found: the value that every probe returns."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class CheckStatus(enum.IntEnum):
    """What one look says of its target.

    UNKNOWN means that Tocsin itself could not look; it is never a failure of the target.
    """

    UP = 1
    DEGRADED = 2
    DOWN = 3
    UNKNOWN = 4


class IncidentKind(enum.StrEnum):
    """Which sort of incident a finding may open. Only OUTAGE is downtime."""

    OUTAGE = "OUTAGE"
    DEGRADED = "DEGRADED"
    EXPIRY = "EXPIRY"
    REGRESSION = "REGRESSION"


class RootCause(enum.StrEnum):
    """A probe's hint at why its target failed."""

    DNS_FAILURE = "DNS_FAILURE"
    NETWORK_TIMEOUT = "NETWORK_TIMEOUT"
    SERVER_ERROR = "SERVER_ERROR"
    APPLICATION_ERROR = "APPLICATION_ERROR"
    DATABASE_ISSUE = "DATABASE_ISSUE"
    SSL_CERTIFICATE = "SSL_CERTIFICATE"
    CONFIGURATION_ERROR = "CONFIGURATION_ERROR"
    DEPLOYMENT_ISSUE = "DEPLOYMENT_ISSUE"
    THIRD_PARTY_SERVICE = "THIRD_PARTY_SERVICE"
    INFRASTRUCTURE = "INFRASTRUCTURE"
    DDOS_ATTACK = "DDOS_ATTACK"
    MAINTENANCE = "MAINTENANCE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timings:
    """Phases of one look in milliseconds; a phase that did not happen is None."""

    total_ms: float
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    transfer_ms: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Assertion:
    """One expectation of the configuration, and whether it held."""

    name: str
    passed: bool
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one look found. A failing target is a value, never an exception.

    `message` is one line that a person understands; required unless the status is UP.
    `incident_kind` is set where the finding asks for an incident that its status does not imply:
    EXPIRY beside UP. DOWN implies OUTAGE, and DEGRADED implies DEGRADED.
    `evidence` (JSON) is kept on failure and on change only.
    `facts` (JSON) are kept and handed to the next check of this monitor in this region.
    """

    status: CheckStatus
    message: str | None = None
    response_time_ms: float | None = None
    timings: Timings | None = None
    status_code: int | None = None
    assertions: tuple[Assertion, ...] = ()
    evidence: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] | None = None
    incident_kind: IncidentKind | None = None
    root_cause: RootCause | None = None
