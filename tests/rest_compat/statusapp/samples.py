"""A request to each of StatusApp's routes that whoever may is granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.graphql_schema.samples import MARK, World
from tests.rest_compat.requests import MakeRequest, Request, fixed
from tests.rest_compat.statusapp.team_and_alerts_samples import OF_TEAM_AND_ALERTS

_NEW = {"name": MARK, "url": "https://example.org/"}
MONITORS = "/api/v1/monitors"


async def _a_monitor(world: World) -> Request:
    return f"{MONITORS}/{await world.monitor()}", None


async def _a_renaming(world: World) -> Request:
    return f"{MONITORS}/{await world.monitor()}", {"name": f"{MARK} {next(world.numbers)}"}


async def _a_toggle(world: World) -> Request:
    return f"{MONITORS}/{await world.monitor()}/pause", None


async def _a_regression(world: World) -> Request:
    return f"{MONITORS}/{await world.monitor()}/regression", None


async def _another_regression(world: World) -> Request:
    return f"{MONITORS}/{await world.monitor()}/regression", {"regressionEnabled": True}


async def _an_analysis(world: World) -> Request:
    return f"/api/v1/analytics/monitors/{await world.monitor()}?period=7d", None


async def _an_incident(world: World) -> Request:
    return f"/api/v1/incidents/{await world.incident()}", None


def _a_ping(suffix: str = "", body: Any = None) -> MakeRequest:
    async def request(world: World) -> Request:
        token = f"job-{next(world.numbers)}"
        await world.tenant.add_heartbeat(token=token)
        return f"/api/v1/heartbeat/{token}{suffix}", body

    return request


_SAID = {"message": MARK}

REQUESTS: Mapping[str, MakeRequest] = {
    "GET /api/v1/heartbeat/{heartbeatId}": _a_ping(),
    "HEAD /api/v1/heartbeat/{heartbeatId}": _a_ping(),
    "POST /api/v1/heartbeat/{heartbeatId}": _a_ping(body=_SAID),
    "GET /api/v1/heartbeat/{heartbeatId}/start": _a_ping("/start"),
    "POST /api/v1/heartbeat/{heartbeatId}/start": _a_ping("/start", _SAID),
    "GET /api/v1/heartbeat/{heartbeatId}/fail": _a_ping("/fail"),
    "POST /api/v1/heartbeat/{heartbeatId}/fail": _a_ping("/fail", {"error": MARK}),
    "POST /api/v1/heartbeat/{heartbeatId}/log": _a_ping("/log", _SAID),
    "GET /api/v1/monitors": fixed(MONITORS),
    "GET /api/v1/monitors/{monitorId}": _a_monitor,
    "POST /api/v1/monitors": fixed(MONITORS, _NEW),
    "PUT /api/v1/monitors/{monitorId}": _a_renaming,
    "DELETE /api/v1/monitors/{monitorId}": _a_monitor,
    "POST /api/v1/monitors/{monitorId}/pause": _a_toggle,
    "GET /api/v1/monitors/{monitorId}/regression": _a_regression,
    "PUT /api/v1/monitors/{monitorId}/regression": _another_regression,
    "GET /api/v1/incidents": fixed("/api/v1/incidents"),
    "GET /api/v1/incidents/{incidentId}": _an_incident,
    "GET /api/v1/analytics": fixed("/api/v1/analytics"),
    "GET /api/v1/analytics/monitors/{monitorId}": _an_analysis,
    "GET /api/v1/worker-regions": fixed("/api/v1/worker-regions"),
    "GET /api/v1/health": fixed("/api/v1/health"),
    "GET /api/v1/server/version": fixed("/api/v1/server/version"),
    **OF_TEAM_AND_ALERTS,
}
