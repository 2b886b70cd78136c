"""What every query shows of the rows behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.ids import Prefix, encode_id
from core.monitors.status import MonitorStatus
from graphql_schema.scalars import write_moment

MONITOR = """
query ($id: ID!) { monitor(id: $id) {
  id name kind target intervalSeconds timeoutSeconds status statusSince flapping paused createdAt updatedAt revision
  probe { __typename kind summary secretsSet ... on HttpProbeConfig { url method } }
  project { id name isDefault } tags { name monitorCount } regions { key city isActive workers }
  confirmation { failuresToOpen successesToClose regionsToAgree recheckSeconds }
  lastCheck { id status checkedAt responseTimeMs statusCode error region { key } monitor { id }
    timings { dnsMs connectMs tlsMs firstByteMs transferMs totalMs } assertions { name passed expected actual } evidence }
  checkCount incidentCount openIncident { number } heartbeat { pingUrl }
  uptime(period: DAY) { ratio upSeconds downSeconds pendingSeconds incidents checks checksUp checksDown }
  latency(period: HOUR) { averageMs minMs maxMs p50Ms p95Ms p99Ms byRegion { region { key } averageMs p95Ms } }
  latencySeries(period: HOUR, points: 2) { at averageMs p95Ms checks checksDown }
} }
"""


async def test_a_monitor_shows_all_that_is_known_of_it(owner):
    monitor_id = await owner.add_monitor("The shop", status=MonitorStatus.DOWN, since=timedelta(minutes=5))
    await owner.insert("monitor_regions", monitor_id=monitor_id, region_id=1, workspace_id=owner.workspace_id)
    tag_id = owner.next_id()
    await owner.insert("tags", id=tag_id, workspace_id=owner.workspace_id, name="Web")
    await owner.insert("monitor_tags", monitor_id=monitor_id, tag_id=tag_id, workspace_id=owner.workspace_id)
    await owner.add_checks(monitor_id, [timedelta(minutes=50), timedelta(minutes=40)])
    (last,) = await owner.add_checks(
        monitor_id,
        [timedelta(minutes=5)],
        status=3,
        error="status 500",
        status_code=500,
        response_us=20_000,
        dns_us=1_500,
    )
    await owner.insert(
        "check_details",
        monitor_id=monitor_id,
        slot=owner.now - timedelta(minutes=5),
        region_id=1,
        workspace_id=owner.workspace_id,
        assertions=[{"name": "status", "passed": False, "expected": "200-299", "actual": "500"}],
        evidence={"body": "oops"},
    )
    await owner.add_incident(monitor_id, 42, timedelta(minutes=5))

    monitor = (await owner.data(MONITOR, id=encode_id(Prefix.MONITOR, monitor_id)))["monitor"]

    assert monitor["name"] == "The shop"
    assert (monitor["kind"], monitor["target"], monitor["status"]) == ("http", "https://example.org/", "DOWN")
    assert monitor["statusSince"] == write_moment(owner.now - timedelta(minutes=5))
    assert monitor["createdAt"] == write_moment(owner.now - timedelta(days=30))
    assert monitor["probe"] == {
        "__typename": "HttpProbeConfig",
        "kind": "http",
        "summary": "https://example.org/",
        "secretsSet": [],
        "url": "https://example.org/",
        "method": "GET",
    }
    assert monitor["project"] == {
        "id": encode_id(Prefix.PROJECT, owner.project_id),
        "name": "Default",
        "isDefault": True,
    }
    assert monitor["tags"] == [{"name": "Web", "monitorCount": 1}]
    assert monitor["regions"] == [{"key": "local", "city": "Bern", "isActive": False, "workers": 0}]
    assert monitor["confirmation"] == {
        "failuresToOpen": 2,
        "successesToClose": 1,
        "regionsToAgree": 1,
        "recheckSeconds": 20,
    }
    assert monitor["lastCheck"] == {
        "id": encode_id(Prefix.CHECK, last),
        "status": "DOWN",
        "checkedAt": write_moment(owner.now - timedelta(minutes=5)),
        "responseTimeMs": 20.0,
        "statusCode": 500,
        "error": "status 500",
        "region": {"key": "local"},
        "monitor": {"id": monitor["id"]},
        "timings": {
            "dnsMs": 1.5,
            "connectMs": None,
            "tlsMs": None,
            "firstByteMs": None,
            "transferMs": None,
            "totalMs": 20.0,
        },
        "assertions": [{"name": "status", "passed": False, "expected": "200-299", "actual": "500"}],
        "evidence": {"body": "oops"},
    }
    assert (monitor["checkCount"], monitor["incidentCount"]) == (3, 1)
    assert monitor["openIncident"] == {"number": "INC-2026-0042"}
    assert monitor["heartbeat"] is None
    assert monitor["uptime"] == {
        "ratio": 0.0,
        "upSeconds": 0.0,
        "downSeconds": 86_400.0,
        "pendingSeconds": 0.0,
        "incidents": 1,
        "checks": 3,
        "checksUp": 2,
        "checksDown": 1,
    }
    assert monitor["latency"]["averageMs"] == pytest.approx((12.345 * 2 + 20) / 3)
    assert (monitor["latency"]["minMs"], monitor["latency"]["p50Ms"], monitor["latency"]["maxMs"]) == (
        12.345,
        12.345,
        20.0,
    )
    assert monitor["latency"]["byRegion"][0]["region"] == {"key": "local"}
    assert monitor["latencySeries"] == [
        {
            "at": write_moment(owner.now - timedelta(hours=1)),
            "averageMs": 12.345,
            "p95Ms": 12.345,
            "checks": 2,
            "checksDown": 0,
        },
        {
            "at": write_moment(owner.now - timedelta(minutes=30)),
            "averageMs": 20.0,
            "p95Ms": 20.0,
            "checks": 1,
            "checksDown": 1,
        },
    ]
