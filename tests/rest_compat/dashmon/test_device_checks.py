"""What devices were found to be: history, percentiles, and checks at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access.plans import TERMS, Plan
from core.access.principal import Role
from core.ids import Prefix, encode_id
from core.moments import write_moment
from tests.graphql_schema.personas import signed_in
from tests.rest_compat.dashmon.asking import ask, book, refusal, told

CHECKS = """query ($id: ID!, $first: Int) { monitor(id: $id) { checks(first: $first) { nodes {
  checkedAt status responseTimeMs region { key } statusCode error } } } }"""
LATENCY = """query ($id: ID!, $period: Period!) { monitor(id: $id) { latency(period: $period) {
  p50Ms p95Ms p99Ms averageMs minMs maxMs } } }"""


async def watched_device(owner) -> str:
    monitor_id = await owner.add_monitor("The shop")
    for minute in range(1, 71):
        await owner.add_checks(
            monitor_id, [timedelta(minutes=minute)], response_us=1_000 * minute, status_code=200
        )
    await owner.add_checks(
        monitor_id, [timedelta(seconds=30)], status=3, response_us=None, region_id=0, error="no ping"
    )
    return encode_id(Prefix.MONITOR, monitor_id)


async def test_history_is_graphqls_latest_checks_the_earliest_first(owner) -> None:
    device_id = await watched_device(owner)

    for query, limit in (("", 60), ("?limit=3", 3), ("?limit=500", 500)):
        history = await told(owner, "GET", f"/api/devices/{device_id}/history{query}")
        nodes = (await owner.data(CHECKS, id=device_id, first=min(limit, 100)))["monitor"]["checks"]["nodes"]
        assert (history["deviceId"], history["limit"], len(history["samples"])) == (
            device_id,
            limit,
            min(limit, 71),
        )
        assert history["samples"] == [
            {
                "time": node["checkedAt"],
                "status": node["status"].lower(),
                "responseTimeMs": node["responseTimeMs"],
                "region": None if node["region"] is None else node["region"]["key"],
                "statusCode": node["statusCode"],
                "error": node["error"],
            }
            for node in reversed(nodes)
        ]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=-1", "limit=1000000000", "limit=x", "limit="]
)
async def test_a_limit_that_cannot_be_is_refused(owner, query) -> None:
    device_id = encode_id(Prefix.MONITOR, await owner.add_monitor())

    assert await refusal(owner, "GET", f"/api/devices/{device_id}/history?{query}") == (400, "invalid_input")


async def test_percentiles_are_those_of_graphql_and_null_without_an_answer(owner) -> None:
    device_id = await watched_device(owner)
    for window, period in (("1h", "HOUR"), ("24h", "DAY")):
        path = f"/api/devices/{device_id}/latency/percentiles?window={window}"
        shown = await told(owner, "GET", path)
        latency = (await owner.data(LATENCY, id=device_id, period=period))["monitor"]["latency"]
        names = {
            "average": "averageMs",
            "min": "minMs",
            "max": "maxMs",
            "p50": "p50Ms",
            "p95": "p95Ms",
            "p99": "p99Ms",
        }
        assert {name: shown[name] for name in names} == {name: latency[each] for name, each in names.items()}
        assert (shown["window"], shown["to"] > shown["from"]) == (window, True)
    assert await told(owner, "GET", path.partition("?")[0]) == shown

    quiet = encode_id(Prefix.MONITOR, await owner.add_monitor("Quiet"))
    silent = await told(owner, "GET", f"/api/devices/{quiet}/latency/percentiles")
    assert {silent[name] for name in names} == {None}
    assert await refusal(owner, "GET", f"{path}x") == (400, "invalid_input")


async def of_weeks(tenant) -> str:
    monitor_id = await tenant.add_monitor("The shop")
    for days, milliseconds in ((0.5, 100), (3, 200), (20, 300), (40, 400)):
        await tenant.add_checks(monitor_id, [timedelta(days=days)], response_us=1_000 * milliseconds)
    return f"/api/devices/{encode_id(Prefix.MONITOR, monitor_id)}/latency/percentiles?window="


async def test_percentiles_of_weeks_reach_as_far_as_the_plans_history(owner, stranger) -> None:
    path = await of_weeks(owner)
    for window, slowest, since in (
        ("24h", 100, timedelta(days=1)),
        ("7d", 200, timedelta(days=7)),
        ("30d", 300, timedelta(days=30)),
    ):
        shown = await told(owner, "GET", f"{path}{window}")
        assert (shown["window"], shown["max"]) == (window, slowest)
        assert (shown["from"], shown["to"]) == (write_moment(owner.now - since), write_moment(owner.now))

    await book(stranger, Plan.FREE)
    person = await signed_in(stranger, Role.VIEWER)
    shown = await told(stranger, "GET", f"{await of_weeks(stranger)}30d", by=person)
    kept = timedelta(days=TERMS[Plan.FREE].retention_days)
    assert (shown["from"], shown["max"]) == (write_moment(stranger.now - kept), 200)


async def test_a_device_is_checked_now_and_a_paused_one_is_a_conflict(owner) -> None:
    monitor_id = await owner.add_monitor("The shop")
    later = owner.now + timedelta(minutes=4)
    await owner.insert(
        "leases", monitor_id=monitor_id, workspace_id=owner.workspace_id, region_id=1, due_at=later
    )
    device_id = encode_id(Prefix.MONITOR, monitor_id)

    queued = await told(owner, "POST", f"/api/devices/{device_id}/test-now", status=202)

    assert queued == {"queued": 1, "deviceId": device_id}
    (lease,) = await owner.fetch("SELECT due_at FROM leases")
    assert lease["due_at"] <= owner.now
    await owner.fetch("UPDATE monitors SET paused_at = created_at")
    assert await refusal(owner, "POST", f"/api/devices/{device_id}/test-now") == (409, "conflict")


async def test_all_devices_are_refreshed_once_a_minute(owner, clock) -> None:
    await owner.add_monitors(["The shop", "The till"])
    await owner.add_monitor("Resting", paused_at=owner.now)
    await owner.add_heartbeat()

    assert await told(owner, "POST", "/api/devices/refresh-all", status=202) == {"queued": 2}

    clock.advance(20)
    answer = await ask(owner, "POST", "/api/devices/refresh-all")
    assert (answer.status_code, answer.json()["error"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "40"
    clock.advance(40)
    await told(owner, "POST", "/api/devices/refresh-all", status=202)
