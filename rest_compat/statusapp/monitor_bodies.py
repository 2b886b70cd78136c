"""What clients of StatusApp write of monitors."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final

from core.issues import Issues
from plugins.api.config import Meta
from rest_compat.statusapp.api_auth import ApiAuthConfig
from rest_compat.statusapp.monitor_notifications import NotificationBody
from rest_compat.statusapp.monitor_types import HTTP_TYPES, MonitorType
from rest_compat.statusapp.regression_shapes import RegressionBody

LEAST_INTERVAL_SECONDS: Final = 60
LONGEST_INTERVAL_SECONDS: Final = 366 * 86_400
DEFAULT_INTERVAL_SECONDS: Final = 300


class Protocol(enum.StrEnum):
    """Of a port."""

    TCP = "TCP"
    UDP = "UDP"


class HttpMethod(enum.StrEnum):
    """Of a request."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


class DnsRecord(enum.StrEnum):
    """Of a name."""

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    MX = "MX"
    TXT = "TXT"


class MonitorBody(RegressionBody):
    """What may be given of a monitor; null is the default."""

    type: Annotated[MonitorType, Meta(description="By default WEBSITE")] | None = None
    interval: (
        Annotated[
            int,
            Meta(
                ge=LEAST_INTERVAL_SECONDS,
                le=LONGEST_INTERVAL_SECONDS,
                description="Seconds between checks, by default 300; a day at most, but for CRON",
            ),
        ]
        | None
    ) = None
    timeout: (
        Annotated[int, Meta(ge=5, le=300, description="Seconds a check may take, by default 30")] | None
    ) = None
    port: Annotated[int, Meta(ge=1, le=65_535, description="Of PORT monitors")] | None = None
    protocol: Annotated[Protocol, Meta(description="Of PORT monitors")] | None = None
    expected_status_code: (
        Annotated[int, Meta(ge=100, le=599, description="The one good status; by default 200-299")] | None
    ) = None
    http_method: Annotated[HttpMethod, Meta(description="By default GET")] | None = None
    request_headers: (
        Annotated[
            str,
            Meta(description="A JSON object of headers, as text; a value that is null stays as it is stored"),
        ]
        | None
    ) = None
    request_body: Annotated[str, Meta(description="Sent with the request")] | None = None
    dns_record: Annotated[DnsRecord, Meta(description="Of DNS monitors")] | None = None
    expected_ip: Annotated[str, Meta(description="Of DNS monitors")] | None = None
    grace_period: (
        Annotated[
            int,
            Meta(
                ge=60, le=86_400, description="Of CRON monitors: seconds a ping may be late, by default 300"
            ),
        ]
        | None
    ) = None
    ssl_cert_expiry_days: Annotated[int, Meta(ge=1, le=90, description="Of SSL_CERT monitors")] | None = None
    enabled_worker_region_ids: (
        Annotated[tuple[str, ...], Meta(description="The ids of the regions to check from")] | None
    ) = None
    api_auth_config: (
        Annotated[ApiAuthConfig, Meta(description="On whose behalf requests come; null: on nobody's")] | None
    ) = None
    notifications: (
        Annotated[
            tuple[NotificationBody, ...],
            Meta(
                description="Who is told besides the project's channels: all of them, in place of the present ones"
            ),
        ]
        | None
    ) = None
    performance_timings: (
        Annotated[bool, Meta(description="True: the timings of requests are always captured")] | None
    ) = None
    domain_expiry_days: Annotated[int, Meta(ge=1, le=365, description="Of DOMAIN monitors")] | None = None
    domain_monitor_dns: Annotated[bool, Meta(description="Of DOMAIN monitors")] | None = None
    domain_monitor_blacklist: Annotated[bool, Meta(description="Of DOMAIN monitors")] | None = None
    domain_monitor_whois: Annotated[bool, Meta(description="Of DOMAIN monitors")] | None = None


class CreateMonitorBody(MonitorBody):
    """A monitor to make."""

    name: Annotated[str, Meta(description="What people call it")]
    url: (
        Annotated[str, Meta(description="What to watch; of CRON it may be left out, and is of no account")]
        | None
    ) = None


class UpdateMonitorBody(MonitorBody):
    """What to change of a monitor; what is left out stays as it is."""

    name: Annotated[str, Meta(description="What people call it")] | None = None
    url: Annotated[str, Meta(description="What to watch")] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Owner:
    """The types that a field belongs to. Elsewhere it may say `idle`, which the page has as its default."""

    types: frozenset[MonitorType]
    idle: Any = None


def _only(*types: MonitorType, idle: Any = None) -> _Owner:
    return _Owner(types=frozenset(types), idle=idle)


_OWNERS: Mapping[str, _Owner] = MappingProxyType(
    {
        "url": _only(*MonitorType),
        "port": _only(MonitorType.PORT),
        "protocol": _only(MonitorType.PORT),
        "expectedStatusCode": _only(*HTTP_TYPES),
        "httpMethod": _only(*HTTP_TYPES, idle="GET"),
        "requestHeaders": _only(*HTTP_TYPES),
        "requestBody": _only(*HTTP_TYPES),
        "dnsRecord": _only(MonitorType.DNS),
        "expectedIp": _only(MonitorType.DNS),
        "apiAuthConfig": _only(*HTTP_TYPES, idle={"type": "none"}),
        "gracePeriod": _only(MonitorType.CRON),
        "sslCertExpiryDays": _only(MonitorType.SSL_CERT),
        "performanceTimings": _only(*HTTP_TYPES, idle=False),
        "domainExpiryDays": _only(MonitorType.DOMAIN, idle=30),
        "domainMonitorDns": _only(MonitorType.DOMAIN, idle=True),
        "domainMonitorBlacklist": _only(MonitorType.DOMAIN, idle=True),
        "domainMonitorWhois": _only(MonitorType.DOMAIN, idle=True),
    }
)


def refuse_foreign_fields(data: Mapping[str, Any], type_name: str, issues: Issues) -> None:
    """Note each field that says something, and belongs to monitors of other types than the one of this name."""
    for name, owner in _OWNERS.items():
        value = data.get(name)
        if value is None or type_name in owner.types or value == owner.idle:
            continue
        owners = " and ".join(sorted(owner.types))
        cause = f"belongs to monitors of type {owners}, and this one is of type {type_name}"
        issues.refuse((name,), "foreign_field", cause)


def require_timings(data: Mapping[str, Any], type_name: str, issues: Issues) -> None:
    """Note a wish for requests without timings, which there are not."""
    if type_name in HTTP_TYPES and data.get("performanceTimings") is False:
        cause = "must be true: the timings of requests are always captured"
        issues.refuse_value(("performanceTimings",), "invalid", cause, False, expected="true")
