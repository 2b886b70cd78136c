"""Dashmon's route of what the answers of a device must be."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any

from core.access.plans import Capability
from core.access.rights import MUTATIONS
from core.issues import Issues
from core.kind_choice import ConfigChange
from core.monitors.monitor_input import UpdateMonitor
from plugins.api.config import Config, Meta
from rest_compat.dashmon.device_shapes import DEVICE_EXAMPLE, Device
from rest_compat.dashmon.devices import NAMES, shown_device
from rest_compat.reading import WHOLE, json_object, parsed
from rest_compat.renaming import renamed
from rest_compat.route import Call, Route

_KIND = "http"
_FIELDS = {
    "expectedStatuses": "acceptedStatuses",
    "latencyLimitMs": "degradedAboveMs",
    "bodyContains": "bodyContains",
    "bodyLacks": "bodyLacks",
}


class Operator(enum.StrEnum):
    """How a value is held against the expected one."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    CONTAINS = "contains"
    EXISTS = "exists"
    GREATER_THAN = "greater_than"
    LESS_THAN = "less_than"
    MATCHES = "matches"


class JsonAssertion(Config):
    """A value in a JSON body, and what it must be."""

    path: Annotated[str, Meta(description="Where the value stands, as in $.checks[0].status")]
    operator: Annotated[Operator, Meta(description="How it is held against the expected one")]
    value: (
        Annotated[str, Meta(description="The expected text, number, JSON or pattern; none for exists")] | None
    ) = None


class TlsAssertions(Config):
    """What is expected of the certificate."""

    days_left: (
        Annotated[int, WHOLE, Meta(description="An incident opens when it ends sooner; null: none does")]
        | None
    ) = None


class SyntheticBody(Config):
    """What is expected of the answers; what is absent stays, null is back to the default."""

    expected_statuses: (
        Annotated[tuple[str, ...], Meta(description="Statuses (204) and ranges (200-299) that are good")]
        | None
    ) = None
    latency_limit_ms: (
        Annotated[int, WHOLE, Meta(description="A slower answer makes the device degraded; null: none does")]
        | None
    ) = None
    body_contains: Annotated[str, Meta(description="What the body must hold, letter for letter")] | None = (
        None
    )
    body_lacks: Annotated[str, Meta(description="What the body must not hold, letter for letter")] | None = (
        None
    )
    json: (
        Annotated[
            tuple[JsonAssertion, ...], Meta(description="What values in a JSON body must be; all of them")
        ]
        | None
    ) = None
    tls: Annotated[TlsAssertions, Meta(description="What the certificate must be")] | None = None


async def _put(call: Call) -> Device:
    data = json_object(call.body)
    _refuse_what_is_not_there_yet(data)
    body = parsed(SyntheticBody, data)
    change = ConfigChange(kind=_KIND, changes=_changes(body, data))
    update = UpdateMonitor(id=call.path["deviceId"], probe=change)
    with renamed(NAMES):
        return await shown_device(call, await call.services.monitors.update(call.principal, update))


def _refuse_what_is_not_there_yet(data: Mapping[str, Any]) -> None:
    issues = Issues()
    if "domain" in data:
        issues.refuse(("domain",), "invalid", "cannot be asserted yet by a check of an address")
    issues.raise_if_any()


def _changes(body: SyntheticBody, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the body says of the probe's configuration."""
    changes = {of_probe: data[name] for name, of_probe in _FIELDS.items() if name in data}
    if "json" in data:
        changes["json"] = [
            {"path": each.path, "operator": each.operator.name, "value": each.value}
            for each in body.json or ()
        ]
    if "tls" in data and "daysLeft" in (data["tls"] or {"daysLeft": None}):
        changes["certificateDaysLeft"] = None if body.tls is None else body.tls.days_left
    return changes


ROUTES = (
    Route(
        method=HTTPMethod.PUT,
        path="/api/devices/{deviceId}/synthetic",
        name="saveAssertions",
        summary="Save what is expected of the answers of a device of type http; a change begins it anew",
        right=MUTATIONS["updateMonitor"],
        capability=Capability.ASSERTIONS,
        answer=_put,
        body=SyntheticBody,
        body_example={
            "expectedStatuses": ["200-299"],
            "latencyLimitMs": 800,
            "bodyContains": "In stock",
            "json": [{"path": "$.status", "operator": "equals", "value": "ok"}],
            "tls": {"daysLeft": 14},
        },
        result=Device,
        example=DEVICE_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
