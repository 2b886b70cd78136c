"""StatusApp's routes of what is watched for regressions."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus
from typing import Final

from core.access.permission import require
from core.access.principal import TokenPermission, TokenScope
from core.access.rights import MUTATIONS, QUERIES
from core.access.sight import sight_of
from core.monitors.finding import find_monitor
from core.monitors.monitor_input import UpdateMonitor
from rest_compat.reading import json_object, parsed
from rest_compat.renaming import renamed
from rest_compat.route import Call, Route
from rest_compat.statusapp.regression_shapes import (
    REGRESSION_NAMES,
    RegressionBody,
    ShownRegression,
    shown_regression,
    wanted_regression,
)

_PATH: Final = "/api/v1/monitors/{monitorId}/regression"
_SCOPE: Final = TokenScope.UPTIME_CHECKS


async def _get(call: Call) -> ShownRegression:
    require(call.principal, _SCOPE, TokenPermission.READ)
    return await _shown(call)


async def _update(call: Call) -> ShownRegression:
    require(call.principal, _SCOPE, TokenPermission.WRITE)
    data = json_object(call.body)
    parsed(RegressionBody, data)
    change = UpdateMonitor(id=call.path["monitorId"], regression=wanted_regression(data))
    with renamed(REGRESSION_NAMES):
        await call.services.monitors.update(call.principal, change)
    return await _shown(call)


async def _shown(call: Call) -> ShownRegression:
    sight = sight_of(call.principal, call.services.clock.now())
    async with call.services.database.acquire() as connection:
        return shown_regression(await find_monitor(connection, sight, call.path["monitorId"]))


_EXAMPLE: Final = {
    "regressionEnabled": True,
    "regressionThreshold": 50,
    "regressionPeriod": 7,
    "baselineResponseTime": 250,
    "baselineCalculatedAt": "2025-01-20T00:00:00.000Z",
}

ROUTES = (
    Route(
        method=HTTPMethod.GET,
        path=_PATH,
        name="getRegression",
        summary="Get what is watched for regressions",
        right=QUERIES["monitor"],
        answer=_get,
        result=ShownRegression,
        example=_EXAMPLE,
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        method=HTTPMethod.PUT,
        path=_PATH,
        name="updateRegression",
        summary="Change what is watched for regressions",
        right=MUTATIONS["updateMonitor"],
        answer=_update,
        body=RegressionBody,
        body_example={"regressionEnabled": True, "regressionThreshold": 75, "regressionPeriod": 14},
        result=ShownRegression,
        example={**_EXAMPLE, "regressionThreshold": 75, "regressionPeriod": 14},
        refusals=(HTTPStatus.NOT_FOUND,),
    ),
)
