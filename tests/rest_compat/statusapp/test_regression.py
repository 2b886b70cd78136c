"""What StatusApp watches for regressions, and the same in GraphQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.ids import Prefix, encode_id, new_id
from tests.rest_compat.statusapp.asking import ask, become_known, field_errors, told

GRAPHQL = "query ($id: ID!) { monitor(id: $id) { regression { enabled thresholdPercent periodDays baselineMs baselineAt } } }"
DEFAULTS = {"regressionEnabled": False, "regressionThreshold": 50, "regressionPeriod": 7}


async def in_graphql(owner, monitor_id: str) -> dict[str, Any]:
    seen = (await owner.data(GRAPHQL, id=monitor_id))["monitor"]["regression"]
    baseline_ms = seen["baselineMs"]
    return {
        "regressionEnabled": seen["enabled"],
        "regressionThreshold": seen["thresholdPercent"],
        "regressionPeriod": seen["periodDays"],
        "baselineResponseTime": None if baseline_ms is None else round(baseline_ms),
        "baselineCalculatedAt": seen["baselineAt"],
    }


async def test_only_what_is_given_changes_and_graphql_sees_it(owner) -> None:
    monitor_id = encode_id(Prefix.MONITOR, await owner.add_monitor("m"))
    path = f"/monitors/{monitor_id}/regression"

    unset = await told(owner, "GET", path)
    enabled = await told(owner, "PUT", path, json={"regressionEnabled": True, "regressionThreshold": 75})
    longer = await told(owner, "PUT", path, json={"regressionPeriod": 14, "regressionThreshold": None})

    assert {name: unset[name] for name in DEFAULTS} == DEFAULTS
    assert (enabled["regressionEnabled"], enabled["regressionThreshold"]) == (True, 75)
    assert (longer["regressionEnabled"], longer["regressionThreshold"]) == (True, 50)
    assert longer["regressionPeriod"] == 14
    assert longer == await told(owner, "GET", path) == await in_graphql(owner, monitor_id)
    change = "mutation ($id: ID!) { updateMonitor(input: {id: $id, regression: {thresholdPercent: 100}}) { userErrors { message } } }"
    assert (await owner.data(change, id=monitor_id))["updateMonitor"]["userErrors"] == []
    assert (await told(owner, "GET", path))["regressionThreshold"] == 100


async def test_what_is_usual_is_told_once_it_is_known(owner) -> None:
    key = await owner.add_monitor("m", regression_enabled=True)
    await owner.insert(
        "response_baselines",
        monitor_id=key,
        workspace_id=owner.workspace_id,
        config_revision=1,
        period_days=7,
        region_ids=[1],
        region_us=[250_400.0],
        usual_us=250_400.0,
        reckoned_at=owner.now - timedelta(hours=1),
    )
    monitor_id = encode_id(Prefix.MONITOR, key)

    shown = await told(owner, "GET", f"/monitors/{monitor_id}/regression")

    assert shown == await in_graphql(owner, monitor_id)
    assert shown["baselineResponseTime"] == 250


async def test_a_monitor_is_made_with_it_as_the_page_does(owner) -> None:
    body = {"name": "m", "url": "https://example.org/", "regressionEnabled": True, "regressionPeriod": 3}

    made = await told(owner, "POST", "/monitors", 201, json=body)
    job = await ask(owner, "POST", "/monitors", json={"name": "j", "type": "CRON", "regressionEnabled": True})

    assert {name: made[name] for name in DEFAULTS} == {
        "regressionEnabled": True,
        "regressionThreshold": 50,
        "regressionPeriod": 3,
    }
    assert field_errors(job) == [("custom", ["regressionEnabled"])]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"regressionThreshold": 24}, ("too_small", ["regressionThreshold"])),
        ({"regressionThreshold": 201}, ("too_big", ["regressionThreshold"])),
        ({"regressionPeriod": 0}, ("too_small", ["regressionPeriod"])),
        ({"regressionPeriod": 31}, ("too_big", ["regressionPeriod"])),
        ({"regressionEnabled": "yes"}, ("invalid_type", ["regressionEnabled"])),
        ({"enabled": True}, ("unrecognized_keys", [])),
    ],
)
async def test_what_is_out_of_bounds_is_refused(owner, contents, body, expected) -> None:
    path = f"/monitors/{encode_id(Prefix.MONITOR, await owner.add_monitor('m'))}"
    await become_known(owner)
    before = await contents()

    assert field_errors(await ask(owner, "PUT", f"{path}/regression", json=body)) == [expected]
    assert await contents() == before


async def test_of_a_monitor_that_is_not_there_nothing_is_told(owner, stranger) -> None:
    theirs = encode_id(Prefix.MONITOR, await stranger.add_monitor("theirs"))

    for each in (theirs, encode_id(Prefix.MONITOR, new_id(owner.now)), "mon_1"):
        for method, body in (("GET", None), ("PUT", {"regressionEnabled": True})):
            answer = await ask(owner, method, f"/monitors/{each}/regression", json=body)
            assert (answer.status_code, answer.text) == (
                404,
                '{"error":"monitor not found","code":"NOT_FOUND"}',
            )
