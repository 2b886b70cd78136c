"""Dashmon's route of what the answers of a device must be."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Annotated

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
_FIELDS = {"expectedStatuses": "acceptedStatuses", "latencyLimitMs": "degradedAboveMs"}
_NOT_YET = ("tls", "domain")


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


async def _put(call: Call) -> Device:
    data = json_object(call.body)
    issues = Issues()
    for field in _NOT_YET:
        if field in data:
            issues.refuse((field,), "invalid", "cannot be asserted yet by a check of an address")
    issues.raise_if_any()
    parsed(SyntheticBody, data)
    changes = {of_probe: data[name] for name, of_probe in _FIELDS.items() if name in data}
    update = UpdateMonitor(id=call.path["deviceId"], probe=ConfigChange(kind=_KIND, changes=changes))
    with renamed(NAMES):
        return await shown_device(call, await call.services.monitors.update(call.principal, update))


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
        body_example={"expectedStatuses": ["200-299"], "latencyLimitMs": 800},
        result=Device,
        example=DEVICE_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
)
